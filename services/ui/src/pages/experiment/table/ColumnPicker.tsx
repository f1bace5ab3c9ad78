/** Chooses the columns: search over all keys, of which only those in sight are in the document. */
import { Button, Checkbox, Popover, TextInput } from "@mantine/core";
import { IconColumns } from "@tabler/icons-react";
import { useVirtualizer } from "@tanstack/react-virtual";
import { useDebouncedValue } from "@mantine/hooks";
import { useMemo, useState } from "react";
import { useKeys } from "@/api/keys";
import { ATTRIBUTE_COLUMNS, type ColumnKind, NAME_COLUMN } from "../columns";
import { useExperimentView } from "../view";
import classes from "./ColumnPicker.module.css";
import type { Columns } from "./use-columns";

interface Choice {
  id: string;
  label: string;
  kind: ColumnKind;
}

const TITLES: Record<ColumnKind, string> = {
  attribute: "Attributes",
  metric: "Metrics",
  param: "Params",
  tag: "Tags",
};
const ROW = 26;
/** How long typing must pause before the server is asked, in milliseconds. */
const PAUSE_MS = 120;

type Line = { title: string; choices: Choice[] } | Choice;

function linesOf(choices: readonly Choice[], wanted: string): Line[] {
  const words = wanted.toLowerCase().split(/\s+/).filter(Boolean);
  return (Object.keys(TITLES) as ColumnKind[]).flatMap((kind) => {
    const some = choices.filter(
      (choice) => choice.kind === kind && words.every((word) => choice.label.toLowerCase().includes(word)),
    );
    return some.length > 0 ? [{ title: TITLES[kind], choices: some }, ...some] : [];
  });
}

export function ColumnPicker({ columns }: { columns: Columns }) {
  const [isOpen, setIsOpen] = useState(false);
  return (
    <Popover opened={isOpen} onChange={setIsOpen} position="bottom-end" width={320} trapFocus>
      <Popover.Target>
        <Button
          variant="default"
          leftSection={<IconColumns size={14} />}
          aria-expanded={isOpen}
          onClick={() => setIsOpen(!isOpen)}
        >
          Columns {columns.columns.length}
        </Button>
      </Popover.Target>
      <Popover.Dropdown p={8}>{isOpen && <Choices columns={columns} />}</Popover.Dropdown>
    </Popover>
  );
}

function Choices({ columns }: { columns: Columns }) {
  const { asked } = useExperimentView();
  const [wanted, setWanted] = useState("");
  const [place, setPlace] = useState<HTMLDivElement | null>(null);
  const [settled] = useDebouncedValue(wanted, PAUSE_MS);
  const all = useKeys(asked.experimentIds);
  // Where there are more keys than one answer has, the server searches them.
  const keys = useKeys(asked.experimentIds, all.isCut ? (settled.trim().split(/\s+/)[0] ?? "") : "");
  const choices = useMemo<Choice[]>(
    () => [
      ...ATTRIBUTE_COLUMNS.filter(({ id }) => id !== NAME_COLUMN).map(({ id, label }) => ({
        id,
        label,
        kind: "attribute" as const,
      })),
      ...keys.metrics.map((key) => ({ id: `metrics.${key}`, label: key, kind: "metric" as const })),
      ...keys.params.map((key) => ({ id: `params.${key}`, label: key, kind: "param" as const })),
      ...keys.tags.map((key) => ({ id: `tags.${key}`, label: key, kind: "tag" as const })),
    ],
    [keys],
  );
  const lines = useMemo(() => linesOf(choices, wanted), [choices, wanted]);
  const virtual = useVirtualizer({
    count: lines.length,
    getScrollElement: () => place,
    estimateSize: () => ROW,
    overscan: 8,
  });
  const ids = columns.columns.map(({ id }) => id);
  const shown = new Set(ids);
  const toggle = (some: readonly Choice[], on: boolean) => {
    const changed = new Set(some.map(({ id }) => id));
    const rest = ids.filter((id) => !changed.has(id));
    columns.setColumns(on ? [...rest, ...changed] : rest);
  };
  return (
    <>
      <TextInput
        data-autofocus
        aria-label="Search columns"
        placeholder="Search columns"
        value={wanted}
        onChange={(event) => setWanted(event.currentTarget.value)}
      />
      <div ref={setPlace} className={classes["list"]}>
        <div style={{ height: virtual.getTotalSize(), position: "relative" }}>
          {virtual.getVirtualItems().map(({ index, start }) => {
            const line = lines[index];
            if (!line) return null;
            const isTitle = "title" in line;
            const some = isTitle ? line.choices : [line];
            const count = some.filter(({ id }) => shown.has(id)).length;
            const label = isTitle ? `${line.title} (${count}/${some.length})` : line.label;
            return (
              <div
                key={isTitle ? line.title : line.id}
                className={classes["line"]}
                data-title={isTitle || undefined}
                style={{ transform: `translateY(${start}px)` }}
              >
                <Checkbox
                  label={label}
                  title={isTitle ? "All of these" : line.id}
                  checked={count === some.length}
                  indeterminate={count > 0 && count < some.length}
                  onChange={(event) => toggle(some, event.currentTarget.checked)}
                />
              </div>
            );
          })}
        </div>
      </div>
      {lines.length === 0 && <p className={classes["none"]}>No key contains this.</p>}
      {keys.isCut && <p className={classes["none"]}>There are more: type to find them.</p>}
      <Button
        variant="subtle"
        fullWidth
        disabled={columns.isChosen}
        onClick={() => columns.setColumns(undefined)}
      >
        Choose for me
      </Button>
    </>
  );
}
