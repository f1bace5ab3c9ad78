import { expect, test } from "vitest";
import {
  columnDecimals,
  columnFormat,
  formatBytes,
  formatDuration,
  formatNumber,
  formatTime,
} from "./format";

test("numbers have 4 significant digits, and an exponent where they are tiny or huge", () => {
  expect([0.123456, 12345.678, 0.00001234, 2e7, 1e-300, 0, -0.5, 42].map(formatNumber)).toEqual([
    "0.1235",
    "12346",
    "1.23e−5",
    "2.00e+7",
    "1.00e−300",
    "0",
    "−0.5",
    "42",
  ]);
  expect([NaN, Infinity, -Infinity].map(formatNumber)).toEqual(["NaN", "∞", "−∞"]);
});

test("a column has one number of decimals", () => {
  const format = columnFormat(columnDecimals([0.91, 12.5, NaN, 1e-9]));
  expect([0.91, 12.5, 1e-9].map(format)).toEqual(["0.91", "12.50", "1.00e−9"]);
  expect(columnFormat(columnDecimals([1, 20, 300]))(20)).toBe("20");
  expect(columnFormat(columnDecimals([718.8, 0.0123, 12.5]))(0.0123)).toBe("0.0123");
});

test("times are told as an age within a day", () => {
  const now = Date.UTC(2026, 0, 2, 12);
  expect(formatTime(now - 3 * 60_000, now)).toBe("3 min ago");
  expect(formatTime(now - 5 * 3_600_000, now)).toBe("5 h ago");
  expect(formatTime(now - 50 * 3_600_000, now)).toContain("2025");
});

test("durations and sizes have the unit that fits", () => {
  expect([340, 4200, 59_400, 125_000, 7_500_000, 200_000_000, 7_200_000].map(formatDuration)).toEqual([
    "340 ms",
    "4.2 s",
    "59 s",
    "2 min 5 s",
    "2 h 5 min",
    "2 d 7 h",
    "2 h",
  ]);
  expect([0, 999, 1200, 5_400_000].map(formatBytes)).toEqual(["0 B", "999 B", "1.2 kB", "5.4 MB"]);
});
