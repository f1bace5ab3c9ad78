import { expect, test } from "vitest";
import { changeOf } from "./audit-change";

test("only what differs is told, by its name", () => {
  expect(changeOf({ stage: "None", tags: {} }, { stage: "Staging", tags: {} })).toEqual({
    before: "stage: None",
    after: "Staging",
  });
  expect(changeOf({ aliases: {} }, { aliases: { champion: "2" } })).toEqual({
    before: "aliases: none",
    after: "champion 2",
  });
  expect(changeOf({ a: 1, b: ["x"] }, { a: 2, b: ["x", "y"] })).toEqual({
    before: "a 1, b x",
    after: "a 2, b x, y",
  });
});

test("what was created or deleted is told without its empty parts", () => {
  const state = {
    aliases: [],
    description: "",
    model_id: null,
    run_id: "c5b1",
    move: { action: "set_alias" },
  };
  const told = "run id c5b1, move action set_alias";
  expect(changeOf(null, state)).toEqual({ before: "", after: told });
  expect(changeOf(state, null)).toEqual({ before: told, after: "" });
  expect(changeOf(null, "text")).toEqual({ before: "", after: "text" });
});
