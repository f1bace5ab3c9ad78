/** The files of a run: a tree at the left, and the chosen file at the right. Files that are dropped are added. */
import { Button, Progress } from "@mantine/core";
import { IconDownload, IconUpload } from "@tabler/icons-react";
import { useInfiniteQuery, useQueryClient } from "@tanstack/react-query";
import { useParams } from "@tanstack/react-router";
import { useRef, useState } from "react";
import { fileUrl, folderQuery, uploadFile } from "@/api/artifacts";
import type { RunDetail } from "@/api/run";
import { EmptyState } from "@/components/EmptyState";
import { Failure } from "@/components/Failure";
import { failed, told } from "@/components/notify";
import { ArtifactTree } from "./ArtifactTree";
import classes from "./artifacts.module.css";
import { Preview } from "./previews/Preview";
import { useRun } from "./run-context";
import { Copyable } from "./RunFacts";

export function ArtifactsTab() {
  const run = useRun();
  const { _splat: path = "" } = useParams({ strict: false });
  const root = useInfiniteQuery(folderQuery(run.id, ""));
  const folder = useInfiniteQuery(folderQuery(run.id, path));
  const entries = folder.data?.pages.flatMap(({ files }) => files) ?? [];
  // The tree asks for the same list, which is asked for once.
  const parent = useInfiniteQuery(folderQuery(run.id, path.split("/").slice(0, -1).join("/")));
  const file = parent.data?.pages.flatMap(({ files }) => files).find((each) => each.path === path);
  const isFolder = path === "" || entries.length > 0;
  const upload = useUpload(run, isFolder ? path : path.split("/").slice(0, -1).join("/"));
  const picker = useRef<HTMLInputElement>(null);
  if (root.isError) {
    return (
      <Failure
        title="The files could not be listed."
        error={root.error}
        onRetry={() => void root.refetch()}
      />
    );
  }
  const isEmpty = root.isSuccess && !root.data.pages[0]?.files.length;
  const choose = (
    <>
      <input
        ref={picker}
        type="file"
        multiple
        hidden
        aria-label="Files to upload"
        onChange={(event) => {
          void upload.send([...(event.currentTarget.files ?? [])]);
          event.currentTarget.value = "";
        }}
      />
      <Button
        variant="default"
        size="compact-sm"
        leftSection={<IconUpload size={14} />}
        onClick={() => picker.current?.click()}
      >
        Upload
      </Button>
    </>
  );
  return (
    <div
      className={classes["area"]}
      data-over={upload.isOver || undefined}
      onDragOver={(event) => {
        if (![...event.dataTransfer.types].includes("Files")) return;
        event.preventDefault();
        upload.setIsOver(true);
      }}
      onDragLeave={(event) => {
        if (!event.currentTarget.contains(event.relatedTarget as Node | null)) upload.setIsOver(false);
      }}
      onDrop={(event) => {
        event.preventDefault();
        upload.setIsOver(false);
        void upload.send([...event.dataTransfer.files]);
      }}
    >
      {upload.share !== null && <Progress value={upload.share * 100} size="xs" aria-label="Uploading" />}
      {isEmpty ? (
        <EmptyState title="This run has logged no files.">
          <p>Drop files here to add them.</p>
          {choose}
        </EmptyState>
      ) : (
        <div className={classes["split"]}>
          <nav aria-label="Files" className={classes["tree"]}>
            {choose}
            <ArtifactTree run={run} selected={path} />
          </nav>
          <section aria-label="The chosen file" className={classes["shown"]}>
            {path === "" ? (
              <EmptyState title="Choose a file to see it here.">
                <p>Drop files anywhere here to add them to the run.</p>
              </EmptyState>
            ) : (
              folder.isSuccess &&
              parent.isSuccess && (
                <>
                  <div className={classes["fileHead"]}>
                    <Copyable text={path} shown={path} />
                    {!isFolder && (
                      <Button
                        component="a"
                        href={fileUrl(run.id, path)}
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
                      title={`A folder of ${entries.length}${folder.hasNextPage ? "+" : ""} entries.`}
                    />
                  ) : file && !file.file_size ? (
                    <EmptyState title="The file is empty." />
                  ) : (
                    <Preview key={path} runId={run.id} path={path} />
                  )}
                </>
              )
            )}
          </section>
        </div>
      )}
    </div>
  );
}

/** Send files into a folder of the run, one after the other. */
function useUpload(run: RunDetail, folder: string) {
  const [share, setShare] = useState<number | null>(null);
  const [isOver, setIsOver] = useState(false);
  const queries = useQueryClient();
  const send = async (files: readonly File[]) => {
    if (files.length === 0) return;
    try {
      for (const [at, file] of files.entries()) {
        setShare(at / files.length);
        await uploadFile(run, folder ? `${folder}/${file.name}` : file.name, file);
      }
      told(files.length === 1 ? `Added ${files[0]?.name ?? "a file"}.` : `Added ${files.length} files.`);
    } catch (error) {
      failed("A file was not added.", error);
    } finally {
      setShare(null);
      await queries.invalidateQueries({ queryKey: ["artifacts", run.id] });
      await queries.invalidateQueries({ queryKey: ["artifact", run.id] });
    }
  };
  return { share, isOver, setIsOver, send };
}
