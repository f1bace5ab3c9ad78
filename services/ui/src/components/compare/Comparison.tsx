/** Runs side by side: what they were given and measured, or their files. The address says which. */
import { SegmentedControl } from "@mantine/core";
import { useNavigate, useSearch } from "@tanstack/react-router";
import { CompareFiles, type FileView } from "./CompareFiles";
import { CompareTable, type CompareTableProps } from "./CompareTable";

/** What an address says of the files of a comparison: which is shown, and how. With an empty one, their list. */
export interface ComparedFile {
  file?: string | undefined;
  as?: FileView;
}

export function Comparison({ head, ...table }: CompareTableProps) {
  const { file, as } = useSearch({ strict: false, select: ({ file, as }: ComparedFile) => ({ file, as }) });
  const navigate = useNavigate();
  const change = (part: ComparedFile) =>
    void navigate({
      to: ".",
      search: (before: ComparedFile) => {
        const next = { ...before, ...part };
        if (next.file === undefined) delete next.file;
        return next;
      },
      resetScroll: false,
    } as never);
  const choice = (
    <>
      <SegmentedControl
        size="xs"
        aria-label="What is compared"
        data={[
          { value: "values", label: "Values" },
          { value: "files", label: "Files" },
        ]}
        value={file === undefined ? "values" : "files"}
        onChange={(value) => change({ file: value === "files" ? "" : undefined })}
      />
      {head}
    </>
  );
  return file === undefined ? (
    <CompareTable {...table} head={choice} />
  ) : (
    <CompareFiles
      runs={table.runs}
      baselineId={table.baselineId}
      file={file}
      onFile={(path) => change({ file: path })}
      as={as ?? null}
      onAs={(view) => change({ as: view })}
      head={choice}
    />
  );
}
