/** The page of a registered model: what was live when, its versions, protections and audit trail. */
import { ActionIcon, Button, Group, Menu, Modal, Skeleton, Tabs, Textarea } from "@mantine/core";
import { IconDots } from "@tabler/icons-react";
import { useNavigate, useParams, useSearch } from "@tanstack/react-router";
import { useState } from "react";
import { useIdentity, useMayOnModel } from "@/api/identity";
import { type Model, useChangeRegistry, useModel } from "@/api/registry";
import { AccessPanel } from "@/components/access/AccessPanel";
import { AuditList } from "@/components/AuditList";
import { Crumbs, HeaderActions } from "@/components/Crumbs";
import { Failure } from "@/components/Failure";
import { told } from "@/components/notify";
import { toldOfRefusal } from "@/components/registry-failure";
import { AliasChip } from "@/components/StageChip";
import { Tags } from "@/components/Tags";
import table from "@/components/table.module.css";
import classes from "./ModelPage.module.css";
import { Protections } from "./Protections";
import type { ModelSearch } from "./search";
import { StageTimeline } from "./StageTimeline";
import { Versions } from "./Versions";

export function ModelPage() {
  const { name } = useParams({ from: "/models/$name" });
  const found = useModel(name);
  return (
    <>
      <Crumbs items={[{ label: "Models", link: { to: "/models" } }, { label: name }]} />
      {found.error ? (
        <Failure
          title="This model could not be loaded."
          error={found.error}
          onRetry={() => void found.refetch()}
        />
      ) : found.data ? (
        <Loaded key={name} model={found.data} />
      ) : (
        <Skeleton height={120} m={16} />
      )}
    </>
  );
}

function Loaded({ model }: { model: Model }) {
  const { name } = model;
  const { rights, mode } = useIdentity();
  const may = useMayOnModel(name);
  const mayGrant = mode !== "off" && may.manage;
  const { tab = "versions" } = useSearch({ from: "/models/$name" });
  const navigate = useNavigate();
  return (
    <>
      <ModelMenu model={model} />
      <div className={table["page"]}>
        <div className={classes["about"]}>
          {model.aliases.map(({ alias, version }) => (
            <AliasChip key={alias} alias={alias} version={version} />
          ))}
          <Tags tags={model.tags} most={8} />
          {model.description && <p className={classes["description"]}>{model.description}</p>}
        </div>
        <StageTimeline name={name} />
        <Tabs
          value={tab}
          keepMounted={false}
          mt={8}
          onChange={(next) =>
            void navigate({
              to: ".",
              search: next === "versions" ? {} : ({ tab: next } as ModelSearch),
              resetScroll: false,
            })
          }
        >
          <Tabs.List>
            <Tabs.Tab value="versions">Versions</Tabs.Tab>
            <Tabs.Tab value="protections">Protections</Tabs.Tab>
            {mayGrant && <Tabs.Tab value="access">Access</Tabs.Tab>}
            {rights.isManager && <Tabs.Tab value="audit">Audit trail</Tabs.Tab>}
          </Tabs.List>
          <Tabs.Panel value="versions">
            <Versions model={model} />
          </Tabs.Panel>
          <Tabs.Panel value="protections">
            <Protections name={name} />
          </Tabs.Panel>
          {mayGrant && (
            <Tabs.Panel value="access" maw={760}>
              <AccessPanel of={{ model: name }} />
            </Tabs.Panel>
          )}
          <Tabs.Panel value="audit">
            <AuditList search={{ model_name: name }} />
          </Tabs.Panel>
        </Tabs>
      </div>
    </>
  );
}

function ModelMenu({ model }: { model: Model }) {
  const changing = useChangeRegistry();
  const navigate = useNavigate();
  const [opened, setOpened] = useState<"describe" | "delete" | null>(null);
  const [text, setText] = useState(model.description);
  const may = useMayOnModel(model.name);
  const close = () => setOpened(null);
  if (!may.edit) return null;
  return (
    <HeaderActions>
      <Menu position="bottom-end">
        <Menu.Target>
          <ActionIcon aria-label="More of this model">
            <IconDots size={18} />
          </ActionIcon>
        </Menu.Target>
        <Menu.Dropdown>
          <Menu.Item onClick={() => setOpened("describe")}>Edit the description</Menu.Item>
          {may.manage && (
            <Menu.Item color="red" onClick={() => setOpened("delete")}>
              Delete
            </Menu.Item>
          )}
        </Menu.Dropdown>
      </Menu>
      <Modal opened={opened === "describe"} onClose={close} title="Description" size="lg">
        <Textarea
          data-autofocus
          aria-label="Description"
          autosize
          minRows={4}
          value={text}
          onChange={(event) => setText(event.currentTarget.value)}
        />
        <Group justify="flex-end" mt={12}>
          <Button
            loading={changing.isPending}
            onClick={() =>
              changing.mutate(
                { kind: "describe", name: model.name, description: text },
                {
                  onError: (error) => toldOfRefusal("The description was not saved.", error),
                  onSettled: close,
                },
              )
            }
          >
            Save
          </Button>
        </Group>
      </Modal>
      <Modal opened={opened === "delete"} onClose={close} title={`Delete ${model.name}?`}>
        <p>The model, its versions, tags and aliases are deleted. This cannot be undone.</p>
        <Group justify="flex-end">
          <Button variant="default" onClick={close}>
            Cancel
          </Button>
          <Button
            color="red"
            loading={changing.isPending}
            onClick={() =>
              changing.mutate(
                { kind: "delete", name: model.name },
                {
                  onSuccess: () => {
                    told(`Deleted ${model.name}.`);
                    void navigate({ to: "/models" });
                  },
                  onError: (error) => toldOfRefusal("The model was not deleted.", error),
                  onSettled: close,
                },
              )
            }
          >
            Delete
          </Button>
        </Group>
      </Modal>
    </HeaderActions>
  );
}
