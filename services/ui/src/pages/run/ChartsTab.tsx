import { USUAL } from "@/components/charts/settings";
import { RunCharts } from "./RunCharts";

const isModelMetric = (key: string) => !key.startsWith("system/");

export function ChartsTab() {
  return <RunCharts usual={USUAL} takes={isModelMetric} empty="This run has logged no metrics yet." />;
}
