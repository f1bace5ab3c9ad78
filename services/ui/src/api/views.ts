/** Views of an experiment that were saved for the team: what an address says, under a name. */
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { api, unwrap } from "./client";
import type { components } from "./schema";

export interface SavedView {
  id: string;
  name: string;
  /** A JSON object. */
  state: string;
  updatedBy: string;
  /** Milliseconds since the epoch. */
  updated: number;
}

function viewOf(found: components["schemas"]["Reply.ViewMessage"]): SavedView {
  return {
    id: found.view_id,
    name: found.name,
    state: found.state,
    updatedBy: found.updated_by,
    updated: found.last_update_time,
  };
}

export function useSavedViews(experimentId: string, isWanted: boolean) {
  return useQuery({
    queryKey: ["views", experimentId],
    queryFn: async () => {
      const params = { query: { experiment_id: experimentId } };
      const found = await unwrap(api.GET("/api/2.0/trackhelm/views/list", { params }));
      return (found.views ?? []).map(viewOf);
    },
    enabled: isWanted,
  });
}

type Change =
  | { kind: "create"; experimentId: string; name: string; state: string }
  | { kind: "update"; id: string; name?: string; state?: string }
  | { kind: "delete"; id: string };

async function change(asked: Change): Promise<SavedView | null> {
  switch (asked.kind) {
    case "create": {
      const body = { experiment_id: asked.experimentId, name: asked.name, state: asked.state };
      return viewOf((await unwrap(api.POST("/api/2.0/trackhelm/views/create", { body }))).view);
    }
    case "update": {
      const body = {
        view_id: asked.id,
        ...(asked.name === undefined ? {} : { name: asked.name }),
        ...(asked.state === undefined ? {} : { state: asked.state }),
      };
      return viewOf((await unwrap(api.POST("/api/2.0/trackhelm/views/update", { body }))).view);
    }
    case "delete":
      await unwrap(api.POST("/api/2.0/trackhelm/views/delete", { body: { view_id: asked.id } }));
      return null;
  }
}

/** Save, rename, replace or delete a view; the result is the view as it is then, null if it is gone. */
export function useChangeView() {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: change,
    onSuccess: () => queries.invalidateQueries({ queryKey: ["views"] }),
  });
}
