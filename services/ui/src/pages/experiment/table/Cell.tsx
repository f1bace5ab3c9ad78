/** One cell of the table of runs: a number in the form of its column, a state, a time or a text. */
import { memo, type ReactNode } from "react";
import type { Run } from "@/api/runs";
import { exactTime, formatDuration, formatNumber, formatTime } from "@/components/format";
import { endReason, RunState } from "@/components/RunState";
import { type Column, valueOf } from "../columns";
import classes from "./RunsTable.module.css";
import type { ColumnStats } from "./column-stats";
import type { Placed } from "./use-across";

/** Return the class of a cell, with a name of its own. */
export function cellClass({ isSticky, isLast }: Pick<Placed, "isSticky" | "isLast">, name = ""): string {
  return [classes["cell"], name, isSticky && classes["sticky"], isLast && classes["lastSticky"]]
    .filter(Boolean)
    .join(" ");
}

/** How far a number is from that of the baseline, with an arrow that tells the direction. */
function Delta({ value, base, less }: { value: number; base: number; less: boolean | null }) {
  const delta = value - base;
  if (delta === 0 || !Number.isFinite(delta)) return null;
  const isBetter = less === null ? null : less === delta < 0;
  return (
    <span className={classes["delta"]} data-better={isBetter ?? "unknown"}>
      {delta > 0 ? "▲" : "▼"} {formatNumber(Math.abs(delta))}
    </span>
  );
}

/** The widest that a number can be, in pixels. */
const NUMBER_WIDTH = 100;

/** What a cell has beside its place. */
interface Content {
  name: string | undefined;
  /** Whether what it shows is never wider than a column of the usual width. */
  isShort?: boolean;
  content: ReactNode;
  title?: string;
  /** How much of its column's range the number is, from 0 to 1. */
  share?: number;
  isBest?: boolean;
}

function numberOf(value: number, column: Column, stats: ColumnStats | undefined, base?: number): Content {
  const range = stats && stats.max > stats.min && Number.isFinite(value) ? stats.max - stats.min : 0;
  return {
    name: classes["number"],
    isShort: base === undefined,
    title: `${column.key} = ${value}`,
    content: (
      <>
        {base !== undefined && <Delta value={value} base={base} less={stats?.isLessBetter ?? null} />}
        {stats ? stats.format(value) : formatNumber(value)}
      </>
    ),
    ...(stats && range > 0 ? { share: Math.min(Math.max((value - stats.min) / range, 0.02), 1) } : {}),
    isBest: value === stats?.best,
  };
}

function contentOf({ run, placed: { column }, stats, baseline, now }: CellProps): Content {
  const value = valueOf(run, column, now);
  if (value === null || value === "") return { name: classes["none"], isShort: true, content: "–" };
  if (column.kind === "metric" && typeof value === "number") {
    const base = baseline && baseline.id !== run.id ? baseline.metrics.get(column.key)?.value : undefined;
    return numberOf(value, column, stats, base);
  }
  if (typeof value === "number") {
    if (column.key === "duration") return { name: classes["number"], content: formatDuration(value) };
    const told = <time dateTime={new Date(value).toISOString()}>{formatTime(value, now)}</time>;
    return { name: undefined, title: exactTime(value), content: told };
  }
  if (column.id === "attributes.status") {
    return { name: undefined, content: <RunState status={run.status} reason={endReason(run)} /> };
  }
  const isNumber = Number.isFinite(Number(value));
  const content = column.key === "commit" ? value.slice(0, 8) : value;
  return { name: classes[isNumber ? "number" : "text"], title: value, content };
}

export interface CellProps {
  run: Run;
  placed: Placed;
  stats: ColumnStats | undefined;
  baseline: Run | null;
  now: number;
}

export const Cell = memo(function Cell(props: CellProps) {
  const { style, place, width } = props.placed;
  const { name, isShort, content, title, share, isBest } = contentOf(props);
  return (
    <div
      role="gridcell"
      aria-colindex={place}
      className={cellClass(props.placed, name)}
      style={share === undefined ? style : { ...style, backgroundSize: `${share * 100}% 2px` }}
      title={title}
      data-fits={(isShort && width >= NUMBER_WIDTH) || undefined}
      data-bar={share !== undefined || undefined}
      data-best={isBest || undefined}
    >
      {content}
    </div>
  );
});
