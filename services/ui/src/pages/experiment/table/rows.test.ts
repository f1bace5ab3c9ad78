import { expect, test } from "vitest";
import type { Run } from "@/api/runs";
import { aggregate, rowsOf } from "./rows";

function run(id: string, model?: string): Run {
  return {
    ...{ id, name: id, experimentId: "1", status: "FINISHED", isDeleted: false, userId: "" },
    ...{ startTime: 0, endTime: null, metrics: new Map(), tags: new Map(), artifactUri: "" },
    params: new Map(model === undefined ? [] : [["model", model]]),
  };
}
const none = new Map<string, Run[]>();
const ids = (rows: ReturnType<typeof rowsOf>) => rows.map((row) => row.id);

test("children show below a parent that was opened", () => {
  const children = new Map([["a", [run("a1"), run("a2")]]]);
  const asked = { runs: [run("a"), run("b")], pinned: [], children, group: undefined };
  expect(ids(rowsOf({ ...asked, toggled: new Set() }))).toEqual(["a", "b"]);
  const opened = rowsOf({ ...asked, toggled: new Set(["a"]) });
  expect(ids(opened)).toEqual(["a", "a1", "a2", "b"]);
  expect(opened.map((row) => (row.kind === "run" ? [row.depth, row.place] : null))).toEqual([
    [0, 0],
    [1, 1],
    [1, 2],
    [0, 3],
  ]);
});

test("groups are open until they are closed, and keep the places of their runs", () => {
  const runs = [run("a", "x"), run("b", "y"), run("c", "x"), run("d")];
  const asked = { runs, pinned: [run("p")], children: none, group: "params.model" };
  const open = rowsOf({ ...asked, toggled: new Set() });
  expect(open.map((row) => (row.kind === "group" ? row.value : row.run.id))).toEqual([
    "p",
    "x",
    "a",
    "c",
    "y",
    "b",
    null,
    "d",
  ]);
  const closed = rowsOf({ ...asked, toggled: new Set([open[1]?.id ?? ""]) });
  expect(closed.map((row) => (row.kind === "run" ? row.place : row.value))).toEqual([
    0,
    "x",
    "y",
    3,
    null,
    4,
  ]);
});

test("what is not finite is left out of aggregates", () => {
  expect(aggregate([1, NaN, 3, undefined, Infinity])).toEqual({ mean: 2, min: 1, max: 3, count: 2 });
  expect(aggregate([NaN])).toBeNull();
});
