/** How a metric spreads over the runs that have each value of a param: a box for each value, and a dot for each run. */
import { useElementSize } from "@mantine/hooks";
import { useMemo } from "react";
import { EmptyState } from "@/components/EmptyState";
import { formatNumber } from "@/components/format";
import { AxisPicker, type ValueChartProps } from "./AxisPicker";
import { boxOf } from "./boxes";
import classes from "./charts-view.module.css";
import { marks } from "./ScatterChart";
import { axisOf, columnsOf, nameOf, shareOf, valueOf } from "./values";

const LEFT = 64;
const FOOT = 44;
const TOP = 12;
const RIGHT = 20;
/** More groups than this are not told apart. */
const MOST_GROUPS = 40;
const WIDEST_BOX = 90;
/** No point lies on the edge. */
const INSET = 10;

export function BoxChart({ runs, styles, settings, change, highlight, onHighlight }: ValueChartProps) {
  const { ref, width, height } = useElementSize();
  const { metrics, params } = useMemo(() => columnsOf(runs), [runs]);
  const [value = metrics[0], by = params[0] ?? ""] = settings.axes;
  if (value === undefined) return <EmptyState title="These runs have no metrics to compare." />;
  const up = axisOf(runs, value);
  const groupOf = (run: (typeof runs)[number]) => (by ? valueOf(run, by) : null);
  const names = [...new Set(runs.map((run) => String(groupOf(run) ?? "no value")))].sort((a, b) =>
    a.localeCompare(b, undefined, { numeric: true }),
  );
  const groups = names.slice(0, MOST_GROUPS).map((name) => {
    const members = runs.flatMap((run, at) =>
      String(groupOf(run) ?? "no value") === name ? [{ run, color: styles[at]?.style.color }] : [],
    );
    return { name, members, box: boxOf(members.map(({ run }) => Number(valueOf(run, value) ?? NaN))) };
  });
  // Before it is measured, the picture has no width.
  const slot = Math.max(0, width - LEFT - RIGHT) / Math.max(1, groups.length);
  const half = Math.min(WIDEST_BOX, slot * 0.6) / 2;
  const py = (share: number) => height - FOOT - INSET - share * (height - FOOT - TOP - 2 * INSET);
  const at = (number: number) => py((number - up.low) / (up.high - up.low));
  return (
    <>
      <div className={classes["bar"]}>
        <AxisPicker
          label="Value"
          runs={runs}
          value={value}
          onChange={(column) => change({ axes: [column, by] })}
        />
        <AxisPicker
          label="Boxes by"
          runs={runs}
          value={by || null}
          onChange={(column) => change({ axes: [value, column] })}
        />
        {names.length > groups.length && (
          <span className={classes["dim"]}>
            The first {groups.length} of {names.length} groups.
          </span>
        )}
      </div>
      <div ref={ref} className={classes["canvas"]}>
        <svg
          width={width}
          height={height}
          role="img"
          aria-label={`${nameOf(value)} by ${by ? nameOf(by) : "nothing"} of ${runs.length} runs`}
        >
          {marks(up).map(({ share, text }) => (
            <g key={share}>
              <line x1={LEFT} x2={width - RIGHT} y1={py(share)} y2={py(share)} className={classes["grid"]} />
              <text x={LEFT - 8} y={py(share) + 4} textAnchor="end">
                {text}
              </text>
            </g>
          ))}
          {groups.map(({ name, members, box }, place) => {
            const middle = LEFT + slot * (place + 0.5);
            return (
              <g key={name}>
                <text x={middle} y={height - FOOT + 18} textAnchor="middle">
                  {shortened(name, slot)}
                  <title>{name}</title>
                </text>
                {box && (
                  <g className={classes["box"]}>
                    <line x1={middle} x2={middle} y1={at(box.low)} y2={at(box.q1)} />
                    <line x1={middle} x2={middle} y1={at(box.q3)} y2={at(box.high)} />
                    <line x1={middle - half / 2} x2={middle + half / 2} y1={at(box.low)} y2={at(box.low)} />
                    <line x1={middle - half / 2} x2={middle + half / 2} y1={at(box.high)} y2={at(box.high)} />
                    <rect
                      x={middle - half}
                      width={half * 2}
                      y={at(box.q3)}
                      height={Math.max(1, at(box.q1) - at(box.q3))}
                    >
                      <title>
                        {[
                          `${name}: ${box.count} ${box.count === 1 ? "run" : "runs"}`,
                          `median ${formatNumber(box.median)}`,
                          `quartiles ${formatNumber(box.q1)} and ${formatNumber(box.q3)}`,
                          `${box.outliers.length} outliers`,
                        ].join("\n")}
                      </title>
                    </rect>
                    <line
                      className={classes["median"]}
                      x1={middle - half}
                      x2={middle + half}
                      y1={at(box.median)}
                      y2={at(box.median)}
                    />
                  </g>
                )}
                {members.map(({ run, color }, member) => {
                  const share = shareOf(run, up);
                  if (share === null) return null;
                  // Beside one another, so that equal values are all seen.
                  const aside = (((member * 7) % 11) / 10 - 0.5) * half;
                  return (
                    <circle
                      key={run.id}
                      cx={middle + aside}
                      cy={py(share)}
                      r={run.id === highlight ? 7 : 3.5}
                      fill={color}
                      className={classes["dot"]}
                      onMouseEnter={() => onHighlight(run.id)}
                      onMouseLeave={() => onHighlight(null)}
                    >
                      <title>{`${run.name}\n${nameOf(value)}: ${String(valueOf(run, value))}`}</title>
                    </circle>
                  );
                })}
              </g>
            );
          })}
          <text x={(LEFT + width - RIGHT) / 2} y={height - 6} textAnchor="middle">
            {by ? nameOf(by) : "all runs"}
          </text>
        </svg>
      </div>
    </>
  );
}

/** About how wide a letter of the ticks is, in pixels. */
const LETTER = 6.5;

function shortened(name: string, room: number): string {
  const most = Math.max(2, Math.floor(room / LETTER) - 1);
  return name.length > most ? `${name.slice(0, most - 1)}…` : name;
}
