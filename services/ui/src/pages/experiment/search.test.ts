import { expect, test } from "vitest";
import { isShown, toggleShown, validateSearch } from "./search";

test("an address keeps what it can mean and nothing else", () => {
  const search = {
    q: "metrics.loss < 1",
    sort: "-metrics.loss",
    cols: ["a", "b"],
    show: "all",
    view: "deleted",
  };
  expect(validateSearch(search)).toEqual(search);
  expect(validateSearch({ q: 7, cols: "a", show: "many", view: "x", pin: [] })).toEqual({ q: "7" });
  const once = validateSearch({ ...search, on: ["r", "r"] });
  expect(validateSearch(once as Record<string, unknown>)).toEqual(once);
});

test("a run that is shown or hidden is an exception only where the mode says otherwise", () => {
  const [first, far] = [{ id: "first" }, { id: "far" }];
  let search = toggleShown(first, 0, {});
  expect(search).toEqual({ off: ["first"] });
  search = toggleShown(far, 50, search);
  expect(search).toEqual({ off: ["first"], on: ["far"] });
  expect([isShown(first, 0, search), isShown(far, 50, search)]).toEqual([false, true]);
  expect(toggleShown(far, 50, toggleShown(first, 0, search))).toEqual({});
});
