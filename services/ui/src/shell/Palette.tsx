/** The palette: places, actions, and experiments, models and runs by their names. Opened by Ctrl+K or ⌘K. */
import { Modal, TextInput, useMantineColorScheme } from "@mantine/core";
import { useDebouncedValue } from "@mantine/hooks";
import { IconSearch } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { type LinkProps, useNavigate } from "@tanstack/react-router";
import { type KeyboardEvent, useMemo, useState } from "react";
import { searchExperiments } from "@/api/experiments";
import { useIdentity } from "@/api/identity";
import { searchModels } from "@/api/registry";
import { searchRuns } from "@/api/runs";
import classes from "./Palette.module.css";
import { placesOf, SETTINGS } from "./places";

const MOST = 6;

interface Item {
  id: string;
  kind: string;
  label: string;
  go: LinkProps | (() => void);
}

const named = (field: string, text: string) => `${field} ILIKE '%${text.replaceAll("'", "''")}%'`;

/** Ask for what has a text in its name. Runs are those of the experiments that changed last. */
async function find(text: string): Promise<Item[]> {
  const recent = { filter: "", orderBy: ["last_update_time DESC"], view: "active" as const };
  const [found, all, { models }] = await Promise.all([
    searchExperiments({ ...recent, filter: named("name", text) }, "", MOST),
    searchExperiments(recent),
    searchModels(named("name", text), [], "", MOST),
  ]);
  const search = {
    experimentIds: all.experiments.map(({ id }) => id),
    filter: named("attributes.run_name", text),
    orderBy: [],
    view: "active" as const,
  };
  const { runs } = await searchRuns(search, "", MOST);
  return [
    ...found.experiments.map(({ id, name }) => ({
      id: `experiment ${id}`,
      kind: "experiment",
      label: name,
      go: { to: "/experiments/$experimentId", params: { experimentId: id } } as LinkProps,
    })),
    ...models.map(({ name }) => ({
      id: `model ${name}`,
      kind: "model",
      label: name,
      go: { to: "/models/$name", params: { name } } as LinkProps,
    })),
    ...runs.map(({ id, name, experimentId }) => ({
      id: `run ${id}`,
      kind: "run",
      label: name,
      go: { to: "/experiments/$experimentId/runs/$runId", params: { experimentId, runId: id } } as LinkProps,
    })),
  ];
}

export function Palette({ onClose, onShortcuts }: { onClose: () => void; onShortcuts: () => void }) {
  const navigate = useNavigate();
  const { setColorScheme } = useMantineColorScheme();
  const identity = useIdentity();
  const [text, setText] = useState("");
  const [place, setPlace] = useState(0);
  const [wanted] = useDebouncedValue(text.trim(), 150);
  const found = useQuery({
    queryKey: ["palette", wanted],
    queryFn: () => find(wanted),
    enabled: wanted !== "",
    placeholderData: (before) => before,
  });
  const items = useMemo<Item[]>(() => {
    const fixed: Item[] = [
      ...[...placesOf(identity), SETTINGS].map(({ to, label }) => ({
        id: to,
        kind: "page",
        label,
        go: { to } as LinkProps,
      })),
      { id: "light", kind: "action", label: "Light theme", go: () => setColorScheme("light") },
      { id: "dark", kind: "action", label: "Dark theme", go: () => setColorScheme("dark") },
      { id: "auto", kind: "action", label: "The system's theme", go: () => setColorScheme("auto") },
      { id: "keys", kind: "action", label: "Keyboard shortcuts", go: onShortcuts },
    ];
    const typed = text.trim().toLowerCase();
    return [
      ...(typed ? (found.data ?? []) : []),
      ...fixed.filter(({ label }) => label.toLowerCase().includes(typed)),
    ];
  }, [found.data, identity, onShortcuts, setColorScheme, text]);
  const chosen = Math.min(place, items.length - 1);

  const take = (item: Item | undefined) => {
    if (!item) return;
    onClose();
    if (typeof item.go === "function") item.go();
    else void navigate(item.go);
  };
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key === "ArrowDown") setPlace(Math.min(chosen + 1, items.length - 1));
    else if (event.key === "ArrowUp") setPlace(Math.max(chosen - 1, 0));
    else if (event.key === "Enter") take(items[chosen]);
    else return;
    event.preventDefault();
  };
  return (
    <Modal
      opened
      onClose={onClose}
      withCloseButton={false}
      size="lg"
      padding={8}
      yOffset="12vh"
      attributes={{ content: { "aria-label": "Search" } }}
    >
      <TextInput
        data-autofocus
        size="md"
        role="combobox"
        aria-label="Search everything"
        aria-expanded
        aria-controls="palette-items"
        aria-activedescendant={items[chosen] ? `palette-${chosen}` : undefined}
        placeholder="Search experiments, models, runs, pages and actions"
        leftSection={<IconSearch size={16} />}
        value={text}
        onChange={(event) => {
          setText(event.currentTarget.value);
          setPlace(0);
        }}
        onKeyDown={onKeyDown}
      />
      <div id="palette-items" role="listbox" aria-label="Found" className={classes["items"]}>
        {items.map((item, index) => (
          <div
            key={item.id}
            id={`palette-${index}`}
            role="option"
            aria-selected={index === chosen}
            className={classes["item"]}
            onMouseMove={() => setPlace(index)}
            onClick={() => take(item)}
          >
            <span className={classes["label"]}>{item.label}</span>
            <span className={classes["kind"]}>{item.kind}</span>
          </div>
        ))}
        {items.length === 0 && <p className={classes["kind"]}>Nothing has this in its name.</p>}
      </div>
    </Modal>
  );
}
