/** What a panel draws: curves made of a chart's lines. Pure functions, without a canvas. */
import type { ChartLine } from "@/api/charts";
import { smooth } from "./smoothing";

export interface LineStyle {
  /** As CSS takes it. */
  color: string;
  /** Lengths of line and gap in pixels; none is a solid line. */
  dash: readonly number[];
}

export interface Curve {
  /** What is highlighted together on all panels: the run, or the rank. */
  id: string;
  label: string;
  runId: string;
  style: LineStyle;
  /** Whether each row is a logged point. */
  exact: boolean;
  /** How many logged points the curve stands for. */
  points: number;
  x: Float64Array;
  y: Float64Array;
  /** Least and greatest finite value of each row; NaN if there is none. */
  low: Float64Array;
  high: Float64Array;
  nonfinite: Float64Array;
  /** The smoothed curve, if it is smoothed. */
  smoothed: Float64Array | null;
}

/** Several points at one position become one row: the mean of the finite ones, from the least to the greatest. */
export function joinedRows(line: ChartLine): Pick<ChartLine, "x" | "last" | "min" | "max" | "nonfinite"> {
  const n = line.x.length;
  const x: number[] = [];
  const last: number[] = [];
  const min: number[] = [];
  const max: number[] = [];
  const nonfinite: number[] = [];
  for (let i = 0; i < n;) {
    const at = line.x[i] ?? NaN;
    let sum = 0;
    let finite = 0;
    let low = Infinity;
    let high = -Infinity;
    let bad = 0;
    let value = NaN;
    for (; i < n && line.x[i] === at; i++) {
      value = line.last[i] ?? NaN;
      if (!Number.isFinite(value)) {
        bad++;
        continue;
      }
      sum += value;
      finite++;
      low = Math.min(low, value);
      high = Math.max(high, value);
    }
    x.push(at);
    last.push(finite ? sum / finite : value);
    min.push(finite ? low : NaN);
    max.push(finite ? high : NaN);
    nonfinite.push(bad);
  }
  const column = (values: number[]) => Float64Array.from(values);
  return {
    x: column(x),
    last: column(last),
    min: column(min),
    max: column(max),
    nonfinite: column(nonfinite),
  };
}

export interface CurveOptions {
  id: string;
  label: string;
  style: LineStyle;
  smoothing: number;
  /** Whether many ranks log the key: the curve is then the mean of them. */
  ofRanks: boolean;
}

export function toCurve(line: ChartLine, { id, label, style, smoothing, ofRanks }: CurveOptions): Curve {
  const rows = ofRanks && line.exact ? joinedRows(line) : line;
  const y = ofRanks && !line.exact && line.mean.length ? line.mean : rows.last;
  return {
    id,
    label,
    runId: line.runId,
    style,
    exact: line.exact && rows === line,
    points: line.points,
    x: rows.x,
    y,
    low: rows.min,
    high: rows.max,
    nonfinite: rows.nonfinite,
    smoothed: smoothing > 0 ? smooth(rows.x, y, smoothing) : null,
  };
}

/**
 * Return the curve with another metric of the same run as its x: for each row, the other's last value at or before it.
 *
 * Rows before the other's first value, and those whose x is not finite, are left out. The rows are sorted by x.
 */
export function overMetric(curve: Curve, other: ChartLine): Curve {
  const rows: [x: number, row: number][] = [];
  let at = -1;
  for (let i = 0; i < curve.x.length; i++) {
    while (at + 1 < other.x.length && (other.x[at + 1] ?? NaN) <= (curve.x[i] ?? NaN)) at++;
    const x = at < 0 ? NaN : (other.last[at] ?? NaN);
    if (Number.isFinite(x)) rows.push([x, i]);
  }
  rows.sort((a, b) => a[0] - b[0]);
  const pick = (from: Float64Array) => Float64Array.from(rows, ([, row]) => from[row] ?? NaN);
  return {
    ...curve,
    x: Float64Array.from(rows, ([x]) => x),
    y: pick(curve.y),
    low: pick(curve.low),
    high: pick(curve.high),
    nonfinite: pick(curve.nonfinite),
    smoothed: curve.smoothed && pick(curve.smoothed),
  };
}

/** The row whose x is nearest, by bisection; -1 if there is none. */
export function nearestRow(x: Float64Array, at: number): number {
  if (x.length === 0) return -1;
  let low = 0;
  let high = x.length - 1;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((x[middle] ?? 0) < at) low = middle + 1;
    else high = middle;
  }
  return low > 0 && at - (x[low - 1] ?? 0) <= (x[low] ?? 0) - at ? low - 1 : low;
}

export interface Note {
  nonfinite: number;
  /** Values that a logarithmic axis has no place for. */
  dropped: number;
  /** The most points that one row stands for, rounded; 1 if each row is a point. */
  perRow: number;
}

/** What a panel says of its curves besides drawing them. */
export function noteOf(curves: readonly Curve[], logY: boolean): Note {
  let nonfinite = 0;
  let dropped = 0;
  let perRow = 1;
  for (const curve of curves) {
    for (const count of curve.nonfinite) nonfinite += count;
    if (logY) for (const value of curve.y) if (value <= 0) dropped++;
    if (!curve.exact && curve.x.length) perRow = Math.max(perRow, Math.round(curve.points / curve.x.length));
  }
  return { nonfinite, dropped, perRow };
}
