/** Workspaces: which there are, who has a role in one, and its service accounts. */
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { api, unwrap } from "./client";
import type { components } from "./schema";

export type Workspace = components["schemas"]["Reply.WorkspaceMessage"];
export type ServiceAccount = components["schemas"]["Reply.ServiceAccount"];

export function useWorkspaces() {
  return useQuery({
    queryKey: ["workspaces"],
    queryFn: async () => (await unwrap(api.GET("/api/3.0/mlflow/workspaces"))).workspaces,
  });
}

export function useServiceAccounts(isAsked: boolean) {
  return useQuery({
    queryKey: ["members", "service accounts"],
    queryFn: async () => (await unwrap(api.GET("/api/2.0/trackhelm/service-accounts/list"))).service_accounts,
    enabled: isAsked,
  });
}

export type Usage = components["schemas"]["Reply.WorkspaceUsageAnswer"];
export type Quotas = components["schemas"]["Reply.QuotasMessage"];

/** The quotas of the workspace of the pages, and what it uses of them. */
export function useUsage() {
  return useQuery({
    queryKey: ["usage"],
    queryFn: () => unwrap(api.GET("/api/2.0/trackhelm/workspaces/usage")),
  });
}

/** Set all quotas: what is absent has none from then on. */
export function useSetQuotas() {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: (body: Quotas) => unwrap(api.POST("/api/2.0/trackhelm/workspaces/quotas", { body })),
    onSettled: () => queries.invalidateQueries({ queryKey: ["usage"] }),
  });
}

export type WorkspaceChange =
  | { kind: "create"; name: string; description: string }
  | { kind: "describe"; name: string; description: string }
  | { kind: "delete"; name: string }
  | { kind: "assign" | "unassign"; username: string; roleId: number }
  | { kind: "create service account" | "delete service account"; name: string };

function change(asked: WorkspaceChange): Promise<unknown> {
  switch (asked.kind) {
    case "create": {
      const { name, description } = asked;
      return unwrap(api.POST("/api/3.0/mlflow/workspaces", { body: { name, description } }));
    }
    case "describe": {
      const params = { path: { name: asked.name } };
      const body = { description: asked.description };
      return unwrap(api.PATCH("/api/3.0/mlflow/workspaces/{name}", { params, body }));
    }
    case "delete":
      return unwrap(
        api.DELETE("/api/3.0/mlflow/workspaces/{name}", { params: { path: { name: asked.name } } }),
      );
    case "assign":
    case "unassign": {
      const body = { username: asked.username, role_id: asked.roleId };
      return asked.kind === "assign"
        ? unwrap(api.POST("/api/3.0/mlflow/roles/assign", { body }))
        : unwrap(api.DELETE("/api/3.0/mlflow/roles/unassign", { body }));
    }
    case "create service account":
      return unwrap(api.POST("/api/2.0/trackhelm/service-accounts/create", { body: { name: asked.name } }));
    case "delete service account":
      return unwrap(api.POST("/api/2.0/trackhelm/service-accounts/delete", { body: { name: asked.name } }));
  }
}

/** Change a workspace or who has a part in it. What is shown of either is asked for again. */
export function useChangeWorkspace() {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: change,
    onSettled: () =>
      Promise.all(
        ["workspaces", "members", "users", "identity"].map((key) =>
          queries.invalidateQueries({ queryKey: [key] }),
        ),
      ),
  });
}
