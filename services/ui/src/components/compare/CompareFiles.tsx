/** A file of the same path in several runs, side by side. A folder is listed when it is opened. */
import { SegmentedControl } from "@mantine/core";
import { IconChevronDown, IconChevronRight, IconFile, IconFolder } from "@tabler/icons-react";
import { useQueries } from "@tanstack/react-query";
import { type ReactNode, useState } from "react";
import { entriesQuery } from "@/api/artifacts";
import type { Run } from "@/api/runs";
import { kindOf } from "@/components/artifacts/previews/kinds";
import { Preview } from "@/components/artifacts/previews/Preview";
import { RunDot } from "@/components/charts/RunDot";
import { EmptyState } from "@/components/EmptyState";
import { runStyles } from "@/components/run-color";
import { useScheme } from "@/components/use-scheme";
import classes from "./compare.module.css";
import { type CommonEntry, commonEntries } from "./files";
import { TextDiff } from "./TextDiff";

/** Kinds of files that are text, of which differences can be told. */
const TEXTS: ReadonlySet<string> = new Set(["text", "json", "markdown", "csv", "html"]);
/** Those that are better seen as what they are. */
const SEEN: ReadonlySet<string> = new Set(["markdown", "csv", "html"]);

export type FileView = "diff" | "seen";

export interface CompareFilesProps {
  runs: readonly Run[];
  /** The run from which the others' texts differ; one that is not among them stands for the first. */
  baselineId: string | null;
  /** How texts are shown; null stands for how their kind is best seen. */
  as: FileView | null;
  onAs: (view: FileView) => void;
  /** The path of the file that is shown; empty for none. */
  file: string;
  onFile: (path: string) => void;
  head: ReactNode;
}

const folderOf = (path: string) => path.split("/").slice(0, -1).join("/");

/** What the runs have in a folder, each by itself. */
function useEntries(runs: readonly Run[], folder: string) {
  const answers = useQueries({ queries: runs.map(({ id }) => entriesQuery({ run: id }, folder)) });
  return {
    isPending: answers.some(({ isPending }) => isPending),
    error: answers.find(({ error }) => error)?.error,
    lists: answers.map(({ data }) => data ?? []),
  };
}

export function CompareFiles({ runs, file, onFile, head, baselineId, as, onAs }: CompareFilesProps) {
  const root = useEntries(runs, "");
  const kind = kindOf(file.split("/").at(-1) ?? "");
  const isText = file !== "" && runs.length > 1 && TEXTS.has(kind);
  const view = as ?? (SEEN.has(kind) ? "seen" : "diff");
  const baseline = runs.find(({ id }) => id === baselineId) ?? runs[0];
  const isEmpty = !root.isPending && root.lists.every((list) => list.length === 0);
  return (
    <div className={classes["area"]}>
      <div className={classes["bar"]}>
        {head}
        {isText && (
          <SegmentedControl
            aria-label="How the files are shown"
            data={[
              { value: "diff", label: "Differences" },
              { value: "seen", label: "Whole files" },
            ]}
            value={view}
            onChange={(next) => onAs(next)}
          />
        )}
      </div>
      {isEmpty ? (
        <EmptyState title={root.error ? root.error.message : "These runs have logged no files."} />
      ) : (
        <div className={classes["split"]}>
          <nav aria-label="Files of these runs">
            <Folder runs={runs} folder="" depth={0} file={file} onFile={onFile} />
          </nav>
          {file === "" ? (
            <EmptyState title="Choose a file to see it in each run." />
          ) : (
            <SideBySide
              key={file}
              runs={runs}
              file={file}
              baseline={isText && view === "diff" ? baseline : undefined}
            />
          )}
        </div>
      )}
    </div>
  );
}

interface FolderProps extends Pick<CompareFilesProps, "runs" | "file" | "onFile"> {
  folder: string;
  depth: number;
}

function Folder({ runs, folder, depth, file, onFile }: FolderProps) {
  const { lists } = useEntries(runs, folder);
  return (
    <ul className={classes["files"]}>
      {commonEntries(lists).map((entry) => (
        <li key={entry.path}>
          {entry.isFolder ? (
            <SubFolder entry={entry} runs={runs} depth={depth} file={file} onFile={onFile} />
          ) : (
            <button
              type="button"
              className={classes["file"]}
              style={{ paddingLeft: 20 + depth * 14 }}
              aria-current={entry.path === file || undefined}
              onClick={() => onFile(entry.path)}
            >
              <IconFile size={14} aria-hidden />
              <EntryName entry={entry} of={runs.length} />
            </button>
          )}
        </li>
      ))}
    </ul>
  );
}

function SubFolder({ entry, ...rest }: Omit<FolderProps, "folder"> & { entry: CommonEntry }) {
  const { file, depth, runs } = rest;
  const [isChosen, setIsChosen] = useState<boolean | null>(null);
  const isOpen = isChosen ?? file.startsWith(`${entry.path}/`);
  const Icon = isOpen ? IconChevronDown : IconChevronRight;
  return (
    <>
      <button
        type="button"
        className={classes["file"]}
        style={{ paddingLeft: 4 + depth * 14 }}
        aria-expanded={isOpen}
        onClick={() => setIsChosen(!isOpen)}
      >
        <Icon size={13} aria-hidden />
        <IconFolder size={14} aria-hidden />
        <EntryName entry={entry} of={runs.length} />
      </button>
      {isOpen && <Folder {...rest} folder={entry.path} depth={depth + 1} />}
    </>
  );
}

function EntryName({ entry, of }: { entry: CommonEntry; of: number }) {
  return (
    <>
      <span className={classes["fileName"]} title={entry.path}>
        {entry.path.split("/").at(-1)}
      </span>
      {entry.count < of && (
        <span className={classes["dim"]}>
          {entry.count} of {of}
        </span>
      )}
    </>
  );
}

interface SideBySideProps {
  runs: readonly Run[];
  file: string;
  /** The run from which differences are told; without it each file is seen whole. */
  baseline: Run | undefined;
}

function SideBySide({ runs, file, baseline }: SideBySideProps) {
  const styles = runStyles(runs, useScheme());
  const { lists, isPending } = useEntries(runs, folderOf(file));
  const entries = lists.map((list) => list.find(({ path, is_dir }) => path === file && !is_dir));
  const base = baseline && entries[runs.indexOf(baseline)];
  return (
    <div className={classes["sides"]} tabIndex={0} role="group" aria-label={file}>
      {runs.map((run, at) => {
        const entry = entries[at];
        const sizes = [base?.file_size ?? 0, entry?.file_size ?? 0] as const;
        return (
          <figure key={run.id} className={classes["side"]}>
            <figcaption className={classes["run"]}>
              {styles[at] && <RunDot style={styles[at]} />}
              <span className={classes["name"]} title={run.name}>
                {run.name}
              </span>
              {baseline?.id === run.id && <span className={classes["dim"]}>baseline</span>}
            </figcaption>
            {!entry ? (
              !isPending && <p className={classes["dim"]}>This run has no such file.</p>
            ) : base && baseline.id !== run.id ? (
              <TextDiff baselineId={baseline.id} runId={run.id} path={file} sizes={sizes} />
            ) : (
              <Preview owner={{ run: run.id }} path={file} size={entry.file_size ?? 0} />
            )}
          </figure>
        );
      })}
    </div>
  );
}
