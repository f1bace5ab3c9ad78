/** The metrics of a run: a small curve, last, least and greatest value and the last step of each. */
import { TextInput } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { Fragment, useMemo, useRef, useState } from "react";
import { isLive, type RunDetail, type SeriesSummary, seriesQuery } from "@/api/run";
import { wireNumber } from "@/api/runs";
import { matcher, USUAL } from "@/components/charts/settings";
import { type ChartRun, useMetric } from "@/components/charts/useMetric";
import { useNear } from "@/components/charts/useNear";
import { formatNumber } from "@/components/format";
import { useChartRun } from "./chart-run";
import classes from "./run.module.css";

const SPARK = { width: 100, height: 20 };
const NO_NAMES: readonly string[] = [];

const isSystem = (key: string) => key.startsWith("system/");

/** A key that may break where its words do, not within them. */
function Breaking({ text }: { text: string }) {
  return text.split(/(?<=[/_.-])/).map((part, at) => (
    <Fragment key={at}>
      {part}
      <wbr />
    </Fragment>
  ));
}

export function MetricsTable({ run }: { run: RunDetail }) {
  const [search, setSearch] = useState("");
  const found = useQuery(seriesQuery([run.id], isLive(run)));
  const chartRun = useChartRun(run);
  const runs = useMemo(() => [chartRun], [chartRun]);
  const series = useMemo(() => found.data ?? [], [found.data]);
  const rows = useMemo(() => {
    const matches = matcher(search);
    return series
      .filter(({ key }) => matches(key))
      .sort(
        (a, b) =>
          // What the machine did is looked at last.
          Number(isSystem(a.key)) - Number(isSystem(b.key)) ||
          a.key.localeCompare(b.key, undefined, { numeric: true }),
      );
  }, [series, search]);
  return (
    <section>
      <div className={classes["tableHead"]}>
        <h3>
          Metrics <span className={classes["dim"]}>{series.length || ""}</span>
        </h3>
        {series.length >= 8 && (
          <TextInput
            aria-label="Search metrics"
            placeholder="Search (regex)"
            w={160}
            value={search}
            onChange={(event) => setSearch(event.currentTarget.value)}
          />
        )}
      </div>
      {found.isSuccess && series.length === 0 && <p className={classes["dim"]}>No metrics were logged.</p>}
      {series.length > 0 && (
        <table className={classes["table"]} aria-label="Metrics">
          <thead>
            <tr>
              <th>Key</th>
              <th style={{ width: 84 }}>Curve</th>
              <th className={classes["number"]} style={{ width: 78 }}>
                Last
              </th>
              <th className={classes["number"]} style={{ width: 78 }}>
                Min
              </th>
              <th className={classes["number"]} style={{ width: 78 }}>
                Max
              </th>
              <th className={classes["number"]} style={{ width: 78 }}>
                Step
              </th>
            </tr>
          </thead>
          <tbody>
            {rows.map((each) => (
              <MetricRow key={each.key} run={run} runs={runs} series={each} />
            ))}
          </tbody>
        </table>
      )}
    </section>
  );
}

interface MetricRowProps {
  run: RunDetail;
  runs: readonly ChartRun[];
  series: SeriesSummary;
}

function MetricRow({ run, runs, series }: MetricRowProps) {
  const last = wireNumber(series.last.value);
  return (
    <tr>
      <td className={classes["wrap"]}>
        <Link
          to={
            isSystem(series.key)
              ? "/experiments/$experimentId/runs/$runId/system"
              : "/experiments/$experimentId/runs/$runId/charts"
          }
          params={{ experimentId: run.experimentId, runId: run.id }}
          search={{ charts: { full: series.key } }}
        >
          <Breaking text={series.key} />
        </Link>
        {series.nonfinite > 0 && <span className={classes["warn"]}> {series.nonfinite} NaN or ∞</span>}
      </td>
      <td>{series.count > 1 ? <Sparkline runs={runs} metricKey={series.key} /> : null}</td>
      <td className={classes["number"]} title={String(last)}>
        {formatNumber(last)}
      </td>
      <td className={classes["number"]} title={String(series.min)}>
        {typeof series.min === "number" ? formatNumber(series.min) : "–"}
      </td>
      <td className={classes["number"]} title={String(series.max)}>
        {typeof series.max === "number" ? formatNumber(series.max) : "–"}
      </td>
      <td className={classes["number"]}>{series.last.step.toLocaleString()}</td>
    </tr>
  );
}

function Sparkline({ runs, metricKey }: { runs: readonly ChartRun[]; metricKey: string }) {
  const ref = useRef<HTMLDivElement>(null);
  const isNear = useNear(ref);
  return (
    <div ref={ref} className={classes["spark"]}>
      {isNear && <Curve runs={runs} metricKey={metricKey} />}
    </div>
  );
}

function Curve({ runs, metricKey }: { runs: readonly ChartRun[]; metricKey: string }) {
  const { curves } = useMetric({
    runs,
    metricKey,
    settings: USUAL,
    width: SPARK.width,
    labelNames: NO_NAMES,
    byRank: false,
  });
  const [curve] = curves;
  const path = useMemo(() => (curve ? sparkPath(curve.x, curve.low, curve.high) : ""), [curve]);
  return (
    <svg
      className={classes["spark"]}
      viewBox={`0 0 ${SPARK.width} ${SPARK.height}`}
      preserveAspectRatio="none"
      aria-hidden
    >
      <path
        d={path}
        fill="none"
        stroke={curve?.style.color}
        strokeWidth="1.3"
        vectorEffect="non-scaling-stroke"
      />
    </svg>
  );
}

/** Return the path through the least and the greatest value of each bucket, so that a spike is seen here as well. */
function sparkPath(x: Float64Array, low: Float64Array, high: Float64Array): string {
  let least = Infinity;
  let greatest = -Infinity;
  for (const value of low) least = Math.min(least, Number.isNaN(value) ? Infinity : value);
  for (const value of high) greatest = Math.max(greatest, Number.isNaN(value) ? -Infinity : value);
  const first = x[0] ?? 0;
  const width = (x.at(-1) ?? 1) - first || 1;
  const height = greatest - least || 1;
  const parts: string[] = [];
  for (let i = 0; i < x.length; i++) {
    for (const value of [low[i] ?? NaN, high[i] ?? NaN]) {
      if (Number.isNaN(value)) continue;
      const left = (((x[i] ?? 0) - first) / width) * SPARK.width;
      const top = 1 + (1 - (value - least) / height) * (SPARK.height - 2);
      parts.push(`${parts.length ? "L" : "M"}${left.toFixed(1)} ${top.toFixed(1)}`);
    }
  }
  return parts.join("");
}
