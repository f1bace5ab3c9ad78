/** The form of a new token, and the token itself, which is shown this once. */
import { Button, Checkbox, Group, Modal, Select, Stack, Text, TextInput } from "@mantine/core";
import { useState } from "react";
import { type NewToken, type Scope, useCreateToken } from "@/api/accounts";
import { trackingUri } from "@/api/client";
import { CopyableCode } from "@/components/CopyableCode";

const SCOPES: readonly [scope: Scope, may: string][] = [
  ["read", "read experiments and models"],
  ["write", "log to runs, and change experiments"],
  ["registry", "register models, and move versions"],
  ["manage", "delete, grant, and all else that its owner may do"],
];
const DAYS = ["7", "30", "90", "180", "366"];

export function NewTokenForm({ serviceAccount, onClose }: { serviceAccount: string; onClose: () => void }) {
  const creating = useCreateToken();
  const [token, setToken] = useState<NewToken>({
    ...{ name: "", scopes: ["read", "write", "registry"], days: 90 },
    ...(serviceAccount ? { service_account: serviceAccount } : {}),
  });
  const set = (part: Partial<NewToken>) => setToken((before) => ({ ...before, ...part }));
  if (creating.data !== undefined) return <Created token={creating.data} onClose={onClose} />;
  return (
    <Modal
      opened
      onClose={onClose}
      title={serviceAccount ? `New token of ${serviceAccount}` : "New token"}
      size="md"
    >
      <form
        onSubmit={(event) => {
          event.preventDefault();
          creating.mutate(token);
        }}
      >
        <Stack gap={10}>
          <TextInput
            data-autofocus
            label="Name"
            description="What it is for"
            required
            value={token.name}
            error={creating.error?.message}
            onChange={(event) => set({ name: event.currentTarget.value })}
          />
          <Checkbox.Group
            label="It may, as far as its owner may"
            value={token.scopes}
            onChange={(scopes) => set({ scopes: scopes })}
          >
            <Stack gap={6} mt={6}>
              {SCOPES.map(([scope, may]) => (
                <Checkbox key={scope} value={scope} label={`${scope}: ${may}`} />
              ))}
            </Stack>
          </Checkbox.Group>
          <Select
            label="Expires after"
            allowDeselect={false}
            data={DAYS.map((days) => ({ value: days, label: `${days} days` }))}
            value={String(token.days)}
            onChange={(days) => set({ days: Number(days) })}
          />
        </Stack>
        <Group justify="flex-end" mt={14}>
          <Button variant="default" onClick={onClose}>
            Cancel
          </Button>
          <Button
            type="submit"
            loading={creating.isPending}
            disabled={token.name.trim() === "" || token.scopes.length === 0}
          >
            Create
          </Button>
        </Group>
      </form>
    </Modal>
  );
}

function Created({ token, onClose }: { token: string; onClose: () => void }) {
  return (
    // It is shown once: a click beside it does not take it away.
    <Modal opened onClose={onClose} title="The new token" size="lg" closeOnClickOutside={false}>
      <Text size="sm">Copy it now: it is not shown again.</Text>
      <CopyableCode text={token} />
      <Text size="sm" mt={12}>
        A program shows it so:
      </Text>
      <CopyableCode
        text={[`export MLFLOW_TRACKING_URI=${trackingUri}`, "export MLFLOW_TRACKING_TOKEN=thp_…"].join("\n")}
      />
      <Group justify="flex-end" mt={12}>
        <Button onClick={onClose}>I have it</Button>
      </Group>
    </Modal>
  );
}
