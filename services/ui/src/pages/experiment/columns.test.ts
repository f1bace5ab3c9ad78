import { expect, test } from "vitest";
import type { Run } from "@/api/runs";
import { chooseColumns, columnOf, durationOf, isLessBetter, orderBy, sameInAll, valueOf } from "./columns";

function run(part: Partial<Run>): Run {
  return {
    id: "r",
    name: "n",
    experimentId: "1",
    status: "FINISHED",
    isDeleted: false,
    userId: "",
    startTime: 1000,
    endTime: 3000,
    metrics: new Map(),
    params: new Map(),
    tags: new Map(),
    ...part,
  };
}
const params = (...pairs: [string, string][]) => run({ params: new Map(pairs) });

test("a column is known by its id, whatever its key is", () => {
  for (const id of ["metrics.a.b", "params.learning rate", "tags.__proto__", "attributes.status"])
    expect(columnOf(id)?.id).toBe(id);
  for (const id of ["", "metrics.", "nothing.x", "attributes.none"]) expect(columnOf(id)).toBeNull();
});

test("the server is asked for the order of what it can sort by", () => {
  expect(orderBy("metrics.val loss", true)).toEqual(["metrics.`val loss` DESC"]);
  expect(orderBy("attributes.start_time", false)).toEqual(["attributes.start_time ASC"]);
  expect(orderBy("attributes.duration", false)).toEqual(["attributes.duration ASC"]);
  expect(orderBy("attributes.commit", true)).toEqual(["tags.`mlflow.source.git.commit` DESC"]);
  expect(orderBy("metrics.a`b", false)).toEqual([]);
});

test("columns are chosen that tell runs apart", () => {
  const [a, b] = [params(["seed", "7"], ["lr", "1"]), params(["seed", "7"], ["lr", "2"])];
  expect(sameInAll([a, b])).toEqual([["seed", "7"]]);
  expect(chooseColumns([a, b])).toContain("params.lr");
  expect(chooseColumns([a, b])).not.toContain("params.seed");
});

test("a running run has run until now", () => {
  expect(durationOf(run({}), 9000)).toBe(2000);
  expect(durationOf(run({ status: "RUNNING", endTime: null }), 9000)).toBe(8000);
  expect(durationOf(run({ status: "KILLED", endTime: null }), 9000)).toBeNull();
});

test("no key of a run is taken for one of ours", () => {
  const column = columnOf("tags.constructor");
  expect(column && valueOf(run({}), column, 0)).toBeNull();
});

test("keys tell which direction is better", () => {
  expect(["val_loss", "test/rmse", "val_auc", "train/acc", "epoch_time"].map(isLessBetter)).toEqual([
    true,
    true,
    false,
    false,
    null,
  ]);
});
