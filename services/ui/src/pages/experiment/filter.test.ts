import { expect, test } from "vitest";
import {
  completionAt,
  errorPosition,
  fieldOf,
  filterOf,
  keyedField,
  type Known,
  suggestions,
  typedValue,
} from "./filter";

const known: Known = {
  metrics: ["loss", "val loss", "train/acc"],
  params: ["model", "lr"],
  tags: ["team"],
  values: ["gbm", "o'neil"],
};
const offered = (text: string) => suggestions(completionAt(text, text.length), known);

test("plain words search names, and everything else is a filter", () => {
  expect(filterOf(" deep o'neil ")).toBe(
    "attributes.run_name ILIKE '%deep%' AND attributes.run_name ILIKE '%o''neil%'",
  );
  for (const text of ["metrics.loss < 1", "status IN ('RUNNING')", "tags.x IS NULL", ""])
    expect(filterOf(text)).toBe(text);
});

test("keys that are no plain words are quoted", () => {
  expect([
    fieldOf("metrics", "train/loss"),
    fieldOf("metrics", "val loss"),
    fieldOf("metrics", "a.max"),
  ]).toEqual(["metrics.train/loss", "metrics.`val loss`", "metrics.`a.max`"]);
});

test("completion offers what the grammar has next", () => {
  expect(offered("")).toContain("metrics.loss");
  expect(offered("lo")[0]).toBe("metrics.loss");
  expect(offered("metrics.loss ")).toContain("<");
  expect(offered("params.model ")).toContain("LIKE");
  expect(offered("params.model = ")).toEqual(["'gbm'", "'o''neil'"]);
  expect(offered("params.model = 'g")).toEqual(["'gbm'"]);
  expect(offered("params.model = 'gbm' ")).toEqual(["AND", "OR"]);
  expect(offered("params.model = 'gbm' AND (tea")).toEqual(["tags.team"]);
  expect(offered("params.model IN ('gbm', ")).toEqual(["'gbm'", "'o''neil'"]);
  expect(offered("metrics.`val loss` ")).toContain("<");
});

test("the key whose value comes next, and what was typed of it, are known", () => {
  const at = (text: string) => completionAt(text, text.length);
  expect(keyedField(at("params.`learning rate` = 'o''n"))).toEqual({
    prefix: "params",
    key: "learning rate",
  });
  expect(typedValue(at("params.`learning rate` = 'o''n"))).toBe("o'n");
  expect(keyedField(at("metrics.loss < "))).toBeNull();
  expect(keyedField(at("params.model"))).toBeNull();
});

test("a suggestion replaces the word at the caret", () => {
  expect(completionAt("metrics.lo < 1", 10)).toMatchObject({ from: 0, to: 10, typed: "metrics.lo" });
  expect(completionAt("", 0)).toMatchObject({ from: 0, to: 0, expected: { kind: "field" } });
});

test("the position of a mistake is read from the server's message", () => {
  expect(errorPosition("Invalid comparator '<>' at position 13: expected an operator")).toBe(13);
  expect(errorPosition("no")).toBeNull();
});
