/**
 * The views that the team has saved: what an address says, under a name, on the server.
 *
 * An address names the view that it began as, so that a change of it can be saved; all else stays in the address.
 */
import { ActionIcon, Button, Group, Menu, Modal, TextInput } from "@mantine/core";
import { IconBookmark, IconCheck, IconPencil, IconTrash } from "@tabler/icons-react";
import { useLocation, useNavigate } from "@tanstack/react-router";
import { memo, useState } from "react";
import { useMayOnExperiment } from "@/api/identity";
import { type SavedView, useChangeView, useSavedViews } from "@/api/views";
import { Failure } from "@/components/Failure";
import { exactTime } from "@/components/format";
import { failed, told } from "@/components/notify";
import classes from "./ExperimentPage.module.css";
import { type ExperimentSearch, validateSearch } from "./search";
import { type ExperimentView, useExperimentView } from "./view";

const TABS = ["charts", "compare"] as const;
type Tab = (typeof TABS)[number] | "table";

const PATHS = {
  table: "/experiments/$experimentId",
  charts: "/experiments/$experimentId/charts",
  compare: "/experiments/$experimentId/compare",
} as const;

/** Return what is saved of an address: all but the name of the view that it began as. */
export function stateOf(search: ExperimentSearch, tab: Tab): string {
  return JSON.stringify({ ...search, saved: undefined, tab });
}

/** Return what a saved state says. What a newer version has saved beside it is left out. */
export function readState(state: string): { search: ExperimentSearch; tab: Tab } {
  const raw = JSON.parse(state) as Record<string, unknown>;
  const tab = TABS.find((each) => each === raw["tab"]) ?? "table";
  return { search: validateSearch({ ...raw, saved: undefined }), tab };
}

/** Whether two states say the same, in whatever order. */
export function isSame(state: string, search: ExperimentSearch, tab: Tab): boolean {
  const sorted = (text: string) =>
    JSON.stringify(
      Object.entries(JSON.parse(text) as Record<string, unknown>).sort(([a], [b]) => a.localeCompare(b)),
    );
  const read = readState(state);
  return sorted(stateOf(read.search, read.tab)) === sorted(stateOf(search, tab));
}

type Asking = { kind: "save" } | { kind: "rename" | "delete"; view: SavedView };

type SavedViewsProps = Pick<ExperimentView, "experiment" | "search" | "change">;

export const SavedViews = memo(function SavedViews({ experiment, search, change }: SavedViewsProps) {
  const may = useMayOnExperiment(experiment.id);
  const [isOpen, setIsOpen] = useState(false);
  const [asking, setAsking] = useState<Asking | null>(null);
  const found = useSavedViews(experiment.id, isOpen || search.saved !== undefined);
  const changing = useChangeView();
  const navigate = useNavigate();
  const last = useLocation({ select: ({ pathname }) => pathname.split("/").at(-1) });
  const tab: Tab = TABS.find((each) => each === last) ?? "table";
  const current = found.data?.find(({ id }) => id === search.saved);
  const isChanged = current !== undefined && !isSame(current.state, search, tab);

  const open = (view: SavedView) => {
    const { search: saved, tab: to } = readState(view.state);
    void navigate({
      to: PATHS[to],
      params: { experimentId: experiment.id },
      search: { ...saved, saved: view.id },
    });
  };
  const replace = (view: SavedView) =>
    changing.mutate(
      { kind: "update", id: view.id, state: stateOf(search, tab) },
      {
        onSuccess: () => told(`“${view.name}” is now what you see.`),
        onError: (error) => failed("The view could not be changed.", error),
      },
    );
  return (
    <>
      <Menu opened={isOpen} onChange={setIsOpen} position="bottom-end" width={300}>
        <Menu.Target>
          <Button
            variant="default"
            leftSection={<IconBookmark size={14} />}
            className={classes["saved"] ?? ""}
          >
            {current ? `${current.name}${isChanged ? " (changed)" : ""}` : "Views"}
          </Button>
        </Menu.Target>
        <Menu.Dropdown>
          {found.error && (
            <Failure
              title="The views could not be loaded."
              error={found.error}
              onRetry={() => void found.refetch()}
            />
          )}
          {found.data?.length === 0 && (
            <Menu.Label>
              No view is saved yet. A view keeps filter, order, columns, groups and charts.
            </Menu.Label>
          )}
          <div className={classes["viewList"]}>
            {found.data?.map((view) => (
              <div key={view.id} className={classes["viewLine"]}>
                <Menu.Item
                  leftSection={
                    view.id === search.saved ? <IconCheck size={14} /> : <span style={{ width: 14 }} />
                  }
                  title={`Saved by ${view.updatedBy || "somebody"}, ${exactTime(view.updated)}`}
                  onClick={() => open(view)}
                >
                  {view.name}
                </Menu.Item>
                {may.edit && (
                  <>
                    <ActionIcon
                      aria-label={`Rename ${view.name}`}
                      onClick={() => setAsking({ kind: "rename", view })}
                    >
                      <IconPencil size={14} />
                    </ActionIcon>
                    <ActionIcon
                      aria-label={`Delete ${view.name}`}
                      onClick={() => setAsking({ kind: "delete", view })}
                    >
                      <IconTrash size={14} />
                    </ActionIcon>
                  </>
                )}
              </div>
            ))}
          </div>
          {may.edit && (
            <>
              <Menu.Divider />
              {isChanged && (
                <Menu.Item onClick={() => replace(current)}>Save the changes to {current.name}</Menu.Item>
              )}
              <Menu.Item onClick={() => setAsking({ kind: "save" })}>Save what I see as…</Menu.Item>
            </>
          )}
        </Menu.Dropdown>
      </Menu>
      {asking && (
        <Dialog
          asking={asking}
          state={stateOf(search, tab)}
          experimentId={experiment.id}
          onSaved={(view) => change({ saved: view?.id })}
          onClose={() => setAsking(null)}
        />
      )}
    </>
  );
});

interface DialogProps {
  asking: Asking;
  state: string;
  experimentId: string;
  /** What the address is to name from now on, if it named the view that was changed. */
  onSaved: (view: SavedView | null) => void;
  onClose: () => void;
}

const TITLES = { save: "Save this view for the team", rename: "Rename the view", delete: "Delete the view?" };
const ACTIONS = { save: "Save", rename: "Rename", delete: "Delete" };

function Dialog({ asking, state, experimentId, onSaved, onClose }: DialogProps) {
  const { search } = useExperimentView();
  const changing = useChangeView();
  const [name, setName] = useState(asking.kind === "save" ? "" : asking.view.name);
  const submit = () => {
    const asked =
      asking.kind === "save"
        ? ({ kind: "create", experimentId, name, state } as const)
        : asking.kind === "rename"
          ? ({ kind: "update", id: asking.view.id, name } as const)
          : ({ kind: "delete", id: asking.view.id } as const);
    changing.mutate(asked, {
      onSuccess: (view) => {
        if (asking.kind === "save" || (asking.kind === "delete" && asking.view.id === search.saved))
          onSaved(view);
        onClose();
      },
    });
  };
  return (
    <Modal opened onClose={onClose} title={TITLES[asking.kind]}>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          submit();
        }}
      >
        {asking.kind === "delete" ? (
          <p>
            Everybody loses “{asking.view.name}”. Addresses that were shared go on working: they say
            themselves what they show.
          </p>
        ) : (
          <TextInput
            data-autofocus
            label="Name"
            required
            maxLength={200}
            value={name}
            onChange={(event) => setName(event.currentTarget.value)}
          />
        )}
        {changing.error && (
          <p role="alert" className={classes["refused"]}>
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
            {...(asking.kind === "delete" ? { color: "red" } : {})}
          >
            {ACTIONS[asking.kind]}
          </Button>
        </Group>
      </form>
    </Modal>
  );
}
