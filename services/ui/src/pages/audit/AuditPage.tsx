/** The audit trail of everything, by conditions, which the address keeps. */
import { Button, Select, TextInput } from "@mantine/core";
import { useDebouncedCallback } from "@mantine/hooks";
import { useNavigate, useSearch } from "@tanstack/react-router";
import { useState } from "react";
import type { AuditSearch } from "@/api/governance";
import { useIdentity } from "@/api/identity";
import { AuditList } from "@/components/AuditList";
import { Crumbs } from "@/components/Crumbs";
import { EmptyState } from "@/components/EmptyState";
import table from "@/components/table.module.css";
import { ACTIONS, type AuditPageSearch, ENTITIES } from "./search";

const TYPING_MS = 250;

const options = (names: Readonly<Record<string, string>>) =>
  Object.entries(names).map(([value, label]) => ({ value, label }));

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
  const search = useSearch({ from: "/audit" });
  const navigate = useNavigate();
  const [texts, setTexts] = useState({ who: search.who ?? "", model: search.model ?? "" });
  const change = (part: { [Key in keyof AuditPageSearch]: AuditPageSearch[Key] | undefined }) =>
    void navigate({
      to: "/audit",
      replace: true,
      search: (before: AuditPageSearch) =>
        Object.fromEntries(Object.entries({ ...before, ...part }).filter(([, value]) => Boolean(value))),
    });
  const typed = useDebouncedCallback(change, TYPING_MS);
  const write = (part: Partial<typeof texts>) => {
    const next = { ...texts, ...part };
    setTexts(next);
    typed(next);
  };
  const asked: AuditSearch = {
    ...(search.who ? { actor: search.who } : {}),
    ...(search.model ? { model_name: search.model } : {}),
    ...(search.what ? { action: search.what } : {}),
    ...(search.of ? { entity_type: search.of } : {}),
  };
  return (
    <>
      <Crumbs items={[{ label: "Audit" }]} />
      <div className={table["page"]}>
        <div className={table["tools"]}>
          <TextInput
            aria-label="Who"
            placeholder="Who"
            value={texts.who}
            onChange={(event) => write({ who: event.currentTarget.value })}
          />
          <Select
            aria-label="What"
            placeholder="What"
            data={options(ACTIONS)}
            clearable
            searchable
            value={search.what ?? null}
            onChange={(what) => change({ what: what as AuditPageSearch["what"] })}
          />
          <Select
            aria-label="Of which kind"
            placeholder="Of which kind"
            data={options(ENTITIES)}
            clearable
            value={search.of ?? null}
            onChange={(of) => change({ of: of as AuditPageSearch["of"] })}
          />
          <TextInput
            aria-label="Model"
            placeholder="Model"
            value={texts.model}
            onChange={(event) => write({ model: event.currentTarget.value })}
          />
          <Button
            variant="default"
            disabled={Object.keys(asked).length === 0}
            onClick={() => {
              setTexts({ who: "", model: "" });
              change({ who: undefined, what: undefined, of: undefined, model: undefined });
            }}
          >
            Clear
          </Button>
        </div>
        <AuditList search={asked} />
      </div>
    </>
  );
}
