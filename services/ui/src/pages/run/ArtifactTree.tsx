/** Folders and files of a run. A folder is listed when it is opened. */
import { Button } from "@mantine/core";
import { IconChevronDown, IconChevronRight, IconFile, IconFolder } from "@tabler/icons-react";
import { useInfiniteQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useState } from "react";
import { type FileInfo, folderQuery } from "@/api/artifacts";
import type { RunDetail } from "@/api/run";
import { formatBytes } from "@/components/format";
import classes from "./artifacts.module.css";

export interface ArtifactTreeProps {
  run: RunDetail;
  /** The path of the chosen file or folder: the folders above it are open. */
  selected: string;
  path?: string;
  depth?: number;
}

export function ArtifactTree({ run, selected, path = "", depth = 0 }: ArtifactTreeProps) {
  const found = useInfiniteQuery(folderQuery(run.id, path));
  if (found.isError) return <p className={classes["note"]}>{found.error.message}</p>;
  const files = found.data?.pages.flatMap((page) => page.files) ?? [];
  return (
    <ul className={classes["list"]}>
      {files.map((file) => (
        <li key={file.path}>
          {file.is_dir ? (
            <Folder run={run} selected={selected} file={file} depth={depth} />
          ) : (
            <Entry run={run} selected={selected} file={file} depth={depth} />
          )}
        </li>
      ))}
      {found.hasNextPage && (
        <li>
          <Button
            variant="subtle"
            size="compact-xs"
            loading={found.isFetchingNextPage}
            onClick={() => void found.fetchNextPage()}
          >
            Show more
          </Button>
        </li>
      )}
    </ul>
  );
}

interface EntryProps {
  run: RunDetail;
  selected: string;
  file: FileInfo;
  depth: number;
}

const nameOf = (file: FileInfo) => file.path.split("/").at(-1) ?? file.path;
const indent = (depth: number) => ({ paddingLeft: 4 + depth * 14 });

function Folder({ run, selected, file, depth }: EntryProps) {
  const isAbove = selected === file.path || selected.startsWith(`${file.path}/`);
  const [chosen, setChosen] = useState<boolean | null>(null);
  const isOpen = chosen ?? isAbove;
  const Icon = isOpen ? IconChevronDown : IconChevronRight;
  return (
    <>
      <button
        type="button"
        className={classes["entry"]}
        style={indent(depth)}
        aria-expanded={isOpen}
        title={file.path}
        onClick={() => setChosen(!isOpen)}
      >
        <Icon size={13} aria-hidden />
        <IconFolder size={14} aria-hidden />
        <span className={classes["name"]}>{nameOf(file)}</span>
      </button>
      {isOpen && <ArtifactTree run={run} selected={selected} path={file.path} depth={depth + 1} />}
    </>
  );
}

function Entry({ run, selected, file, depth }: EntryProps) {
  return (
    <Link
      to="/experiments/$experimentId/runs/$runId/artifacts/$"
      params={{ experimentId: run.experimentId, runId: run.id, _splat: file.path }}
      className={classes["entry"] ?? ""}
      style={indent(depth)}
      aria-current={selected === file.path ? "page" : undefined}
      title={file.path}
      resetScroll={false}
    >
      <span style={{ width: 13 }} />
      <IconFile size={14} aria-hidden />
      <span className={classes["name"]}>{nameOf(file)}</span>
      <span className={classes["size"]}>{formatBytes(file.file_size ?? 0)}</span>
    </Link>
  );
}
