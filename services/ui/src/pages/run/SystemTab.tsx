import { USUAL_OF_SYSTEM } from "@/components/charts/settings";
import { RunCharts } from "./RunCharts";

const isSystemMetric = (key: string) => key.startsWith("system/");

export function SystemTab() {
  return (
    <RunCharts
      usual={USUAL_OF_SYSTEM}
      takes={isSystemMetric}
      empty="This run has logged no system metrics."
    />
  );
}
