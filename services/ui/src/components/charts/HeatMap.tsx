/** Ranks down, steps across: a rank that strays from the others is a stripe, and is named. */
import { useEffect, useMemo, useRef, useState } from "react";
import { formatNumber } from "@/components/format";
import classes from "./charts.module.css";
import type { Curve } from "./curves";
import { heatGrid, rampColor, stragglers } from "./heat";
import type { XKind } from "./plot";
import { positionText } from "./Tooltip";

const MOST_COLUMNS = 400;
const BAR = Array.from({ length: 9 }, (_, i) => `rgb(${rampColor(i / 8).join()})`).join();

export interface HeatMapProps {
  title: string;
  curves: readonly Curve[];
  xKind: XKind;
  onOpen: (curve: Curve) => void;
}

export function HeatMap({ title, curves, xKind, onOpen }: HeatMapProps) {
  const canvas = useRef<HTMLCanvasElement>(null);
  const [pointed, setPointed] = useState<{ row: number; column: number } | null>(null);
  const grid = useMemo(() => heatGrid(curves, MOST_COLUMNS), [curves]);
  const strays = useMemo(() => stragglers(grid), [grid]);
  useEffect(() => {
    const ctx = canvas.current?.getContext("2d");
    if (!ctx || !curves.length) return;
    const image = ctx.createImageData(grid.columns, curves.length);
    const spread = grid.high - grid.low || 1;
    grid.cells.forEach((value, i) => {
      if (Number.isNaN(value)) return;
      image.data.set([...rampColor((value - grid.low) / spread), 255], i * 4);
    });
    ctx.putImageData(image, 0, 0);
  }, [grid, curves]);

  const at = (event: React.MouseEvent) => {
    const box = event.currentTarget.getBoundingClientRect();
    const share = (position: number, size: number, cells: number) =>
      Math.max(0, Math.min(cells - 1, Math.floor((position / size) * cells)));
    return {
      row: share(event.clientY - box.top, box.height, curves.length),
      column: share(event.clientX - box.left, box.width, grid.columns),
    };
  };
  const value = pointed ? grid.cells[pointed.row * grid.columns + pointed.column] : undefined;
  const x = pointed
    ? grid.xRange[0] + ((grid.xRange[1] - grid.xRange[0]) * pointed.column) / Math.max(1, grid.columns - 1)
    : 0;
  return (
    <>
      <div className={classes["heat"]}>
        <canvas
          ref={canvas}
          width={grid.columns}
          height={Math.max(1, curves.length)}
          role="img"
          aria-label={`Heat map of ${title}: ${curves.length} ranks.`}
          onMouseMove={(event) => setPointed(at(event))}
          onMouseLeave={() => setPointed(null)}
          onClick={(event) => {
            const curve = curves[at(event).row];
            if (curve) onOpen(curve);
          }}
        />
        <span className={classes["heatLabel"]} style={{ right: "calc(100% + 4px)", top: 0 }}>
          {curves[0]?.label}
        </span>
        <span className={classes["heatLabel"]} style={{ right: "calc(100% + 4px)", bottom: 18 }}>
          {curves.at(-1)?.label}
        </span>
        <span className={classes["heatLabel"]} style={{ left: 0, bottom: 0 }}>
          {positionText(grid.xRange[0], xKind)}
        </span>
        <span className={classes["heatLabel"]} style={{ right: 0, bottom: 0 }}>
          {positionText(grid.xRange[1], xKind)}
        </span>
        <span className={classes["heatBar"]}>
          {formatNumber(grid.low)}
          <i style={{ background: `linear-gradient(to right, ${BAR})` }} />
          {formatNumber(grid.high)}
        </span>
      </div>
      <div className={classes["cardNote"]}>
        {pointed ? (
          `${curves[pointed.row]?.label ?? ""}, ${positionText(x, xKind)}: ${formatNumber(value ?? NaN)}`
        ) : strays.length ? (
          <>
            farthest from the others:{" "}
            {strays.map(({ row }) => (
              <button
                key={row}
                type="button"
                className={classes["noteLink"]}
                onClick={() => curves[row] && onOpen(curves[row])}
              >
                {curves[row]?.label}
              </button>
            ))}
          </>
        ) : (
          `${curves.length} ranks, none far from the others`
        )}
      </div>
    </>
  );
}
