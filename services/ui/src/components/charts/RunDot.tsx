/** A run's colour and dash as a short line, as its curve is drawn. */
import type { LineStyle } from "./curves";

export function RunDot({ style }: { style: LineStyle }) {
  return (
    <svg width="16" height="8" aria-hidden style={{ flex: "none" }}>
      <line
        x1="1"
        x2="15"
        y1="4"
        y2="4"
        stroke={style.color}
        strokeWidth="3"
        strokeDasharray={style.dash.map((length) => length * 0.7).join(" ") || undefined}
      />
    </svg>
  );
}
