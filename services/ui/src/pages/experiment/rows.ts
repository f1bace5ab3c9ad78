/** The rows of the list out of runs: pinned ones first, then a flat list, a tree of children, or groups. */
import type { Run, RunGroup } from "@/api/runs";

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
  group: RunGroup;
  isOpen: boolean;
}

/** The end of an open group whose runs are not all loaded. */
export interface MoreRow {
  kind: "more";
  id: string;
  groupId: string;
  isOpen: false;
}

export type Row = RunRow | GroupRow | MoreRow;

/** What is loaded of an open group. */
export interface LoadedGroup {
  runs: readonly Run[];
  hasMore: boolean;
}

export interface RowsAsked {
  runs: readonly Run[];
  pinned: readonly Run[];
  children: ReadonlyMap<string, Run[]>;
  /** The groups, if runs are grouped. */
  groups: readonly RunGroup[] | null;
  /** The runs of open groups by the ids of the groups. */
  loaded: ReadonlyMap<string, LoadedGroup>;
  /** Ids of rows that were opened. */
  opened: ReadonlySet<string>;
}

export function groupId({ value }: Pick<RunGroup, "value">): string {
  return value === null ? "group none" : `group = ${value}`;
}

export function rowsOf({ runs, pinned, children, groups, loaded, opened }: RowsAsked): Row[] {
  const rows: Row[] = [];
  let place = 0;
  const add = (run: Run, depth: number, isPinned = false) => {
    const own = groups ? [] : (children.get(run.id) ?? []);
    const isOpen = own.length > 0 && opened.has(run.id);
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
  if (!groups) {
    for (const run of runs) add(run, 0);
    return rows;
  }
  // Charts know no groups: a run has the place that it has in their list.
  const places = new Map([...pinned, ...runs].map((run, index) => [run.id, index]));
  for (const group of groups) {
    const id = groupId(group);
    const isOpen = opened.has(id);
    rows.push({ kind: "group", id, group, isOpen });
    const found = isOpen ? loaded.get(id) : undefined;
    for (const run of found?.runs ?? []) {
      place = places.get(run.id) ?? Infinity;
      add(run, 1);
    }
    if (isOpen && (found?.hasMore ?? true)) {
      rows.push({ kind: "more", id: `${id} more`, groupId: id, isOpen: false });
    }
  }
  return rows;
}

/** Return groups in the order of the table: by a metric's mean, by the value itself, else the largest first. */
export function sortedGroups(
  groups: readonly RunGroup[],
  groupBy: string,
  sort: { column: string; descending: boolean } | null,
): readonly RunGroup[] {
  if (!sort) return groups;
  const sign = sort.descending ? -1 : 1;
  if (sort.column === groupBy) {
    return groups.toSorted((a, b) => {
      if (a.value === null || b.value === null) return Number(a.value === null) - Number(b.value === null);
      return sign * a.value.localeCompare(b.value, undefined, { numeric: true });
    });
  }
  if (!sort.column.startsWith("metrics.")) return groups;
  const key = sort.column.slice("metrics.".length);
  const mean = (group: RunGroup) => group.metrics.get(key)?.mean;
  return groups.toSorted((a, b) => {
    const [first, second] = [mean(a), mean(b)];
    if (first === undefined || second === undefined) {
      return Number(first === undefined) - Number(second === undefined);
    }
    return sign * (first - second);
  });
}
