/** A bar for each run: the last value of a metric, or a param, the greatest first. */
import { EmptyState } from "@/components/EmptyState";
import { formatNumber } from "@/components/format";
import { AxisPicker, type ValueChartProps } from "./AxisPicker";
import classes from "./charts-view.module.css";
import { columnsOf, nameOf, valueOf } from "./values";

export function BarChart({ runs, styles, settings, change, highlight, onHighlight }: ValueChartProps) {
  const { metrics, params } = columnsOf(runs);
  const column = settings.axes[0] ?? metrics[0] ?? params[0];
  if (column === undefined) return <EmptyState title="These runs have no values to compare." />;
  const bars = runs
    .map((run, at) => ({ run, color: styles[at]?.style.color, value: Number(valueOf(run, column) ?? NaN) }))
    .sort(
      (a, b) =>
        (Number.isFinite(b.value) ? b.value : -Infinity) - (Number.isFinite(a.value) ? a.value : -Infinity),
    );
  const finite = bars.map(({ value }) => value).filter(Number.isFinite);
  const low = Math.min(0, ...finite);
  const high = Math.max(0, ...finite);
  const width = high - low || 1;
  return (
    <>
      <div className={classes["bar"]}>
        <AxisPicker label="Value" runs={runs} value={column} onChange={(next) => change({ axes: [next] })} />
      </div>
      <table className={classes["bars"]} aria-label={`${nameOf(column)} of each run`}>
        <tbody>
          {bars.map(({ run, color, value }) => (
            <tr
              key={run.id}
              data-near={run.id === highlight || undefined}
              onMouseEnter={() => onHighlight(run.id)}
              onMouseLeave={() => onHighlight(null)}
            >
              <th scope="row" title={run.name}>
                {run.name}
              </th>
              <td className={classes["number"]} title={String(value)}>
                {Number.isNaN(value) ? "–" : formatNumber(value)}
              </td>
              <td className={classes["track"]}>
                {Number.isFinite(value) && (
                  <span
                    style={{
                      background: color,
                      marginLeft: `${((Math.min(0, value) - low) / width) * 100}%`,
                      width: `${(Math.abs(value) / width) * 100}%`,
                    }}
                  />
                )}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </>
  );
}
