import { expect, test } from "vitest";
import { diffOf } from "./diff-rows";

const lines = (count: number) => Array.from({ length: count }, (_, at) => `line ${at}`);

test("what differs stands among some lines that are the same, and the others are a gap", () => {
  const before = lines(20);
  const after = before.with(10, "another line");
  expect(diffOf(before.join("\n"), after.join("\n"))).toEqual({
    added: 1,
    removed: 1,
    rows: [
      { kind: "gap", lines: lines(7) },
      ...["line 7", "line 8", "line 9"].map((text) => ({ kind: "same", text })),
      { kind: "removed", text: "line 10" },
      { kind: "added", text: "another line" },
      ...["line 11", "line 12", "line 13"].map((text) => ({ kind: "same", text })),
      { kind: "gap", lines: before.slice(14) },
    ],
  });
});

test("texts that end differently, or have other ends of lines, are the same", () => {
  expect(diffOf("a\nb\nc", "a\r\nb\r\nc\r\n")).toMatchObject({ added: 0, removed: 0 });
  expect(diffOf("", "a\n")?.rows).toEqual([{ kind: "added", text: "a" }]);
});

test("texts that have nothing in common are not compared line by line", () => {
  const other = lines(6_000).map((line) => `${line} of another`);
  expect(diffOf(lines(6_000).join("\n"), other.join("\n"))).toBeNull();
});
