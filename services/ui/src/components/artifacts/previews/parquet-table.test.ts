import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { readTable } from "./parquet-table";
import { cellText, TABLE_ROWS } from "./tables";

/** A file of 1,200 rows that pyarrow wrote, and what is read of it. */
function recorded(name: string) {
  const bytes = readFileSync(join(import.meta.dirname, "recorded", `${name}.parquet`));
  let read = 0;
  const slice = (start: number, end = bytes.length) => {
    read += end - start;
    return Promise.resolve(new Uint8Array(bytes.subarray(start, end)).buffer);
  };
  return { file: { byteLength: bytes.length, slice }, read: () => read };
}

for (const name of ["snappy", "zstd", "gzip", "brotli", "lz4"]) {
  test(`the first rows of a file that is compressed with ${name}, and the types of its columns`, async () => {
    const { table, isTooLarge } = await readTable(recorded(name).file, 1e9);
    expect(isTooLarge).toBe(false);
    expect(table.total).toBe(1200);
    expect(table.rows).toHaveLength(TABLE_ROWS);
    expect(table.columns.map(({ name, type }) => `${name}: ${type}`)).toEqual([
      "id: integer",
      "score: number",
      "name: text",
      "ok: boolean",
      "at: timestamp",
      "tags: list",
      "place: struct",
    ]);
    expect(table.rows[4]?.map(cellText)).toEqual([
      "4",
      "2",
      "row 4",
      "true",
      "2026-01-01T04:00:00.000Z",
      '["a","b"]',
      '{"x":4,"y":"n"}',
    ]);
  });
}

test("rows in too large a part of the file are not read", async () => {
  const { file, read } = recorded("snappy");
  const { table, isTooLarge } = await readTable(file, 10);
  expect([isTooLarge, table.rows.length, table.total, table.columns.length]).toEqual([true, 0, 1200, 7]);
  expect(read()).toBeLessThanOrEqual(file.byteLength);
});

test("what is no Parquet file is refused", async () => {
  const text = new TextEncoder().encode("no such file, but long enough to have an end").buffer;
  const file = { byteLength: text.byteLength, slice: () => Promise.resolve(text) };
  await expect(readTable(file, 1e9)).rejects.toThrow();
});
