/** One cell of the table of runs: a number in the form of its column, a state, a time or a text. */
import { memo } from "react";
import type { Run } from "@/api/runs";
import { exactTime, formatDuration, formatNumber, formatTime } from "@/components/format";
import { endReason, RunState } from "@/components/RunState";
import { type Column, valueOf } from "../columns";
import classes from "./RunsTable.module.css";
import type { ColumnStats } from "./column-stats";

export interface CellProps {
  run: Run;
  column: Column;
  stats: ColumnStats | undefined;
  baseline: Run | null;
  now: number;
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

function NumberCell({
  value,
  column,
  stats,
  base,
}: {
  value: number;
  column: Column;
  stats: ColumnStats | undefined;
  base: number | undefined;
}) {
  const share =
    stats && stats.max > stats.min && Number.isFinite(value)
      ? Math.min(Math.max((value - stats.min) / (stats.max - stats.min), 0), 1)
      : null;
  return (
    <span
      className={classes["number"]}
      title={`${column.key} = ${value}`}
      data-best={value === stats?.best || undefined}
    >
      {base !== undefined && <Delta value={value} base={base} less={stats?.isLessBetter ?? null} />}
      {stats ? stats.format(value) : formatNumber(value)}
      {share !== null && (
        <span aria-hidden className={classes["bar"]} style={{ width: `${Math.max(share * 100, 2)}%` }} />
      )}
    </span>
  );
}

export const Cell = memo(function Cell({ run, column, stats, baseline, now }: CellProps) {
  const value = valueOf(run, column, now);
  if (value === null || value === "") return <span className={classes["none"]}>–</span>;
  if (column.kind === "metric" && typeof value === "number") {
    const base = baseline && baseline.id !== run.id ? baseline.metrics.get(column.key)?.value : undefined;
    return <NumberCell value={value} column={column} stats={stats} base={base} />;
  }
  if (typeof value === "number") {
    if (column.key === "duration") return <span className={classes["number"]}>{formatDuration(value)}</span>;
    return (
      <time dateTime={new Date(value).toISOString()} title={exactTime(value)}>
        {formatTime(value, now)}
      </time>
    );
  }
  if (column.id === "attributes.status") {
    return <RunState status={run.status} reason={endReason(run)} />;
  }
  const isNumber = value !== "" && Number.isFinite(Number(value));
  const shown = column.key === "commit" ? value.slice(0, 8) : value;
  return (
    <span className={classes["text"]} data-numeric={isNumber || undefined} title={value}>
      {shown}
    </span>
  );
});
