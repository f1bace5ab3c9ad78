/** Logged models: what runs made, with their own files, params, tags and metrics. */
import { queryOptions } from "@tanstack/react-query";
import { api, ApiError, unwrap } from "./client";
import type { components } from "./schema";

export type LoggedModel = components["schemas"]["Reply.LoggedModel"];

/** Ask for a logged model. Throws `ApiError`. */
async function getModel(model_id: string, signal: AbortSignal): Promise<LoggedModel> {
  const params = { path: { model_id } };
  return (await unwrap(api.GET("/api/2.0/mlflow/logged-models/{model_id}", { params, signal }))).model;
}

export function loggedModelQuery(modelId: string) {
  return queryOptions({
    queryKey: ["logged-model", modelId],
    queryFn: ({ signal }) => getModel(modelId, signal),
  });
}

/** Logged models by their ids; one that is deleted is left out. */
export function loggedModelsQuery(modelIds: readonly string[]) {
  return queryOptions({
    queryKey: ["logged-models", modelIds],
    enabled: modelIds.length > 0,
    queryFn: async ({ signal }) => {
      const found = await Promise.all(
        modelIds.map((id) =>
          getModel(id, signal).catch((error: unknown) => {
            if (error instanceof ApiError && error.status === 404) return null;
            throw error;
          }),
        ),
      );
      return found.filter((model) => model !== null);
    },
  });
}
