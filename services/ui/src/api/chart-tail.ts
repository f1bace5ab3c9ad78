/**
 * Follows runs that go on: asks for what came after a chart that is known, and joins both. Pure functions.
 *
 * The server's buckets are powers of two wide and their edges are multiples of that, so that a finer answer about the
 * end of a line falls into the buckets of the whole.
 */
import type { Chart, ChartLine, ChartQuery } from "./charts";

/** So often only the end is asked for; then all again, since points may have come late. */
const MOST_TAILS = 12;

/** A chart and what is asked of those of its runs that go on. */
export interface Known {
  chart: Chart;
  liveIds: readonly string[];
}

const nameOf = ({ runId, key, labels }: ChartLine) =>
  JSON.stringify([runId, key, Object.entries(labels).sort()]);

/** Return the position from which on a chart may have changed; null if all of it has to be asked for. */
export function tailStart({ chart, liveIds }: Known, query: ChartQuery): number | null {
  // A mean of two means needs their counts, which are not asked for.
  if (query.mean || (chart.tails ?? 0) >= MOST_TAILS) return null;
  let first = Infinity;
  for (const id of liveIds) {
    const ends = query.keys.map((key) =>
      chart.lines.filter((line) => line.runId === id && line.key === key).map(({ x }) => x.at(-1) ?? NaN),
    );
    // A key without a line may get its first points anywhere.
    if (ends.some((some) => some.length === 0)) return null;
    first = Math.min(first, ...ends.flat());
  }
  if (!Number.isFinite(first)) return null;
  const width = Math.max(1, chart.bucketWidth);
  return Math.floor(first / width) * width;
}

/**
 * Return the known chart with what an answer from `start` on says of its runs that go on.
 *
 * `start` is an edge of the known chart's buckets. Null if both do not fit together, or if there would be more than
 * `buckets` rows: all has to be asked for then.
 */
export function joined({ chart, liveIds }: Known, tail: Chart, start: number, buckets: number): Chart | null {
  const known = new Set(chart.lines.map(nameOf));
  const found = new Map(tail.lines.map((line) => [nameOf(line), line]));
  if ([...found.keys()].some((name) => !known.has(name))) return null;
  const lines: ChartLine[] = [];
  for (const line of chart.lines) {
    const more = liveIds.includes(line.runId) ? found.get(nameOf(line)) : undefined;
    const next = more ? joinedLine(line, more, start, chart.bucketWidth, tail.bucketWidth) : line;
    if (!next || spanned(next, chart.bucketWidth) > buckets) return null;
    lines.push(next);
  }
  return { ...chart, lines, tails: (chart.tails ?? 0) + 1 };
}

/** How many rows a line has, or how many buckets lie from its first to its last. */
function spanned({ exact, x }: ChartLine, width: number): number {
  if (exact) return x.length;
  return Math.floor((x.at(-1) ?? 0) / width) - Math.floor((x[0] ?? 0) / width) + 1;
}

function joinedLine(
  line: ChartLine,
  tail: ChartLine,
  start: number,
  width: number,
  tailWidth: number,
): ChartLine | null {
  if (line.exact ? !tail.exact : !tail.exact && tailWidth > width) return null;
  const kept = line.x.findIndex((x) => x >= start);
  const count = kept < 0 ? line.x.length : kept;
  const rows = line.exact ? tail : merged(tail, width);
  const column = (name: "x" | "last" | "min" | "max" | "nonfinite") => {
    const made = new Float64Array(count + rows.x.length);
    made.set(line[name].subarray(0, count));
    made.set(rows[name], count);
    return made;
  };
  const share = line.x.length ? count / line.x.length : 0;
  return {
    ...line,
    points: line.exact ? count + tail.points : Math.round(line.points * share) + tail.points,
    x: column("x"),
    last: column("last"),
    min: column("min"),
    max: column("max"),
    nonfinite: column("nonfinite"),
  };
}

type Rows = Pick<ChartLine, "x" | "last" | "min" | "max" | "nonfinite">;

/** Return the rows of a line, those of one bucket as one. */
function merged(line: Rows, width: number): Rows {
  const rows: { x: number; last: number; min: number; max: number; nonfinite: number }[] = [];
  let bucket = NaN;
  for (let at = 0; at < line.x.length; at++) {
    const row = {
      x: line.x[at] ?? NaN,
      last: line.last[at] ?? NaN,
      min: line.min[at] ?? NaN,
      max: line.max[at] ?? NaN,
      nonfinite: line.nonfinite[at] ?? 0,
    };
    const before = rows.at(-1);
    const next = Math.floor(row.x / width);
    if (before && next === bucket) {
      before.x = row.x;
      before.last = row.last;
      before.min = Number.isNaN(before.min)
        ? row.min
        : Number.isNaN(row.min)
          ? before.min
          : Math.min(before.min, row.min);
      before.max = Number.isNaN(before.max)
        ? row.max
        : Number.isNaN(row.max)
          ? before.max
          : Math.max(before.max, row.max);
      before.nonfinite += row.nonfinite;
    } else {
      rows.push(row);
    }
    bucket = next;
  }
  return {
    x: Float64Array.from(rows, ({ x }) => x),
    last: Float64Array.from(rows, ({ last }) => last),
    min: Float64Array.from(rows, ({ min }) => min),
    max: Float64Array.from(rows, ({ max }) => max),
    nonfinite: Float64Array.from(rows, ({ nonfinite }) => nonfinite),
  };
}
