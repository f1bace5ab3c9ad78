import { expect, test } from "vitest";
import type { ChartLine } from "@/api/charts";
import { type Curve, joinedRows, nearestRow, noteOf, overMetric, toCurve } from "./curves";
import { toCsv, toSvg } from "./export";
import { heatGrid, stragglers } from "./heat";
import { positionRange, valueRange } from "./range";
import { matcher, readSettings, sections, USUAL, writeSettings } from "./settings";
import { smooth } from "./smoothing";
import { formatTick, ticks } from "./ticks";

const column = (...values: number[]) => Float64Array.from(values);

function line(x: number[], y: number[], part: Partial<ChartLine> = {}): ChartLine {
  const finite = y.map((value) => (Number.isFinite(value) ? value : NaN));
  return {
    runId: "r",
    key: "loss",
    labels: {},
    exact: true,
    points: x.length,
    x: column(...x),
    last: column(...y),
    min: column(...finite),
    max: column(...finite),
    mean: column(),
    nonfinite: column(...y.map((value) => (Number.isFinite(value) ? 0 : 1))),
    ...part,
  };
}

const curve = (x: number[], y: number[], part: Partial<ChartLine> = {}, smoothing = 0): Curve =>
  toCurve(line(x, y, part), {
    id: "r",
    label: "run",
    style: { color: "#0072b2", dash: [] },
    smoothing,
    ofRanks: false,
  });

test("smoothing leaves a constant as it is, and begins at the first value", () => {
  expect([...smooth(column(0, 1, 2), column(5, 5, 5), 0.9)]).toEqual([5, 5, 5]);
  const smoothed = smooth(column(0, 1, 2, 3), column(1, 0, 0, 0), 0.5);
  expect(smoothed[0]).toBe(1);
  // The weights of an average without bias: 1/2 of 1 + 1/2, then 1/4 of 1 + 1/2 + 1/4.
  expect(smoothed[1]).toBeCloseTo(0.5 / 1.5);
  expect(smoothed[2]).toBeCloseTo(0.25 / 1.75);
});

test("smoothing forgets more over a longer distance, and passes over what is not finite", () => {
  const near = smooth(column(0, 1, 10), column(1, 0, 0), 0.5);
  const far = smooth(column(0, 9, 10), column(1, 0, 0), 0.5);
  expect(far[1]).toBeLessThan(near[1] ?? 0);
  const holed = smooth(column(0, 1, 2), column(1, NaN, 1), 0.8);
  expect([...holed]).toEqual([1, NaN, 1]);
  const repeated = smooth(column(3, 3, 3), column(1, 2, 3), 0.5);
  expect([...repeated].every(Number.isFinite)).toBe(true);
});

test("points of many ranks at one step become their mean, with a band from least to greatest", () => {
  const rows = joinedRows(line([0, 0, 0, 1, 1], [1, 2, 6, 4, NaN]));
  expect([...rows.x]).toEqual([0, 1]);
  expect([...rows.last]).toEqual([3, 4]);
  expect([...rows.min]).toEqual([1, 4]);
  expect([...rows.max]).toEqual([6, 4]);
  expect([...rows.nonfinite]).toEqual([0, 1]);
});

test("another metric as x takes its value at or before each step, and sorts by it", () => {
  const over = overMetric(curve([0, 2, 4, 6], [1, 2, 3, 4]), line([1, 4, 5], [30, 10, NaN]));
  expect([...over.x]).toEqual([10, 30]);
  expect([...over.y]).toEqual([3, 2]);
});

test("the nearest row is found by position", () => {
  const x = column(0, 10, 20);
  expect([-5, 4, 6, 15, 99].map((at) => nearestRow(x, at))).toEqual([0, 0, 1, 1, 2]);
  expect(nearestRow(column(), 1)).toBe(-1);
});

test("the range holds every band, and clipping only narrows it", () => {
  const y = Array.from({ length: 100 }, (_, i) => (i === 50 ? 1000 : i / 100));
  const curves = [curve([...y.keys()], y)];
  const [low, high] = valueRange(curves, { log: false, clip: false });
  expect(low).toBeLessThanOrEqual(0);
  expect(high).toBeGreaterThanOrEqual(1000);
  expect(valueRange(curves, { log: false, clip: true })[1]).toBeLessThan(2);
  const [least] = valueRange([curve([0, 1, 2], [-1, 0, 10])], { log: true, clip: false });
  expect(least).toBeGreaterThan(0);
  expect(valueRange([], { log: false, clip: false })).toEqual([0, 1]);
  const [below, above] = valueRange([curve([0], [3])], { log: false, clip: false });
  expect(below).toBeLessThan(above);
  expect(positionRange([curve([7], [3])], false)).toEqual([6, 8]);
});

test("what is not finite, dropped or aggregated is said", () => {
  const shown = curve([0, 1, 2], [NaN, -1, 2]);
  expect(noteOf([shown], true)).toEqual({ nonfinite: 1, dropped: 1, perRow: 1 });
  expect(noteOf([{ ...shown, exact: false, points: 300 }], false).perRow).toBe(100);
});

test("an address keeps settings, and nothing of the usual ones", () => {
  const settings = {
    ...USUAL,
    x: "metric:epoch",
    logY: true,
    smoothing: 0.6,
    search: "loss$",
    window: { start: 5, end: 9 },
    ranks: { loss: "heat" as const },
    pinned: ["loss"],
  };
  expect(readSettings(JSON.parse(JSON.stringify(writeSettings(settings, USUAL))), USUAL)).toEqual(settings);
  expect(writeSettings(USUAL, USUAL)).toBeUndefined();
  for (const raw of [null, 7, "x", { smooth: 2, zoom: [9, 1], x: "evil", ranks: "no", find: 3 }]) {
    expect(readSettings(raw, USUAL)).toEqual(USUAL);
  }
});

test("keys are searched by a regular expression, or as they are if it is none", () => {
  expect(["a/loss", "loss2"].filter(matcher("^loss"))).toEqual(["loss2"]);
  expect(["a[b", "ab"].filter(matcher("a[b"))).toEqual(["a[b"]);
});

test("sections are what stands before the last slash", () => {
  expect(sections(["b/x10", "b/x9", "a", "c/d/e"])).toEqual([
    ["", ["a"]],
    ["b", ["b/x9", "b/x10"]],
    ["c/d", ["c/d/e"]],
  ]);
});

test("ticks are round, and short", () => {
  expect(ticks([0, 10], false)).toEqual([0, 2, 4, 6, 8, 10]);
  expect(ticks([0.05, 200], true)).toEqual([0.1, 1, 10, 100]);
  expect([0, 1500, 2_000_000, 0.25, -3000].map(formatTick)).toEqual(["0", "1.5k", "2M", "0.25", "−3k"]);
});

test("a heat map finds the rank that strays", () => {
  const ranks = Array.from({ length: 8 }, (_, rank) =>
    curve(
      [0, 1, 2, 3],
      [0, 1, 2, 3].map((step) => step + (rank % 3) * 0.01 + (rank === 5 ? 4 : 0)),
    ),
  );
  const grid = heatGrid(ranks, 100);
  expect(grid.columns).toBe(4);
  expect(grid.cells[5 * 4]).toBeCloseTo(4.02);
  expect(stragglers(grid).map(({ row }) => row)).toEqual([5]);
  expect(stragglers(heatGrid(ranks.slice(0, 4), 100))).toEqual([]);
});

test("pictures and tables show names as text, and a spike as it is", () => {
  const hostile = { ...curve([0, 1, 2], [1, 500, 1]), label: '=<script>alert("x")</script>' };
  const model = {
    curves: [hostile],
    xKind: "step" as const,
    xRange: [0, 2] as const,
    yRange: [0, 500] as const,
    highlight: null,
    theme: { text: "#000000", grid: "#eeeeee", background: "#ffffff" },
  };
  const svg = toSvg("a & b", model, false, false);
  expect(svg).not.toContain("<script");
  expect(svg).toContain("a &amp; b");
  expect(
    new DOMParser().parseFromString(svg, "image/svg+xml").querySelectorAll("path").length,
  ).toBeGreaterThan(3);
  const csv = toCsv("loss", [hostile]);
  expect(csv.split("\n")[2]).toBe(`"'=<script>alert(""x"")</script>",r,loss,1,500,500,500,0`);
});
