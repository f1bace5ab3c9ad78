/** Reads the first rows of a Parquet file, and its columns with their types. Works on any source of bytes. */
import {
  type AsyncBuffer,
  type FileMetaData,
  parquetMetadataAsync,
  parquetReadObjects,
  type SchemaElement,
} from "hyparquet";
import {
  decompressBrotli,
  decompressGzip,
  decompressLz4,
  decompressLz4Raw,
  decompressZstd,
} from "hyparquet-compressors";
import { type Table, TABLE_ROWS } from "./tables";

/** Snappy, which most writers use, is the reader's own. */
const COMPRESSORS = {
  BROTLI: decompressBrotli,
  GZIP: decompressGzip,
  LZ4: decompressLz4,
  LZ4_RAW: decompressLz4Raw,
  ZSTD: (input: Uint8Array) => decompressZstd(input),
};

/**
 * Return the first rows of a Parquet file; without rows, if more than `mostBytes` would have to be read for them.
 *
 * Throws an `Error` for anything else.
 */
export async function readTable(
  file: AsyncBuffer,
  mostBytes: number,
): Promise<{ table: Table; isTooLarge: boolean }> {
  const metadata = await parquetMetadataAsync(file);
  const columns = columnsOf(metadata);
  const total = Number(metadata.num_rows);
  const isTooLarge = bytesOfFirstRows(metadata) > mostBytes;
  const read = isTooLarge
    ? []
    : await parquetReadObjects({ file, metadata, compressors: COMPRESSORS, rowEnd: TABLE_ROWS });
  const rows = read.map((row) => columns.map(({ name }) => row[name] as unknown));
  return { table: { columns, rows, total }, isTooLarge };
}

/** A row group is read as a whole: return the bytes of those in which the first rows lie. */
function bytesOfFirstRows({ row_groups }: FileMetaData): number {
  let bytes = 0;
  let rows = 0;
  for (const group of row_groups) {
    if (rows >= TABLE_ROWS) break;
    rows += Number(group.num_rows);
    for (const { meta_data } of group.columns) bytes += Number(meta_data?.total_compressed_size ?? 0);
  }
  return bytes;
}

/** Return the top columns of a schema, which is a list of its elements from the root down. */
function columnsOf({ schema }: FileMetaData): Table["columns"] {
  const columns: Table["columns"] = [];
  for (let at = 1; at < schema.length; at = behind(schema, at)) {
    const element = schema[at];
    if (element) columns.push({ name: element.name, type: typeOf(element) });
  }
  return columns;
}

/** Return the place behind an element and everything in it. */
function behind(schema: readonly SchemaElement[], at: number): number {
  let next = at + 1;
  for (let child = 0; child < (schema[at]?.num_children ?? 0) && next < schema.length; child++) {
    next = behind(schema, next);
  }
  return next;
}

const PHYSICAL: Record<string, string> = {
  BOOLEAN: "boolean",
  DOUBLE: "number",
  FLOAT: "number",
  INT32: "integer",
  INT64: "integer",
};

function typeOf({ num_children, converted_type, logical_type, type }: SchemaElement): string {
  const named = logical_type?.type ?? converted_type;
  if (named === "UTF8" || named === "STRING") return "text";
  if (named !== undefined && !/^U?INT/.test(named)) return named.toLowerCase();
  if (num_children) return "struct";
  return PHYSICAL[type ?? ""] ?? (type ?? "unknown").toLowerCase();
}
