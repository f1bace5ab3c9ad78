/** The roles of the workspace, what each may, and the service accounts of a Kubernetes cluster that have one. */
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { api, unwrap } from "./client";
import type { components } from "./schema";

export type Role = components["schemas"]["Reply.Role"];
export type RolePermission = components["schemas"]["Reply.RolePermission"];
export type Binding = components["schemas"]["Reply.BindingMessage"];

/** What a role may do something with: all of a type (`*`), or one by its id or name. */
export interface Resource {
  type: "workspace" | "experiment" | "registered_model";
  pattern: string;
}

export function useRoles(workspace: string, isAsked = true) {
  return useQuery({
    queryKey: ["members", "roles", workspace],
    queryFn: async () => {
      const query = { workspace: [workspace] };
      return (await unwrap(api.GET("/api/3.0/mlflow/roles/list", { params: { query } }))).roles;
    },
    enabled: isAsked,
  });
}

/** The roles of a service account, which lists of users do not have. */
export function useRolesOf(username: string) {
  return useQuery({
    queryKey: ["members", "roles of", username],
    queryFn: async () => {
      const query = { username };
      return (await unwrap(api.GET("/api/3.0/mlflow/users/roles/list", { params: { query } }))).roles;
    },
  });
}

export function useBindings() {
  return useQuery({
    queryKey: ["members", "bindings"],
    queryFn: async () => (await unwrap(api.GET("/api/2.0/trackhelm/kubernetes-bindings/list"))).bindings,
  });
}

export type RoleChange =
  | { kind: "create"; workspace: string; name: string; description: string }
  | { kind: "update"; roleId: number; name: string; description: string }
  | { kind: "delete"; roleId: number }
  | { kind: "permit"; roleId: number; resource: Resource; level: string }
  | { kind: "change permission"; permissionId: number; level: string }
  | { kind: "take permission"; permissionId: number }
  | { kind: "bind"; namespace: string; serviceAccount: string; role: string }
  | { kind: "unbind"; bindingId: number };

function change(asked: RoleChange): Promise<unknown> {
  switch (asked.kind) {
    case "create": {
      const { workspace, name, description } = asked;
      return unwrap(api.POST("/api/3.0/mlflow/roles/create", { body: { workspace, name, description } }));
    }
    case "update": {
      const { roleId: role_id, name, description } = asked;
      return unwrap(api.PATCH("/api/3.0/mlflow/roles/update", { body: { role_id, name, description } }));
    }
    case "delete":
      return unwrap(api.DELETE("/api/3.0/mlflow/roles/delete", { body: { role_id: asked.roleId } }));
    case "permit": {
      const { type: resource_type, pattern: resource_pattern } = asked.resource;
      const body = { role_id: asked.roleId, resource_type, resource_pattern, permission: asked.level };
      return unwrap(api.POST("/api/3.0/mlflow/roles/permissions/add", { body }));
    }
    case "change permission": {
      const body = { role_permission_id: asked.permissionId, permission: asked.level };
      return unwrap(api.PATCH("/api/3.0/mlflow/roles/permissions/update", { body }));
    }
    case "take permission": {
      const body = { role_permission_id: asked.permissionId };
      return unwrap(api.DELETE("/api/3.0/mlflow/roles/permissions/remove", { body }));
    }
    case "bind": {
      const body = { namespace: asked.namespace, service_account: asked.serviceAccount, role: asked.role };
      return unwrap(api.POST("/api/2.0/trackhelm/kubernetes-bindings/create", { body }));
    }
    case "unbind":
      return unwrap(
        api.POST("/api/2.0/trackhelm/kubernetes-bindings/delete", { body: { id: asked.bindingId } }),
      );
  }
}

/** Change roles or who of a cluster has them. What is shown of either, and of one's own rights, is asked for again. */
export function useChangeRoles() {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: change,
    onSettled: () =>
      Promise.all(
        ["members", "users", "identity"].map((key) => queries.invalidateQueries({ queryKey: [key] })),
      ),
  });
}
