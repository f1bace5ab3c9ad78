/** The range of values that a panel shows. */
import type { Curve } from "./curves";

export interface RangeOptions {
  log: boolean;
  /** Whether the most outlying twentieth at each end may lie outside of the range. The points are drawn all the same. */
  clip: boolean;
}

const CLIPPED = 0.05;
const PADDING = 0.05;

/** Return the least and greatest value to show, with some room; for a logarithmic axis both are above 0. */
export function valueRange(curves: readonly Curve[], { log, clip }: RangeOptions): [number, number] {
  const [low, high] = clip ? percentiles(curves, log) : extremes(curves, log);
  if (!(low <= high)) return log ? [0.1, 10] : [0, 1];
  if (log) {
    const room = low === high ? 2 : (high / low) ** PADDING;
    return [low / room, high * room];
  }
  const room = low === high ? Math.abs(low) * 0.1 || 1 : (high - low) * PADDING;
  return [low - room, high + room];
}

function extremes(curves: readonly Curve[], log: boolean): [number, number] {
  let least = Infinity;
  let greatest = -Infinity;
  for (const { low, high } of curves) {
    for (const value of low) if (value < least && (!log || value > 0)) least = value;
    for (const value of high) {
      if (value > greatest && (!log || value > 0)) greatest = value;
      if (value < least && log && value > 0) least = value;
    }
  }
  return [least, greatest];
}

function percentiles(curves: readonly Curve[], log: boolean): [number, number] {
  const values: number[] = [];
  for (const { y } of curves) {
    for (const value of y) if (Number.isFinite(value) && (!log || value > 0)) values.push(value);
  }
  const sorted = Float64Array.from(values).sort();
  const at = (share: number) => sorted[Math.round(share * (sorted.length - 1))] ?? NaN;
  return [at(CLIPPED), at(1 - CLIPPED)];
}

/** Return the first and last position of the curves, a little apart if they are one. */
export function positionRange(curves: readonly Curve[], log: boolean): [number, number] {
  let first = Infinity;
  let last = -Infinity;
  for (const { x } of curves) {
    for (let i = 0; i < x.length; i++) {
      const at = x[i] ?? NaN;
      if (log && at <= 0) continue;
      if (at < first) first = at;
      if (at > last) last = at;
    }
  }
  if (!(first <= last)) return log ? [1, 10] : [0, 1];
  if (first < last) return [first, last];
  return log ? [first / 2, first * 2] : [first - 1, first + 1];
}
