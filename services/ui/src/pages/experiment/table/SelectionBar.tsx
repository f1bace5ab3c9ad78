/** What can be done with the runs that are selected; it is there only while some are. */
import { Button, CloseButton, Group, Modal, Popover, TextInput } from "@mantine/core";
import { useNavigate } from "@tanstack/react-router";
import { useState } from "react";
import { useMayOnExperiment } from "@/api/identity";
import { allRunIds, useChangeRuns } from "@/api/runs";
import { failed, told } from "@/components/notify";
import { useExperimentView } from "../view";
import classes from "./RunsTable.module.css";
import type { Selection } from "./use-selection";

const NAMED = 8;
const count = (number: number) => `${number.toLocaleString()} ${number === 1 ? "run" : "runs"}`;
/** Beyond this many, columns stand too close to be compared. */
const MOST_COMPARED = 100;

export function SelectionBar({ selection, onSave }: { selection: Selection; onSave: () => void }) {
  const { search, runs, pinned, matching, counts, hasMore, experiment } = useExperimentView();
  const may = useMayOnExperiment(experiment.id);
  const [isFinding, setIsFinding] = useState(false);
  const navigate = useNavigate();
  const changing = useChangeRuns();
  const [isAsking, setIsAsking] = useState(false);
  const ids = [...selection.ids];
  if (ids.length === 0) return null;
  const names = [...pinned, ...runs].filter(({ id }) => selection.ids.has(id)).map(({ name }) => name);

  const all = counts.top === undefined ? undefined : counts.top + counts.children;
  const selectAll = async () => {
    setIsFinding(true);
    await allRunIds(matching)
      .then(selection.set)
      .catch((error: unknown) => failed("The runs could not be found.", error));
    setIsFinding(false);
  };
  const run = (kind: "delete" | "restore", done: string) =>
    changing.mutate(
      { kind, runIds: ids },
      {
        onSuccess: () => {
          told(`${done} ${count(ids.length)}.`);
          selection.clear();
        },
        onError: (error) => failed(`Not all runs could be ${done.toLowerCase()}.`, error),
        onSettled: () => setIsAsking(false),
      },
    );
  return (
    <div role="toolbar" aria-label="Selected runs" className={classes["selection"]}>
      <strong>{count(ids.length)} selected</strong>
      {(hasMore || search.group !== undefined || counts.children > 0) &&
        all !== undefined &&
        ids.length < all && (
          <Button variant="subtle" loading={isFinding} onClick={() => void selectAll()}>
            Select all {all.toLocaleString()} that match
          </Button>
        )}
      <Button
        disabled={ids.length < 2 || ids.length > MOST_COMPARED}
        title={ids.length > MOST_COMPARED ? `At most ${MOST_COMPARED} runs are compared at once` : undefined}
        onClick={() => void navigate({ to: "/compare", search: { runs: ids } })}
      >
        Compare
      </Button>
      {may.edit && <TagForm ids={ids} />}
      <Button variant="default" onClick={onSave}>
        CSV of these
      </Button>
      {may.manage && search.view && (
        <Button variant="default" loading={changing.isPending} onClick={() => run("restore", "Restored")}>
          Restore
        </Button>
      )}
      {may.manage && !search.view && (
        <Button variant="default" color="red" onClick={() => setIsAsking(true)}>
          Delete
        </Button>
      )}
      <CloseButton aria-label="Deselect all" ml="auto" onClick={selection.clear} />
      <Modal opened={isAsking} onClose={() => setIsAsking(false)} title={`Delete ${count(ids.length)}?`}>
        <ul>
          {names.slice(0, NAMED).map((name, index) => (
            <li key={index}>{name}</li>
          ))}
          {ids.length > Math.min(NAMED, names.length) && (
            <li>and {ids.length - Math.min(NAMED, names.length)} more</li>
          )}
        </ul>
        <p>They go to the bin of the experiment, from which they can be restored.</p>
        <Group justify="flex-end">
          <Button variant="default" onClick={() => setIsAsking(false)}>
            Cancel
          </Button>
          <Button color="red" loading={changing.isPending} onClick={() => run("delete", "Deleted")}>
            Delete
          </Button>
        </Group>
      </Modal>
    </div>
  );
}

function TagForm({ ids }: { ids: string[] }) {
  const changing = useChangeRuns();
  const [isOpen, setIsOpen] = useState(false);
  const [key, setKey] = useState("");
  const [value, setValue] = useState("");
  const submit = (kind: "tag" | "untag") =>
    changing.mutate(kind === "tag" ? { kind, runIds: ids, key, value } : { kind, runIds: ids, key }, {
      onSuccess: () => {
        told(`${kind === "tag" ? "Set the tag of" : "Removed the tag from"} ${count(ids.length)}.`);
        setIsOpen(false);
      },
      onError: (error) => failed("Not all runs could be tagged.", error),
    });
  return (
    <Popover opened={isOpen} onChange={setIsOpen} position="top-start" trapFocus>
      <Popover.Target>
        <Button variant="default" onClick={() => setIsOpen(!isOpen)}>
          Tag
        </Button>
      </Popover.Target>
      <Popover.Dropdown>
        <form
          onSubmit={(event) => {
            event.preventDefault();
            submit("tag");
          }}
        >
          <Group gap={8} align="flex-end">
            <TextInput
              data-autofocus
              label="Tag"
              required
              value={key}
              onChange={(event) => setKey(event.currentTarget.value)}
            />
            <TextInput
              label="Value"
              value={value}
              onChange={(event) => setValue(event.currentTarget.value)}
            />
            <Button type="submit" loading={changing.isPending}>
              Set
            </Button>
            <Button variant="default" disabled={!key} onClick={() => submit("untag")}>
              Remove
            </Button>
          </Group>
        </form>
      </Popover.Dropdown>
    </Popover>
  );
}
