import { expect, test } from "vitest";
import type { PastTransition } from "@/api/governance";
import { periodsOf } from "./timeline";

function moved(time: number, version: number, from_stage: string, to_stage: string): PastTransition {
  return { time, version, from_stage, to_stage, actor: "ada", comment: "" };
}

test("a version is in a stage from the transition into it until the next", () => {
  const events = [
    moved(10, 1, "None", "Production"),
    moved(20, 1, "Production", "Archived"),
    moved(20, 2, "None", "Production"),
    moved(25, 3, "None", "Production"),
    moved(30, 4, "None", "Staging"),
  ];
  expect(
    periodsOf(events, "Production").map(({ version, from, to, row }) => [version, from, to, row]),
  ).toEqual([
    [1, 10, 20, 0],
    [2, 20, null, 0],
    [3, 25, null, 1],
  ]);
  expect(periodsOf(events, "Staging").map(({ version }) => version)).toEqual([4]);
});
