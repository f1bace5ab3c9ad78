/** One value of each run on an axis: a number, or a word that has its place among the others. Pure functions. */
import type { Run } from "@/api/runs";

/** The value of a column such as `metrics.loss` or `params.lr`; null if the run has none. */
export function valueOf(run: Run, column: string): number | string | null {
  const dot = column.indexOf(".");
  const key = column.slice(dot + 1);
  if (column.startsWith("metrics.")) return run.metrics.get(key)?.value ?? null;
  const text = run.params.get(key);
  if (text === undefined) return null;
  return text.trim() !== "" && Number.isFinite(Number(text)) ? Number(text) : text;
}

export interface Axis {
  column: string;
  /** The words of an axis that has not only numbers, in their order; null for numbers. */
  words: string[] | null;
  low: number;
  high: number;
  /** The one value that all runs have, if they do not differ: it stands in the middle. */
  only: number | null;
}

/** Return an axis over the values that the runs have. */
export function axisOf(runs: readonly Run[], column: string): Axis {
  const values = runs.map((run) => valueOf(run, column)).filter((value) => value !== null);
  if (values.some((value) => typeof value === "string")) {
    const words = [...new Set(values.map(String))].sort((a, b) =>
      a.localeCompare(b, undefined, { numeric: true }),
    );
    return words.length > 1
      ? { column, words, low: 0, high: words.length - 1, only: null }
      : { column, words, low: -1, high: 1, only: 0 };
  }
  const numbers = values.map(Number).filter(Number.isFinite);
  const low = Math.min(...numbers, Infinity);
  const high = Math.max(...numbers, -Infinity);
  if (!(low <= high)) return { column, words: null, low: 0, high: 1, only: null };
  return low < high
    ? { column, words: null, low, high, only: null }
    : { column, words: null, low: low - 1, high: high + 1, only: low };
}

/** Return the place of a run on an axis, from 0 at the low end to 1; null if it has no place there. */
export function shareOf(run: Run, axis: Axis): number | null {
  const value = valueOf(run, axis.column);
  if (value === null) return null;
  const number = axis.words ? axis.words.indexOf(String(value)) : Number(value);
  return Number.isFinite(number) ? (number - axis.low) / (axis.high - axis.low) : null;
}

/** Return the columns that may be axes: metrics and params, first those that differ and that most runs have. */
export function columnsOf(runs: readonly Run[]): { params: string[]; metrics: string[] } {
  const of = (pick: (run: Run) => ReadonlyMap<string, unknown>, prefix: string) =>
    [...new Set(runs.flatMap((run) => [...pick(run).keys()]))].sort().map((key) => `${prefix}.${key}`);
  const sorted = (columns: string[]) =>
    columns
      .map((column) => {
        const values = runs.map((run) => valueOf(run, column)).filter((value) => value !== null);
        return { column, isSame: new Set(values).size < 2, count: values.length };
      })
      .sort((a, b) => Number(a.isSame) - Number(b.isSame) || b.count - a.count)
      .map(({ column }) => column);
  return {
    params: sorted(of((run) => run.params, "params")),
    metrics: sorted(of((run) => run.metrics, "metrics")),
  };
}

export const nameOf = (column: string) => column.slice(column.indexOf(".") + 1);
