/** Curves in a frame: the plot, the tooltip at the pointer, the keyboard's cursor, and a table for screen readers. */
import { useComputedColorScheme } from "@mantine/core";
import { useElementSize } from "@mantine/hooks";
import { type KeyboardEvent, useEffect, useMemo, useRef, useState } from "react";
import "uplot/dist/uPlot.min.css";
import { formatNumber } from "@/components/format";
import type { ChartWindow } from "@/api/charts";
import classes from "./charts.module.css";
import { type Curve, nearestRow } from "./curves";
import { Plot, type PlotModel, type PlotTheme, type XKind } from "./plot";
import { positionRange, valueRange } from "./range";
import { type Cursor, Tooltip } from "./Tooltip";

export interface LinePanelProps {
  title: string;
  curves: readonly Curve[];
  xKind: XKind;
  logX: boolean;
  logY: boolean;
  clip: boolean;
  window: ChartWindow | null;
  syncKey: string;
  highlight: string | null;
  onHighlight: (id: string | null) => void;
  onZoom: (window: ChartWindow | null) => void;
  /** Called with the plot's canvas and what it shows, from which a picture is made. */
  onPlot?: ((plot: Plot | null, model: PlotModel) => void) | undefined;
}

const THEMES: Record<"light" | "dark", PlotTheme> = {
  light: { text: "#5c6370", grid: "#eceef2", background: "#ffffff" },
  dark: { text: "#9aa2b0", grid: "#272b33", background: "#15171c" },
};

/** How near in pixels the pointer has to be to a curve to highlight it. */
const NEAR_PX = 24;

export function LinePanel(props: LinePanelProps) {
  const { title, curves, xKind, logX, logY, clip, window, syncKey, highlight, onHighlight, onZoom, onPlot } =
    props;
  const scheme = useComputedColorScheme("light");
  const { ref, width, height } = useElementSize();
  const host = useRef<HTMLDivElement>(null);
  const [plot, setPlot] = useState<Plot | null>(null);
  const [cursor, setCursor] = useState<Cursor | null>(null);
  /** The row of the first curve to which the arrow keys have moved; null while the pointer leads. */
  const [keyRow, setKeyRow] = useState<number | null>(null);

  const model = useMemo<PlotModel>(() => {
    const [first, last] = positionRange(curves, logX);
    const xRange = window ? ([window.start, window.end] as const) : ([first, last] as const);
    const yRange = valueRange(curves, { log: logY, clip });
    return { curves, xKind, xRange, yRange, highlight, theme: THEMES[scheme] };
  }, [curves, xKind, window, logX, logY, clip, highlight, scheme]);

  // The plot outlives renders: it reads what is current through these.
  const current = useRef({ model, onZoom, onHighlight });
  useEffect(() => {
    current.current = { model, onZoom, onHighlight };
    plot?.update(model);
    onPlot?.(plot, model);
  }, [plot, model, onZoom, onHighlight, onPlot]);

  const isSized = width > 0 && height > 0;
  useEffect(() => {
    if (!host.current || !isSized) return;
    let frame = 0;
    const made = new Plot(
      host.current,
      { width, height, logX, logY, syncKey, xKind },
      current.current.model,
      {
        onSelect: (start, end) => current.current.onZoom(zoomed(start, end, xKind)),
        onReset: () => current.current.onZoom(null),
        onPointer: () => setKeyRow(null),
        onCursor: (at) => {
          cancelAnimationFrame(frame);
          frame = requestAnimationFrame(() => {
            const next = at && cursorAt(current.current.model.curves, made, at);
            setCursor(next);
            current.current.onHighlight(next?.nearest ?? null);
          });
        },
      },
    );
    setPlot(made);
    return () => {
      cancelAnimationFrame(frame);
      setPlot(null);
      made.destroy();
    };
    // A change of size is handled below, without a new plot.
    // eslint-disable-next-line react-hooks/exhaustive-deps
  }, [isSized, logX, logY, syncKey, xKind]);
  useEffect(() => {
    if (isSized) plot?.resize(width, height);
  }, [plot, isSized, width, height]);

  // The row is state, and the cursor follows from it: it is put there again whenever the plot is made, gets other
  // curves or has another size, so that a key pressed before or meanwhile is not lost.
  const keyX = keyRow === null ? undefined : curves[0]?.x[clampRow(keyRow, curves)];
  useEffect(() => {
    if (keyX !== undefined) plot?.moveTo(keyX);
  }, [plot, keyX, model, width, height]);

  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key === "Escape" && window) {
      event.stopPropagation();
      onZoom(null);
      return;
    }
    const step = { ArrowLeft: -1, ArrowRight: 1, Home: -Infinity, End: Infinity }[event.key];
    if (step === undefined) return;
    event.preventDefault();
    event.stopPropagation();
    const pointed = cursor?.rows.find((row) => row.curve.id === curves[0]?.id)?.row;
    setKeyRow((row) => clampRow((row ?? pointed ?? 0) + step, curves));
  };
  const onBlur = () => {
    setKeyRow(null);
    plot?.leave();
    setCursor(null);
  };

  return (
    <div
      ref={ref}
      className={classes["plot"]}
      tabIndex={0}
      role="img"
      aria-label={`Chart of ${title}. ${curves.length} ${curves.length === 1 ? "curve" : "curves"}. The arrow keys move the cursor.`}
      onKeyDown={onKeyDown}
      onBlur={onBlur}
    >
      <div ref={host} className={classes["canvas"]} />
      {cursor && <Tooltip cursor={cursor} xKind={xKind} width={width} height={height} />}
      <CurveTable title={title} curves={curves} />
    </div>
  );
}

/** Return the nearest row that the first curve has. */
function clampRow(row: number, curves: readonly Curve[]): number {
  return Math.max(0, Math.min((curves[0]?.x.length ?? 1) - 1, row));
}

/** Return the window of a dragged range. Steps and milliseconds are whole numbers. */
function zoomed(start: number, end: number, xKind: XKind): ChartWindow {
  if (xKind === "metric") return { start, end };
  const first = Math.floor(start);
  return { start: first, end: Math.max(first + 1, Math.ceil(end)) };
}

function cursorAt(
  curves: readonly Curve[],
  plot: Plot,
  at: { x: number; left: number; top: number },
): Cursor {
  const rows = curves.flatMap((curve) => {
    const row = nearestRow(curve.x, at.x);
    return row < 0 ? [] : [{ curve, row, value: (curve.smoothed ?? curve.y)[row] ?? NaN }];
  });
  const pointer = plot.valueAt(at.top);
  const reach = Math.abs(plot.valueAt(at.top + NEAR_PX) - pointer);
  let nearest: string | null = null;
  let least = reach;
  for (const { curve, value } of rows) {
    const away = Math.abs(value - pointer);
    if (away <= least) {
      least = away;
      nearest = curve.id;
    }
  }
  return { ...at, rows, nearest, pointer };
}

/** The last, least and greatest value of each curve, for those who do not see the canvas. */
function CurveTable({ title, curves }: { title: string; curves: readonly Curve[] }) {
  const most = curves.slice(0, 20);
  return (
    <table className="th-visually-hidden">
      <caption>{title}</caption>
      <tbody>
        {most.map((curve) => (
          <tr key={curve.id}>
            <th scope="row">{curve.label}</th>
            <td>last {formatNumber(curve.y.at(-1) ?? NaN)}</td>
            <td>least {formatNumber(finite(curve.low, Math.min))}</td>
            <td>greatest {formatNumber(finite(curve.high, Math.max))}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

function finite(values: Float64Array, pick: (a: number, b: number) => number): number {
  return values.reduce(
    (best, value) => (Number.isNaN(value) ? best : Number.isNaN(best) ? value : pick(best, value)),
    NaN,
  );
}
