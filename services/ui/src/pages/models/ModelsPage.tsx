/** The list of registered models: search, sort and create. */
import { Button, Group, Modal, Skeleton, TextInput } from "@mantine/core";
import { useDebouncedValue } from "@mantine/hooks";
import { IconPlus, IconSearch } from "@tabler/icons-react";
import { Link, useNavigate } from "@tanstack/react-router";
import { useState } from "react";
import { type Model, useChangeRegistry, useModels } from "@/api/registry";
import { Crumbs, HeaderActions } from "@/components/Crumbs";
import { EmptyState } from "@/components/EmptyState";
import { Failure } from "@/components/Failure";
import { SortHead } from "@/components/SortHead";
import { AliasChip, StageChip } from "@/components/StageChip";
import { Tags } from "@/components/Tags";
import { Time } from "@/components/Time";
import table from "@/components/table.module.css";
import { LoadMore } from "@/components/LoadMore";

function filterOf(text: string): string {
  const trimmed = text.trim();
  if (trimmed === "" || /[=<>]|\bi?like\b/i.test(trimmed)) return trimmed;
  return `name ILIKE '%${trimmed.replaceAll("'", "''")}%'`;
}

export function ModelsPage() {
  const [text, setText] = useState("");
  const [sort, setSort] = useState("-last_updated_timestamp");
  const [isCreating, setIsCreating] = useState(false);
  const [wanted] = useDebouncedValue(text, 200);
  const order = sort.startsWith("-") ? `${sort.slice(1)} DESC` : `${sort} ASC`;
  const found = useModels(filterOf(wanted), [order]);
  const models = found.data?.pages.flatMap((page) => page.models) ?? [];
  const sorting = { sort, onSort: setSort };
  return (
    <>
      <Crumbs items={[{ label: "Models" }]} />
      <HeaderActions>
        <Button leftSection={<IconPlus size={14} />} onClick={() => setIsCreating(true)}>
          New model
        </Button>
      </HeaderActions>
      {isCreating && <CreateModel onClose={() => setIsCreating(false)} />}
      <div className={table["page"]}>
        <div className={table["tools"]}>
          <TextInput
            className={table["search"] ?? ""}
            aria-label="Search models"
            placeholder="Search names, or a filter such as tags.team = 'vision'"
            leftSection={<IconSearch size={14} />}
            value={text}
            error={found.error && wanted ? found.error.message : undefined}
            onChange={(event) => setText(event.currentTarget.value)}
          />
        </div>
        {found.error && !wanted ? (
          <Failure
            title="The models could not be loaded."
            error={found.error}
            onRetry={() => void found.refetch()}
          />
        ) : found.isPending ? (
          <div aria-busy>
            {Array.from({ length: 8 }, (_, index) => (
              <Skeleton key={index} height={20} my={14} />
            ))}
          </div>
        ) : models.length === 0 && !found.error ? (
          <EmptyState title={wanted ? "No model matches." : "No model is registered yet."}>
            {wanted ? (
              <Button variant="default" onClick={() => setText("")}>
                Show all models
              </Button>
            ) : (
              <p>A script registers one by log_model(…, registered_model_name=&quot;…&quot;).</p>
            )}
          </EmptyState>
        ) : (
          <>
            <table className={table["table"]}>
              <thead>
                <tr>
                  <SortHead by="name" {...sorting}>
                    Name
                  </SortHead>
                  <th scope="col">Latest versions</th>
                  <th scope="col">Aliases</th>
                  <SortHead by="last_updated_timestamp" {...sorting}>
                    Last change
                  </SortHead>
                  <th scope="col">Tags</th>
                  <th scope="col">Description</th>
                </tr>
              </thead>
              <tbody>
                {models.map((model) => (
                  <ModelRow key={model.name} model={model} />
                ))}
              </tbody>
            </table>
            <LoadMore pages={found} />
          </>
        )}
      </div>
    </>
  );
}

function ModelRow({ model }: { model: Model }) {
  return (
    <tr>
      <td className={table["name"]}>
        <Link to="/models/$name" params={{ name: model.name }} title={model.name}>
          {model.name}
        </Link>
      </td>
      <td>
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
      </td>
      <td>
        <Group gap={6} wrap="nowrap">
          {model.aliases.map(({ alias, version }) => (
            <AliasChip key={alias} alias={alias} version={version} />
          ))}
        </Group>
      </td>
      <td>
        <Time at={model.updated} />
      </td>
      <td>
        <Tags tags={model.tags} />
      </td>
      <td className={table["wide"]} title={model.description}>
        {model.description}
      </td>
    </tr>
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
