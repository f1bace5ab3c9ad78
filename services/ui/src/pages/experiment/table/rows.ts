/** The rows of the table out of runs: pinned ones first, then a flat list, a tree of children, or groups. */
import type { Run } from "@/api/runs";
import { columnOf, valueOf } from "../columns";

export interface RunRow {
  kind: "run";
  id: string;
  run: Run;
  /** How deep the run lies below others: 0 at the top. */
  depth: number;
  /** How many children it has. */
  children: number;
  isOpen: boolean;
  isPinned: boolean;
  /** The place among the runs of the list, by which charts show the first ones; pinned runs come first. */
  place: number;
}

export interface GroupRow {
  kind: "group";
  id: string;
  /** The value that the runs have in common; null if they have none. */
  value: string | null;
  runs: Run[];
  isOpen: boolean;
}

export type Row = RunRow | GroupRow;

export interface RowsAsked {
  runs: readonly Run[];
  pinned: readonly Run[];
  children: ReadonlyMap<string, Run[]>;
  /** The id of the column by which runs are grouped. */
  group: string | undefined;
  /** Ids of rows that were opened, of trees, or closed, of groups. */
  toggled: ReadonlySet<string>;
}

/** Return runs by their value in a column, in the order in which the values come first. */
export function groupsOf(runs: readonly Run[], columnId: string): Map<string | null, Run[]> {
  const column = columnOf(columnId);
  const groups = new Map<string | null, Run[]>();
  for (const run of runs) {
    const value = column ? valueOf(run, column, 0) : null;
    const key = value === null ? null : String(value);
    const group = groups.get(key);
    if (group) group.push(run);
    else groups.set(key, [run]);
  }
  return groups;
}

export function rowsOf({ runs, pinned, children, group, toggled }: RowsAsked): Row[] {
  const rows: Row[] = [];
  let place = 0;
  const add = (run: Run, depth: number, isPinned = false) => {
    const own = children.get(run.id) ?? [];
    const isOpen = own.length > 0 && toggled.has(run.id);
    rows.push({
      kind: "run",
      id: isPinned ? `top ${run.id}` : run.id,
      run,
      depth,
      children: own.length,
      isOpen,
      isPinned,
      place: place++,
    });
    if (isOpen) for (const child of own) add(child, depth + 1);
  };
  for (const run of pinned) add(run, 0, true);
  if (group === undefined) {
    for (const run of runs) add(run, 0);
    return rows;
  }
  for (const [value, some] of groupsOf(runs, group)) {
    const id = `group ${value ?? ""} ${value === null}`;
    const isOpen = !toggled.has(id);
    rows.push({ kind: "group", id, value, runs: some, isOpen });
    if (isOpen) for (const run of some) add(run, 1);
    else place += some.length;
  }
  return rows;
}

export interface Aggregate {
  mean: number;
  min: number;
  max: number;
  count: number;
}

/** Return mean, minimum and maximum of the finite values; null if there is none. */
export function aggregate(values: Iterable<number | undefined>): Aggregate | null {
  let [sum, min, max, count] = [0, Infinity, -Infinity, 0];
  for (const value of values) {
    if (value === undefined || !Number.isFinite(value)) continue;
    sum += value;
    min = Math.min(min, value);
    max = Math.max(max, value);
    count += 1;
  }
  return count === 0 ? null : { mean: sum / count, min, max, count };
}
