/** The charts of a run's model or system metrics: each key has a panel. */
import { useQuery } from "@tanstack/react-query";
import { type ReactNode, useMemo } from "react";
import { isLive, labelledKeysQuery, seriesQuery } from "@/api/run";
import { ChartBoard } from "@/components/charts/ChartBoard";
import { ChartControls } from "@/components/charts/ChartControls";
import { type ChartSettings, useChartSettings } from "@/components/charts/settings";
import { EmptyState } from "@/components/EmptyState";
import { Failure } from "@/components/Failure";
import { useChartRun } from "./chart-run";
import { useRun } from "./run-context";

const NO_LABELS: ReadonlyMap<string, readonly string[]> = new Map();

export interface RunChartsProps {
  usual: ChartSettings;
  /** Whether a key is shown on this tab. */
  takes: (key: string) => boolean;
  /** What is said if the run has none of these metrics. */
  empty: string;
  /** What follows the charts. */
  children?: ReactNode;
}

export function RunCharts({ usual, takes, empty, children }: RunChartsProps) {
  const run = useRun();
  const [settings, change] = useChartSettings(usual);
  const ids = useMemo(() => [run.id], [run.id]);
  const series = useQuery(seriesQuery(ids, isLive(run)));
  const labelled = useQuery(labelledKeysQuery(ids));
  const chartRun = useChartRun(run);
  const runs = useMemo(() => [chartRun], [chartRun]);
  const names = series.data?.map(({ key }) => key).join("\n");
  // The keys are the same list while no key is added, though their last values change.
  const keys = useMemo(() => (names ? names.split("\n").filter(takes) : []), [names, takes]);
  if (series.isError && !series.data) {
    return (
      <Failure
        title="The metrics could not be loaded."
        error={series.error}
        onRetry={() => void series.refetch()}
      />
    );
  }
  if (!series.data || labelled.isPending) return null;
  if (keys.length === 0) {
    return (
      <>
        <EmptyState title={empty} />
        {children}
      </>
    );
  }
  return (
    <>
      <ChartControls settings={settings} change={change} keys={keys} />
      <ChartBoard
        keys={keys}
        runs={runs}
        settings={settings}
        change={change}
        labelledKeys={labelled.data ?? NO_LABELS}
      />
      {children}
    </>
  );
}
