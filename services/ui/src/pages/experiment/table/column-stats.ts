/** What cells of a column need to know of the others: how numbers are written, the range, and the best value. */
import type { Run } from "@/api/runs";
import { columnFormat } from "@/components/format";
import { type Column, isLessBetter, valueOf } from "../columns";

export interface ColumnStats {
  format: (value: number) => string;
  min: number;
  max: number;
  /** The best value, if it is known which direction is better and the values differ. */
  best: number | null;
  isLessBetter: boolean | null;
}

export function statsOf(runs: readonly Run[], column: Column): ColumnStats {
  const values: number[] = [];
  for (const run of runs) {
    const value = valueOf(run, column, 0);
    if (typeof value === "number") values.push(value);
  }
  let [min, max] = [Infinity, -Infinity];
  for (const value of values) {
    if (!Number.isFinite(value)) continue;
    min = Math.min(min, value);
    max = Math.max(max, value);
  }
  const less = isLessBetter(column.key);
  const best = less === null || min >= max ? null : less ? min : max;
  return { format: columnFormat(values), min, max, best, isLessBetter: less };
}
