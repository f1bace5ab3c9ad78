import { expect, test } from "vitest";
import type { Run } from "@/api/runs";
import { axisOf, columnsOf, shareOf, valueOf } from "./values";

const run = (params: Record<string, string>, metrics: Record<string, number> = {}) =>
  ({
    params: new Map(Object.entries(params)),
    metrics: new Map(Object.entries(metrics).map(([key, value]) => [key, { value, step: 0, timestamp: 0 }])),
  }) as unknown as Run;

const runs = [
  run({ lr: "0.1", model: "gbm", seed: "7" }, { loss: 2 }),
  run({ lr: "0.3", model: "rf", seed: "7" }, { loss: NaN }),
  run({ seed: "7" }, { loss: 4 }),
];

test("numbers are numbers, and words have an order", () => {
  expect(axisOf(runs, "params.lr")).toMatchObject({ words: null, low: 0.1, high: 0.3 });
  expect(axisOf(runs, "params.model")).toMatchObject({ words: ["gbm", "rf"] });
  expect(axisOf(runs, "metrics.loss")).toMatchObject({ low: 2, high: 4 });
  expect(axisOf(runs, "params.seed")).toMatchObject({ low: 6, high: 8 });
  expect(axisOf(runs, "params.none")).toMatchObject({ low: 0, high: 1 });
});

test("a run without a value, or with NaN, has no place", () => {
  const loss = axisOf(runs, "metrics.loss");
  expect(runs.map((each) => shareOf(each, loss))).toEqual([0, null, 1]);
  expect(runs.map((each) => shareOf(each, axisOf(runs, "params.model")))).toEqual([0, 1, null]);
  expect(runs.map((each) => valueOf(each, "params.model"))).toEqual(["gbm", "rf", null]);
});

test("columns that differ come first", () => {
  expect(columnsOf(runs)).toEqual({
    params: ["params.lr", "params.model", "params.seed"],
    metrics: ["metrics.loss"],
  });
});
