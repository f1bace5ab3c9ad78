/** A point for each run: two columns as axes, a third as colour. */
import { useElementSize } from "@mantine/hooks";
import { markColor } from "@/components/charts/heat";
import { formatTick, ticks } from "@/components/charts/ticks";
import { EmptyState } from "@/components/EmptyState";
import { AxisPicker, type ValueChartProps } from "./AxisPicker";
import classes from "./charts-view.module.css";
import { type Axis, axisOf, columnsOf, nameOf, shareOf, valueOf } from "./values";

const LEFT = 76;
const FOOT = 44;
const TOP = 12;
const RIGHT = 20;
/** No point lies on the edge. */
const INSET = 14;

export function ScatterChart({ runs, styles, settings, change, highlight, onHighlight }: ValueChartProps) {
  const { ref, width, height } = useElementSize();
  const { metrics, params } = columnsOf(runs);
  const [x = params[0] ?? metrics[1] ?? metrics[0], y = metrics[0] ?? params[0], color = ""] = settings.axes;
  if (x === undefined || y === undefined) return <EmptyState title="These runs have no values to compare." />;
  const set = (at: number, column: string) => {
    const axes = [x, y, color];
    axes[at] = column;
    change({ axes });
  };
  const across = axisOf(runs, x);
  const up = axisOf(runs, y);
  const shade = color ? axisOf(runs, color) : null;
  const px = (share: number) => LEFT + INSET + share * (width - LEFT - RIGHT - 2 * INSET);
  const py = (share: number) => height - FOOT - INSET - share * (height - FOOT - TOP - 2 * INSET);
  const missing = runs.filter((run) => shareOf(run, across) === null || shareOf(run, up) === null).length;
  return (
    <>
      <div className={classes["bar"]}>
        <AxisPicker label="X" runs={runs} value={x} onChange={(column) => set(0, column)} />
        <AxisPicker label="Y" runs={runs} value={y} onChange={(column) => set(1, column)} />
        <AxisPicker label="Colour" runs={runs} value={color || null} onChange={(column) => set(2, column)} />
        {missing > 0 && (
          <span className={classes["dim"]}>
            {missing} of {runs.length} runs lack one of these values.
          </span>
        )}
      </div>
      <div ref={ref} className={classes["canvas"]}>
        <svg
          width={width}
          height={height}
          role="img"
          aria-label={`${nameOf(y)} over ${nameOf(x)} of ${runs.length} runs`}
        >
          {marks(up).map(({ share, text }) => (
            <g key={share}>
              <line x1={LEFT} x2={width - RIGHT} y1={py(share)} y2={py(share)} className={classes["grid"]} />
              <text x={LEFT - 8} y={py(share) + 4} textAnchor="end">
                {text}
              </text>
            </g>
          ))}
          {marks(across).map(({ share, text }) => (
            <text key={share} x={px(share)} y={height - FOOT + 18} textAnchor="middle">
              {text}
            </text>
          ))}
          <text x={(LEFT + width - RIGHT) / 2} y={height - 6} textAnchor="middle">
            {nameOf(x)}
          </text>
          <text textAnchor="middle" transform={`translate(14 ${(TOP + height - FOOT) / 2}) rotate(-90)`}>
            {nameOf(y)}
          </text>
          {runs.map((run, at) => {
            const left = shareOf(run, across);
            const top = shareOf(run, up);
            if (left === null || top === null) return null;
            const share = shade && shareOf(run, shade);
            const fill = share !== null ? markColor(share) : styles[at]?.style.color;
            return (
              <circle
                key={run.id}
                cx={px(left)}
                cy={py(top)}
                r={run.id === highlight ? 8 : 5}
                fill={fill}
                className={classes["dot"]}
                onMouseEnter={() => onHighlight(run.id)}
                onMouseLeave={() => onHighlight(null)}
              >
                <title>
                  {[
                    run.name,
                    ...[x, y, color]
                      .filter(Boolean)
                      .map((column) => `${nameOf(column)}: ${String(valueOf(run, column) ?? "–")}`),
                  ].join("\n")}
                </title>
              </circle>
            );
          })}
        </svg>
      </div>
    </>
  );
}

/** Return the ticks of an axis: its words, round numbers, or the one value that it has. */
export function marks(axis: Axis): { share: number; text: string }[] {
  const share = (value: number) => (value - axis.low) / (axis.high - axis.low);
  if (axis.only !== null) return [{ share: 0.5, text: axis.words?.[0] ?? formatTick(axis.only) }];
  if (axis.words) return axis.words.map((text, at) => ({ share: share(at), text }));
  return ticks([axis.low, axis.high], false).map((value) => ({
    share: share(value),
    text: formatTick(value),
  }));
}
