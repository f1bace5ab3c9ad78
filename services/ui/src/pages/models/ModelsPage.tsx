/** The list of registered models: search, sort and create. */
import { Button, Group, Modal, TextInput } from "@mantine/core";
import { useDebouncedValue } from "@mantine/hooks";
import { IconPlus } from "@tabler/icons-react";
import { Link, useNavigate, useSearch } from "@tanstack/react-router";
import { useState } from "react";
import { useIdentity } from "@/api/identity";
import { type Model, useChangeRegistry, useModels } from "@/api/registry";
import { Crumbs, HeaderActions } from "@/components/Crumbs";
import { EmptyState } from "@/components/EmptyState";
import { type ListColumn, nameFilter, orderOf, SearchList } from "@/components/SearchList";
import { AliasChip, StageChip } from "@/components/StageChip";
import { Tags } from "@/components/Tags";
import { Time } from "@/components/Time";
import type { ModelsSearch } from "./search";

const DEFAULT_SORT = "-last_updated_timestamp";

const COLUMNS: readonly ListColumn<Model>[] = [
  {
    head: "Name",
    by: "name",
    kind: "name",
    cell: ({ name }) => (
      <Link to="/models/$name" params={{ name }} title={name}>
        {name}
      </Link>
    ),
  },
  { head: "Latest versions", cell: (model) => <LatestVersions model={model} /> },
  {
    head: "Aliases",
    cell: ({ aliases }) => (
      <Group gap={6} wrap="nowrap">
        {aliases.map(({ alias, version }) => (
          <AliasChip key={alias} alias={alias} version={version} />
        ))}
      </Group>
    ),
  },
  { head: "Last change", by: "last_updated_timestamp", cell: ({ updated }) => <Time at={updated} /> },
  { head: "Tags", cell: ({ tags }) => <Tags tags={tags} /> },
  {
    head: "Description",
    kind: "wide",
    cell: ({ description }) => description,
    title: ({ description }) => description,
  },
];

function LatestVersions({ model }: { model: Model }) {
  return (
    <Group gap={8} wrap="nowrap">
      {model.latest.map(({ version, stage }) => (
        <Group key={stage} gap={4} wrap="nowrap">
          <Link to="/models/$name/versions/$version" params={{ name: model.name, version }}>
            v{version}
          </Link>
          {stage !== "None" && <StageChip stage={stage} />}
        </Group>
      ))}
    </Group>
  );
}

export function ModelsPage() {
  const search = useSearch({ from: "/models" });
  const navigate = useNavigate();
  const [text, setText] = useState(search.q ?? "");
  const { rights } = useIdentity();
  const [isCreating, setIsCreating] = useState(false);
  const [wanted] = useDebouncedValue(text, 200);
  const sort = search.sort ?? DEFAULT_SORT;
  const found = useModels(nameFilter(wanted), [orderOf(sort)]);
  const change = (part: { [Key in keyof ModelsSearch]: ModelsSearch[Key] | undefined }) =>
    void navigate({
      to: "/models",
      replace: true,
      search: (before: ModelsSearch) =>
        Object.fromEntries(Object.entries({ ...before, ...part }).filter(([, value]) => value !== undefined)),
    });
  const write = (next: string) => {
    setText(next);
    change({ q: next || undefined });
  };
  return (
    <>
      <Crumbs items={[{ label: "Models" }]} />
      <HeaderActions>
        {rights.mayCreate && (
          <Button leftSection={<IconPlus size={14} />} onClick={() => setIsCreating(true)}>
            New model
          </Button>
        )}
      </HeaderActions>
      {isCreating && <CreateModel onClose={() => setIsCreating(false)} />}
      <SearchList
        noun="models"
        text={text}
        onText={write}
        sorting={{ sort, onSort: (next) => change({ sort: next }) }}
        columns={COLUMNS}
        items={found.data?.pages.flatMap((page) => page.models) ?? []}
        keyOf={({ name }) => name}
        found={found}
        nothing={
          <EmptyState title={wanted ? "No model matches." : "No model is registered yet."}>
            {wanted ? (
              <Button variant="default" onClick={() => write("")}>
                Show all models
              </Button>
            ) : (
              <p>A script registers one by log_model(…, registered_model_name=&quot;…&quot;).</p>
            )}
          </EmptyState>
        }
      />
    </>
  );
}

function CreateModel({ onClose }: { onClose: () => void }) {
  const changing = useChangeRegistry();
  const navigate = useNavigate();
  const [name, setName] = useState("");
  const [description, setDescription] = useState("");
  return (
    <Modal opened onClose={onClose} title="New model">
      <form
        onSubmit={(event) => {
          event.preventDefault();
          changing.mutate(
            { kind: "create", name, description },
            { onSuccess: () => void navigate({ to: "/models/$name", params: { name } }) },
          );
        }}
      >
        <TextInput
          data-autofocus
          label="Name"
          required
          value={name}
          error={changing.error?.message}
          onChange={(event) => setName(event.currentTarget.value)}
        />
        <TextInput
          mt={8}
          label="Description"
          value={description}
          onChange={(event) => setDescription(event.currentTarget.value)}
        />
        <Group justify="flex-end" mt={12}>
          <Button variant="default" onClick={onClose}>
            Cancel
          </Button>
          <Button type="submit" loading={changing.isPending}>
            Create
          </Button>
        </Group>
      </form>
    </Modal>
  );
}
