/** What was granted on one thing, an experiment with its runs or a model with its versions, and to whom. */
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { api, unwrap } from "./client";

export type Granted = { experiment: string } | { model: string };

/** The levels that are granted, from the least on. */
export const GRANTED_LEVELS = ["READ", "EDIT", "MANAGE", "DENY"] as const;

/** Who may do something with a thing, for who manages it. */
export function useGrants(of: Granted) {
  return useQuery({
    queryKey: ["grants", of],
    queryFn: () => {
      const query = "experiment" in of ? { experiment_id: of.experiment } : { model_name: of.model };
      return unwrap(api.GET("/api/2.0/trackhelm/grants/list", { params: { query } }));
    },
  });
}

export type GrantChange =
  { kind: "grant" | "update"; username: string; permission: string } | { kind: "revoke"; username: string };

function change(of: Granted, asked: GrantChange): Promise<unknown> {
  const { username } = asked;
  if ("experiment" in of) {
    const named = { experiment_id: of.experiment, username };
    const path = "/api/2.0/mlflow/experiments/permissions";
    if (asked.kind === "revoke") return unwrap(api.DELETE(`${path}/delete`, { body: named }));
    const body = { ...named, permission: asked.permission };
    return asked.kind === "grant"
      ? unwrap(api.POST(`${path}/create`, { body }))
      : unwrap(api.PATCH(`${path}/update`, { body }));
  }
  const named = { name: of.model, username };
  const path = "/api/2.0/mlflow/registered-models/permissions";
  if (asked.kind === "revoke") return unwrap(api.DELETE(`${path}/delete`, { body: named }));
  const body = { ...named, permission: asked.permission };
  return asked.kind === "grant"
    ? unwrap(api.POST(`${path}/create`, { body }))
    : unwrap(api.PATCH(`${path}/update`, { body }));
}

export function useChangeGrants(of: Granted) {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: (asked: GrantChange) => change(of, asked),
    onSettled: () =>
      Promise.all(["grants", "identity"].map((key) => queries.invalidateQueries({ queryKey: [key] }))),
  });
}
