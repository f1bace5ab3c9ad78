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
import { drawCurve, scaleOf } from "./drawing";
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
  /** The pointer was moved over this plot. */
  onPointer: () => void;
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
    // Events of the mouse, since a tap on a touch screen makes these as well; before uPlot's own listener.
    const onMove = () => {
      this.isOver = true;
      events.onPointer();
    };
    over.addEventListener("mousemove", onMove, { capture: true });
    over.addEventListener("mouseleave", () => {
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
    // Changes of range or size that still wait are made first: the pixel depends on them.
    this.uplot.batch(() => undefined);
    const left = this.uplot.valToPos(x, "x");
    this.uplot.setCursor({ left, top: this.uplot.over.clientHeight / 2 }, true);
  }

  /** The keyboard is elsewhere: the cursor of another plot is not this one's. */
  leave(): void {
    this.isOver = false;
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
