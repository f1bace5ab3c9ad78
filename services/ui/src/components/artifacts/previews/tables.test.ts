import { expect, test } from "vitest";
import { kindOf, languageOf } from "./kinds";
import { cellText, parsedTable, TABLE_ROWS, tableOf, typeOf } from "./tables";

test("the type of a column fits all its cells", () => {
  expect(typeOf(["1", "2", ""])).toBe("integer");
  expect(typeOf(["1.5", 2, null])).toBe("number");
  expect(typeOf([true, "false"])).toBe("boolean");
  expect(typeOf(["1", "one"])).toBe("text");
  expect(typeOf([null, ""])).toBe("empty");
});

test("a logged table is told from other JSON", () => {
  const table = parsedTable('{"columns": ["q", "score"], "data": [["a", 1], ["b", null]]}');
  expect(table?.columns).toEqual([
    { name: "q", type: "text" },
    { name: "score", type: "integer" },
  ]);
  for (const other of [
    "[1]",
    "7",
    "null",
    "{",
    '{"columns": [1], "data": []}',
    '{"columns": [], "data": [1]}',
  ]) {
    expect(parsedTable(other)).toBeNull();
  }
});

test("only the first rows are shown, and all are counted", () => {
  const table = tableOf(
    ["n"],
    Array.from({ length: 1234 }, (_, n) => [n]),
  );
  expect([table.rows.length, table.total]).toEqual([TABLE_ROWS, 1234]);
});

test("cells are texts", () => {
  expect([null, "a", 1.5, true, { a: 1 }].map(cellText)).toEqual(["", "a", "1.5", "true", '{"a":1}']);
  expect([2n ** 60n, [1n, "b"], new Date(0), new Date(NaN), new Uint8Array(3)].map(cellText)).toEqual([
    "1152921504606846976",
    '[1,"b"]',
    "1970-01-01T00:00:00.000Z",
    "",
    "3 bytes",
  ]);
});

test("files are known by their endings, or by their whole names", () => {
  expect(["a.PNG", "b.ipynb", "MLmodel", "x.parquet", "train.py", "noending"].map(kindOf)).toEqual([
    "image",
    "notebook",
    "text",
    "parquet",
    "text",
    "binary",
  ]);
  expect(["train.py", "MLmodel", "a.txt"].map(languageOf)).toEqual(["python", "yaml", null]);
});
