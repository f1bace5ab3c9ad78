/** The charts of what a run's model does, and the images that it logged at steps. */
import { useMemo } from "react";
import { USUAL } from "@/components/charts/settings";
import { ImageBoard } from "@/components/images/ImageBoard";
import { useChartRun } from "./chart-run";
import { RunCharts } from "./RunCharts";
import { useRun } from "./run-context";

const isModelMetric = (key: string) => !key.startsWith("system/");

export function ChartsTab() {
  const chartRun = useChartRun(useRun());
  const runs = useMemo(() => [chartRun], [chartRun]);
  return (
    <RunCharts usual={USUAL} takes={isModelMetric} empty="This run has logged no metrics yet.">
      <ImageBoard runs={runs} empty={null} />
    </RunCharts>
  );
}
