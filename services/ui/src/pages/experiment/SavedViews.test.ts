import { expect, test } from "vitest";
import { isSame, readState, stateOf } from "./SavedViews";

const search = { q: "metrics.loss < 1", sort: "-metrics.loss", saved: "abc" };

test("what is saved is read back, without the view that it began as", () => {
  const { search: read, tab } = readState(stateOf(search, "charts"));
  expect(read).toEqual({ q: "metrics.loss < 1", sort: "-metrics.loss" });
  expect(tab).toBe("charts");
  expect(readState("{}")).toEqual({ search: {}, tab: "table" });
  expect(readState('{"tab":"elsewhere","cols":7,"new":1}')).toEqual({ search: {}, tab: "table" });
});

test("a view is changed when it says something else, in whatever order", () => {
  expect(isSame('{"sort":"-metrics.loss","tab":"table","q":"metrics.loss < 1"}', search, "table")).toBe(true);
  expect(isSame(stateOf(search, "table"), search, "charts")).toBe(false);
  expect(isSame(stateOf(search, "table"), { ...search, q: "x" }, "table")).toBe(false);
});
