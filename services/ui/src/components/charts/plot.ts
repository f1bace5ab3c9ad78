/**
 * A line chart on a canvas: axes, cursor and selection by uPlot, the curves drawn by ourselves from typed arrays.
 *
 * uPlot wants all series on one list of positions, and joining hundreds of curves costs more than drawing them; so
 * it is given the range alone. The line is the last value of each bucket; behind it lies the band from the least to
 * the greatest, with a stroke for each bucket, so that a spike of one point is at least a pixel wide at any zoom.
 */
import uPlot from "uplot";
import { formatDuration } from "@/components/format";
import type { Curve } from "./curves";
import { formatTick } from "./ticks";

export type XKind = "step" | "time" | "relative" | "metric";

export interface PlotModel {
  curves: readonly Curve[];
  xKind: XKind;
  xRange: readonly [number, number];
  yRange: readonly [number, number];
  /** The curve that is drawn above the others, which fade. */
  highlight: string | null;
  theme: PlotTheme;
}

export interface PlotTheme {
  text: string;
  grid: string;
  background: string;
}

export interface PlotOptions {
  width: number;
  height: number;
  logX: boolean;
  logY: boolean;
  /** Plots with one key show the cursor at one position. */
  syncKey: string;
  xKind: XKind;
}

export interface PlotEvents {
  /** A range was dragged, in units of the axis. */
  onSelect: (start: number, end: number) => void;
  onReset: () => void;
  /** The pointer is over this plot, at a position of the axis and a pixel; null when it has left. */
  onCursor: (at: { x: number; left: number; top: number } | null) => void;
}

const FONT = "11px system-ui, -apple-system, 'Segoe UI', Roboto, sans-serif";
const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const DURATIONS = [
  1,
  10,
  100,
  SECOND,
  5 * SECOND,
  15 * SECOND,
  30 * SECOND,
  MINUTE,
  5 * MINUTE,
  15 * MINUTE,
].concat([30 * MINUTE, HOUR, 3 * HOUR, 6 * HOUR, 12 * HOUR, DAY, 2 * DAY, 7 * DAY, 30 * DAY]);

/** Steps are whole numbers: no tick lies between two of them. */
const WHOLE = Array.from({ length: 16 }, (_, power) => [1, 2, 5].map((digit) => digit * 10 ** power)).flat();

const BAND_ALPHA = 0.16;
const STROKE_ALPHA = 0.55;
const FADED_ALPHA = 0.18;
const RAW_ALPHA = 0.3;
/** Curves with fewer points than this show each of them. */
const MARKED_POINTS = 60;
/** How far in pixels a bucket's band stands out of its neighbours' to be a spike. */
const SPIKE_PX = 10;

export class Plot {
  private readonly uplot: uPlot;
  private model: PlotModel;
  private isOver = false;
  private readonly options: PlotOptions;

  constructor(parent: HTMLElement, options: PlotOptions, model: PlotModel, events: PlotEvents) {
    this.model = model;
    this.options = options;
    this.uplot = new uPlot(this.settings(options, events), this.frame(), parent);
    const { over } = this.uplot;
    over.addEventListener("pointerenter", () => (this.isOver = true));
    over.addEventListener("pointerleave", () => {
      this.isOver = false;
      events.onCursor(null);
    });
    over.addEventListener("dblclick", () => events.onReset());
  }

  update(model: PlotModel): void {
    this.model = model;
    this.uplot.setData(this.frame());
  }

  resize(width: number, height: number): void {
    this.uplot.setSize({ width, height });
  }

  destroy(): void {
    this.uplot.destroy();
  }

  /** Move the cursor to a position, as the arrow keys do. */
  moveTo(x: number): void {
    this.isOver = true;
    const left = this.uplot.valToPos(x, "x");
    this.uplot.setCursor({ left, top: this.uplot.over.clientHeight / 2 }, true);
  }

  get canvas(): HTMLCanvasElement {
    return this.uplot.ctx.canvas;
  }

  /** The value at a pixel of the plotting area. */
  valueAt(top: number): number {
    return this.uplot.posToVal(top, "y");
  }

  private frame(): uPlot.AlignedData {
    return [[...this.model.xRange], [...this.model.yRange]];
  }

  private settings(options: PlotOptions, events: PlotEvents): uPlot.Options {
    const { xKind } = options;
    const text = () => this.model.theme.text;
    const line = { stroke: () => this.model.theme.grid, width: 1 };
    const numbers = (_: uPlot, values: number[]) => values.map((value) => formatTick(value));
    const xValues =
      xKind === "relative"
        ? (_: uPlot, values: number[]) => values.map((value) => formatDuration(value))
        : numbers;
    return {
      width: options.width,
      height: options.height,
      ms: 1,
      padding: [8, 12, 0, 0],
      legend: { show: false },
      scales: {
        x: {
          time: xKind === "time",
          distr: distribution(options.logX),
          range: () => [...this.model.xRange],
        },
        y: { distr: distribution(options.logY), range: () => [...this.model.yRange] },
      },
      series: [{}, { scale: "y", paths: () => null, points: { show: false } }],
      axes: [
        {
          font: FONT,
          stroke: text,
          grid: line,
          ticks: { ...line, size: 4 },
          size: 26,
          gap: 3,
          space: xKind === "time" ? 90 : 64,
          ...(xKind === "time" ? {} : { values: xValues }),
          ...(xKind === "relative" ? { incrs: DURATIONS } : {}),
          ...(xKind === "step" && !options.logX ? { incrs: WHOLE } : {}),
        },
        {
          font: FONT,
          stroke: text,
          grid: line,
          ticks: { ...line, size: 4 },
          gap: 3,
          size: 48,
          space: 30,
          values: numbers,
        },
      ],
      cursor: {
        y: false,
        points: { show: false },
        drag: { x: true, y: false, setScale: false, dist: 4 },
        sync: {
          key: options.syncKey,
          scales: ["x", null],
          setSeries: false,
          filters: { pub: (type) => type === "mousemove" || type === "mouseleave" },
        },
        bind: { dblclick: () => null },
      },
      hooks: {
        draw: [() => this.draw()],
        setSelect: [
          (u) => {
            const { left, width } = u.select;
            if (width < 4) return;
            events.onSelect(u.posToVal(left, "x"), u.posToVal(left + width, "x"));
            u.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
          },
        ],
        setCursor: [
          (u) => {
            const { left = -1, top = -1 } = u.cursor;
            if (this.isOver && left >= 0) events.onCursor({ x: u.posToVal(left, "x"), left, top });
          },
        ],
      },
    };
  }

  private draw(): void {
    const { ctx, bbox } = this.uplot;
    const { curves, highlight, xRange, yRange } = this.model;
    const px = scaleOf(xRange, bbox.left, bbox.width, this.options.logX);
    const py = scaleOf([yRange[1], yRange[0]], bbox.top, bbox.height, this.options.logY);
    const ratio = uPlot.pxRatio;
    ctx.save();
    ctx.beginPath();
    ctx.rect(bbox.left, bbox.top, bbox.width, bbox.height);
    ctx.clip();
    ctx.lineJoin = "round";
    const order = highlight
      ? [...curves].sort((a, b) => Number(a.id === highlight) - Number(b.id === highlight))
      : curves;
    for (const curve of order) {
      const isFaded = highlight !== null && curve.id !== highlight && curves.length > 1;
      drawCurve(ctx, curve, px, py, { ratio, isFaded, isThick: curve.id === highlight, bbox });
    }
    ctx.restore();
  }
}

/** uPlot's name of a linear or logarithmic scale, which its types have as constants that a module cannot import. */
function distribution(log: boolean): uPlot.Scale.Distr {
  // eslint-disable-next-line @typescript-eslint/no-unsafe-enum-assignment -- the rule wants the constants
  return log ? 3 : 1;
}

type Scale = (value: number) => number;

/** Return what turns values into pixels, the first of the range at `begin`. */
function scaleOf([from, to]: readonly [number, number], begin: number, size: number, log: boolean): Scale {
  if (log) {
    const base = Math.log(from);
    const factor = size / (Math.log(to) - base);
    return (value) => (value > 0 ? begin + (Math.log(value) - base) * factor : NaN);
  }
  const factor = size / (to - from);
  return (value) => begin + (value - from) * factor;
}

interface Look {
  ratio: number;
  isFaded: boolean;
  isThick: boolean;
  bbox: uPlot.BBox;
}

function drawCurve(ctx: CanvasRenderingContext2D, curve: Curve, px: Scale, py: Scale, look: Look): void {
  const { ratio, isFaded, isThick } = look;
  const fade = isFaded ? FADED_ALPHA : 1;
  ctx.strokeStyle = ctx.fillStyle = curve.style.color;
  drawBand(ctx, curve, px, py, fade, ratio);
  ctx.lineWidth = (isThick ? 2.5 : 1.5) * ratio;
  if (curve.smoothed) {
    ctx.globalAlpha = fade * RAW_ALPHA;
    drawLine(ctx, curve.x, curve.y, px, py);
  }
  ctx.globalAlpha = fade;
  ctx.setLineDash(curve.style.dash.map((length) => length * ratio));
  drawLine(ctx, curve.x, curve.smoothed ?? curve.y, px, py);
  ctx.setLineDash([]);
  if (curve.x.length <= MARKED_POINTS) drawPoints(ctx, curve, px, py, ratio);
  drawNonfinite(ctx, curve, px, look);
  ctx.globalAlpha = 1;
}

function drawBand(
  ctx: CanvasRenderingContext2D,
  { x, low, high }: Curve,
  px: Scale,
  py: Scale,
  fade: number,
  ratio: number,
): void {
  let hasBand = false;
  for (let i = 0; i < x.length && !hasBand; i++) hasBand = (high[i] ?? NaN) > (low[i] ?? NaN);
  if (!hasBand) return;
  ctx.globalAlpha = BAND_ALPHA * fade;
  for (let begin = 0; begin < x.length;) {
    // One polygon for each stretch without a gap.
    while (begin < x.length && !Number.isFinite(py(high[begin] ?? NaN))) begin++;
    let end = begin;
    while (end < x.length && Number.isFinite(py(high[end] ?? NaN))) end++;
    if (end === begin) break;
    ctx.beginPath();
    for (let i = begin; i < end; i++) ctx.lineTo(px(x[i] ?? NaN), py(high[i] ?? NaN));
    for (let i = end - 1; i >= begin; i--) {
      const bottom = py(low[i] ?? NaN);
      // On a logarithmic axis a value below 0 lies below everything.
      ctx.lineTo(px(x[i] ?? NaN), Number.isFinite(bottom) ? bottom : 1e5);
    }
    ctx.fill();
    begin = end;
  }
  ctx.globalAlpha = STROKE_ALPHA * fade;
  ctx.lineWidth = ratio;
  ctx.beginPath();
  for (let i = 0; i < x.length; i++) {
    const top = py(high[i] ?? NaN);
    const bottom = py(low[i] ?? NaN);
    if (!(bottom - top > 2 * ratio)) continue;
    // Only what stands out of the neighbours: strokes within a wide band would hide the curves behind it.
    const before = Math.min(py(high[i - 1] ?? NaN) || top, py(high[i + 1] ?? NaN) || top);
    const after = Math.max(py(low[i - 1] ?? NaN) || bottom, py(low[i + 1] ?? NaN) || bottom);
    const at = Math.round(px(x[i] ?? NaN)) + 0.5;
    if (top < before - SPIKE_PX * ratio) {
      ctx.moveTo(at, top);
      ctx.lineTo(at, Math.min(before, bottom));
    }
    if (bottom > after + SPIKE_PX * ratio) {
      ctx.moveTo(at, bottom);
      ctx.lineTo(at, Math.max(after, top));
    }
  }
  ctx.stroke();
}

function drawLine(
  ctx: CanvasRenderingContext2D,
  x: Float64Array,
  y: Float64Array,
  px: Scale,
  py: Scale,
): void {
  ctx.beginPath();
  let isDown = false;
  for (let i = 0; i < x.length; i++) {
    const at = px(x[i] ?? NaN);
    const value = py(y[i] ?? NaN);
    // A gap where a value is not finite: no line is invented across it.
    if (!Number.isFinite(value) || !Number.isFinite(at)) {
      isDown = false;
    } else if (isDown) {
      ctx.lineTo(at, value);
    } else {
      ctx.moveTo(at, value);
      isDown = true;
    }
  }
  ctx.stroke();
}

function drawPoints(ctx: CanvasRenderingContext2D, curve: Curve, px: Scale, py: Scale, ratio: number): void {
  ctx.beginPath();
  for (let i = 0; i < curve.x.length; i++) {
    const at = px(curve.x[i] ?? NaN);
    const value = py(curve.y[i] ?? NaN);
    if (!Number.isFinite(value) || !Number.isFinite(at)) continue;
    ctx.moveTo(at + 2 * ratio, value);
    ctx.arc(at, value, 2 * ratio, 0, 2 * Math.PI);
  }
  ctx.fill();
}

/** Mark NaN by a cross at the foot, and infinities by triangles at the end to which they go. */
function drawNonfinite(ctx: CanvasRenderingContext2D, curve: Curve, px: Scale, { ratio, bbox }: Look): void {
  const size = 4 * ratio;
  ctx.lineWidth = 1.5 * ratio;
  for (let i = 0; i < curve.x.length; i++) {
    if (!curve.nonfinite[i]) continue;
    const at = px(curve.x[i] ?? NaN);
    const value = curve.y[i] ?? NaN;
    ctx.beginPath();
    if (value === Infinity || value === -Infinity) {
      const end = value > 0 ? bbox.top + ratio : bbox.top + bbox.height - ratio;
      const back = value > 0 ? end + 2 * size : end - 2 * size;
      ctx.moveTo(at, end);
      ctx.lineTo(at - size, back);
      ctx.lineTo(at + size, back);
      ctx.fill();
    } else {
      const foot = bbox.top + bbox.height - 2 * size;
      ctx.moveTo(at - size, foot - size);
      ctx.lineTo(at + size, foot + size);
      ctx.moveTo(at + size, foot - size);
      ctx.lineTo(at - size, foot + size);
      ctx.stroke();
    }
  }
}
