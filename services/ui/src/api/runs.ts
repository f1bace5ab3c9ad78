/** Runs: their form in the UI, pages, counts and groups of a search, and the changes that the UI makes to them. */
import {
  keepPreviousData,
  useInfiniteQuery,
  useMutation,
  useQueries,
  useQuery,
  useQueryClient,
} from "@tanstack/react-query";
import { api, ApiError, request, unwrap, viewType } from "./client";
import { decodeRunTable } from "./run-table";
import type { components } from "./schema";

/** How many runs are asked for at once: the first some screens of rows, then what a quick hand scrolls over. */
const FIRST_PAGE = 100;
const NEXT_PAGE = 500;
/** Of a text that is longer, a table shows the beginning. */
const LONGEST_TEXT = 1_000;
/** How often runs are asked again while one of them is running, in milliseconds. */
const RUNNING_REFRESH_MS = 5_000;
/** Beyond this many pages a list is no longer asked for again by itself. */
const MOST_LIVE_PAGES = 5;
/** How long a run that another list refers to is not asked for again, in milliseconds. */
const BY_ID_FRESH_MS = 30_000;
/** How many changes are sent at once. */
const CHANGES_AT_ONCE = 8;

export type RunStatus = "RUNNING" | "SCHEDULED" | "FINISHED" | "FAILED" | "KILLED";

/** The last value of a metric. */
export interface LastValue {
  value: number;
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
  metrics: ReadonlyMap<string, LastValue>;
  params: ReadonlyMap<string, string>;
  tags: ReadonlyMap<string, string>;
}

/** A run as it is answered by itself, with what tables leave out. */
export interface WholeRun extends Run {
  artifactUri: string;
}

/** Return a number as the server writes it: NaN and infinity are texts. */
export function wireNumber(value: number | string): number {
  return typeof value === "number" ? value : Number(value);
}

export function runOf({ info, data }: components["schemas"]["Reply.Run"]): WholeRun {
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
    metrics: new Map((data.metrics ?? []).map(({ key, value }) => [key, { value: wireNumber(value) }])),
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

export interface RunPage<Found extends Run = Run> {
  runs: Found[];
  nextPageToken: string;
}

/** Ask for one page of a search, with all that MLflow's API tells of each run. */
export async function searchRuns(
  search: RunSearch,
  pageToken = "",
  maxResults = FIRST_PAGE,
  signal?: AbortSignal,
): Promise<RunPage<WholeRun>> {
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

/** A search as the endpoints of tables take it. */
function wireSearch(search: RunSearch) {
  return {
    experiment_ids: search.experimentIds,
    filter: search.filter,
    run_view_type: viewType(search.view),
  };
}

export interface TablePart {
  pageToken?: string;
  maxResults?: number;
  /** The names of the columns, if not all keys are needed. */
  columns?: string[];
  signal?: AbortSignal | undefined;
}

/** Ask for one page of a search by columns, as an Arrow stream: a tenth of the bytes of `searchRuns`. */
export async function fetchRunTable(
  search: RunSearch,
  { pageToken = "", maxResults = FIRST_PAGE, columns = [], signal }: TablePart = {},
): Promise<RunPage> {
  const answer = await request("ajax-api/2.0/trackhelm/runs/table", {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify({
      ...wireSearch(search),
      order_by: search.orderBy,
      page_token: pageToken,
      max_results: maxResults,
      columns,
      longest_text: LONGEST_TEXT,
      format: "arrow",
    }),
    ...(signal ? { signal } : {}),
  });
  return decodeRunTable(new Uint8Array(await answer.arrayBuffer()));
}

/** One page of a list that is scrolled: the first is small, so that it is there soon. */
export function nextRuns(search: RunSearch, pageToken: string, signal?: AbortSignal): Promise<RunPage> {
  return fetchRunTable(search, { pageToken, maxResults: pageToken ? NEXT_PAGE : FIRST_PAGE, signal });
}

/** The pages of a search, of which more are loaded by `fetchNextPage`. It follows while one of its runs is running. */
export function useRunPages(search: RunSearch, isLive = true) {
  return useInfiniteQuery({
    queryKey: ["runs", search],
    queryFn: ({ pageParam, signal }) => nextRuns(search, pageParam, signal),
    initialPageParam: "",
    getNextPageParam: (last) => last.nextPageToken || undefined,
    placeholderData: keepPreviousData,
    // Runs are backed by columns, which must not be compared or copied value by value.
    structuralSharing: false,
    refetchInterval: ({ state }) =>
      // With many pages loaded, asking for all of them again would cost more than it tells.
      isLive &&
      (state.data?.pages.length ?? 0) <= MOST_LIVE_PAGES &&
      state.data?.pages.some(({ runs }) => runs.some(({ status }) => status === "RUNNING"))
        ? RUNNING_REFRESH_MS
        : false,
  });
}

/** How many runs match a search, are running, and are children of others; not asked for unless it is wanted. */
export function useRunCounts(search: RunSearch, isWanted: boolean) {
  return useQuery({
    queryKey: ["runs", "count", { ...search, orderBy: [] }],
    queryFn: () => unwrap(api.POST("/api/2.0/trackhelm/runs/count", { body: wireSearch(search) })),
    enabled: isWanted,
    placeholderData: keepPreviousData,
  }).data;
}

const IDS_PAGE = 5_000;

/** Return the ids of all runs that match a search. */
export async function allRunIds(search: RunSearch): Promise<string[]> {
  const ids: string[] = [];
  let pageToken = "";
  do {
    const page = await fetchRunTable(search, { pageToken, maxResults: IDS_PAGE, columns: ["run_name"] });
    ids.push(...page.runs.map(({ id }) => id));
    pageToken = page.nextPageToken;
  } while (pageToken);
  return ids;
}

/** Return a file of all runs that match a search, made by the server. */
export async function fetchCsv(search: RunSearch, columns: readonly string[]): Promise<Blob> {
  const answer = await request("ajax-api/2.0/trackhelm/runs/csv", {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify({ ...wireSearch(search), order_by: search.orderBy, columns }),
  });
  return answer.blob();
}

/** A metric over the runs of a group. */
export interface Spread {
  count: number;
  mean: number;
  min: number;
  max: number;
}

/** Runs that have one value in common; null if they have none. */
export interface RunGroup {
  value: string | null;
  runs: number;
  metrics: ReadonlyMap<string, Spread>;
}

/** The runs of a search by their value of a param or tag, the largest groups first, with aggregates of metrics. */
export function useRunGroups(search: RunSearch, groupBy: string | undefined, metrics: readonly string[]) {
  return useQuery({
    queryKey: ["runs", "groups", { ...search, orderBy: [] }, groupBy, metrics],
    queryFn: async () => {
      const body = { ...wireSearch(search), group_by: groupBy ?? "", metrics: [...metrics] };
      const found = await unwrap(api.POST("/api/2.0/trackhelm/runs/groups", { body }));
      const groups = (found.groups ?? []).map(({ value, runs, metrics: spreads }): RunGroup => ({
        value: value ?? null,
        runs,
        metrics: new Map(
          (spreads ?? []).map(({ key, mean, ...rest }) => [key, { ...rest, mean: wireNumber(mean) }]),
        ),
      }));
      return { groups, total: found.total };
    },
    enabled: groupBy !== undefined,
    // Groups by another key would be told as those by this one.
    placeholderData: (before, query) => (query?.queryKey[3] === groupBy ? before : undefined),
  });
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
