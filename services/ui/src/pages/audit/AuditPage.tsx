/** The audit trail of everything, by conditions. */
import { Button, Select, TextInput } from "@mantine/core";
import { useDebouncedValue } from "@mantine/hooks";
import { useState } from "react";
import type { AuditSearch } from "@/api/governance";
import { useIdentity } from "@/api/identity";
import { AuditList } from "@/components/AuditList";
import { EmptyState } from "@/components/EmptyState";
import { Crumbs } from "@/components/Crumbs";
import table from "@/components/table.module.css";

const ACTIONS = [
  ...["created", "updated", "renamed", "described", "tagged", "untagged", "stage_changed"],
  ...["alias_set", "alias_deleted", "status_changed", "params_logged", "deleted", "restored", "purged"],
  ...["protected", "unprotected", "approval_requested", "approved", "rejected", "withdrawn", "rolled_back"],
  "imported",
];
const ENTITIES = [
  "registered_model",
  "model_version",
  "logged_model",
  "experiment",
  "run",
  "webhook",
  "import",
];
const options = (values: string[]) => values.map((value) => ({ value, label: value.replaceAll("_", " ") }));

export function AuditPage() {
  const { rights } = useIdentity();
  if (rights.isManager) return <Allowed />;
  return (
    <>
      <Crumbs items={[{ label: "Audit" }]} />
      <EmptyState title="Managers of the workspace see the audit trail." />
    </>
  );
}

function Allowed() {
  const [actor, setActor] = useState("");
  const [model, setModel] = useState("");
  const [action, setAction] = useState<string | null>(null);
  const [entity, setEntity] = useState<string | null>(null);
  const [texts] = useDebouncedValue({ actor, model }, 250);
  const search = {
    ...(texts.actor ? { actor: texts.actor } : {}),
    ...(texts.model ? { model_name: texts.model } : {}),
    ...(action ? { action } : {}),
    ...(entity ? { entity_type: entity } : {}),
  } as AuditSearch;
  return (
    <>
      <Crumbs items={[{ label: "Audit" }]} />
      <div className={table["page"]}>
        <div className={table["tools"]}>
          <TextInput
            aria-label="Who"
            placeholder="Who"
            value={actor}
            onChange={(event) => setActor(event.currentTarget.value)}
          />
          <Select
            aria-label="What"
            placeholder="What"
            data={options(ACTIONS)}
            clearable
            searchable
            value={action}
            onChange={setAction}
          />
          <Select
            aria-label="Of which kind"
            placeholder="Of which kind"
            data={options(ENTITIES)}
            clearable
            value={entity}
            onChange={setEntity}
          />
          <TextInput
            aria-label="Model"
            placeholder="Model"
            value={model}
            onChange={(event) => setModel(event.currentTarget.value)}
          />
          <Button
            variant="default"
            disabled={Object.keys(search).length === 0}
            onClick={() => {
              setActor("");
              setModel("");
              setAction(null);
              setEntity(null);
            }}
          >
            Clear
          </Button>
        </div>
        <AuditList search={search} />
      </div>
    </>
  );
}
