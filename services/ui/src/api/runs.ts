/** Runs: their form in the UI, pages of a search, and the changes that the UI makes to them. */
import {
  keepPreviousData,
  useInfiniteQuery,
  useMutation,
  useQueries,
  useQueryClient,
} from "@tanstack/react-query";
import { api, ApiError, unwrap, viewType } from "./client";
import type { components } from "./schema";

/** How many runs are asked for at once: some screens of rows. */
export const RUNS_PAGE = 100;
/** How often runs are asked again while one of them is running, in milliseconds. */
const RUNNING_REFRESH_MS = 5_000;
/** Beyond this many pages a list is no longer asked for again by itself. */
const MOST_LIVE_PAGES = 5;
/** How long a run that another list refers to is not asked for again, in milliseconds. */
const BY_ID_FRESH_MS = 30_000;
/** How many changes are sent at once. */
const CHANGES_AT_ONCE = 8;

export type RunStatus = "RUNNING" | "SCHEDULED" | "FINISHED" | "FAILED" | "KILLED";

/** The last point of a metric. */
export interface LastPoint {
  value: number;
  step: number;
  timestamp: number;
}

/** A run as the pages use it. Its maps have the server's keys, which may be any text. */
export interface Run {
  id: string;
  name: string;
  experimentId: string;
  status: RunStatus;
  isDeleted: boolean;
  userId: string;
  /** Milliseconds since the epoch. */
  startTime: number;
  endTime: number | null;
  metrics: ReadonlyMap<string, LastPoint>;
  params: ReadonlyMap<string, string>;
  tags: ReadonlyMap<string, string>;
  artifactUri: string;
}

/** Return a number as the server writes it: NaN and infinity are texts. */
export function wireNumber(value: number | string): number {
  return typeof value === "number" ? value : Number(value);
}

export function runOf({ info, data }: components["schemas"]["Reply.Run"]): Run {
  const pairs = (list: components["schemas"]["Reply.KeyValue"][] = []) =>
    new Map(list.map(({ key, value }) => [key, value]));
  return {
    id: info.run_id,
    name: info.run_name,
    experimentId: info.experiment_id,
    status: info.status as RunStatus,
    isDeleted: info.lifecycle_stage !== "active",
    userId: info.user_id,
    startTime: info.start_time,
    endTime: info.end_time ?? null,
    metrics: new Map(
      (data.metrics ?? []).map(({ key, value, step, timestamp }) => [
        key,
        { value: wireNumber(value), step, timestamp },
      ]),
    ),
    params: pairs(data.params),
    tags: pairs(data.tags),
    artifactUri: info.artifact_uri,
  };
}

export type RunView = "active" | "deleted";

/** A search of runs, as the server takes it. */
export interface RunSearch {
  experimentIds: string[];
  filter: string;
  orderBy: string[];
  view: RunView;
}

interface RunPage {
  runs: Run[];
  nextPageToken: string;
}

/** Ask for one page of a search. */
export async function searchRuns(
  search: RunSearch,
  pageToken = "",
  maxResults = RUNS_PAGE,
  signal?: AbortSignal,
): Promise<RunPage> {
  const page = await unwrap(
    api.POST("/api/2.0/mlflow/runs/search", {
      body: {
        experiment_ids: search.experimentIds,
        filter: search.filter,
        order_by: search.orderBy,
        max_results: maxResults,
        page_token: pageToken,
        run_view_type: viewType(search.view),
      },
      ...(signal ? { signal } : {}),
    }),
  );
  return { runs: (page.runs ?? []).map(runOf), nextPageToken: page.next_page_token ?? "" };
}

/** The pages of a search, of which more are loaded by `fetchNextPage`. It follows while one of its runs is running. */
export function useRunPages(search: RunSearch, isLive = true) {
  return useInfiniteQuery({
    queryKey: ["runs", search],
    queryFn: ({ pageParam, signal }) => searchRuns(search, pageParam, RUNS_PAGE, signal),
    initialPageParam: "",
    getNextPageParam: (last) => last.nextPageToken || undefined,
    placeholderData: keepPreviousData,
    refetchInterval: ({ state }) =>
      // With many pages loaded, asking for all of them again would cost more than it tells.
      isLive &&
      (state.data?.pages.length ?? 0) <= MOST_LIVE_PAGES &&
      state.data?.pages.some(({ runs }) => runs.some(({ status }) => status === "RUNNING"))
        ? RUNNING_REFRESH_MS
        : false,
  });
}

/** Ask for all runs of a search, page by page, and give each page to `take`. */
export async function eachPage(search: RunSearch, take: (runs: Run[]) => void): Promise<void> {
  let token = "";
  do {
    const page = await searchRuns(search, token, 1000);
    take(page.runs);
    token = page.nextPageToken;
  } while (token);
}

/** Do something to each of several things, a few at a time. The first failure is thrown when all are done. */
export async function forEach<Item>(
  items: Iterable<Item>,
  act: (item: Item) => Promise<unknown>,
): Promise<void> {
  const waiting = [...items];
  const failures: unknown[] = [];
  const work = async () => {
    for (let item = waiting.shift(); item !== undefined; item = waiting.shift()) {
      await act(item).catch((error: unknown) => failures.push(error));
    }
  };
  await Promise.all(Array.from({ length: CHANGES_AT_ONCE }, work));
  if (failures.length > 0) throw failures[0] instanceof Error ? failures[0] : new Error(String(failures[0]));
}

type Change =
  | { kind: "delete" | "restore"; runIds: string[] }
  | { kind: "tag"; runIds: string[]; key: string; value: string }
  | { kind: "untag"; runIds: string[]; key: string };

async function change(asked: Change): Promise<void> {
  await forEach(asked.runIds, (run_id) => {
    switch (asked.kind) {
      case "delete":
        return unwrap(api.POST("/api/2.0/mlflow/runs/delete", { body: { run_id } }));
      case "restore":
        return unwrap(api.POST("/api/2.0/mlflow/runs/restore", { body: { run_id } }));
      case "tag":
        return unwrap(
          api.POST("/api/2.0/mlflow/runs/set-tag", { body: { run_id, key: asked.key, value: asked.value } }),
        );
      case "untag":
        return unwrap(
          api.POST("/api/2.0/mlflow/runs/delete-tag", { body: { run_id, key: asked.key } }),
        ).catch(
          // What has no such tag is as it should be.
          (error: unknown) => {
            if (!(error instanceof ApiError && error.status === 404)) throw error;
          },
        );
    }
  });
}

/** Delete, restore, tag or untag runs; pages that show them are loaded again. */
export function useChangeRuns() {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: change,
    onSettled: () =>
      Promise.all([
        queries.invalidateQueries({ queryKey: ["runs"] }),
        queries.invalidateQueries({ queryKey: ["run"] }),
      ]),
  });
}

/** Some runs by their ids, as far as they exist. The runs of one page of another list, at most some hundreds. */
export function useRunsById(ids: readonly string[]): ReadonlyMap<string, Run> {
  const wanted = [...new Set(ids)].sort();
  const answers = useQueries({
    queries: wanted.map((run_id) => ({
      // The page of a run keeps it by its id alone: that one has more.
      queryKey: ["run", run_id, "row"],
      queryFn: async () => {
        const found = await unwrap(api.GET("/api/2.0/mlflow/runs/get", { params: { query: { run_id } } }));
        return runOf(found.run);
      },
      staleTime: BY_ID_FRESH_MS,
    })),
    combine: (all) => all.map(({ data }) => data).filter((run) => run !== undefined),
  });
  return new Map(answers.map((run) => [run.id, run]));
}
