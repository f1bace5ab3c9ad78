/** Curves of many runs and keys in one request: `charts/buckets`, answered as an Arrow stream. */
import { tableFromIPC } from "@uwdata/flechette";
import { request } from "./client";
import type { components } from "./schema";

export type ChartAxis = components["schemas"]["Axis"];

/** The most rows that one answer may have: runs x keys x buckets. */
export const CHART_CELLS = 400_000;
/** The most buckets and keys of a request. */
export const MOST_BUCKETS = 2_000;
export const MOST_KEYS = 100;

export interface ChartWindow {
  /** Both ends are in the window, in units of the axis: steps, or milliseconds. */
  start: number;
  end: number;
}

/** The part of an axis that is asked for; without an end it goes on to the last point. */
export interface AskedWindow {
  start: number;
  end: number | null;
}

export interface ChartQuery {
  runIds: readonly string[];
  keys: readonly string[];
  buckets: number;
  axis: ChartAxis;
  window: ChartWindow | null;
  /** Names of labels: a line for each of their values. */
  groupBy: readonly string[];
  /** Only points that have one of these values of each label. */
  labels: Readonly<Record<string, readonly string[]>>;
  /** Whether the mean of each bucket is needed, as for a key that many ranks log. */
  mean: boolean;
  /** Whether values of buckets need no more digits than a drawing shows: a third of the bytes. */
  rounded: boolean;
}

/** One line: columns of one length, with a row for each bucket that holds a point, or for each point. */
export interface ChartLine {
  runId: string;
  key: string;
  labels: Readonly<Record<string, string>>;
  /** Whether each row is a logged point. */
  exact: boolean;
  /** The number of logged points that the rows stand for. */
  points: number;
  /** The position of the last point of the bucket. */
  x: Float64Array;
  /** Its value, which may be NaN or infinite. */
  last: Float64Array;
  /** The least and the greatest finite value of the bucket; NaN if there is none. */
  min: Float64Array;
  max: Float64Array;
  /** The mean of the finite values; NaN if there is none. Empty unless it was asked for. */
  mean: Float64Array;
  /** How many points of the bucket are NaN or infinite. */
  nonfinite: Float64Array;
}

export interface Chart {
  axis: ChartAxis;
  /** How many units of the axis a bucket covers. */
  bucketWidth: number;
  start: number | null;
  end: number | null;
  lines: ChartLine[];
  /** How often the end of its lines was joined to it since all of it was asked for. */
  tails?: number;
}

const COLUMNS = ["x_last", "last", "min", "max", "nonfinite"] as const;

type Header = components["schemas"]["Reply.ChartReply"];

/** Return the chart that the bytes of an Arrow answer hold. Throws an Error if they are no such answer. */
export function decodeChart(bytes: Uint8Array): Chart {
  const table = tableFromIPC(bytes, { useBigInt: true });
  const text = table.schema.metadata?.get("trackhelm");
  if (text === undefined) throw new Error("The answer is no chart: it has no description of its lines.");
  const header = JSON.parse(text) as Header;
  const columns = Object.fromEntries(
    [...COLUMNS, "mean"].map((name) => [
      name,
      numbers(table.names.includes(name) ? table.getChild(name).data : [], table.numRows),
    ]),
  ) as Record<(typeof COLUMNS)[number] | "mean", Float64Array>;
  let begin = 0;
  const lines = header.lines.map((line): ChartLine => {
    const end = begin + line.shown;
    const part = (name: keyof typeof columns) => columns[name].subarray(begin, end);
    const decoded = {
      runId: line.run_id,
      key: line.key,
      labels: line.labels ?? {},
      exact: line.exact,
      points: line.points,
      x: part("x_last"),
      last: part("last"),
      min: part("min"),
      max: part("max"),
      mean: part("mean"),
      nonfinite: part("nonfinite"),
    };
    begin = end;
    return decoded;
  });
  return {
    axis: header.x_axis as ChartAxis,
    bucketWidth: header.bucket_width,
    start: header.start ?? null,
    end: header.end ?? null,
    lines,
  };
}

interface ArrowBatch {
  length: number;
  values: unknown;
}

/** Return a column as numbers. Absent statistics are NaN in the server's buffer, beside their validity. */
function numbers(batches: readonly ArrowBatch[], rows: number): Float64Array {
  const [only] = batches;
  if (only?.values instanceof Float64Array && batches.length === 1) return only.values.subarray(0, rows);
  const made = new Float64Array(batches.length ? rows : 0);
  let at = 0;
  for (const { length, values } of batches) {
    const given = values as BigInt64Array | Float64Array;
    for (let i = 0; i < length; i++) made[at++] = Number(given[i]);
  }
  return made;
}

/** Ask for a chart. Throws `ApiError` if the server refuses it. */
export async function fetchChart(
  query: Omit<ChartQuery, "window"> & { window: AskedWindow | null },
  signal?: AbortSignal,
): Promise<Chart> {
  const answer = await request("ajax-api/2.0/trackhelm/charts/buckets", {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify({
      run_ids: query.runIds,
      keys: query.keys,
      buckets: query.buckets,
      x_axis: query.axis,
      start: query.window?.start,
      end: query.window?.end ?? undefined,
      group_by: query.groupBy,
      labels: query.labels,
      columns: query.mean ? [...COLUMNS, "mean"] : COLUMNS,
      rounded: query.rounded,
      format: "arrow",
    }),
    ...(signal ? { signal } : {}),
  });
  return decodeChart(new Uint8Array(await answer.arrayBuffer()));
}
