/** The line above the panels: what is searched, smoothed and shown along the axes. */
import { Button, Checkbox, CloseButton, Select, Slider, TextInput } from "@mantine/core";
import { IconSearch, IconZoomReset } from "@tabler/icons-react";
import { useMemo } from "react";
import classes from "./charts.module.css";
import type { ChangeSettings, ChartSettings } from "./settings";

export interface ChartControlsProps {
  settings: ChartSettings;
  change: ChangeSettings;
  /** The keys that may be the x-axis. */
  keys: readonly string[];
}

const AXES = [
  { value: "step", label: "step" },
  { value: "relative", label: "relative time" },
  { value: "time", label: "time" },
];

export function ChartControls({ settings, change, keys }: ChartControlsProps) {
  const axes = useMemo(
    () => [
      { group: "Axis", items: AXES },
      { group: "Another metric", items: keys.map((key) => ({ value: `metric:${key}`, label: key })) },
    ],
    [keys],
  );
  return (
    <div className={classes["toolbar"]} role="toolbar" aria-label="Charts">
      <TextInput
        aria-label="Search metrics by a regular expression"
        placeholder="Search metrics (regex)"
        leftSection={<IconSearch size={14} />}
        w={210}
        value={settings.search}
        onChange={(event) => change({ search: event.currentTarget.value })}
        rightSection={
          settings.search && (
            <CloseButton size="xs" aria-label="Clear the search" onClick={() => change({ search: "" })} />
          )
        }
      />
      <span className={classes["field"]}>
        smoothing
        <Slider
          w={110}
          size="sm"
          min={0}
          max={0.99}
          step={0.01}
          thumbLabel="Smoothing"
          label={(value) => value.toFixed(2)}
          value={settings.smoothing}
          onChange={(smoothing) => change({ smoothing })}
        />
      </span>
      <span className={classes["field"]}>
        x
        <Select
          aria-label="X-axis"
          w={150}
          searchable
          allowDeselect={false}
          limit={200}
          data={axes}
          value={settings.x}
          onChange={(x) => x && change({ x, window: null })}
        />
      </span>
      <Checkbox
        label="log x"
        checked={settings.logX}
        onChange={(event) => change({ logX: event.currentTarget.checked })}
      />
      <Checkbox
        label="log y"
        checked={settings.logY}
        onChange={(event) => change({ logY: event.currentTarget.checked })}
      />
      <Checkbox
        label="clip outliers"
        checked={settings.clip}
        onChange={(event) => change({ clip: event.currentTarget.checked })}
      />
      {settings.window && (
        <Button
          variant="light"
          leftSection={<IconZoomReset size={15} />}
          onClick={() => change({ window: null })}
        >
          Reset zoom
        </Button>
      )}
    </div>
  );
}
