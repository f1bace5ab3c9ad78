/** The charts of an experiment: the runs at the left, and their curves or a chart of one value each at the right. */
import { Button, SegmentedControl } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useMemo, useState } from "react";
import { createPortal } from "react-dom";
import { isLive, labelledKeysQuery } from "@/api/run";
import type { Run } from "@/api/runs";
import { ChartBoard } from "@/components/charts/ChartBoard";
import { ChartControls } from "@/components/charts/ChartControls";
import { type ChartKind, useChartSettings, USUAL } from "@/components/charts/settings";
import type { ChartRun } from "@/components/charts/useMetric";
import { EmptyState } from "@/components/EmptyState";
import { Failure } from "@/components/Failure";
import { ImageBoard } from "@/components/images/ImageBoard";
import { runStyles } from "@/components/run-color";
import { useScheme } from "@/components/use-scheme";
import { isShown } from "../search";
import { useExperimentView } from "../view";
import { BarChart } from "./BarChart";
import { BoxChart } from "./BoxChart";
import classes from "./charts-view.module.css";
import { ParallelChart } from "./ParallelChart";
import { RunList } from "./RunList";
import { ScatterChart } from "./ScatterChart";

const KINDS = [
  { value: "lines", label: "Curves" },
  { value: "scatter", label: "Scatter" },
  { value: "parallel", label: "Parallel" },
  { value: "bar", label: "Bars" },
  { value: "box", label: "Boxes" },
  { value: "images", label: "Images" },
];

/** The runs whose series are read to find out which keys ranks have logged. */
const PROBED_RUNS = 5;
const NO_LABELS: ReadonlyMap<string, readonly string[]> = new Map();

/** Return the runs as charts take them: the same list while nothing that is drawn of them has changed. */
function useChartRuns(runs: readonly Run[]): ChartRun[] {
  const scheme = useScheme();
  const styles = runStyles(runs, scheme);
  const text = JSON.stringify(
    runs.map((run, at) => ({ id: run.id, name: run.name, style: styles[at], isLive: isLive(run) })),
  );
  return useMemo(() => JSON.parse(text) as ChartRun[], [text]);
}

export function ChartsView() {
  const view = useExperimentView();
  const { search, listed: all } = view;
  const [settings, change] = useChartSettings(USUAL);
  const [highlight, setHighlight] = useState<string | null>(null);
  const shown = useMemo(
    () => all.filter(({ run, place }) => isShown(run, place, search)).map(({ run }) => run),
    [all, search],
  );
  const chartRuns = useChartRuns(shown);
  const names = [...new Set(shown.flatMap((run) => [...run.metrics.keys()]))].sort().join("\n");
  const keys = useMemo(() => (names ? names.split("\n") : []), [names]);
  const probed = useMemo(() => chartRuns.slice(0, PROBED_RUNS).map(({ id }) => id), [chartRuns]);
  const labelled = useQuery(labelledKeysQuery(probed));
  if (view.error && all.length === 0) {
    return <Failure title="The runs could not be loaded." error={view.error} onRetry={view.retry} />;
  }
  if (all.length === 0) return view.isLoading ? null : <EmptyState title="No run is found here." />;
  const kinds = (
    <SegmentedControl
      className={classes["kinds"] ?? ""}
      size="xs"
      aria-label="Kind of chart"
      data={KINDS}
      value={settings.kind}
      onChange={(kind) => change({ kind: kind as ChartKind, axes: [] })}
    />
  );
  const chart = { runs: shown, styles: chartRuns, settings, change, highlight, onHighlight: setHighlight };
  return (
    <div className={classes["view"]}>
      {view.tools && createPortal(kinds, view.tools)}
      <RunList rows={all} shown={chartRuns} highlight={highlight} onHighlight={setHighlight} />
      <div className={classes["charts"]}>
        {shown.length === 0 ? (
          <EmptyState title="All runs are hidden.">
            <Button
              variant="default"
              onClick={() => view.change({ show: undefined, on: undefined, off: undefined })}
            >
              Show the first ten
            </Button>
          </EmptyState>
        ) : settings.kind === "lines" ? (
          <>
            <ChartControls settings={settings} change={change} keys={keys} />
            {keys.length === 0 ? (
              <EmptyState title="These runs have logged no metrics yet." />
            ) : (
              <ChartBoard
                keys={keys}
                runs={chartRuns}
                settings={settings}
                change={change}
                labelledKeys={labelled.data ?? NO_LABELS}
                highlight={highlight}
                onHighlight={setHighlight}
              />
            )}
          </>
        ) : (
          <>
            {settings.kind === "scatter" && <ScatterChart {...chart} />}
            {settings.kind === "parallel" && <ParallelChart {...chart} />}
            {settings.kind === "bar" && <BarChart {...chart} />}
            {settings.kind === "box" && <BoxChart {...chart} />}
            {settings.kind === "images" && (
              <ImageBoard
                runs={chartRuns}
                empty={
                  <EmptyState title="These runs have logged no images.">
                    Images that are logged with mlflow.log_image and a step appear here.
                  </EmptyState>
                }
              />
            )}
          </>
        )}
      </div>
    </div>
  );
}
