import { expect, test } from "vitest";
import { joined, tailStart } from "./chart-tail";
import type { Chart, ChartLine, ChartQuery } from "./charts";

const value = (x: number) => (x % 97 === 5 ? NaN : Math.sin(x / 11) * x + (x === 700 ? 9_999 : 0));

/** Return what the server answers about the points from `from` to `to`, in buckets of `width`, or as points. */
function line(from: number, to: number, width: number | null, runId = "r"): ChartLine {
  const groups = new Map<number, number[]>();
  for (let x = from; x <= to; x++) {
    const bucket = width === null ? x : Math.floor(x / width);
    groups.set(bucket, [...(groups.get(bucket) ?? []), x]);
  }
  const rows = [...groups.values()];
  const finite = (xs: number[]) => xs.map(value).filter(Number.isFinite);
  const least = (xs: number[], pick: (...values: number[]) => number) =>
    finite(xs).length ? pick(...finite(xs)) : NaN;
  return {
    runId,
    key: "loss",
    labels: {},
    exact: width === null,
    points: to - from + 1,
    x: Float64Array.from(rows, (xs) => xs.at(-1) ?? NaN),
    last: Float64Array.from(rows, (xs) => value(xs.at(-1) ?? NaN)),
    min: Float64Array.from(rows, (xs) => least(xs, Math.min)),
    max: Float64Array.from(rows, (xs) => least(xs, Math.max)),
    mean: new Float64Array(),
    nonfinite: Float64Array.from(rows, (xs) => xs.length - finite(xs).length),
  };
}

const chart = (bucketWidth: number, ...lines: ChartLine[]): Chart => ({
  axis: "step",
  bucketWidth,
  start: 0,
  end: null,
  lines,
});

const query: ChartQuery = {
  runIds: ["r", "ended"],
  keys: ["loss"],
  buckets: 200,
  axis: "step",
  window: null,
  groupBy: [],
  labels: {},
  mean: false,
  rounded: true,
};

test("the end of a line that is asked for alone makes the same line as the whole", () => {
  for (const [known, now, tailWidth] of [
    [500, 1_100, null],
    [503, 1_151, 4],
    [799, 800, null],
    [1_023, 1_024, 1],
  ] as const) {
    const before = { chart: chart(8, line(0, known, 8), line(0, 90, 8, "ended")), liveIds: ["r"] };
    const start = tailStart(before, query);
    expect(start).toBe(Math.floor(known / 8) * 8);
    const tail = chart(tailWidth ?? 1, line(start ?? 0, now, tailWidth));
    const after = joined(before, tail, start ?? 0, 200);
    expect(after?.lines).toEqual([
      { ...line(0, now, 8), points: expect.any(Number) as number },
      line(0, 90, 8, "ended"),
    ]);
    expect(after?.tails).toBe(1);
  }
});

test("points are added to points", () => {
  const before = { chart: chart(1, line(0, 20, null)), liveIds: ["r"] };
  const after = joined(before, chart(1, line(20, 60, null)), 20, 200);
  expect(after?.lines).toEqual([line(0, 60, null)]);
});

test("all is asked for again where the end does not fit, and after a while", () => {
  const before = { chart: chart(8, line(0, 500, 8)), liveIds: ["r"] };
  // Too many buckets; wider buckets; a line that was not there; points that became buckets.
  expect(joined(before, chart(1, line(496, 1_700, null)), 496, 200)).toBeNull();
  expect(joined(before, chart(16, line(496, 900, 16)), 496, 200)).toBeNull();
  expect(joined(before, chart(1, line(496, 510, null), line(0, 3, null, "new")), 496, 200)).toBeNull();
  const points = { chart: chart(1, line(0, 150, null)), liveIds: ["r"] };
  expect(joined(points, chart(4, line(150, 900, 4)), 150, 200)).toBeNull();
  expect(joined(points, chart(1, line(150, 300, null)), 150, 200)).toBeNull();
  expect(tailStart({ ...before, chart: { ...before.chart, tails: 12 } }, query)).toBeNull();
  expect(tailStart(before, { ...query, mean: true })).toBeNull();
  expect(tailStart({ ...before, liveIds: ["r", "without a line"] }, query)).toBeNull();
});
