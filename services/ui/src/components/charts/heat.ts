/** A heat map of ranks: its cells, its colours, and the ranks that stray from the others. Pure functions. */
import type { Curve } from "./curves";

export interface HeatGrid {
  columns: number;
  /** Row by row, the mean of what lies in a cell; NaN where nothing does. */
  cells: Float64Array;
  low: number;
  high: number;
  xRange: [number, number];
}

/** Return the curves as cells of at most `most` columns, of equal width on the axis. */
export function heatGrid(curves: readonly Curve[], most: number): HeatGrid {
  let first = Infinity;
  let last = -Infinity;
  let longest = 1;
  for (const { x } of curves) {
    first = Math.min(first, x[0] ?? Infinity);
    last = Math.max(last, x.at(-1) ?? -Infinity);
    longest = Math.max(longest, x.length);
  }
  const columns = Math.max(1, Math.min(most, longest));
  const cells = new Float64Array(curves.length * columns);
  const counts = new Uint32Array(cells.length);
  const width = (last - first) / (columns - 1 || 1) || 1;
  curves.forEach(({ x, y }, row) => {
    for (let i = 0; i < x.length; i++) {
      const value = y[i] ?? NaN;
      if (!Number.isFinite(value)) continue;
      const cell = row * columns + Math.min(columns - 1, Math.round(((x[i] ?? 0) - first) / width));
      cells[cell] = (cells[cell] ?? 0) + value;
      counts[cell] = (counts[cell] ?? 0) + 1;
    }
  });
  let low = Infinity;
  let high = -Infinity;
  for (let i = 0; i < cells.length; i++) {
    const count = counts[i] ?? 0;
    const mean = count ? (cells[i] ?? 0) / count : NaN;
    cells[i] = mean;
    if (mean < low) low = mean;
    if (mean > high) high = mean;
  }
  return { columns, cells, low, high, xRange: [first, last] };
}

export interface Straggler {
  row: number;
  /** The rank's distance from the median of all ranks, in units of the usual distance. */
  distance: number;
}

const STRAYS = 4;

/** Return the rows that are farthest from the median of their columns, if any is far from it; the farthest first. */
export function stragglers({ cells, columns }: HeatGrid, most = 3): Straggler[] {
  const rows = Math.floor(cells.length / columns);
  if (rows < 3) return [];
  const away = new Float64Array(rows);
  const counts = new Uint32Array(rows);
  for (let column = 0; column < columns; column++) {
    const values = Array.from({ length: rows }, (_, row) => cells[row * columns + column] ?? NaN);
    const middle = median(values.filter(Number.isFinite));
    values.forEach((value, row) => {
      if (!Number.isFinite(value)) return;
      away[row] = (away[row] ?? 0) + Math.abs(value - middle);
      counts[row] = (counts[row] ?? 0) + 1;
    });
  }
  const means = Array.from(away, (sum, row) => (counts[row] ? sum / (counts[row] ?? 1) : 0));
  const usual = median(means) || Number.MIN_VALUE;
  return means
    .map((mean, row) => ({ row, distance: mean / usual }))
    .filter(({ distance }) => distance >= STRAYS)
    .sort((a, b) => b.distance - a.distance)
    .slice(0, most);
}

function median(values: number[]): number {
  const sorted = Float64Array.from(values).sort();
  return sorted[sorted.length >> 1] ?? NaN;
}

/** Dark to light in even steps of brightness, and told apart by colour-blind people. */
const RAMP = [
  [68, 1, 84],
  [59, 82, 139],
  [33, 145, 140],
  [94, 201, 98],
  [253, 231, 37],
] as const;

/** Return red, green and blue of a share from 0 to 1. */
export function rampColor(share: number): [number, number, number] {
  const place = Math.max(0, Math.min(1, share)) * (RAMP.length - 1);
  const from = RAMP[Math.floor(place)] ?? RAMP[0];
  const to = RAMP[Math.min(RAMP.length - 1, Math.floor(place) + 1)] ?? RAMP[0];
  const part = place - Math.floor(place);
  const mix = (channel: 0 | 1 | 2) => Math.round(from[channel] + (to[channel] - from[channel]) * part);
  return [mix(0), mix(1), mix(2)];
}

/** Return the colour of a line or a dot of a share from 0 to 1, seen on a light and on a dark ground. */
export function markColor(share: number): string {
  return `rgb(${rampColor(0.25 + 0.6 * share).join()})`;
}
