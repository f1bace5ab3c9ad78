import { expect, test } from "vitest";
import type { Run } from "@/api/runs";
import { compareRuns, deltaText } from "./rows";

function run(id: string, part: Partial<Run>): Run {
  return {
    id,
    name: id,
    experimentId: "1",
    status: "FINISHED",
    isDeleted: false,
    userId: "ada",
    startTime: 0,
    endTime: 1000,
    metrics: new Map(),
    params: new Map(),
    tags: new Map(),
    ...part,
  };
}

const point = (value: number) => ({ value, step: 1, timestamp: 1 });

test("rows are keys that some run has, and those that differ are told", () => {
  const sections = compareRuns([
    run("a", {
      params: new Map([
        ["lr", "0.1"],
        ["seed", "7"],
      ]),
      metrics: new Map([["auc", point(0.9)]]),
      tags: new Map([["mlflow.source.git.commit", "abc"]]),
    }),
    run("b", {
      params: new Map([
        ["lr", "0.2"],
        ["seed", "7"],
        ["depth", "3"],
      ]),
      metrics: new Map([["auc", point(NaN)]]),
      tags: new Map([["mlflow.source.git.commit", "def"]]),
    }),
  ]);
  expect(sections.map(({ name }) => name)).toEqual(["Run", "Code and environment", "Params", "Metrics"]);
  const differing = sections.flatMap(({ rows }) =>
    rows.filter(({ differs }) => differs).map(({ key }) => key),
  );
  expect(differing).toEqual(["git commit", "depth", "lr", "auc"]);
  const [depth] = sections[2]?.rows ?? [];
  expect(depth?.cells.map(({ text }) => text)).toEqual([null, "3"]);
});

test("a missing value differs from an empty one", () => {
  const [, params] = compareRuns([run("a", { params: new Map([["note", ""]]) }), run("b", {})]);
  expect(params?.rows[0]?.differs).toBe(true);
});

test("deltas are told against the baseline", () => {
  expect(deltaText(1.1, 1)).toBe("▲ 0.1 (+10 %)");
  expect(deltaText(0.5, 1)).toBe("▼ 0.5 (−50 %)");
  expect(deltaText(1, 0)).toBe("▲ 1");
  for (const [value, baseline] of [
    [1, 1],
    [null, 1],
    [1, null],
  ] as const) {
    expect(deltaText(value, baseline)).toBeNull();
  }
});
