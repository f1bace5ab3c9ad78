/**
 * A page of runs by columns, as the server answers it in an Arrow stream, seen as a list of runs.
 *
 * The columns stay as they came: a run looks its values up there when they are asked for. Of 25,000 runs with
 * 300 metrics, that keeps 60 MB of numbers instead of 7.5 million objects.
 */
import { type Column, tableFromIPC } from "@uwdata/flechette";
import type { LastValue, Run, RunPage, RunStatus } from "./runs";
import type { components } from "./schema";

type Header = components["schemas"]["Reply.TableReply"];
type Columns = ReadonlyMap<string, Column<unknown>>;

/** The keys of one row and their values, where the row has one. */
class RowMap<Value> implements ReadonlyMap<string, Value> {
  constructor(
    private readonly columns: Columns,
    private readonly row: number,
    private readonly made: (stored: unknown) => Value,
  ) {}

  get(key: string): Value | undefined {
    const stored = this.columns.get(key)?.at(this.row) ?? null;
    return stored === null ? undefined : this.made(stored);
  }

  has(key: string): boolean {
    return this.get(key) !== undefined;
  }

  get size(): number {
    return [...this.keys()].length;
  }

  *entries(): MapIterator<[string, Value]> {
    for (const key of this.columns.keys()) {
      const value = this.get(key);
      if (value !== undefined) yield [key, value];
    }
  }

  *keys(): MapIterator<string> {
    for (const [key] of this.entries()) yield key;
  }

  *values(): MapIterator<Value> {
    for (const [, value] of this.entries()) yield value;
  }

  forEach(take: (value: Value, key: string, map: ReadonlyMap<string, Value>) => void): void {
    for (const [key, value] of this.entries()) take(value, key, this);
  }

  [Symbol.iterator](): MapIterator<[string, Value]> {
    return this.entries();
  }
}

const asValue = (value: unknown): LastValue => ({ value: value as number });
const asText = (text: unknown) => text as string;

/** Return the runs that the bytes of an Arrow answer hold. Throws an Error if they are no such answer. */
export function decodeRunTable(bytes: Uint8Array): RunPage {
  const table = tableFromIPC(bytes);
  const described = table.schema.metadata?.get("trackhelm");
  if (described === undefined)
    throw new Error("The answer is no table of runs: it does not say what follows.");
  const header = JSON.parse(described) as Header;
  const keyed = (prefix: string): Columns =>
    new Map(
      table.names.flatMap((name, index) =>
        name.startsWith(prefix) ? [[name.slice(prefix.length), table.getChildAt(index)] as const] : [],
      ),
    );
  const [metrics, params, tags] = [keyed("metrics."), keyed("params."), keyed("tags.")];
  const given = (name: string): Column<unknown> | undefined =>
    table.names.includes(name) ? table.getChild(name) : undefined;
  const [ids, names, experiments, states] = ["run_id", "run_name", "experiment_id", "status"].map(given);
  const [stages, users, starts, ends] = ["lifecycle_stage", "user_id", "start_time", "end_time"].map(given);
  const text = (column: Column<unknown> | undefined, row: number) =>
    (column?.at(row) as string | null | undefined) ?? "";
  const number = (column: Column<unknown> | undefined, row: number) =>
    (column?.at(row) as number | null | undefined) ?? null;
  const runs = Array.from({ length: header.rows }, (_, row): Run => ({
    id: text(ids, row),
    name: text(names, row),
    experimentId: text(experiments, row),
    status: text(states, row) as RunStatus,
    isDeleted: text(stages, row) === "deleted",
    userId: text(users, row),
    startTime: number(starts, row) ?? 0,
    endTime: number(ends, row),
    metrics: new RowMap(metrics, row, asValue),
    params: new RowMap(params, row, asText),
    tags: new RowMap(tags, row, asText),
  }));
  return { runs, nextPageToken: header.next_page_token ?? "" };
}
