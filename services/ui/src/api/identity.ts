/** Who uses the pages, what they may do, and in which workspaces. On a server that checks nobody: everything. */
import { queryOptions, useQuery } from "@tanstack/react-query";
import { api, unwrap } from "./client";
import { EVERYTHING, isEnough, type Level, type Permission, type Rights, rightsOf } from "./rights";
import { DEFAULT_WORKSPACE, workspace } from "./workspace";

export interface Identity {
  /** How the server learns who calls: `off` checks nobody. */
  mode: "off" | "proxy" | "on";
  /** The name; null where nobody logs in. */
  user: string | null;
  isAdmin: boolean;
  /** What they may do in the workspace of the pages. */
  rights: Rights;
  permissions: readonly Permission[];
  workspace: string;
  /** The names of the workspaces in which they have a part. */
  workspaces: readonly string[];
}

const FRESH_MS = 60_000;

export const loginsQuery = queryOptions({
  queryKey: ["logins"],
  queryFn: () => unwrap(api.GET("/api/2.0/trackhelm/logins")),
  staleTime: Infinity,
});

async function fetchIdentity(mode: Identity["mode"]): Promise<Identity> {
  const listed = await unwrap(api.GET("/api/3.0/mlflow/workspaces"));
  const workspaces = listed.workspaces.map(({ name }) => name);
  const here = workspace ?? DEFAULT_WORKSPACE;
  const shared = { mode, workspace: here, workspaces };
  if (mode === "off") {
    return { ...shared, user: null, isAdmin: true, rights: EVERYTHING, permissions: [] };
  }
  // Nothing can be asked of a workspace in which one has no part, not even who one is.
  if (workspace !== null && !workspaces.includes(workspace)) {
    return { ...shared, user: "", isAdmin: false, rights: rightsOf([], ""), permissions: [] };
  }
  const [{ user }, { is_admin, permissions }] = await Promise.all([
    unwrap(api.GET("/api/2.0/mlflow/users/current")),
    unwrap(api.GET("/api/3.0/mlflow/users/current/permissions")),
  ]);
  return {
    ...shared,
    user: user.username,
    isAdmin: is_admin,
    rights: is_admin ? EVERYTHING : rightsOf(permissions, shared.workspace),
    permissions,
  };
}

export const identityQuery = queryOptions({
  queryKey: ["identity"],
  queryFn: async ({ client }) => {
    const { mode } = await client.query({ ...loginsQuery, staleTime: "static" });
    return fetchIdentity(mode as Identity["mode"]);
  },
  staleTime: FRESH_MS,
});

const NOBODY: Identity = {
  ...{ mode: "on", user: null, isAdmin: false, permissions: [], workspaces: [] },
  rights: rightsOf([], ""),
  workspace: workspace ?? DEFAULT_WORKSPACE,
};

/** Who uses the pages. The shell shows no page before it is known. */
export function useIdentity(): Identity {
  return useQuery(identityQuery).data ?? NOBODY;
}

/** What somebody may do with one thing: an experiment with its runs, or a model with its versions. */
export interface May {
  edit: boolean;
  manage: boolean;
}

const mayOf = (level: Level): May => ({ edit: isEnough(level, "EDIT"), manage: isEnough(level, "MANAGE") });

export function useMayOnExperiment(id: string): May {
  return mayOf(useIdentity().rights.onExperiment(id));
}

export function useMayOnModel(name: string): May {
  return mayOf(useIdentity().rights.onModel(name));
}
