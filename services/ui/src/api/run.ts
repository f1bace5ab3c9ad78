/** One run: what it is, the summaries of its series, its children, and its models. */
import { queryOptions } from "@tanstack/react-query";
import { api, unwrap } from "./client";
import { type Run, runOf, searchRuns, type WholeRun } from "./runs";
import type { components } from "./schema";

type Schemas = components["schemas"];
export type SeriesSummary = Schemas["Reply.SeriesSummary"];
export type DatasetInput = Schemas["Reply.DatasetInput"];

/** A run with what only its own page needs. */
export interface RunDetail extends WholeRun {
  datasets: DatasetInput[];
  /** The ids of the logged models that it made. */
  models: string[];
  /** The ids of those that it read. */
  readModels: string[];
}

/** How often a run that goes on is asked for, in milliseconds; longer after failures. */
export const LIVE_MS = 5_000;
const LONGEST_PAUSE_MS = 60_000;

/** Return the pause before the next question: it doubles with each failure in a row. */
export function livePause(failures: number): number {
  return Math.min(LONGEST_PAUSE_MS, LIVE_MS * 2 ** failures);
}

export function isLive(run: Pick<Run, "status"> | undefined): boolean {
  return run !== undefined && ["RUNNING", "SCHEDULED"].includes(run.status);
}

export function runQuery(runId: string) {
  return queryOptions({
    queryKey: ["run", runId],
    queryFn: async ({ signal }): Promise<RunDetail> => {
      const query = { run_id: runId };
      const { run } = await unwrap(api.GET("/api/2.0/mlflow/runs/get", { params: { query }, signal }));
      return {
        ...runOf(run),
        datasets: run.inputs?.dataset_inputs ?? [],
        models: (run.outputs?.model_outputs ?? []).map(({ model_id }) => model_id),
        readModels: (run.inputs?.model_inputs ?? []).map(({ model_id }) => model_id),
      };
    },
    refetchInterval: ({ state }) =>
      isLive(state.data) ? livePause(state.status === "error" ? state.fetchFailureCount : 0) : false,
  });
}

const SERIES_PAGE = 10_000;

/** All series of runs, one for each key: last, min, max and counts. `isLive` asks again while runs go on. */
export function seriesQuery(runIds: readonly string[], live: boolean) {
  return queryOptions({
    queryKey: ["series", runIds],
    enabled: runIds.length > 0,
    refetchInterval: live ? LIVE_MS : false,
    queryFn: ({ signal }) => listSeries(runIds, [], false, signal),
  });
}

/** The number of series that are read to find out which keys have labels. */
const LABELS_PROBE = 1_000;

/**
 * The names of labels of each key that many ranks log, as far as the first thousand series tell. The ranks of a run
 * log the same keys, so the first rank's are all of them.
 */
export function labelledKeysQuery(runIds: readonly string[]) {
  return queryOptions({
    queryKey: ["labelled-keys", runIds],
    enabled: runIds.length > 0,
    staleTime: 60_000,
    queryFn: async ({ signal }) => {
      const body = { run_ids: [...runIds], keys: [], label_sets: true, max_results: LABELS_PROBE };
      const { series } = await unwrap(api.POST("/api/2.0/trackhelm/series/list", { body, signal }));
      const found = new Map<string, string[]>();
      for (const { key, labels } of series) {
        const names = Object.keys(labels ?? {}).filter((name) => !RESERVED.has(name));
        if (names.length && !found.has(key)) found.set(key, names);
      }
      return found;
    },
  });
}

/** Labels that are fields of MLflow's metric, and tell no processes apart. */
const RESERVED = new Set(["model_id", "dataset_name", "dataset_digest"]);

/** The series of one key with their labels, such as those of each rank. */
export function labelledSeriesQuery(runIds: readonly string[], key: string) {
  return queryOptions({
    queryKey: ["labelled-series", runIds, key],
    queryFn: ({ signal }) => listSeries(runIds, [key], true, signal),
  });
}

async function listSeries(
  runIds: readonly string[],
  keys: readonly string[],
  labelSets: boolean,
  signal: AbortSignal,
): Promise<SeriesSummary[]> {
  const found: SeriesSummary[] = [];
  let token = "";
  do {
    const page: Schemas["Reply.SeriesPage"] = await unwrap(
      api.POST("/api/2.0/trackhelm/series/list", {
        body: {
          run_ids: [...runIds],
          keys: [...keys],
          label_sets: labelSets,
          max_results: SERIES_PAGE,
          page_token: token,
        },
        signal,
      }),
    );
    found.push(...page.series);
    token = page.next_page_token ?? "";
  } while (token);
  return found;
}

/** The first hundred runs whose parent is this one. */
export function childrenQuery(experimentId: string, runId: string) {
  return queryOptions({
    queryKey: ["runs", "children", runId],
    queryFn: async ({ signal }) => {
      const filter = `tags.\`mlflow.parentRunId\` = '${runId}'`;
      const search = { experimentIds: [experimentId], filter, orderBy: [], view: "active" as const };
      return (await searchRuns(search, "", 100, signal)).runs;
    },
  });
}

/** The versions that were registered from a run. */
export function versionsOfRunQuery(runId: string) {
  return queryOptions({
    queryKey: ["versions-of-run", runId],
    queryFn: async ({ signal }) => {
      const query = { filter: `run_id='${runId}'`, max_results: 1_000 };
      const call = api.GET("/api/2.0/mlflow/model-versions/search", { params: { query }, signal });
      return (await unwrap(call)).model_versions ?? [];
    },
  });
}

export async function renameRun(run_id: string, run_name: string): Promise<void> {
  await unwrap(api.POST("/api/2.0/mlflow/runs/update", { body: { run_id, run_name } }));
}
