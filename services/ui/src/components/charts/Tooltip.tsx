/** The values at the pointer: of the nearest curves, the greatest value first. */
import { exactTime, formatDuration, formatNumber } from "@/components/format";
import classes from "./charts.module.css";
import type { Curve } from "./curves";
import type { XKind } from "./plot";
import { RunDot } from "./RunDot";

export interface Cursor {
  x: number;
  left: number;
  top: number;
  /** The value at the height of the pointer. */
  pointer: number;
  rows: { curve: Curve; row: number; value: number }[];
  nearest: string | null;
}

const MOST_ROWS = 8;
/** Room that the tooltip needs at the right of the pointer, in pixels. */
const WIDTH = 240;

export interface TooltipProps {
  cursor: Cursor;
  xKind: XKind;
  width: number;
  height: number;
}

export function Tooltip({ cursor, xKind, width, height }: TooltipProps) {
  const { rows, pointer, nearest } = cursor;
  const shown = [...rows]
    .sort((a, b) => Math.abs(a.value - pointer) - Math.abs(b.value - pointer))
    .slice(0, MOST_ROWS)
    .sort((a, b) => b.value - a.value);
  const x = shown[0] ? (shown[0].curve.x[shown[0].row] ?? cursor.x) : cursor.x;
  const isLeft = cursor.left + 60 + WIDTH > width;
  const isLow = cursor.top > height / 2;
  return (
    <div
      className={classes["tooltip"]}
      style={{
        ...(isLeft ? { right: width - cursor.left - 46 } : { left: cursor.left + 68 }),
        ...(isLow ? { bottom: height - cursor.top } : { top: cursor.top + 12 }),
      }}
    >
      <div className={classes["tooltipHead"]}>{positionText(x, xKind)}</div>
      {shown.map(({ curve, row, value }) => (
        <div key={curve.id} className={classes["tooltipRow"]} data-near={curve.id === nearest || undefined}>
          <RunDot style={curve.style} />
          <span className={classes["tooltipName"]}>{curve.label}</span>
          <span>{formatNumber(value)}</span>
          <BandText curve={curve} row={row} />
        </div>
      ))}
      {rows.length > shown.length && (
        <div className={classes["tooltipRest"]}>and {rows.length - shown.length} more</div>
      )}
    </div>
  );
}

function BandText({ curve, row }: { curve: Curve; row: number }) {
  const low = curve.low[row] ?? NaN;
  const high = curve.high[row] ?? NaN;
  const bad = curve.nonfinite[row] ?? 0;
  if (!(high > low) && !bad) return null;
  return (
    <span className={classes["tooltipBand"]}>
      {high > low && `${formatNumber(low)} – ${formatNumber(high)}`}
      {bad > 0 && ` ${bad} not finite`}
    </span>
  );
}

export function positionText(x: number, xKind: XKind): string {
  if (xKind === "time") return exactTime(Math.round(x));
  if (xKind === "relative") return formatDuration(x);
  return xKind === "step" ? `step ${Math.round(x).toLocaleString()}` : formatNumber(x);
}
