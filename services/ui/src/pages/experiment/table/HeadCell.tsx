/** The head of a column: a click sorts, a drag moves, its edge resizes, and its menu pins, moves and hides. */
import { Menu } from "@mantine/core";
import { IconArrowDown, IconArrowUp, IconChevronDown, IconPin } from "@tabler/icons-react";
import type { Header } from "@tanstack/react-table";
import { type CSSProperties, useState } from "react";
import type { Run } from "@/api/runs";
import { type Column, NAME_COLUMN } from "../columns";
import classes from "./RunsTable.module.css";
import type { Columns } from "./use-columns";

const DRAGGED = "application/x-trackhelm-column";

export interface HeadCellProps {
  header: Header<Run, unknown>;
  column: Column;
  columns: Columns;
  sort: { column: string; descending: boolean } | null;
  onSort: (sort: string | undefined) => void;
  place: number;
  style: CSSProperties;
  className: string;
}

/** The next sort by a column: metrics begin with the greatest, texts with the first; the third click ends it. */
function nextSort(column: Column, sort: HeadCellProps["sort"]): string | undefined {
  const [first, second] = column.kind === "metric" ? ["-", ""] : ["", "-"];
  if (sort?.column !== column.id) return first + column.id;
  const isFirst = sort.descending === (first === "-");
  return isFirst ? second + column.id : undefined;
}

export function HeadCell({ header, column, columns, sort, onSort, place, style, className }: HeadCellProps) {
  const [isTarget, setIsTarget] = useState(false);
  const sorted = sort?.column === column.id ? (sort.descending ? "descending" : "ascending") : undefined;
  const isPinned = header.column.getIsPinned() === "left";
  const SortIcon = sorted === "descending" ? IconArrowDown : IconArrowUp;
  return (
    <div
      role="columnheader"
      aria-sort={sorted ?? "none"}
      aria-colindex={place}
      className={className}
      style={style}
      data-numeric={column.isNumeric || undefined}
      data-sorted={sorted}
      data-drop={isTarget || undefined}
      onDragOver={(event) => {
        if (!event.dataTransfer.types.includes(DRAGGED)) return;
        event.preventDefault();
        setIsTarget(true);
      }}
      onDragLeave={() => setIsTarget(false)}
      onDrop={(event) => {
        setIsTarget(false);
        const moved = event.dataTransfer.getData(DRAGGED);
        if (moved && moved !== column.id) columns.move(moved, column.id);
      }}
    >
      <button
        type="button"
        className={classes["sort"]}
        title={column.id}
        draggable={column.id !== NAME_COLUMN}
        onDragStart={(event) => event.dataTransfer.setData(DRAGGED, column.id)}
        onClick={() => onSort(nextSort(column, sort))}
      >
        {isPinned && column.id !== NAME_COLUMN && <IconPin size={12} aria-label="pinned" />}
        <span>{column.label}</span>
        {sorted && <SortIcon size={13} aria-hidden />}
      </button>
      {column.id !== NAME_COLUMN && (
        <Menu position="bottom-end" withinPortal>
          <Menu.Target>
            <button
              type="button"
              className={classes["more"]}
              aria-label={`Menu of the column ${column.label}`}
            >
              <IconChevronDown size={14} />
            </button>
          </Menu.Target>
          <Menu.Dropdown>
            <Menu.Item onClick={() => onSort(column.id)}>Sort ascending</Menu.Item>
            <Menu.Item onClick={() => onSort(`-${column.id}`)}>Sort descending</Menu.Item>
            <Menu.Divider />
            <Menu.Item onClick={() => columns.togglePin(column.id)}>
              {isPinned ? "Unpin" : "Pin to the left"}
            </Menu.Item>
            <Menu.Item onClick={() => columns.shift(column.id, -1)}>Move left</Menu.Item>
            <Menu.Item onClick={() => columns.shift(column.id, 1)}>Move right</Menu.Item>
            <Menu.Item onClick={() => columns.hide(column.id)}>Hide</Menu.Item>
          </Menu.Dropdown>
        </Menu>
      )}
      <span
        aria-hidden
        className={classes["resize"]}
        onMouseDown={header.getResizeHandler()}
        onTouchStart={header.getResizeHandler()}
        onDoubleClick={() => header.column.resetSize()}
      />
    </div>
  );
}
