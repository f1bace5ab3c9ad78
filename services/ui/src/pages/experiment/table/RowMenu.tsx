/** What can be done with one run: one menu for all rows, opened where the pointer or the dot is. */
import { Menu } from "@mantine/core";
import { useMayOnExperiment } from "@/api/identity";
import type { Run } from "@/api/runs";
import { useChangeRuns } from "@/api/runs";
import { failed } from "@/components/notify";
import { COLOR_TAG, runColor, SERIES_COLORS } from "@/components/run-color";
import { useScheme } from "@/components/use-scheme";
import { useExperimentView } from "../view";
import classes from "./RunsTable.module.css";

export interface RowMenuProps {
  opened: { run: Run; at: DOMRect } | null;
  onClose: () => void;
}

const MOST_PINNED = 6;

export function RowMenu({ opened, onClose }: RowMenuProps) {
  const { search, change, experiment } = useExperimentView();
  const may = useMayOnExperiment(experiment.id);
  const changing = useChangeRuns();
  const scheme = useScheme();
  if (!opened) return null;
  const { run, at } = opened;
  const top = search.top ?? [];
  const isPinned = top.includes(run.id);
  const isBaseline = search.base === run.id;
  const color = runColor(run, scheme);
  const unpinned = top.filter((id) => id !== run.id);
  const paint = (value: string) => {
    onClose();
    changing.mutate(
      { kind: "tag", runIds: [run.id], key: COLOR_TAG, value },
      { onError: (error) => failed("The colour could not be changed.", error) },
    );
  };
  return (
    <Menu opened onChange={(isOpen) => !isOpen && onClose()} position="bottom-start" shadow="md">
      <Menu.Target>
        <span style={{ position: "fixed", left: at.left, top: at.bottom, width: 1, height: 1 }} />
      </Menu.Target>
      <Menu.Dropdown aria-label={`Actions for ${run.name}`}>
        <Menu.Item
          disabled={!isPinned && top.length >= MOST_PINNED}
          onClick={() =>
            change({ top: isPinned ? (unpinned.length > 0 ? unpinned : undefined) : [...top, run.id] })
          }
        >
          {isPinned ? "Unpin from the top" : "Pin to the top"}
        </Menu.Item>
        <Menu.Item onClick={() => change({ base: isBaseline ? undefined : run.id })}>
          {isBaseline ? "No longer the baseline" : "Compare others with this (baseline)"}
        </Menu.Item>
        <Menu.Item onClick={() => void navigator.clipboard.writeText(run.id)}>
          Copy the run&apos;s id
        </Menu.Item>
        {may.edit && (
          <>
            <Menu.Divider />
            <Menu.Label>Colour, for everybody</Menu.Label>
            <div className={classes["swatches"]}>
              {SERIES_COLORS.light.map((value, index) => (
                <button
                  key={value}
                  type="button"
                  aria-label={`Colour ${index + 1}`}
                  data-chosen={SERIES_COLORS[scheme][index] === color || undefined}
                  style={{ background: SERIES_COLORS[scheme][index] }}
                  onClick={() => paint(value)}
                />
              ))}
            </div>
          </>
        )}
      </Menu.Dropdown>
    </Menu>
  );
}
