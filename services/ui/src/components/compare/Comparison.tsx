/** Runs side by side: what they were given and measured, or their files. The address says which. */
import { SegmentedControl } from "@mantine/core";
import { useNavigate, useSearch } from "@tanstack/react-router";
import { CompareFiles } from "./CompareFiles";
import { CompareTable, type CompareTableProps } from "./CompareTable";

export function Comparison({ head, ...table }: CompareTableProps) {
  const file = useSearch({ strict: false, select: (search: { file?: string }) => search.file });
  const navigate = useNavigate();
  const setFile = (next: string | undefined) =>
    void navigate({
      to: ".",
      search: (before: { file?: string }) => {
        const rest = { ...before };
        delete rest.file;
        return next === undefined ? rest : { ...rest, file: next };
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
        onChange={(value) => setFile(value === "files" ? "" : undefined)}
      />
      {head}
    </>
  );
  return file === undefined ? (
    <CompareTable {...table} head={choice} />
  ) : (
    <CompareFiles runs={table.runs} file={file} onFile={setFile} head={choice} />
  );
}
