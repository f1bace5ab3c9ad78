/** The groups of the table, with aggregates from the server, and the runs of those groups that are open. */
import { type UseQueryOptions, useQueries, useQueryClient } from "@tanstack/react-query";
import { useCallback, useMemo, useState } from "react";
import { nextRuns, type RunGroup, type RunPage, type RunSearch, useRunGroups } from "@/api/runs";
import { sortOf } from "../search";
import { both } from "../use-view";
import { useExperimentView } from "../view";
import { groupId, type LoadedGroup, sortedGroups } from "../rows";

/** The most metrics for which the server makes aggregates at once. */
const MOST_METRICS = 30;
const FRESH_MS = 10_000;
const NOTHING = new Map<string, LoadedGroup>();

/** Return the filter of the runs of a group. */
function filterOfGroup(groupBy: string, { value }: RunGroup): string {
  const dot = groupBy.indexOf(".");
  const field = `${groupBy.slice(0, dot)}.\`${groupBy.slice(dot + 1)}\``;
  return value === null ? `${field} IS NULL` : `${field} = '${value.replaceAll("'", "''")}'`;
}

export interface Groups {
  /** Null if runs are not grouped, or the groups are not known yet. */
  groups: readonly RunGroup[] | null;
  /** How many groups there are beyond those. */
  beyond: number;
  loaded: ReadonlyMap<string, LoadedGroup>;
  /** Load the next page of a group. */
  loadMore: (groupId: string) => void;
  error: Error | null;
}

/** `metricKeys` are those of the columns; `opened` has the ids of the groups that are open. */
export function useGroups(metricKeys: readonly string[], opened: ReadonlySet<string>): Groups {
  const { matching, search } = useExperimentView();
  const queries = useQueryClient();
  const groupBy = search.group;
  const found = useRunGroups(matching, groupBy, metricKeys.slice(0, MOST_METRICS));
  const sort = sortOf(search);
  const groups = useMemo(
    () => (groupBy && found.data ? sortedGroups(found.data.groups, groupBy, sort) : null),
    // eslint-disable-next-line react-hooks/exhaustive-deps -- the text stands for the sort
    [found.data, groupBy, search.sort],
  );
  // How many pages are wanted of each group.
  const [wanted, setWanted] = useState<ReadonlyMap<string, number>>(new Map());
  const loadMore = useCallback(
    (id: string) => setWanted((before) => new Map(before).set(id, (before.get(id) ?? 1) + 1)),
    [],
  );

  const asked: { id: string; options: UseQueryOptions<RunPage> & { queryKey: readonly unknown[] } }[] = [];
  for (const group of groups ?? []) {
    const id = groupId(group);
    if (!groupBy || !opened.has(id)) continue;
    const of: RunSearch = { ...matching, filter: both(matching.filter, filterOfGroup(groupBy, group)) };
    let token: string | undefined = "";
    for (let page = 0; page < (wanted.get(id) ?? 1) && token !== undefined; page += 1) {
      const from: string = token;
      const queryKey = ["runs", "group", of, from];
      asked.push({
        id,
        options: {
          queryKey,
          queryFn: ({ signal }) => nextRuns(of, from, signal),
          staleTime: FRESH_MS,
          structuralSharing: false,
        },
      });
      // The next page is known by the token of the one before it.
      token = queries.getQueryData<RunPage>(queryKey)?.nextPageToken || undefined;
    }
  }
  const answers = useQueries({ queries: asked.map(({ options }) => options) });
  // The same map while no group is open: the rows are made anew when it changes.
  const loaded = asked.length > 0 ? new Map<string, LoadedGroup>() : NOTHING;
  for (const [index, { id }] of asked.entries()) {
    const page = answers[index]?.data;
    if (!page) continue;
    const before = loaded.get(id)?.runs ?? [];
    loaded.set(id, { runs: [...before, ...page.runs], hasMore: page.nextPageToken !== "" });
  }
  const error = found.error ?? answers.find((answer) => answer.error)?.error ?? null;
  const beyond = (found.data?.total ?? 0) - (found.data?.groups.length ?? 0);
  return { groups, beyond: groups ? beyond : 0, loaded, loadMore, error };
}
