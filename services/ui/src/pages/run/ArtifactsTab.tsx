/** The files of a run. Files that are dropped here are added to it. */
import { Button, Progress } from "@mantine/core";
import { IconUpload } from "@tabler/icons-react";
import { useQueryClient } from "@tanstack/react-query";
import { type LinkProps, useParams } from "@tanstack/react-router";
import { useMemo, useRef, useState } from "react";
import { uploadFile } from "@/api/artifacts";
import { useMayOnExperiment } from "@/api/identity";
import type { RunDetail } from "@/api/run";
import classes from "@/components/artifacts/artifacts.module.css";
import { ArtifactView } from "@/components/artifacts/ArtifactView";
import { EmptyState } from "@/components/EmptyState";
import { failed, told } from "@/components/notify";
import { useRun } from "./run-context";

export function ArtifactsTab() {
  const run = useRun();
  const { _splat: path = "" } = useParams({ strict: false });
  const owner = useMemo(() => ({ run: run.id }), [run.id]);
  // A file that is dropped while another is shown is added beside it.
  const upload = useUpload(run, path.split("/").slice(0, -1).join("/"));
  const picker = useRef<HTMLInputElement>(null);
  const may = useMayOnExperiment(run.experimentId);
  const choose = may.edit && (
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
        if (!may.edit || ![...event.dataTransfer.types].includes("Files")) return;
        event.preventDefault();
        upload.setIsOver(true);
      }}
      onDragLeave={(event) => {
        if (!event.currentTarget.contains(event.relatedTarget as Node | null)) upload.setIsOver(false);
      }}
      onDrop={(event) => {
        event.preventDefault();
        upload.setIsOver(false);
        if (!may.edit) return;
        void upload.send([...event.dataTransfer.files]);
      }}
    >
      {upload.share !== null && <Progress value={upload.share * 100} size="xs" aria-label="Uploading" />}
      <ArtifactView
        owner={owner}
        path={path}
        linkTo={(to) => fileLink(run, to)}
        actions={choose}
        hint={may.edit ? "Drop files anywhere here to add them to the run." : ""}
        empty={
          <EmptyState title="This run has logged no files.">
            {may.edit && <p>Drop files here to add them.</p>}
            {choose}
          </EmptyState>
        }
      />
    </div>
  );
}

function fileLink({ experimentId, id }: RunDetail, path: string): LinkProps {
  return {
    to: "/experiments/$experimentId/runs/$runId/artifacts/$",
    params: { experimentId, runId: id, _splat: path },
  };
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
      await queries.invalidateQueries({ queryKey: ["artifacts", { run: run.id }] });
      await queries.invalidateQueries({ queryKey: ["artifact", { run: run.id }] });
    }
  };
  return { share, isOver, setIsOver, send };
}
