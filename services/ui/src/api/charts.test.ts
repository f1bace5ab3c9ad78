import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { allowedBuckets, grouped } from "./chart-batch";
import { type ChartQuery, decodeChart } from "./charts";

/** The bytes of an answer of the server. */
const recorded = (name: string) => new Uint8Array(readFileSync(join(import.meta.dirname, "recorded", name)));

test("buckets keep a spike of one point, and count what is not finite", () => {
  const chart = decodeChart(recorded("buckets.arrow"));
  expect(chart).toMatchObject({ axis: "step", bucketWidth: 8, start: 0, end: 999 });
  const [line] = chart.lines;
  expect(line).toMatchObject({ key: "loss", exact: false, points: 1000, labels: {} });
  if (!line) throw new Error("no line");
  expect(line.x.length).toBe(125);
  expect(line.max.filter((value) => value === 50)).toHaveLength(1);
  expect(line.max[97]).toBe(50);
  expect(line.x[97]).toBe(783);
  expect(line.last[0]).toBe(0.007);
  expect(line.nonfinite.reduce((sum, count) => sum + count, 0)).toBe(9);
  // The last bucket has infinities alone: no least and no greatest value.
  expect(line.last.at(-1)).toBe(Infinity);
  expect([line.min.at(-1), line.max.at(-1)]).toEqual([NaN, NaN]);
  expect(line.mean.length).toBe(0);
});

test("few points are exact, with their labels", () => {
  const [line] = decodeChart(recorded("points.arrow")).lines;
  expect(line).toMatchObject({ exact: true, points: 2, labels: { rank: "0" } });
  expect([...(line?.x ?? [])]).toEqual([0, 2 ** 40]);
  expect([...(line?.last ?? [])]).toEqual([1.5, -Infinity]);
  expect([...(line?.mean ?? [])]).toEqual([1.5, NaN]);
});

test("an answer may have no line", () => {
  expect(decodeChart(recorded("nothing.arrow")).lines).toEqual([]);
});

test("bytes that are no chart are refused", () => {
  expect(() => decodeChart(new TextEncoder().encode("<html>not an answer</html>"))).toThrow();
});

const query = (part: Partial<ChartQuery>): { query: ChartQuery } => ({
  query: {
    runIds: ["a"],
    keys: ["loss"],
    buckets: 400,
    axis: "step",
    window: null,
    groupBy: [],
    labels: {},
    mean: false,
    rounded: true,
    ...part,
  },
});

test("panels of one screen are one request, and a hundred keys are its most", () => {
  const screen = Array.from({ length: 20 }, (_, i) => query({ keys: [`key${i}`] }));
  expect(grouped(screen)).toHaveLength(1);
  const other = query({ window: { start: 0, end: 9 } });
  expect(grouped([...screen, other]).map((group) => group.length)).toEqual([20, 1]);
  const many = Array.from({ length: 130 }, (_, i) => query({ keys: [`key${i}`] }));
  expect(grouped(many).map((group) => group.length)).toEqual([100, 30]);
});

test("no request has more cells than the server answers", () => {
  for (const lines of [1, 50 * 20, 500 * 100, 10 ** 6]) {
    const buckets = allowedBuckets(1200, lines);
    expect(buckets).toBeGreaterThanOrEqual(2);
    if (buckets > 2) expect(buckets * lines).toBeLessThanOrEqual(400_000);
  }
  expect(allowedBuckets(1200, 1)).toBe(1200);
});
