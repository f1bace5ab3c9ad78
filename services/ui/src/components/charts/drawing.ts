/** How curves are drawn on a canvas: band, line, points, and marks of values that are not finite. */
import type { Curve } from "./curves";

const BAND_ALPHA = 0.16;
const STROKE_ALPHA = 0.55;
const FADED_ALPHA = 0.18;
const RAW_ALPHA = 0.3;
/** Curves with fewer points than this show each of them. */
const MARKED_POINTS = 60;
/** How far in pixels a bucket's band stands out of its neighbours' to be a spike. */
const SPIKE_PX = 10;

type Scale = (value: number) => number;

/** Return what turns values into pixels, the first of the range at `begin`. */
export function scaleOf(
  [from, to]: readonly [number, number],
  begin: number,
  size: number,
  log: boolean,
): Scale {
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
  bbox: { left: number; top: number; width: number; height: number };
}

export function drawCurve(
  ctx: CanvasRenderingContext2D,
  curve: Curve,
  px: Scale,
  py: Scale,
  look: Look,
): void {
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
