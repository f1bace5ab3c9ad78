/** Experiments: pages of a search, one of them, and the changes that the UI makes to them. */
import {
  keepPreviousData,
  useInfiniteQuery,
  useMutation,
  useQuery,
  useQueryClient,
} from "@tanstack/react-query";
import { api, unwrap, viewType } from "./client";
import type { components } from "./schema";

const EXPERIMENTS_PAGE = 100;

export interface Experiment {
  id: string;
  name: string;
  isDeleted: boolean;
  /** Milliseconds since the epoch. */
  created: number;
  updated: number;
  tags: ReadonlyMap<string, string>;
  artifactLocation: string;
}

/** The tag in which MLflow's own pages keep a description of an experiment or a run, in Markdown. */
export const DESCRIPTION_TAG = "mlflow.note.content";

export function experimentOf(found: components["schemas"]["Reply.Experiment"]): Experiment {
  return {
    id: found.experiment_id,
    name: found.name,
    isDeleted: found.lifecycle_stage !== "active",
    created: found.creation_time,
    updated: found.last_update_time,
    tags: new Map((found.tags ?? []).map(({ key, value }) => [key, value])),
    artifactLocation: found.artifact_location,
  };
}

export interface ExperimentSearch {
  filter: string;
  orderBy: string[];
  view: "active" | "deleted";
}

export async function searchExperiments(
  search: ExperimentSearch,
  pageToken = "",
  maxResults = EXPERIMENTS_PAGE,
) {
  const page = await unwrap(
    api.POST("/api/2.0/mlflow/experiments/search", {
      body: {
        filter: search.filter,
        order_by: search.orderBy,
        max_results: maxResults,
        page_token: pageToken,
        view_type: viewType(search.view),
      },
    }),
  );
  return {
    experiments: (page.experiments ?? []).map(experimentOf),
    nextPageToken: page.next_page_token ?? "",
  };
}

export function useExperiments(search: ExperimentSearch) {
  return useInfiniteQuery({
    queryKey: ["experiments", search],
    queryFn: ({ pageParam }) => searchExperiments(search, pageParam),
    initialPageParam: "",
    getNextPageParam: (last) => last.nextPageToken || undefined,
    placeholderData: keepPreviousData,
  });
}

/** The names of some experiments, of which pages show runs. */
export function useExperiment(experimentId: string) {
  return useQuery({
    queryKey: ["experiment", experimentId],
    queryFn: async () => {
      const { experiment } = await unwrap(
        api.GET("/api/2.0/mlflow/experiments/get", { params: { query: { experiment_id: experimentId } } }),
      );
      return experimentOf(experiment);
    },
  });
}

type Change =
  | { kind: "create"; name: string }
  | { kind: "rename"; id: string; name: string }
  | { kind: "describe"; id: string; text: string }
  | { kind: "delete" | "restore"; id: string };

async function change(asked: Change): Promise<string> {
  switch (asked.kind) {
    case "create": {
      const made = await unwrap(
        api.POST("/api/2.0/mlflow/experiments/create", { body: { name: asked.name } }),
      );
      return made.experiment_id;
    }
    case "rename":
      await unwrap(
        api.POST("/api/2.0/mlflow/experiments/update", {
          body: { experiment_id: asked.id, new_name: asked.name },
        }),
      );
      break;
    case "describe":
      await unwrap(
        api.POST("/api/2.0/mlflow/experiments/set-experiment-tag", {
          body: { experiment_id: asked.id, key: DESCRIPTION_TAG, value: asked.text },
        }),
      );
      break;
    case "delete":
      await unwrap(api.POST("/api/2.0/mlflow/experiments/delete", { body: { experiment_id: asked.id } }));
      break;
    case "restore":
      await unwrap(api.POST("/api/2.0/mlflow/experiments/restore", { body: { experiment_id: asked.id } }));
  }
  return asked.id;
}

/** Create, rename, describe, delete or restore an experiment; the result is its id. */
export function useChangeExperiment() {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: change,
    onSuccess: () =>
      Promise.all([
        queries.invalidateQueries({ queryKey: ["experiments"] }),
        queries.invalidateQueries({ queryKey: ["experiment"] }),
      ]),
  });
}
