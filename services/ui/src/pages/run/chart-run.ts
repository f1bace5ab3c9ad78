/** The run of the page as charts take it, and the charts that its two tabs share. */
import { useMemo } from "react";
import { isLive, type RunDetail } from "@/api/run";
import type { ChartRun } from "@/components/charts/useMetric";
import { runColor } from "@/components/run-color";
import { useScheme } from "@/components/use-scheme";

/** A run that is alone needs no dash to be told apart. */
const SOLID: readonly number[] = [];

/** Return the run's name and style; the same object while they are the same, so that its curves are not made anew. */
export function useChartRun(run: RunDetail): ChartRun {
  const scheme = useScheme();
  const { id, name } = run;
  const color = runColor(run, scheme);
  const live = isLive(run);
  return useMemo(() => ({ id, name, style: { color, dash: SOLID }, isLive: live }), [id, name, color, live]);
}
