import { expect, test } from "vitest";
import type { Run, RunGroup } from "@/api/runs";
import { type LoadedGroup, rowsOf, sortedGroups } from "./rows";

function run(id: string): Run {
  return {
    ...{ id, name: id, experimentId: "1", status: "FINISHED", isDeleted: false, userId: "" },
    ...{ startTime: 0, endTime: null, metrics: new Map(), params: new Map(), tags: new Map() },
  };
}
const none = new Map<string, Run[]>();
const ids = (rows: ReturnType<typeof rowsOf>) => rows.map((row) => row.id);
const group = (value: string | null, runs: number, mean?: number): RunGroup => ({
  value,
  runs,
  metrics: new Map(mean === undefined ? [] : [["loss", { count: runs, mean, min: mean, max: mean }]]),
});

test("children show below a parent that was opened", () => {
  const children = new Map([["a", [run("a1"), run("a2")]]]);
  const asked = { runs: [run("a"), run("b")], pinned: [], children, groups: null, loaded: new Map() };
  expect(ids(rowsOf({ ...asked, opened: new Set() }))).toEqual(["a", "b"]);
  const opened = rowsOf({ ...asked, opened: new Set(["a"]) });
  expect(ids(opened)).toEqual(["a", "a1", "a2", "b"]);
  expect(opened.map((row) => (row.kind === "run" ? [row.depth, row.place] : null))).toEqual([
    [0, 0],
    [1, 1],
    [1, 2],
    [0, 3],
  ]);
});

test("groups are closed until they are opened, and end with a row while runs are missing", () => {
  const asked = {
    runs: [run("a"), run("b")],
    pinned: [run("p")],
    children: none,
    groups: [group("x", 7), group(null, 1)],
  };
  const closed = rowsOf({ ...asked, loaded: new Map(), opened: new Set() });
  expect(ids(closed)).toEqual(["top p", "group = x", "group none"]);
  const opened = new Set(["group = x"]);
  expect(ids(rowsOf({ ...asked, loaded: new Map(), opened }))).toEqual([
    "top p",
    "group = x",
    "group = x more",
    "group none",
  ]);
  const part: LoadedGroup = { runs: [run("b"), run("c")], hasMore: false };
  const rows = rowsOf({ ...asked, loaded: new Map([["group = x", part]]), opened });
  expect(ids(rows)).toEqual(["top p", "group = x", "b", "c", "group none"]);
  // Charts show the first runs of their own list: the place of a run is the one that it has there.
  expect(rows.map((row) => (row.kind === "run" ? row.place : null))).toEqual([0, null, 2, Infinity, null]);
});

test("groups are sorted by a mean or by their value, those without one last", () => {
  const groups = [group(null, 5, 2), group("10", 4, 3), group("9", 3), group("b", 2, 1)];
  const values = (sort: { column: string; descending: boolean } | null) =>
    sortedGroups(groups, "params.x", sort).map(({ value }) => value);
  expect(values(null)).toEqual([null, "10", "9", "b"]);
  expect(values({ column: "params.x", descending: false })).toEqual(["9", "10", "b", null]);
  expect(values({ column: "params.x", descending: true })).toEqual(["b", "10", "9", null]);
  expect(values({ column: "metrics.loss", descending: false })).toEqual(["b", null, "10", "9"]);
  expect(values({ column: "metrics.loss", descending: true })).toEqual(["10", null, "b", "9"]);
});
