/** The curves of one key for some runs: asked for together with the other panels, kept while newer ones load. */
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { useMemo } from "react";
import { allowedBuckets, fetchPanel } from "@/api/chart-batch";
import type { Chart, ChartWindow } from "@/api/charts";
import { LIVE_MS, livePause } from "@/api/run";
import { DASHES, SERIES_COLORS } from "@/components/run-color";
import { type Curve, type LineStyle, overMetric, toCurve } from "./curves";
import type { XKind } from "./plot";
import type { ChartSettings } from "./settings";

/** A run as charts know it. */
export interface ChartRun {
  id: string;
  name: string;
  style: LineStyle;
  isLive: boolean;
}

export interface MetricQuery {
  runs: readonly ChartRun[];
  metricKey: string;
  settings: ChartSettings;
  /** The width of the plot in pixels: a bucket for about each pixel. */
  width: number;
  /** The names of the labels by which ranks are told apart; none if the key has no labels. */
  labelNames: readonly string[];
  /** Whether each rank is a line of its own. */
  byRank: boolean;
  /** The values of labels to which a chart is narrowed, such as one rank. */
  labels?: Readonly<Record<string, readonly string[]>>;
}

const NO_LABELS = {};
/** Widths are rounded up to this, so that a panel a little narrower asks for the same. */
const WIDTH_STEP = 200;
/** How many lines of ranks are expected before their number is known. */
const MOST_RANKS = 400;

export function xKindOf(settings: ChartSettings): XKind {
  return settings.x.startsWith("metric:") ? "metric" : (settings.x as XKind);
}

/** Return the window with a margin, so that lines reach the edges of the plot. */
function withMargin(window: ChartWindow | null): ChartWindow | null {
  if (!window) return null;
  const margin = Math.max(1, Math.ceil((window.end - window.start) / 64));
  return { start: window.start - margin, end: window.end + margin };
}

export function useMetric(asked: MetricQuery) {
  const { runs, metricKey, settings, width, labelNames, byRank, labels = NO_LABELS } = asked;
  const xKind = xKindOf(settings);
  const otherKey = xKind === "metric" ? settings.x.slice("metric:".length) : null;
  const runIds = runs.map(({ id }) => id);
  const ofRanks = labelNames.length > 0 && !byRank;
  const wanted = Math.ceil(width / WIDTH_STEP) * WIDTH_STEP;
  const query = {
    runIds,
    keys: otherKey !== null && otherKey !== metricKey ? [metricKey, otherKey] : [metricKey],
    buckets: allowedBuckets(wanted, byRank ? runs.length * MOST_RANKS : runs.length),
    axis: xKind === "metric" ? ("step" as const) : xKind,
    window: xKind === "metric" ? null : withMargin(settings.window),
    groupBy: byRank ? labelNames : [],
    labels,
    mean: ofRanks,
    rounded: true,
  };
  // A run that ends is asked for once more as a whole: its last points may have come after the last question.
  const liveIds = runs.filter((run) => run.isLive).map(({ id }) => id);
  const answer = useQuery({
    queryKey: ["chart", query, liveIds],
    queryFn: ({ client, queryKey }) => {
      const chart = liveIds.length ? client.getQueryData<Chart>(queryKey) : undefined;
      return fetchPanel(query, chart && { chart, liveIds });
    },
    enabled: width > 0 && runs.length > 0,
    placeholderData: keepPreviousData,
    refetchInterval: ({ state }) =>
      liveIds.length ? (state.status === "error" ? livePause(state.fetchFailureCount) : LIVE_MS) : false,
  });
  const { smoothing } = settings;
  const curves = useMemo(
    () => (answer.data ? curvesOf(answer.data, { runs, metricKey, otherKey, ofRanks, smoothing }) : []),
    [answer.data, runs, metricKey, otherKey, ofRanks, smoothing],
  );
  /** Return the same curves with all digits of their values, to calculate with them. */
  const exactCurves = async () =>
    curvesOf(await fetchPanel({ ...query, rounded: false }), {
      runs,
      metricKey,
      otherKey,
      ofRanks,
      smoothing,
    });
  return { answer, curves, exactCurves, xKind };
}

function rankStyle(number: number): LineStyle {
  const colors = SERIES_COLORS.light;
  return {
    color: colors[number % colors.length] ?? colors[0],
    dash: DASHES[Math.floor(number / colors.length) % DASHES.length] ?? [],
  };
}

interface CurvesOptions {
  runs: readonly ChartRun[];
  metricKey: string;
  otherKey: string | null;
  ofRanks: boolean;
  smoothing: number;
}

function curvesOf(chart: Chart, { runs, metricKey, otherKey, ofRanks, smoothing }: CurvesOptions): Curve[] {
  const byId = new Map(runs.map((run) => [run.id, run]));
  let ranks = 0;
  return chart.lines.flatMap((line) => {
    const run = byId.get(line.runId);
    if (!run || line.key !== metricKey) return [];
    const rank = Object.entries(line.labels)
      .map(([name, value]) => `${name} ${value}`)
      .join(", ");
    const curve = toCurve(line, {
      id: rank ? `${run.id}/${rank}` : run.id,
      label: rank ? (runs.length > 1 ? `${run.name}, ${rank}` : rank) : run.name,
      // The ranks of one run are told apart by colours; those of several have their run's.
      style: rank && runs.length === 1 ? rankStyle(ranks++) : run.style,
      smoothing,
      ofRanks,
    });
    if (otherKey === null) return [curve];
    const other = chart.lines.find((each) => each.runId === line.runId && each.key === otherKey);
    return other ? [overMetric(curve, other)] : [];
  });
}
