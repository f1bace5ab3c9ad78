/** Approvals, protections, the audit trail and lineage. */
import { useInfiniteQuery, useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { api, unwrap } from "./client";
import type { components } from "./schema";

const PAGE = 50;
const INBOX_REFRESH_MS = 30_000;

export type ApprovalRequest = components["schemas"]["Reply.ApprovalRequest"];
export type ApprovalStatus = components["schemas"]["Status"];
export type AuditEvent = components["schemas"]["Reply.AuditEvent"];
export type PastTransition = components["schemas"]["Reply.PastTransition"];
export type LineageGraph = components["schemas"]["Reply.LineageGraph"];

export interface ApprovalSearch {
  status?: ApprovalStatus;
  model_name?: string;
}

export function useApprovals(search: ApprovalSearch) {
  return useInfiniteQuery({
    queryKey: ["approvals", search],
    queryFn: async ({ pageParam }) => {
      const query = { ...search, max_results: PAGE, page_token: pageParam };
      const page = await unwrap(api.GET("/api/2.0/trackhelm/approvals/list", { params: { query } }));
      const requests = (page.requests ?? []) as ApprovalRequest[];
      return { requests, nextPageToken: page.next_page_token ?? "" };
    },
    initialPageParam: "",
    getNextPageParam: (last) => last.nextPageToken || undefined,
    refetchInterval: INBOX_REFRESH_MS,
  });
}

/** How many requests wait for a decision. Where they may not be seen, none. */
export function useWaiting(isAsked: boolean): number {
  const found = useQuery({
    queryKey: ["approvals", "waiting"],
    queryFn: async () => {
      const query = { status: "pending" as const, max_results: 100 };
      const page = await unwrap(api.GET("/api/2.0/trackhelm/approvals/list", { params: { query } }));
      return page.requests?.length ?? 0;
    },
    enabled: isAsked,
    refetchInterval: 2 * INBOX_REFRESH_MS,
  });
  return found.data ?? 0;
}

export type Decision = "approve" | "reject" | "withdraw";

/** Approve, reject or withdraw a request; an approval makes the change. */
export function useDecide() {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: ({ decision, id, comment }: { decision: Decision; id: number; comment: string }) =>
      unwrap(api.POST(`/api/2.0/trackhelm/approvals/${decision}`, { body: { id, comment } })),
    onSettled: () => queries.invalidateQueries(),
  });
}

export function useProtections(name: string) {
  return useQuery({
    queryKey: ["protections", name],
    queryFn: async () => {
      const query = { name };
      const found = await unwrap(api.GET("/api/2.0/trackhelm/protections/list", { params: { query } }));
      return found.protections ?? [];
    },
  });
}

export interface AuditSearch {
  model_name?: string;
  entity_type?: components["schemas"]["EntityType"];
  entity_id?: string;
  entity_version?: number;
  actor?: string;
  action?: components["schemas"]["Action"];
}

export function useAuditEvents(search: AuditSearch) {
  return useInfiniteQuery({
    queryKey: ["audit", search],
    queryFn: async ({ pageParam }) => {
      const query = { ...search, max_results: PAGE, page_token: pageParam };
      const page = await unwrap(api.GET("/api/2.0/trackhelm/audit/events", { params: { query } }));
      return { events: page.events ?? [], nextPageToken: page.next_page_token ?? "" };
    },
    initialPageParam: "",
    getNextPageParam: (last) => last.nextPageToken || undefined,
  });
}

/** The transitions between stages of a model's versions, the oldest first. */
export function useTransitions(name: string) {
  return useQuery({
    queryKey: ["audit", "transitions", name],
    queryFn: async () => {
      const query = { name };
      const found = await unwrap(api.GET("/api/2.0/trackhelm/audit/stages", { params: { query } }));
      return found.transitions ?? [];
    },
  });
}

/** What an object was made from, and what was made from it. */
export function useLineage(start: {
  model_name?: string;
  version?: string;
  run_id?: string;
  model_id?: string;
}) {
  return useQuery({
    queryKey: ["lineage", start],
    queryFn: () => {
      const query = { ...start, max_nodes: 200 };
      return unwrap(api.GET("/api/2.0/trackhelm/lineage/graph", { params: { query } }));
    },
  });
}
