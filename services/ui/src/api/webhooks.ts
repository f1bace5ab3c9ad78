/** Webhooks and their deliveries. */
import { useInfiniteQuery, useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { api, unwrap } from "./client";
import type { components } from "./schema";

export type Webhook = components["schemas"]["Reply.WebhookMessage"];
export type Delivery = components["schemas"]["Reply.Delivery"];

const PAGE = 100;
const DELIVERIES_REFRESH_MS = 10_000;

export function useWebhooks() {
  return useInfiniteQuery({
    queryKey: ["webhooks"],
    queryFn: async ({ pageParam }) => {
      const query = { max_results: PAGE, page_token: pageParam };
      const page = await unwrap(api.GET("/api/2.0/trackhelm/webhooks", { params: { query } }));
      return { webhooks: page.webhooks ?? [], nextPageToken: page.next_page_token ?? "" };
    },
    initialPageParam: "",
    getNextPageParam: (last) => last.nextPageToken || undefined,
  });
}

export function useDeliveries(webhookId: string) {
  return useQuery({
    queryKey: ["webhooks", webhookId, "deliveries"],
    queryFn: async () => {
      const found = await unwrap(
        api.GET("/api/2.0/trackhelm/webhooks/{webhook_id}/deliveries", {
          params: { path: { webhook_id: webhookId }, query: { max_results: 20 } },
        }),
      );
      return found.deliveries ?? [];
    },
    refetchInterval: DELIVERIES_REFRESH_MS,
  });
}

/** An event of the registry as its name is written, such as `model_version.created`. */
export interface NewWebhook {
  name: string;
  url: string;
  events: string[];
  runEvents: string[];
  workspaceEvents: string[];
  secret: string;
}

export type WebhookChange =
  | ({ kind: "create" } & NewWebhook)
  | { kind: "enable" | "disable" | "delete" | "test"; id: string }
  | { kind: "resend"; id: string; deliveryId: string };

type Asked = components["schemas"]["AskedEvent"];

function eventOf(name: string): Asked {
  const [entity = "", action = ""] = name.split(".");
  return { entity: entity.toUpperCase(), action: action.toUpperCase() };
}

async function change(asked: WebhookChange): Promise<string> {
  switch (asked.kind) {
    case "create": {
      const { name, url, events, runEvents, workspaceEvents, secret } = asked;
      await unwrap(
        api.POST("/api/2.0/mlflow/webhooks", {
          body: {
            name,
            url,
            events: events.map(eventOf),
            run_events: runEvents,
            workspace_events: workspaceEvents,
            ...(secret ? { secret } : {}),
          },
        }),
      );
      return `Created ${name}.`;
    }
    case "enable":
    case "disable": {
      const status = asked.kind === "enable" ? "ACTIVE" : "DISABLED";
      const params = { path: { webhook_id: asked.id } };
      await unwrap(api.PATCH("/api/2.0/mlflow/webhooks/{webhook_id}", { params, body: { status } }));
      return `The webhook is ${asked.kind}d.`;
    }
    case "delete":
      await unwrap(
        api.DELETE("/api/2.0/mlflow/webhooks/{webhook_id}", { params: { path: { webhook_id: asked.id } } }),
      );
      return "The webhook is deleted.";
    case "test": {
      const params = { path: { webhook_id: asked.id } };
      const { result } = await unwrap(
        api.POST("/api/2.0/mlflow/webhooks/{webhook_id}/test", { params, body: {} }),
      );
      return result.success
        ? `The receiver answered with ${result.response_status ?? "success"}.`
        : `The call failed: ${result.error_message ?? `status ${result.response_status ?? "unknown"}`}`;
    }
    case "resend": {
      const params = { path: { webhook_id: asked.id, delivery_id: asked.deliveryId } };
      await unwrap(
        api.POST("/api/2.0/trackhelm/webhooks/{webhook_id}/deliveries/{delivery_id}/resend", { params }),
      );
      return "The delivery is sent again.";
    }
  }
}

/** Change webhooks; the result is a sentence that says what was done. */
export function useChangeWebhooks() {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: change,
    onSettled: () => queries.invalidateQueries({ queryKey: ["webhooks"] }),
  });
}
