/** How the text of a run's file differs from the baseline's, line by line. */
import { Button } from "@mantine/core";
import { useQueries } from "@tanstack/react-query";
import { Fragment, useMemo, useState } from "react";
import { headQuery, TEXT_BYTES } from "@/api/artifacts";
import { Failure } from "@/components/Failure";
import { formatBytes } from "@/components/format";
import classes from "./compare.module.css";
import { type DiffRow, diffOf, type TextDiff as Difference } from "./diff-rows";

const SIGNS = { same: " ", added: "+", removed: "−" } as const;

export interface TextDiffProps {
  baselineId: string;
  runId: string;
  path: string;
  /** Whether the two files have any bytes: no range of an empty one can be read. */
  sizes: readonly [baseline: number, run: number];
}

export function TextDiff({ baselineId, runId, path, sizes }: TextDiffProps) {
  const [before, after] = useQueries({
    queries: [baselineId, runId].map((run, at) => ({
      ...headQuery({ run }, path, TEXT_BYTES),
      enabled: (sizes[at] ?? 0) > 0,
    })),
  });
  const [old, fresh] = [before?.data, after?.data];
  const isRead = (sizes[0] === 0 || old) && (sizes[1] === 0 || fresh);
  const difference = useMemo(() => {
    const text = (bytes: Uint8Array | undefined) => (bytes ? new TextDecoder().decode(bytes) : "");
    return isRead ? diffOf(text(old?.bytes), text(fresh?.bytes)) : undefined;
  }, [isRead, old, fresh]);
  const failed = before?.error ?? after?.error;
  if (failed) return <Failure title="The file could not be read." error={failed} />;
  if (difference === undefined) return null;
  if (difference === null) return <p className={classes["dim"]}>It differs in nearly all of its lines.</p>;
  const isPart = Math.max(...sizes) > TEXT_BYTES;
  return (
    <>
      <p className={classes["dim"]}>
        {summary(difference)}
        {isPart && `, in the first ${formatBytes(TEXT_BYTES)}`}
      </p>
      {difference.added + difference.removed > 0 && <Rows key={runId} rows={difference.rows} />}
    </>
  );
}

function summary({ added, removed }: Difference): string {
  if (added + removed === 0) return "the same as the baseline";
  return `${added} ${added === 1 ? "line" : "lines"} added, ${removed} removed`;
}

function Rows({ rows }: { rows: readonly DiffRow[] }) {
  const [opened, setOpened] = useState<ReadonlySet<number>>(new Set());
  // It scrolls, so the keyboard must reach it.
  return (
    <pre className={classes["diff"]} tabIndex={0}>
      {rows.map((row, at) => {
        if (row.kind !== "gap") return <Line key={at} {...row} />;
        if (opened.has(at)) {
          return (
            <Fragment key={at}>
              {row.lines.map((text, line) => (
                <Line key={line} kind="same" text={text} />
              ))}
            </Fragment>
          );
        }
        return (
          <Button
            key={at}
            variant="subtle"
            size="compact-xs"
            onClick={() => setOpened(new Set([...opened, at]))}
          >
            {row.lines.length} lines that are the same
          </Button>
        );
      })}
    </pre>
  );
}

function Line({ kind, text }: { kind: keyof typeof SIGNS; text: string }) {
  const words = (
    <>
      <span aria-hidden>{SIGNS[kind]} </span>
      {text || " "}
    </>
  );
  // Read aloud, a change is said to be one.
  if (kind === "added") return <ins className={classes["line"]}>{words}</ins>;
  if (kind === "removed") return <del className={classes["line"]}>{words}</del>;
  return <span className={classes["line"]}>{words}</span>;
}
