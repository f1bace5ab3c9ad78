/**
 * A panel's place in the grid: it is moved by dragging its grip onto another panel or by the grip's arrow keys, and made
 * larger by dragging its corner or by the corner's arrow keys. While it is far from the screen it is an empty frame.
 */
import { ActionIcon, Tooltip } from "@mantine/core";
import { IconGripVertical } from "@tabler/icons-react";
import { type KeyboardEvent, type PointerEvent, useEffect, useRef, useState } from "react";
import { fittingSize, PANEL, type PanelSize } from "./arrange";
import classes from "./charts.module.css";
import { MetricCard, type MetricCardProps } from "./MetricCard";
import { useNear } from "./useNear";

/** What a dragged panel is told by, so that nothing else that is dragged here is taken for one. */
const DRAGGED = "application/x-trackhelm-panel";

export interface PanelSlotProps extends MetricCardProps {
  /** Its place in the section, from 0. */
  place: number;
  size: PanelSize;
  /** How many columns the grid has. */
  columns: number;
  onResize: (size: PanelSize) => void;
  /** Move the panel of a key to this one's place. */
  onTake: (key: string) => void;
  /** Move this panel by one place, to the left or to the right. */
  onStep: (by: -1 | 1) => void;
}

const SIZE_STEPS: Record<string, readonly [columns: number, rows: number]> = {
  ArrowLeft: [-1, 0],
  ArrowRight: [1, 0],
  ArrowUp: [0, -1],
  ArrowDown: [0, 1],
};

export function PanelSlot({ place, size, columns, onResize, onTake, onStep, ...card }: PanelSlotProps) {
  const frame = useRef<HTMLDivElement>(null);
  const isNear = useNear(frame);
  const [isTarget, setIsTarget] = useState(false);
  // A panel that is moved in the document loses the focus, which the next key needs.
  const gripButton = useRef<HTMLButtonElement>(null);
  const isStepping = useRef(false);
  useEffect(() => {
    if (isStepping.current) gripButton.current?.focus();
    isStepping.current = false;
  }, [place]);
  const [width, height] = [Math.min(size[0], columns), size[1]];
  const style = {
    gridColumn: `span ${width}`,
    height: height * PANEL.height + (height - 1) * PANEL.gap,
  };
  const resizeTo = (next: PanelSize) => {
    if (next[0] !== size[0] || next[1] !== size[1]) onResize(next);
  };
  const dragCorner = (event: PointerEvent) => {
    const box = frame.current?.getBoundingClientRect();
    if (!box || !event.currentTarget.hasPointerCapture(event.pointerId)) return;
    const column = (box.width + PANEL.gap) / width;
    const wide = (event.clientX - box.left + PANEL.gap) / column;
    const tall = (event.clientY - box.top + PANEL.gap) / (PANEL.height + PANEL.gap);
    resizeTo(fittingSize(Math.min(columns, wide), tall));
  };
  const onCornerKey = (event: KeyboardEvent) => {
    const step = SIZE_STEPS[event.key];
    if (!step) return;
    event.preventDefault();
    resizeTo(fittingSize(size[0] + step[0], size[1] + step[1]));
  };
  const grip = (
    <Tooltip label="Drag to move, or press an arrow key">
      <ActionIcon
        ref={gripButton}
        size="sm"
        draggable
        aria-label={`Move ${card.metricKey}`}
        className={classes["grip"] ?? ""}
        onDragStart={(event) => {
          event.dataTransfer.setData(DRAGGED, card.metricKey);
          event.dataTransfer.effectAllowed = "move";
          if (frame.current) event.dataTransfer.setDragImage(frame.current, 20, 20);
        }}
        onKeyDown={(event) => {
          if (event.key !== "ArrowLeft" && event.key !== "ArrowRight") return;
          event.preventDefault();
          isStepping.current = true;
          onStep(event.key === "ArrowLeft" ? -1 : 1);
        }}
      >
        <IconGripVertical size={15} />
      </ActionIcon>
    </Tooltip>
  );
  return (
    <div
      ref={frame}
      className={classes["slot"]}
      style={style}
      data-target={isTarget || undefined}
      onDragOver={(event) => {
        if (!event.dataTransfer.types.includes(DRAGGED)) return;
        event.preventDefault();
        setIsTarget(true);
      }}
      onDragLeave={(event) => {
        if (!event.currentTarget.contains(event.relatedTarget as Node | null)) setIsTarget(false);
      }}
      onDrop={(event) => {
        setIsTarget(false);
        const key = event.dataTransfer.getData(DRAGGED);
        if (!key) return;
        event.preventDefault();
        onTake(key);
      }}
    >
      {isNear && (
        <>
          <MetricCard {...card} grip={grip} />
          <button
            type="button"
            className={classes["corner"]}
            aria-label={`Size of ${card.metricKey}: ${size[0]} by ${size[1]}. The arrow keys change it.`}
            onPointerDown={(event) => event.currentTarget.setPointerCapture(event.pointerId)}
            onPointerMove={dragCorner}
            onKeyDown={onCornerKey}
          />
        </>
      )}
    </div>
  );
}
