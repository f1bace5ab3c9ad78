/** Makes what the views of an experiment share out of its address: the search, its pages, children, pinned runs. */
import { useQueries, useQuery, type UseQueryResult } from "@tanstack/react-query";
import { useNavigate, useParams, useSearch } from "@tanstack/react-router";
import { useCallback, useMemo } from "react";
import type { Experiment } from "@/api/experiments";
import { fetchRunTable, type Run, type RunPage, type RunSearch, useRunCounts, useRunPages } from "@/api/runs";
import { orderBy } from "./columns";
import { filterOf } from "./filter";
import { type LoadedGroup, rowsOf } from "./rows";
import { type ExperimentSearch, sortOf } from "./search";
import type { ExperimentView, RunCounts } from "./view";

export const PARENT_TAG = "mlflow.parentRunId";
const ROOTS = `tags.\`${PARENT_TAG}\` IS NULL`;
const MOST_CHILDREN = 1000;
const FRESH_MS = 10_000;
const NO_GROUPS: ReadonlyMap<string, LoadedGroup> = new Map();

const idList = (ids: readonly string[]) => ids.map((id) => `'${id.replaceAll("'", "''")}'`).join(", ");

/** Return the filter that holds where both do. */
export const both = (a: string, b: string) => (a && b ? `(${a}) AND ${b}` : a || b);

/** Whether the list is a tree. What a filter finds, and groups, are flat. */
export function isTree(search: ExperimentSearch): boolean {
  return !search.q && !search.group && !search.view;
}

function matchingOf(experimentId: string, search: ExperimentSearch): RunSearch {
  const sort = sortOf(search);
  return {
    experimentIds: [experimentId],
    filter: filterOf(search.q ?? ""),
    orderBy: sort ? orderBy(sort.column, sort.descending) : [],
    view: search.view ?? "active",
  };
}

/** Return runs by the id of their parent. */
function byParent(answers: readonly UseQueryResult<RunPage>[]): ReadonlyMap<string, Run[]> {
  const children = new Map<string, Run[]>();
  for (const run of answers.flatMap(({ data }) => data?.runs ?? [])) {
    const parent = run.tags.get(PARENT_TAG) ?? "";
    const known = children.get(parent);
    if (known) known.push(run);
    else children.set(parent, [run]);
  }
  return children;
}

/** The children of each page of parents, by the id of the parent. */
function useChildren(pages: readonly { runs: Run[] }[], asked: RunSearch, isWanted: boolean) {
  return useQueries({
    queries: pages
      .filter(({ runs }) => isWanted && runs.length > 0)
      .map(({ runs }) => {
        const parents = runs.map(({ id }) => id);
        const search = { ...asked, filter: `tags.\`${PARENT_TAG}\` IN (${idList(parents)})` };
        return {
          queryKey: ["runs", "children", search],
          queryFn: () => fetchRunTable(search, { maxResults: MOST_CHILDREN }),
          staleTime: FRESH_MS,
          structuralSharing: false,
        };
      }),
    combine: byParent,
  });
}

function usePinned(asked: RunSearch, ids: readonly string[]) {
  const search = { ...asked, filter: `attributes.run_id IN (${idList(ids)})`, orderBy: [] };
  return useQuery({
    queryKey: ["runs", "pinned", search],
    queryFn: () => fetchRunTable(search),
    enabled: ids.length > 0,
    staleTime: FRESH_MS,
    structuralSharing: false,
    placeholderData: (before) => before,
  });
}

/** How many runs there are in all. Of a flat list that is loaded, it is known here; else the server counts. */
function useCounts(matching: RunSearch, tree: boolean, loaded: readonly Run[], isAll: boolean): RunCounts {
  const found = useRunCounts(matching, loaded.length > 0 && (tree || !isAll));
  const children = tree ? (found?.children ?? 0) : 0;
  const top = isAll ? loaded.length : found && found.runs - children;
  const running = isAll ? loaded.filter(({ status }) => status === "RUNNING").length : found?.running;
  return { top, children, running: running ?? 0 };
}

export function useMakeView(experiment: Experiment, tools: HTMLElement | null): ExperimentView {
  const { experimentId } = useParams({ from: "/experiments/$experimentId" });
  const search = useSearch({ from: "/experiments/$experimentId" });
  const navigate = useNavigate();
  const matching = useMemo(() => matchingOf(experimentId, search), [experimentId, search]);
  const tree = isTree(search);
  const asked = useMemo(() => (tree ? { ...matching, filter: ROOTS } : matching), [matching, tree]);
  const pages = useRunPages(asked);
  const loaded = useMemo(() => pages.data?.pages ?? [], [pages.data]);
  const top = useMemo(
    () => [...new Set([...(search.base ? [search.base] : []), ...(search.top ?? [])])],
    [search.base, search.top],
  );
  const kept = usePinned(asked, top);

  const change = useCallback<ExperimentView["change"]>(
    (part) =>
      void navigate({
        to: ".",
        search: (before: Record<string, unknown>) => {
          const changed = typeof part === "function" ? part(before) : part;
          return Object.fromEntries(
            Object.entries({ ...before, ...changed }).filter(([, value]) => value !== undefined),
          );
        },
      }),
    [navigate],
  );
  const pinned = useMemo(
    () => top.map((id) => kept.data?.runs.find((run) => run.id === id)).filter((run) => run !== undefined),
    [top, kept.data],
  );
  const everything = useMemo(() => loaded.flatMap((page) => page.runs), [loaded]);
  const runs = useMemo(() => everything.filter((run) => !top.includes(run.id)), [everything, top]);
  const { fetchNextPage, hasNextPage, refetch } = pages;
  const counts = useCounts(matching, tree, everything, !hasNextPage && !pages.isPlaceholderData);
  // A run that goes on may have begun children since they were counted.
  const mayHaveChildren = counts.children > 0 || everything.some(({ status }) => status === "RUNNING");
  const children = useChildren(loaded, asked, tree && mayHaveChildren);
  const opened = useMemo(() => new Set(search.open), [search.open]);
  const toggle = useCallback(
    (id: string) => {
      const next = new Set(opened);
      if (!next.delete(id)) next.add(id);
      change({ open: next.size > 0 ? [...next] : undefined });
    },
    [opened, change],
  );
  const listed = useMemo(
    () =>
      rowsOf({ runs, pinned, children, groups: null, loaded: NO_GROUPS, opened }).filter(
        (row) => row.kind === "run",
      ),
    [runs, pinned, children, opened],
  );
  const loadMore = useCallback(() => {
    // One that is being fetched is not asked for again. Whether one is, is not asked, since all would be rendered for the answer.
    if (hasNextPage) void fetchNextPage({ cancelRefetch: false });
  }, [fetchNextPage, hasNextPage]);
  return {
    experiment,
    search,
    change,
    asked,
    matching,
    counts,
    runs,
    listed,
    opened,
    toggle,
    pages: useMemo(() => loaded.map((page) => page.runs), [loaded]),
    children,
    pinned,
    baseline: pinned.find((run) => run.id === search.base) ?? null,
    hasMore: hasNextPage,
    loadMore,
    isLoading: pages.isPending,
    isStale: pages.isPlaceholderData,
    tools,
    error: pages.error,
    retry: () => void refetch(),
  };
}
