/**
 * What cells of a column need to know of the others: how numbers are written, the range, and the best value.
 *
 * Each page of runs is looked at once, so that the next page of thousands costs what it has itself.
 */
import type { Run } from "@/api/runs";
import { columnDecimals, columnFormat } from "@/components/format";
import { type Column, isLessBetter, valueOf } from "../columns";

export interface ColumnStats {
  format: (value: number) => string;
  min: number;
  max: number;
  /** The best value, if it is known which direction is better and the values differ. */
  best: number | null;
  isLessBetter: boolean | null;
}

interface Part {
  /** Of the finite values; Infinity and -Infinity if there is none. */
  min: number;
  max: number;
  /** The values that decide how many decimals the column has. */
  deciding: number[];
}

const parts = new WeakMap<readonly Run[], Map<string, Part>>();

function measured(runs: readonly Run[], column: Column): Part {
  let [min, max] = [Infinity, -Infinity];
  let largest: number | undefined;
  let fraction: number | undefined;
  for (const run of runs) {
    const value = valueOf(run, column, 0);
    if (typeof value !== "number" || !Number.isFinite(value)) continue;
    min = Math.min(min, value);
    max = Math.max(max, value);
    const size = Math.abs(value);
    // Those beyond are written with an exponent.
    if (size < 1e-4 || size >= 1e7) continue;
    largest = Math.max(largest ?? 0, size);
    if (!Number.isInteger(value)) fraction ??= value;
  }
  return { min, max, deciding: [largest, fraction].filter((value) => value !== undefined) };
}

function partOf(runs: readonly Run[], column: Column): Part {
  const known = parts.get(runs) ?? new Map<string, Part>();
  parts.set(runs, known);
  const part = known.get(column.id) ?? measured(runs, column);
  known.set(column.id, part);
  return part;
}

/** What was told of columns before. Equal facts are one object, so that no cell is rendered anew for a page that changes none. */
const made = new Map<string, ColumnStats>();
const MOST_MADE = 10_000;

function statsOf(pages: readonly (readonly Run[])[], column: Column): ColumnStats {
  const found = pages.map((runs) => partOf(runs, column));
  const min = Math.min(...found.map((part) => part.min));
  const max = Math.max(...found.map((part) => part.max));
  const less = isLessBetter(column.key);
  const best = less === null || min >= max ? null : less ? min : max;
  const decimals = columnDecimals(found.flatMap((part) => part.deciding));
  const named = [min, max, less, decimals].join(" ");
  const known = made.get(named) ?? { format: columnFormat(decimals), min, max, best, isLessBetter: less };
  if (made.size >= MOST_MADE) made.clear();
  made.set(named, known);
  return known;
}

export type StatsOf = (column: Column) => ColumnStats;

/** Return what tells of a column of these pages, each once: the same as long as the pages are the same. */
export function columnStats(pages: readonly (readonly Run[])[]): StatsOf {
  const known = new Map<string, ColumnStats>();
  return (column) => {
    const found = known.get(column.id) ?? statsOf(pages, column);
    known.set(column.id, found);
    return found;
  };
}
