/** A panel as a picture or a table. The picture has the title, the axes, the curves and their names. */
import { csvField } from "@/components/download";
import type { Curve } from "./curves";
import type { Plot, PlotModel } from "./plot";
import { formatTick, ticks } from "./ticks";
import { positionText } from "./Tooltip";

const LEGEND_ROW = 18;
const MOST_NAMES = 20;

function named(curves: readonly Curve[]): readonly Curve[] {
  return curves.slice(0, MOST_NAMES);
}

/** Return the panel as a PNG, drawn from its canvas with title and legend around it. */
export async function toPng(title: string, plot: Plot, model: PlotModel): Promise<Blob> {
  const source = plot.canvas;
  const ratio = source.width / source.clientWidth || 1;
  const names = named(model.curves);
  const canvas = document.createElement("canvas");
  canvas.width = source.width;
  canvas.height = source.height + (32 + names.length * LEGEND_ROW + 8) * ratio;
  const ctx = canvas.getContext("2d");
  if (!ctx) throw new Error("The browser gives no canvas to draw on.");
  ctx.fillStyle = model.theme.background;
  ctx.fillRect(0, 0, canvas.width, canvas.height);
  ctx.scale(ratio, ratio);
  ctx.fillStyle = model.theme.text;
  ctx.font = "600 14px system-ui, sans-serif";
  ctx.fillText(title, 12, 21);
  ctx.drawImage(source, 0, 32, source.width / ratio, source.height / ratio);
  ctx.font = "12px system-ui, sans-serif";
  ctx.lineWidth = 3;
  names.forEach((curve, row) => {
    const y = 32 + source.height / ratio + row * LEGEND_ROW + 12;
    ctx.strokeStyle = curve.style.color;
    ctx.setLineDash([...curve.style.dash]);
    ctx.beginPath();
    ctx.moveTo(14, y - 4);
    ctx.lineTo(38, y - 4);
    ctx.stroke();
    ctx.fillText(curve.label, 46, y);
  });
  const blob = await new Promise<Blob | null>((resolve) => canvas.toBlob(resolve, "image/png"));
  if (!blob) throw new Error("The browser could not make a PNG.");
  return blob;
}

const SIZE = { width: 900, height: 460, left: 64, right: 16, top: 36, bottom: 32 };

/** Return the panel as an SVG, of the same curves in the same range. */
export function toSvg(title: string, model: PlotModel, logX: boolean, logY: boolean): string {
  const { left, right, top, bottom, width, height } = SIZE;
  const names = named(model.curves);
  const px = along(model.xRange, left, width - right, logX);
  const py = along(model.yRange, height - bottom, top, logY);
  const parts: string[] = [];
  for (const tick of ticks(model.yRange, logY)) {
    parts.push(
      `<path d="M${left} ${fixed(py(tick))}H${width - right}" stroke="${model.theme.grid}"/>`,
      `<text x="${left - 8}" y="${fixed(py(tick) + 4)}" text-anchor="end">${escaped(formatTick(tick))}</text>`,
    );
  }
  for (const tick of ticks(model.xRange, logX)) {
    const text =
      model.xKind === "step" || model.xKind === "metric" ? formatTick(tick) : positionText(tick, model.xKind);
    parts.push(
      `<text x="${fixed(px(tick))}" y="${height - 12}" text-anchor="middle">${escaped(text)}</text>`,
    );
  }
  const drawn = model.curves.flatMap((curve) => {
    const color = escaped(curve.style.color);
    const dash = curve.style.dash.length ? ` stroke-dasharray="${curve.style.dash.join(" ")}"` : "";
    return [
      `<path d="${bandPath(curve, px, py)}" fill="${color}" fill-opacity="0.2" stroke="${color}" stroke-opacity="0.5" stroke-width="0.7"/>`,
      curve.smoothed
        ? `<path d="${linePath(curve.x, curve.y, px, py)}" fill="none" stroke="${color}" stroke-opacity="0.3"/>`
        : "",
      `<path d="${linePath(curve.x, curve.smoothed ?? curve.y, px, py)}" fill="none" stroke="${color}" stroke-width="1.5"${dash}/>`,
    ];
  });
  const legend = names.map((curve, row) => {
    const y = height + row * LEGEND_ROW + 8;
    const dash = curve.style.dash.length ? ` stroke-dasharray="${curve.style.dash.join(" ")}"` : "";
    return `<path d="M${left} ${y}h24" stroke="${escaped(curve.style.color)}" stroke-width="3"${dash}/><text x="${left + 32}" y="${y + 4}">${escaped(curve.label)}</text>`;
  });
  const tall = height + names.length * LEGEND_ROW + 12;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${tall}" font-family="system-ui, sans-serif" font-size="12" fill="${model.theme.text}">`,
    `<rect width="${width}" height="${tall}" fill="${model.theme.background}"/>`,
    `<text x="${left}" y="22" font-size="14" font-weight="600">${escaped(title)}</text>`,
    `<clipPath id="plot"><rect x="${left}" y="${top}" width="${width - left - right}" height="${height - top - bottom}"/></clipPath>`,
    ...parts,
    `<g clip-path="url(#plot)">`,
    ...drawn,
    "</g>",
    ...legend,
    "</svg>",
  ].join("\n");
}

function fixed(value: number): string {
  return value.toFixed(1);
}

function along([from, to]: readonly [number, number], begin: number, end: number, log: boolean) {
  const at = log ? Math.log : (value: number) => value;
  const base = at(from);
  const factor = (end - begin) / (at(to) - base);
  return (value: number) => begin + (at(value) - base) * factor;
}

type Scale = (value: number) => number;

function linePath(x: Float64Array, y: Float64Array, px: Scale, py: Scale): string {
  let path = "";
  let isDown = false;
  for (let i = 0; i < x.length; i++) {
    const at = px(x[i] ?? NaN);
    const value = py(y[i] ?? NaN);
    if (Number.isFinite(at) && Number.isFinite(value)) {
      path += `${isDown ? "L" : "M"}${fixed(at)} ${fixed(value)}`;
      isDown = true;
    } else {
      isDown = false;
    }
  }
  return path;
}

function bandPath({ x, low, high }: Curve, px: Scale, py: Scale): string {
  let path = "";
  let back = "";
  for (let i = 0; i < x.length; i++) {
    const at = px(x[i] ?? NaN);
    const top = py(high[i] ?? NaN);
    const foot = py(low[i] ?? NaN);
    if (![at, top, foot].every(Number.isFinite)) continue;
    path += `${path ? "L" : "M"}${fixed(at)} ${fixed(top)}`;
    back = `L${fixed(at)} ${fixed(foot)}${back}`;
  }
  return path && `${path}${back}Z`;
}

function escaped(text: string): string {
  return text
    .replaceAll("&", "&amp;")
    .replaceAll("<", "&lt;")
    .replaceAll(">", "&gt;")
    .replaceAll('"', "&quot;");
}

/** Return what the panel draws as a table: a row for each point or bucket. */
export function toCsv(key: string, curves: readonly Curve[]): string {
  const rows = ["run,run_id,key,x,last,min,max,nonfinite"];
  for (const { label, runId, x, y, low, high, nonfinite } of curves) {
    const head = [label, runId, key].map(csvField).join(",");
    for (let i = 0; i < x.length; i++) {
      rows.push([head, x[i], y[i], low[i], high[i], nonfinite[i]].join(","));
    }
  }
  return `${rows.join("\n")}\n`;
}

/** Return a key or a run's name as the name of a file. */
export function fileName(text: string, ending: string): string {
  return `${text.replaceAll(/[^\p{L}\p{N}._-]+/gu, "_").slice(0, 100) || "chart"}.${ending}`;
}
