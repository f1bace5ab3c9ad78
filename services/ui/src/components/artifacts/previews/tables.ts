/** Tables of files: rows of cells with the names and types of their columns. Pure functions. */

export interface Table {
  columns: { name: string; type: string }[];
  rows: unknown[][];
  /** The number of rows that the file has, as far as it was read. */
  total: number;
}

/** The most rows that are shown. */
export const TABLE_ROWS = 500;

/** Return a type that fits all cells: a number, a truth value, or text. */
export function typeOf(cells: readonly unknown[]): string {
  const known = cells.filter((cell) => cell !== null && cell !== undefined && cell !== "");
  if (known.length === 0) return "empty";
  const all = (test: (cell: unknown) => boolean) => known.every(test);
  if (all((cell) => Number.isFinite(Number(cell)) && typeof cell !== "boolean")) {
    return all((cell) => Number.isInteger(Number(cell))) ? "integer" : "number";
  }
  if (all((cell) => typeof cell === "boolean" || /^(true|false)$/i.test(String(cell)))) return "boolean";
  return "text";
}

export function tableOf(names: readonly string[], rows: readonly unknown[][]): Table {
  return {
    columns: names.map((name, column) => ({ name, type: typeOf(rows.map((row) => row[column])) })),
    rows: rows.slice(0, TABLE_ROWS),
    total: rows.length,
  };
}

/** Return the table that `mlflow.log_table` or pandas wrote as JSON, null if the text is something else. */
export function parsedTable(text: string): Table | null {
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch {
    return null;
  }
  if (typeof parsed !== "object" || parsed === null) return null;
  const { columns, data } = parsed as { columns?: unknown; data?: unknown };
  if (!Array.isArray(columns) || !Array.isArray(data)) return null;
  if (!columns.every((name) => typeof name === "string") || !data.every((row) => Array.isArray(row))) {
    return null;
  }
  return tableOf(columns, data as unknown[][]);
}

/** Return a cell as text. Whole numbers of 64 bits, dates and bytes come from Parquet files. */
export function cellText(cell: unknown): string {
  if (cell === null || cell === undefined) return "";
  if (typeof cell === "string") return cell;
  if (cell instanceof Date) return Number.isNaN(cell.getTime()) ? "" : cell.toISOString();
  if (cell instanceof Uint8Array) return `${cell.length} bytes`;
  const text = JSON.stringify(cell, (_, value: unknown) =>
    typeof value === "bigint" ? Number(value) : value,
  ) as string | undefined;
  return typeof cell === "bigint" ? String(cell) : (text ?? "");
}
