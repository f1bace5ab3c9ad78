/** Logging in and out, one's own password, tokens and sessions, and the users of the server. */
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { api, unwrap } from "./client";
import type { components } from "./schema";

export type Token = components["schemas"]["Reply.Token"];
export type Session = components["schemas"]["Reply.WebLogin"];
export type User = components["schemas"]["Reply.User"];
export type Scope = components["schemas"]["Scope"];

export interface LogIn {
  username: string;
  password: string;
}

export function logIn(body: LogIn) {
  return unwrap(api.POST("/api/2.0/trackhelm/sessions/create", { body }));
}

export function logOut() {
  return unwrap(api.POST("/api/2.0/trackhelm/sessions/end", { body: {} }));
}

export function useTokens(serviceAccount = "") {
  return useQuery({
    queryKey: ["tokens", serviceAccount],
    queryFn: async () => {
      const query = { service_account: serviceAccount };
      return (await unwrap(api.GET("/api/2.0/trackhelm/tokens/list", { params: { query } }))).tokens;
    },
  });
}

export function useSessions(isAsked: boolean) {
  return useQuery({
    queryKey: ["sessions"],
    queryFn: async () => (await unwrap(api.GET("/api/2.0/trackhelm/sessions/list"))).sessions,
    enabled: isAsked,
  });
}

export interface NewToken {
  name: string;
  scopes: Scope[];
  days: number;
  /** The service account that it is for; without it, it is for oneself. */
  service_account?: string;
}

/** Make a token. Its answer is the only one that ever has it. */
export function useCreateToken() {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: async (body: NewToken) =>
      (await unwrap(api.POST("/api/2.0/trackhelm/tokens/create", { body }))).token,
    // It is shown, and kept nowhere.
    gcTime: 0,
    onSettled: () => queries.invalidateQueries({ queryKey: ["tokens"] }),
  });
}

export type AccountChange =
  | { kind: "revoke token"; id: number }
  | { kind: "end session"; id: number }
  | { kind: "end all sessions" }
  | { kind: "password"; username: string; password: string; current: string }
  | { kind: "create user"; username: string; password: string }
  | { kind: "admin"; username: string; isAdmin: boolean }
  | { kind: "delete user"; username: string };

function change(asked: AccountChange): Promise<unknown> {
  switch (asked.kind) {
    case "revoke token":
      return unwrap(api.POST("/api/2.0/trackhelm/tokens/revoke", { body: { id: asked.id } }));
    case "end session":
      return unwrap(api.POST("/api/2.0/trackhelm/sessions/revoke", { body: { id: asked.id } }));
    case "end all sessions":
      return unwrap(api.POST("/api/2.0/trackhelm/sessions/revoke", { body: { all: true } }));
    case "password": {
      const { username, password, current } = asked;
      const body = { username, password, current_password: current };
      return unwrap(api.PATCH("/api/2.0/mlflow/users/update-password", { body }));
    }
    case "create user": {
      const { username, password } = asked;
      return unwrap(api.POST("/api/2.0/mlflow/users/create", { body: { username, password } }));
    }
    case "admin": {
      const body = { username: asked.username, is_admin: asked.isAdmin };
      return unwrap(api.PATCH("/api/2.0/mlflow/users/update-admin", { body }));
    }
    case "delete user": {
      const body = { username: asked.username };
      return unwrap(api.DELETE("/api/2.0/mlflow/users/delete", { body }));
    }
  }
}

/** Change an account. What lists show of accounts is asked for again. */
export function useChangeAccount() {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: change,
    onSettled: () =>
      Promise.all(
        ["tokens", "sessions", "users", "members"].map((key) =>
          queries.invalidateQueries({ queryKey: [key] }),
        ),
      ),
  });
}

/** Every user, for administrators and for who manages a workspace. */
export function useUsers(isAsked = true) {
  return useQuery({
    queryKey: ["users"],
    queryFn: async () => (await unwrap(api.GET("/api/2.0/mlflow/users/list"))).users,
    enabled: isAsked,
  });
}
