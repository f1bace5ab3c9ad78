/** The form of a new webhook. */
import { Button, Group, Modal, MultiSelect, PasswordInput, TextInput } from "@mantine/core";
import { useState } from "react";
import { type NewWebhook, useChangeWebhooks } from "@/api/webhooks";
import { told } from "@/components/notify";

const EVENTS = [
  ...[
    "registered_model.created",
    "model_version.created",
    "model_version_tag.set",
    "model_version_tag.deleted",
  ],
  ...[
    "model_version_alias.created",
    "model_version_alias.deleted",
    "prompt.created",
    "prompt_version.created",
  ],
];
const RUN_EVENTS = ["STARTED", "FINISHED", "FAILED", "KILLED", "POD_ENDED"];
const WORKSPACE_EVENTS = ["QUOTA_NEARLY_USED"];

export function NewWebhookForm({ onClose }: { onClose: () => void }) {
  const changing = useChangeWebhooks();
  const [webhook, setWebhook] = useState<NewWebhook>({
    name: "",
    url: "",
    events: [],
    runEvents: [],
    workspaceEvents: [],
    secret: "",
  });
  const set = (part: Partial<NewWebhook>) => setWebhook((before) => ({ ...before, ...part }));
  return (
    <Modal opened onClose={onClose} title="New webhook" size="lg">
      <form
        onSubmit={(event) => {
          event.preventDefault();
          changing.mutate(
            { kind: "create", ...webhook },
            {
              onSuccess: (done) => {
                told(done);
                onClose();
              },
            },
          );
        }}
      >
        <TextInput
          data-autofocus
          label="Name"
          required
          value={webhook.name}
          onChange={(event) => set({ name: event.currentTarget.value })}
        />
        <TextInput
          mt={8}
          label="URL"
          type="url"
          required
          placeholder="https://"
          value={webhook.url}
          onChange={(event) => set({ url: event.currentTarget.value })}
        />
        <MultiSelect
          mt={8}
          size="xs"
          label="Events of the registry"
          data={EVENTS}
          value={webhook.events}
          onChange={(events) => set({ events })}
        />
        <MultiSelect
          mt={8}
          size="xs"
          label="Events of runs"
          data={RUN_EVENTS.map((value) => ({ value, label: `run.${value.toLowerCase()}` }))}
          value={webhook.runEvents}
          onChange={(runEvents) => set({ runEvents })}
        />
        <MultiSelect
          mt={8}
          size="xs"
          label="Events of the workspace"
          data={WORKSPACE_EVENTS.map((value) => ({ value, label: `workspace.${value.toLowerCase()}` }))}
          value={webhook.workspaceEvents}
          onChange={(workspaceEvents) => set({ workspaceEvents })}
        />
        <PasswordInput
          mt={8}
          size="xs"
          label="Secret, by which calls are signed"
          value={webhook.secret}
          onChange={(event) => set({ secret: event.currentTarget.value })}
        />
        {changing.error && (
          <p role="alert" style={{ color: "var(--th-bad)" }}>
            {changing.error.message}
          </p>
        )}
        <Group justify="flex-end" mt={12}>
          <Button variant="default" onClick={onClose}>
            Cancel
          </Button>
          <Button
            type="submit"
            loading={changing.isPending}
            disabled={webhook.events.length + webhook.runEvents.length + webhook.workspaceEvents.length === 0}
          >
            Create
          </Button>
        </Group>
      </form>
    </Modal>
  );
}
