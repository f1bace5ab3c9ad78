/** Registered models and their versions: searches, single ones, and the changes that the UI makes to them. */
import {
  keepPreviousData,
  useInfiniteQuery,
  useMutation,
  useQuery,
  useQueryClient,
} from "@tanstack/react-query";
import { api, unwrap } from "./client";
import type { components } from "./schema";

const PAGE = 100;

export const STAGES = ["None", "Staging", "Production", "Archived"] as const;

export interface Version {
  name: string;
  /** A whole number as text. */
  version: string;
  stage: string;
  aliases: string[];
  created: number;
  updated: number;
  description: string;
  source: string;
  /** Empty if the version was registered without a run. */
  runId: string;
  status: string;
  tags: ReadonlyMap<string, string>;
}

export interface Model {
  name: string;
  created: number;
  updated: number;
  description: string;
  aliases: { alias: string; version: string }[];
  /** The newest version of each stage. */
  latest: Version[];
  tags: ReadonlyMap<string, string>;
}

const tagsOf = (tags: components["schemas"]["Reply.KeyValue"][] = []) =>
  new Map(tags.map(({ key, value }) => [key, value]));

export function versionOf(found: components["schemas"]["Reply.ModelVersion"]): Version {
  return {
    name: found.name,
    version: found.version,
    stage: found.current_stage,
    aliases: found.aliases ?? [],
    created: found.creation_timestamp,
    updated: found.last_updated_timestamp,
    description: found.description,
    source: found.source,
    runId: found.run_id,
    status: found.status,
    tags: tagsOf(found.tags),
  };
}

function modelOf(found: components["schemas"]["Reply.RegisteredModel"]): Model {
  return {
    name: found.name,
    created: found.creation_timestamp,
    updated: found.last_updated_timestamp,
    description: found.description,
    aliases: found.aliases ?? [],
    latest: (found.latest_versions ?? []).map(versionOf),
    tags: tagsOf(found.tags),
  };
}

export async function searchModels(filter: string, orderBy: string[], pageToken = "", maxResults = PAGE) {
  const query = { filter, order_by: orderBy, max_results: maxResults, page_token: pageToken };
  const page = await unwrap(api.GET("/api/2.0/mlflow/registered-models/search", { params: { query } }));
  return { models: (page.registered_models ?? []).map(modelOf), nextPageToken: page.next_page_token ?? "" };
}

export function useModels(filter: string, orderBy: string[]) {
  return useInfiniteQuery({
    queryKey: ["models", filter, orderBy],
    queryFn: ({ pageParam }) => searchModels(filter, orderBy, pageParam),
    initialPageParam: "",
    getNextPageParam: (last) => last.nextPageToken || undefined,
    placeholderData: keepPreviousData,
  });
}

export function useModel(name: string) {
  return useQuery({
    queryKey: ["model", name],
    queryFn: async () => {
      const query = { name };
      const found = await unwrap(api.GET("/api/2.0/mlflow/registered-models/get", { params: { query } }));
      return modelOf(found.registered_model);
    },
  });
}

/** The versions of a model, the newest first. */
export function useVersions(name: string) {
  return useInfiniteQuery({
    queryKey: ["versions", name],
    queryFn: async ({ pageParam }) => {
      const query = {
        filter: `name = '${name.replaceAll("'", "''")}'`,
        order_by: ["version_number DESC"],
        max_results: PAGE,
        page_token: pageParam,
      };
      const page = await unwrap(api.GET("/api/2.0/mlflow/model-versions/search", { params: { query } }));
      return {
        versions: (page.model_versions ?? []).map(versionOf),
        nextPageToken: page.next_page_token ?? "",
      };
    },
    initialPageParam: "",
    getNextPageParam: (last) => last.nextPageToken || undefined,
  });
}

export function useVersion(name: string, version: string) {
  return useQuery({
    queryKey: ["version", name, version],
    queryFn: async () => {
      const query = { name, version };
      const found = await unwrap(api.GET("/api/2.0/mlflow/model-versions/get", { params: { query } }));
      return versionOf(found.model_version);
    },
  });
}

export type RegistryChange =
  | { kind: "create"; name: string; description: string }
  /** A version of a logged model; the registered model is created if there is none of this name. */
  | { kind: "register"; name: string; modelId: string; runId: string }
  | { kind: "describe"; name: string; version?: string; description: string }
  | { kind: "delete"; name: string; version?: string }
  | { kind: "stage"; name: string; version: string; stage: string; comment: string; archive: boolean }
  | { kind: "alias"; name: string; version: string; alias: string; comment: string }
  | { kind: "unalias"; name: string; alias: string; comment: string }
  | { kind: "rollback"; name: string; target: "alias" | "stage"; of: string; comment: string }
  | { kind: "protect" | "lift"; name: string; target: "alias" | "stage"; of: string; comment: string };

async function change(asked: RegistryChange): Promise<unknown> {
  const { name } = asked;
  switch (asked.kind) {
    case "create":
      return unwrap(
        api.POST("/api/2.0/mlflow/registered-models/create", {
          body: { name, description: asked.description },
        }),
      );
    case "register": {
      const { modelId, runId } = asked;
      const known = await searchModels(`name = '${name.replaceAll("'", "''")}'`, [], "", 1);
      if (known.models.length === 0) {
        await unwrap(
          api.POST("/api/2.0/mlflow/registered-models/create", { body: { name, description: "" } }),
        );
      }
      return unwrap(
        api.POST("/api/2.0/mlflow/model-versions/create", {
          body: {
            name,
            source: `models:/${modelId}`,
            model_id: modelId,
            run_id: runId || null,
          },
        }),
      );
    }
    case "describe": {
      const { version, description } = asked;
      return version === undefined
        ? unwrap(api.PATCH("/api/2.0/mlflow/registered-models/update", { body: { name, description } }))
        : unwrap(
            api.PATCH("/api/2.0/mlflow/model-versions/update", { body: { name, version, description } }),
          );
    }
    case "delete": {
      const { version } = asked;
      return version === undefined
        ? unwrap(api.DELETE("/api/2.0/mlflow/registered-models/delete", { body: { name } }))
        : unwrap(api.DELETE("/api/2.0/mlflow/model-versions/delete", { body: { name, version } }));
    }
    case "stage": {
      const { version, stage, comment, archive } = asked;
      return unwrap(
        api.POST("/api/2.0/mlflow/model-versions/transition-stage", {
          body: { name, version, stage, comment, archive_existing_versions: archive },
        }),
      );
    }
    case "alias": {
      const { version, alias, comment } = asked;
      return unwrap(
        api.POST("/api/2.0/mlflow/registered-models/alias", { body: { name, version, alias, comment } }),
      );
    }
    case "unalias": {
      const { alias, comment } = asked;
      return unwrap(
        api.DELETE("/api/2.0/mlflow/registered-models/alias", { body: { name, alias, comment } }),
      );
    }
    case "rollback": {
      const { target, of, comment } = asked;
      return target === "alias"
        ? unwrap(api.POST("/api/2.0/trackhelm/rollbacks/alias", { body: { name, alias: of, comment } }))
        : unwrap(api.POST("/api/2.0/trackhelm/rollbacks/stage", { body: { name, stage: of, comment } }));
    }
    case "protect":
    case "lift": {
      const body = { name, kind: asked.target, target: asked.of, comment: asked.comment };
      return asked.kind === "protect"
        ? unwrap(api.POST("/api/2.0/trackhelm/protections/set", { body }))
        : unwrap(api.POST("/api/2.0/trackhelm/protections/lift", { body }));
    }
  }
}

/** What a change of the registry touches: its pages are loaded again. */
const TOUCHED = [
  "models",
  "model",
  "versions",
  "version",
  "approvals",
  "audit",
  "protections",
  "lineage",
  "logged-model",
];

export function useChangeRegistry() {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: change,
    // Also after a refusal: a change that needs approval is refused and has made a request.
    onSettled: () => Promise.all(TOUCHED.map((key) => queries.invalidateQueries({ queryKey: [key] }))),
  });
}
