/** Folders and files. A folder is listed when it is opened; the name of a folder or file leads to it. */
import { Button } from "@mantine/core";
import { IconChevronDown, IconChevronRight, IconFile, IconFolder } from "@tabler/icons-react";
import { useInfiniteQuery } from "@tanstack/react-query";
import { Link, type LinkProps } from "@tanstack/react-router";
import { useState } from "react";
import { type FileInfo, type FileOwner, folderQuery } from "@/api/artifacts";
import { formatBytes } from "@/components/format";
import classes from "./artifacts.module.css";

export interface ArtifactTreeProps {
  owner: FileOwner;
  /** The address of a file or folder. */
  linkTo: (path: string) => LinkProps;
  /** The path of the chosen file or folder: the folders above it are open. */
  selected: string;
  path?: string;
  depth?: number;
}

export function ArtifactTree({ owner, linkTo, selected, path = "", depth = 0 }: ArtifactTreeProps) {
  const found = useInfiniteQuery(folderQuery(owner, path));
  if (found.isError) return <p className={classes["note"]}>{found.error.message}</p>;
  const files = found.data?.pages.flatMap((page) => page.files) ?? [];
  return (
    <ul className={classes["list"]}>
      {files.map((file) => (
        <li key={file.path}>
          {file.is_dir ? (
            <Folder owner={owner} linkTo={linkTo} selected={selected} file={file} depth={depth} />
          ) : (
            <Entry owner={owner} linkTo={linkTo} selected={selected} file={file} depth={depth} />
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

interface EntryProps extends Required<Omit<ArtifactTreeProps, "path">> {
  file: FileInfo;
}

const nameOf = (file: FileInfo) => file.path.split("/").at(-1) ?? file.path;
const indent = (depth: number) => ({ paddingLeft: 4 + depth * 14 });

function Folder({ owner, linkTo, selected, file, depth }: EntryProps) {
  const isAbove = selected === file.path || selected.startsWith(`${file.path}/`);
  const [chosen, setChosen] = useState<boolean | null>(null);
  const isOpen = chosen ?? isAbove;
  const Icon = isOpen ? IconChevronDown : IconChevronRight;
  return (
    <>
      <span className={classes["folder"]} style={indent(depth)}>
        <button
          type="button"
          className={classes["toggle"]}
          aria-expanded={isOpen}
          aria-label={nameOf(file)}
          onClick={() => setChosen(!isOpen)}
        >
          <Icon size={13} aria-hidden />
        </button>
        <Link
          {...linkTo(file.path)}
          className={classes["entry"] ?? ""}
          aria-current={selected === file.path ? "page" : undefined}
          activeOptions={{ exact: true }}
          title={file.path}
          resetScroll={false}
          onClick={() => setChosen(true)}
        >
          <IconFolder size={14} aria-hidden />
          <span className={classes["name"]}>{nameOf(file)}</span>
        </Link>
      </span>
      {isOpen && (
        <ArtifactTree owner={owner} linkTo={linkTo} selected={selected} path={file.path} depth={depth + 1} />
      )}
    </>
  );
}

function Entry({ linkTo, selected, file, depth }: EntryProps) {
  return (
    <Link
      {...linkTo(file.path)}
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
