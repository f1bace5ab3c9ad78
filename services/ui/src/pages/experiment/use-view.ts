/** Makes what the views of an experiment share out of its address: the search, its pages, children, pinned runs. */
import { useQueries, useQuery } from "@tanstack/react-query";
import { useNavigate, useParams, useSearch } from "@tanstack/react-router";
import { useCallback, useMemo } from "react";
import type { Experiment } from "@/api/experiments";
import { type Run, type RunSearch, searchRuns, useRunPages } from "@/api/runs";
import { orderBy } from "./columns";
import { filterOf } from "./filter";
import { type ExperimentSearch, sortOf } from "./search";
import type { ExperimentView } from "./view";

export const PARENT_TAG = "mlflow.parentRunId";
const ROOTS = `tags.\`${PARENT_TAG}\` IS NULL`;
const MOST_CHILDREN = 1000;
const FRESH_MS = 10_000;

const idList = (ids: readonly string[]) => ids.map((id) => `'${id.replaceAll("'", "''")}'`).join(", ");

/** Whether the list is a tree. What a filter finds, and groups, are flat. */
export function isTree(search: ExperimentSearch): boolean {
  return !search.q && !search.group && !search.view;
}

function askedOf(experimentId: string, search: ExperimentSearch): RunSearch {
  const sort = sortOf(search);
  return {
    experimentIds: [experimentId],
    filter: isTree(search) ? ROOTS : filterOf(search.q ?? ""),
    orderBy: sort ? orderBy(sort.column, sort.descending) : [],
    view: search.view ?? "active",
  };
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
          queryFn: () => searchRuns(search, "", MOST_CHILDREN),
          staleTime: FRESH_MS,
        };
      }),
    combine: (answers) => {
      const children = new Map<string, Run[]>();
      for (const run of answers.flatMap(({ data }) => data?.runs ?? [])) {
        const parent = run.tags.get(PARENT_TAG) ?? "";
        children.set(parent, [...(children.get(parent) ?? []), run]);
      }
      return children;
    },
  });
}

function usePinned(asked: RunSearch, ids: readonly string[]) {
  const search = { ...asked, filter: `attributes.run_id IN (${idList(ids)})`, orderBy: [] };
  return useQuery({
    queryKey: ["runs", "pinned", search],
    queryFn: () => searchRuns(search),
    enabled: ids.length > 0,
    staleTime: FRESH_MS,
    placeholderData: (before) => before,
  });
}

export function useMakeView(experiment: Experiment, tools: HTMLElement | null): ExperimentView {
  const { experimentId } = useParams({ from: "/experiments/$experimentId" });
  const search = useSearch({ from: "/experiments/$experimentId" });
  const navigate = useNavigate();
  const asked = useMemo(() => askedOf(experimentId, search), [experimentId, search]);
  const pages = useRunPages(asked);
  const loaded = useMemo(() => pages.data?.pages ?? [], [pages.data]);
  const children = useChildren(loaded, asked, isTree(search));
  const top = useMemo(
    () => [...new Set([...(search.base ? [search.base] : []), ...(search.top ?? [])])],
    [search.base, search.top],
  );
  const kept = usePinned(asked, top);

  const change = useCallback<ExperimentView["change"]>(
    (part) =>
      void navigate({
        to: ".",
        search: (before: Record<string, unknown>) =>
          Object.fromEntries(
            Object.entries({ ...before, ...part }).filter(([, value]) => value !== undefined),
          ),
      }),
    [navigate],
  );
  const pinned = useMemo(
    () => top.map((id) => kept.data?.runs.find((run) => run.id === id)).filter((run) => run !== undefined),
    [top, kept.data],
  );
  const runs = useMemo(
    () => loaded.flatMap((page) => page.runs).filter((run) => !top.includes(run.id)),
    [loaded, top],
  );
  const { fetchNextPage, isFetchingNextPage, hasNextPage, refetch } = pages;
  const loadMore = useCallback(() => {
    if (hasNextPage && !isFetchingNextPage) void fetchNextPage();
  }, [fetchNextPage, hasNextPage, isFetchingNextPage]);
  return {
    experiment,
    search,
    change,
    asked,
    runs,
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
