import { expect, test } from "vitest";
import { boxOf } from "./boxes";

test("quartiles, whiskers and outliers", () => {
  expect(boxOf([3, 1, 2, 5, 4, 100, NaN])).toEqual({
    low: 1,
    high: 5,
    q1: 2.25,
    median: 3.5,
    q3: 4.75,
    outliers: [100],
    count: 6,
  });
  expect(boxOf([7])).toEqual({ low: 7, high: 7, q1: 7, median: 7, q3: 7, outliers: [], count: 1 });
  expect(boxOf([NaN, Infinity])).toBeNull();
});

test("no value is lost: each lies within the whiskers or is an outlier", () => {
  for (let length = 1; length < 40; length++) {
    const values = Array.from({ length }, (_, at) => Math.tan(at * 7.3) * 10);
    const box = boxOf(values);
    if (!box) throw new Error("no box");
    const { low, q1, median, q3, high, outliers } = box;
    expect(low <= median && q1 <= median && median <= q3 && median <= high).toBe(true);
    expect(values.filter((value) => value >= low && value <= high).length + outliers.length).toBe(length);
  }
});
