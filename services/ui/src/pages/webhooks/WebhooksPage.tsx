/** Webhooks: which URLs are called on which events, whether calls arrive, and a call for a test. */
import { Button, Group, Skeleton } from "@mantine/core";
import { IconPlus } from "@tabler/icons-react";
import { Fragment, useState } from "react";
import { useChangeWebhooks, useWebhooks, type Webhook, type WebhookChange } from "@/api/webhooks";
import { useIdentity } from "@/api/identity";
import { Confirm } from "@/components/Confirm";
import { Crumbs, HeaderActions } from "@/components/Crumbs";
import { EmptyState } from "@/components/EmptyState";
import { Failure } from "@/components/Failure";
import { failed, told } from "@/components/notify";
import { Time } from "@/components/Time";
import table from "@/components/table.module.css";
import { Deliveries } from "./Deliveries";
import { NewWebhookForm } from "./NewWebhookForm";

function eventsOf(webhook: Webhook): string {
  const registry = (webhook.events ?? []).map(({ entity, action }) => `${entity}.${action}`.toLowerCase());
  const runs = (webhook.run_events ?? []).map((event) => `run.${event.toLowerCase()}`);
  const workspace = (webhook.workspace_events ?? []).map((event) => `workspace.${event.toLowerCase()}`);
  return [...registry, ...runs, ...workspace].join(", ");
}

export function WebhooksPage() {
  const { rights } = useIdentity();
  if (rights.isManager) return <Allowed />;
  return (
    <>
      <Crumbs items={[{ label: "Webhooks" }]} />
      <EmptyState title="Managers of the workspace see webhooks." />
    </>
  );
}

function Allowed() {
  const found = useWebhooks();
  const [isCreating, setIsCreating] = useState(false);
  const webhooks = found.data?.pages.flatMap((page) => page.webhooks) ?? [];
  return (
    <>
      <Crumbs items={[{ label: "Webhooks" }]} />
      <HeaderActions>
        <Button leftSection={<IconPlus size={14} />} onClick={() => setIsCreating(true)}>
          New webhook
        </Button>
      </HeaderActions>
      {isCreating && <NewWebhookForm onClose={() => setIsCreating(false)} />}
      <div className={table["page"]}>
        {found.error ? (
          <Failure
            title="The webhooks could not be loaded."
            error={found.error}
            onRetry={() => void found.refetch()}
          />
        ) : found.isPending ? (
          <Skeleton height={120} />
        ) : webhooks.length === 0 ? (
          <EmptyState title="No webhook is set up.">
            <p>A webhook calls a URL when a version is registered, an alias moves or a run ends.</p>
          </EmptyState>
        ) : (
          <table className={table["table"]}>
            <thead>
              <tr>
                <th scope="col">Name</th>
                <th scope="col">State</th>
                <th scope="col">URL</th>
                <th scope="col">Events</th>
                <th scope="col">Signed</th>
                <th scope="col">Changed</th>
                <th scope="col">
                  <span className="th-visually-hidden">Actions</span>
                </th>
              </tr>
            </thead>
            <tbody>
              {webhooks.map((webhook) => (
                <WebhookRow key={webhook.webhook_id} webhook={webhook} />
              ))}
            </tbody>
          </table>
        )}
      </div>
    </>
  );
}

function WebhookRow({ webhook }: { webhook: Webhook }) {
  const changing = useChangeWebhooks();
  const [isOpen, setIsOpen] = useState(false);
  const id = webhook.webhook_id;
  const isActive = webhook.status === "ACTIVE";
  const act = (change: WebhookChange) =>
    changing.mutate(change, {
      onSuccess: told,
      onError: (error) => failed("The webhook was not changed.", error),
    });
  return (
    <Fragment>
      <tr>
        <td className={table["name"]}>{webhook.name}</td>
        <td>{isActive ? "active" : "disabled"}</td>
        <td title={webhook.url}>{webhook.url}</td>
        <td className={table["wide"]} title={eventsOf(webhook)}>
          {eventsOf(webhook)}
        </td>
        <td>{webhook.signed ? "yes" : "no"}</td>
        <td>
          <Time at={webhook.last_updated_timestamp} />
        </td>
        <td className={table["actions"]}>
          <Group gap={6} wrap="nowrap" justify="flex-end">
            <Button
              variant="default"
              size="compact-xs"
              aria-expanded={isOpen}
              onClick={() => setIsOpen(!isOpen)}
            >
              Deliveries
            </Button>
            <Button
              variant="default"
              size="compact-xs"
              loading={changing.isPending}
              onClick={() => act({ kind: "test", id })}
            >
              Test
            </Button>
            <Button
              variant="default"
              size="compact-xs"
              onClick={() => act({ kind: isActive ? "disable" : "enable", id })}
            >
              {isActive ? "Disable" : "Enable"}
            </Button>
            <Confirm
              size="compact-xs"
              color="red"
              label="Delete"
              question={`Delete the webhook ${webhook.name}?`}
              action="Delete"
              onConfirm={() => act({ kind: "delete", id })}
            />
          </Group>
        </td>
      </tr>
      {isOpen && (
        <tr>
          <td colSpan={7}>
            <Deliveries webhookId={id} onResend={(deliveryId) => act({ kind: "resend", id, deliveryId })} />
          </td>
        </tr>
      )}
    </Fragment>
  );
}
