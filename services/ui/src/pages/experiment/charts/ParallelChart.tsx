/** Parallel coordinates: an axis for each column, a line for each run; dragging along an axis keeps a range of runs. */
import { MultiSelect } from "@mantine/core";
import { useElementSize } from "@mantine/hooks";
import { type PointerEvent, useMemo, useRef, useState } from "react";
import { markColor } from "@/components/charts/heat";
import { EmptyState } from "@/components/EmptyState";
import type { ValueChartProps } from "./AxisPicker";
import classes from "./charts-view.module.css";
import { marks } from "./ScatterChart";
import { type Axis, axisOf, columnsOf, nameOf, shareOf } from "./values";

const TOP = 32;
const FOOT = 16;
const SIDE = 70;
/** The least room from one axis to the next: on a phone the chart scrolls. */
const APART = 110;
/** Of a longer name its end is shown, which tells more. */
const LONGEST_NAME = 18;
/** How many params and metrics are axes before somebody chooses. */
const USUAL_PARAMS = 4;
const USUAL_METRICS = 2;

type Range = readonly [low: number, high: number];

export function ParallelChart({ runs, settings, change, highlight, onHighlight }: ValueChartProps) {
  const { ref, width: room, height } = useElementSize();
  const [ranges, setRanges] = useState<Readonly<Record<string, Range>>>({});
  const drag = useRef<{ column: string; from: number } | null>(null);
  const { params, metrics } = useMemo(() => columnsOf(runs), [runs]);
  // An axis on which all runs are at one place tells nothing.
  const telling = (columns: string[]) => columns.filter((column) => axisOf(runs, column).only === null);
  const some = (of: (columns: string[]) => string[]) => [
    ...of(params).slice(0, USUAL_PARAMS),
    ...of(metrics).slice(0, USUAL_METRICS),
  ];
  const usual = some(telling);
  const chosen = settings.axes.length ? settings.axes : usual.length ? usual : some((all) => all);
  const axes = chosen.map((column) => axisOf(runs, column));
  if (axes.length === 0) return <EmptyState title="These runs have no values to compare." />;
  const colored = axes.at(-1);
  const width = room > 0 ? Math.max(room, 2 * SIDE + (axes.length - 1) * APART) : 0;
  const px = (at: number) => SIDE + (at / Math.max(1, axes.length - 1)) * (width - 2 * SIDE);
  const py = (share: number) => height - FOOT - share * (height - TOP - FOOT);
  const shareAt = (event: PointerEvent<SVGElement>) => {
    const box = event.currentTarget.ownerSVGElement?.getBoundingClientRect();
    const share = box ? (height - FOOT - (event.clientY - box.top)) / (height - TOP - FOOT) : 0;
    return Math.max(0, Math.min(1, share));
  };
  const isKept = (shares: readonly (number | null)[]) =>
    axes.every((axis, at) => {
      const range = ranges[axis.column];
      const share = shares[at];
      return !range || (typeof share === "number" && share >= range[0] && share <= range[1]);
    });
  const lines = runs.map((run) => {
    const shares = axes.map((axis) => shareOf(run, axis));
    return { run, shares, isIn: isKept(shares) };
  });
  const kept = lines.filter(({ isIn }) => isIn).length;
  return (
    <>
      <div className={classes["bar"]}>
        <MultiSelect
          label="Axes"
          searchable
          w={760}
          maw="100%"
          size="xs"
          data={[...params, ...metrics].map((column) => ({ value: column, label: nameOf(column) }))}
          value={[...chosen]}
          onChange={(columns) => change({ axes: columns })}
        />
        <span className={classes["dim"]}>
          {kept < runs.length
            ? `${kept} of ${runs.length} runs in the ranges`
            : "Drag along an axis to keep a range."}
        </span>
      </div>
      {/* Where it scrolls, the keyboard must reach it. */}
      <div ref={ref} className={classes["canvas"]} tabIndex={width > room ? 0 : undefined}>
        <svg
          width={width}
          height={height}
          role="img"
          aria-label={`Parallel coordinates of ${runs.length} runs`}
        >
          {[...lines]
            .sort(
              (a, b) =>
                Number(a.isIn) - Number(b.isIn) ||
                Number(a.run.id === highlight) - Number(b.run.id === highlight),
            )
            .map(({ run, shares, isIn }) => {
              const share = colored ? (shares.at(-1) ?? null) : null;
              return (
                <path
                  key={run.id}
                  d={pathOf(shares, px, py)}
                  className={classes["path"]}
                  data-out={!isIn || undefined}
                  data-near={run.id === highlight || undefined}
                  style={share === null || !isIn ? undefined : { stroke: markColor(share) }}
                  onMouseEnter={() => onHighlight(run.id)}
                  onMouseLeave={() => onHighlight(null)}
                >
                  <title>{run.name}</title>
                </path>
              );
            })}
          {axes.map((axis, at) => (
            <AxisLine
              key={axis.column}
              axis={axis}
              x={px(at)}
              py={py}
              height={height}
              range={ranges[axis.column]}
            >
              <rect
                x={px(at) - 10}
                y={TOP}
                width={20}
                height={Math.max(0, height - TOP - FOOT)}
                className={classes["brush"]}
                onPointerDown={(event) => {
                  event.currentTarget.setPointerCapture(event.pointerId);
                  drag.current = { column: axis.column, from: shareAt(event) };
                }}
                onPointerMove={(event) => {
                  if (drag.current?.column !== axis.column) return;
                  const to = shareAt(event);
                  const { from } = drag.current;
                  setRanges({ ...ranges, [axis.column]: [Math.min(from, to), Math.max(from, to)] });
                }}
                onPointerUp={(event) => {
                  // A click without a drag takes the range away.
                  if (drag.current && Math.abs(drag.current.from - shareAt(event)) < 0.01) {
                    setRanges(
                      Object.fromEntries(Object.entries(ranges).filter(([column]) => column !== axis.column)),
                    );
                  }
                  drag.current = null;
                }}
              />
            </AxisLine>
          ))}
        </svg>
      </div>
    </>
  );
}

/** A line through the axes; it is broken at an axis on which the run has no value. */
function pathOf(
  shares: readonly (number | null)[],
  px: (at: number) => number,
  py: (share: number) => number,
): string {
  return shares
    .map((share, at) => {
      if (share === null) return "";
      const before = at > 0 ? shares[at - 1] : null;
      return `${typeof before === "number" ? "L" : "M"}${px(at).toFixed(1)} ${py(share).toFixed(1)}`;
    })
    .join("");
}

interface AxisLineProps {
  axis: Axis;
  x: number;
  py: (share: number) => number;
  height: number;
  range: Range | undefined;
  children: React.ReactNode;
}

function AxisLine({ axis, x, py, height, range, children }: AxisLineProps) {
  const name = nameOf(axis.column);
  return (
    <g>
      <line x1={x} x2={x} y1={TOP} y2={height - FOOT} className={classes["axis"]} />
      <text x={x} y={16} textAnchor="middle" className={classes["axisName"]}>
        {name.length > LONGEST_NAME ? `…${name.slice(1 - LONGEST_NAME)}` : name}
        <title>{name}</title>
      </text>
      {marks(axis).map(({ share, text }) => (
        <text key={share} x={x - 6} y={py(share) + 4} textAnchor="end" className={classes["tick"]}>
          {text}
        </text>
      ))}
      {range && (
        <rect
          x={x - 5}
          width={10}
          y={py(range[1])}
          height={Math.max(1, py(range[0]) - py(range[1]))}
          className={classes["range"]}
        />
      )}
      {children}
    </g>
  );
}
