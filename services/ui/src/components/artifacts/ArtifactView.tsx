/** The files of a run or a logged model: a tree at the left, and the chosen file or folder at the right. */
import { Button } from "@mantine/core";
import { IconDownload, IconFileZip } from "@tabler/icons-react";
import { useInfiniteQuery } from "@tanstack/react-query";
import type { LinkProps } from "@tanstack/react-router";
import { type ReactNode, useEffect } from "react";
import { archiveUrl, type FileOwner, fileUrl, folderQuery } from "@/api/artifacts";
import { Copyable } from "@/components/Copyable";
import { EmptyState } from "@/components/EmptyState";
import { Failure } from "@/components/Failure";
import { ArtifactTree } from "./ArtifactTree";
import classes from "./artifacts.module.css";
import { Preview } from "./previews/Preview";

export interface ArtifactViewProps {
  owner: FileOwner;
  /** The path of what is chosen; empty for nothing. */
  path: string;
  linkTo: (path: string) => LinkProps;
  /** What is shown where there are no files. */
  empty: ReactNode;
  /** Actions above the tree. */
  actions?: ReactNode;
  /** What is said while nothing is chosen. */
  hint?: string;
}

const parentOf = (path: string) => path.split("/").slice(0, -1).join("/");

export function ArtifactView({ owner, path, linkTo, empty, actions, hint }: ArtifactViewProps) {
  const root = useInfiniteQuery(folderQuery(owner, ""));
  if (root.isError) {
    return (
      <Failure
        title="The files could not be listed."
        error={root.error}
        onRetry={() => void root.refetch()}
      />
    );
  }
  if (root.isSuccess && !root.data.pages[0]?.files.length) return empty;
  return (
    <div className={classes["split"]}>
      <nav aria-label="Files" className={classes["tree"]}>
        <span className={classes["actions"]}>
          {actions}
          <Archive owner={owner} path="" label="Download all" />
        </span>
        <ArtifactTree owner={owner} linkTo={linkTo} selected={path} />
      </nav>
      <section aria-label="The chosen file" className={classes["shown"]}>
        {path === "" ? (
          <EmptyState title="Choose a file to see it here.">{hint}</EmptyState>
        ) : (
          <Chosen key={path} owner={owner} path={path} />
        )}
      </section>
    </div>
  );
}

function Archive({ owner, path, label }: { owner: FileOwner; path: string; label: string }) {
  return (
    <Button
      component="a"
      href={archiveUrl(owner, path)}
      download
      variant="default"
      size="compact-sm"
      leftSection={<IconFileZip size={14} />}
    >
      {label}
    </Button>
  );
}

function Chosen({ owner, path }: { owner: FileOwner; path: string }) {
  const folder = useInfiniteQuery(folderQuery(owner, path));
  // The tree asks for the same list, which is asked for once.
  const parent = useInfiniteQuery(folderQuery(owner, parentOf(path)));
  const file = parent.data?.pages.flatMap(({ files }) => files).find((each) => each.path === path);
  const isBehind = !file && parent.hasNextPage && !parent.isFetching;
  const { fetchNextPage } = parent;
  useEffect(() => {
    if (isBehind) void fetchNextPage();
  }, [isBehind, fetchNextPage]);
  const error = folder.error ?? parent.error;
  if (error) return <Failure title="The file could not be found." error={error} />;
  if (!folder.isSuccess || !parent.isSuccess) return null;
  const entries = folder.data.pages.flatMap(({ files }) => files);
  const isFolder = entries.length > 0;
  return (
    <>
      <div className={classes["fileHead"]}>
        <Copyable text={path} shown={path} />
        {isFolder ? (
          <Archive owner={owner} path={path} label="Download as zip" />
        ) : (
          <Button
            component="a"
            href={fileUrl(owner, path)}
            download={path.split("/").at(-1)}
            variant="default"
            size="compact-sm"
            leftSection={<IconDownload size={14} />}
          >
            Download
          </Button>
        )}
      </div>
      {isFolder ? (
        <EmptyState
          title={`A folder of ${entries.length}${folder.hasNextPage ? "+" : ""} ${entries.length === 1 ? "entry" : "entries"}.`}
        />
      ) : file ? (
        <Preview owner={owner} path={path} size={file.file_size ?? 0} />
      ) : parent.hasNextPage ? null : (
        <EmptyState title="There is no such file." />
      )}
    </>
  );
}
