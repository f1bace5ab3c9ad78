/** Chooses the column of an axis among metrics and params. */
import { Select } from "@mantine/core";
import { useMemo } from "react";
import type { Run } from "@/api/runs";
import type { ChangeSettings, ChartSettings } from "@/components/charts/settings";
import type { ChartRun } from "@/components/charts/useMetric";
import { columnsOf, nameOf } from "./values";

/** What each chart of one value a run is given. */
export interface ValueChartProps {
  runs: readonly Run[];
  /** Their colours, in the same order. */
  styles: readonly ChartRun[];
  settings: ChartSettings;
  change: ChangeSettings;
  highlight: string | null;
  onHighlight: (id: string | null) => void;
}

export interface AxisPickerProps {
  label: string;
  runs: readonly Run[];
  value: string | null;
  onChange: (column: string) => void;
}

export function AxisPicker({ label, runs, value, onChange }: AxisPickerProps) {
  const data = useMemo(() => {
    const { metrics, params } = columnsOf(runs);
    const items = (columns: string[]) => columns.map((column) => ({ value: column, label: nameOf(column) }));
    return [
      { group: "Metrics", items: items(metrics) },
      { group: "Params", items: items(params) },
    ];
  }, [runs]);
  return (
    <Select
      label={label}
      w={190}
      searchable
      allowDeselect={false}
      limit={200}
      data={data}
      value={value}
      onChange={(column) => column && onChange(column)}
    />
  );
}
