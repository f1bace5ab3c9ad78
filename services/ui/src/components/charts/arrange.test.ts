import { expect, test } from "vitest";
import { arranged, columnsIn, fittingSize, withMoved } from "./arrange";

const KEYS = ["a", "b", "c", "d"];

test("a panel takes the place of the one onto which it is moved, and the address names no more than it must", () => {
  expect(withMoved(KEYS, [], "c", "a")).toEqual(["c"]);
  expect(withMoved(KEYS, [], "a", "b")).toEqual(["b"]);
  expect(withMoved(KEYS, ["c"], "c", "b")).toEqual([]);
  expect(withMoved(KEYS, [], "a", "d")).toEqual(["b", "c", "d"]);
  expect(withMoved(KEYS, ["x"], "b", "a")).toEqual(["x", "b"]);
  expect(withMoved(KEYS, ["x"], "b", "elsewhere")).toEqual(["x"]);
});

test("after any moves each panel stands where the last move of it put it, and none is lost", () => {
  let order: string[] = [];
  let shown = [...KEYS];
  for (let round = 0; round < 200; round++) {
    const key = KEYS[(round * 7 + 3) % 4] ?? "";
    const target = shown[(round * 5) % 4] ?? "";
    const to = shown.indexOf(target);
    order = withMoved(KEYS, order, key, target);
    const expected = shown.filter((each) => each !== key);
    expected.splice(to, 0, key);
    shown = key === target ? shown : expected;
    expect(arranged(KEYS, order)).toEqual(shown);
  }
});

test("sizes and columns", () => {
  expect(fittingSize(2.4, 9)).toEqual([2, 3]);
  expect(fittingSize(-1, NaN)).toEqual([1, 1]);
  expect([0, 340, 691, 692, 1400].map(columnsIn)).toEqual([1, 1, 1, 2, 4]);
});
