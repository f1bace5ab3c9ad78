/**
 * The grid of runs. Only the rows and columns in sight are in the document, whatever their number.
 *
 * Keys: arrows and Page keys move, Space selects, Enter opens the run, `e` shows or hides it in charts.
 */
import type { Column as TableColumn } from "@tanstack/react-table";
import { useVirtualizer } from "@tanstack/react-virtual";
import { useNavigate } from "@tanstack/react-router";
import { type CSSProperties, type KeyboardEvent, useEffect, useMemo, useRef, useState } from "react";
import type { Run } from "@/api/runs";
import { useNow } from "@/components/use-now";
import { useScheme } from "@/components/use-scheme";
import { type Column, NAME_COLUMN } from "../columns";
import { isShown, sortOf, toggleShown } from "../search";
import { useExperimentView } from "../view";
import { statsOf } from "./column-stats";
import { HeadCell } from "./HeadCell";
import { GroupRowView, MoreRowView, type Placed, RunRowView } from "./RowView";
import { type Row, rowsOf } from "../rows";
import classes from "./RunsTable.module.css";
import type { Selection } from "./use-selection";
import type { Columns } from "./use-columns";
import { useGroups } from "./use-groups";

const ROW = 28;
const OVERSCAN = 6;
/** How many rows before the end more are asked for. */
const AHEAD = 50;
/** The width of the check box and the eye, in pixels. */
export const MARKS = 56;

/** Return where columns are; `from` is the left edge of the first one that stays, null for those that move. */
function placedOf(
  columns: readonly TableColumn<Run>[],
  known: ReadonlyMap<string, Column>,
  place: number,
  from: number | null,
): Placed[] {
  let offset = from ?? 0;
  return columns.flatMap((column, index) => {
    const described = known.get(column.id);
    if (!described) return [];
    const width = column.getSize();
    const style: CSSProperties = from === null ? { width } : { width, left: offset };
    offset += width;
    const isLast = from !== null && index === columns.length - 1;
    return [{ column: described, style, place: place + index, isSticky: from !== null, isLast }];
  });
}

export interface RunsTableProps {
  columns: Columns;
  selection: Selection;
  onMenu: (run: Run, at: DOMRect) => void;
}

export function RunsTable({ columns, selection, onMenu }: RunsTableProps) {
  const view = useExperimentView();
  const { search, change, runs, pages, pinned, children, baseline, loadMore, hasMore } = view;
  const { listed, opened, toggle } = view;
  const navigate = useNavigate();
  const scheme = useScheme();
  const now = useNow();
  const scroll = useRef<HTMLDivElement>(null);
  const [active, setActive] = useState(0);
  const metricKeys = useMemo(
    () => columns.columns.filter(({ kind }) => kind === "metric").map(({ key }) => key),
    [columns.columns],
  );
  const { groups, beyond, loaded, loadMore: loadGroup, error: groupError } = useGroups(metricKeys, opened);
  const isGrouped = search.group !== undefined;
  const rows: readonly Row[] = useMemo(
    () => (isGrouped ? rowsOf({ runs, pinned, children, groups: groups ?? [], loaded, opened }) : listed),
    [runs, pinned, children, isGrouped, groups, loaded, opened, listed],
  );

  const left = columns.table.getLeftLeafColumns();
  const center = columns.table.getCenterLeafColumns();
  const headers = new Map(columns.table.getFlatHeaders().map((header) => [header.id, header]));
  const known = useMemo(
    () => new Map(columns.columns.map((column) => [column.id, column])),
    [columns.columns],
  );

  const vertical = useVirtualizer({
    count: rows.length,
    getScrollElement: () => scroll.current,
    estimateSize: () => ROW,
    overscan: OVERSCAN,
    scrollPaddingStart: 30,
  });
  const horizontal = useVirtualizer({
    horizontal: true,
    count: center.length,
    getScrollElement: () => scroll.current,
    estimateSize: (index) => center[index]?.getSize() ?? 100,
    getItemKey: (index) => center[index]?.id ?? index,
    overscan: 2,
  });
  const sizes = center.map((column) => column.getSize()).join();
  useEffect(() => horizontal.measure(), [horizontal, sizes]);

  const shownRows = vertical.getVirtualItems();
  const lastIndex = shownRows.at(-1)?.index ?? 0;
  useEffect(() => {
    if (hasMore && !isGrouped && lastIndex > rows.length - AHEAD) loadMore();
  }, [hasMore, isGrouped, lastIndex, loadMore, rows.length]);
  // An open group goes on where its end is in sight, when the page before has come.
  const ends = shownRows.map(({ index }) => rows[index]).filter((row) => row?.kind === "more");
  const ending = ends
    .filter((row) => loaded.has(row.groupId))
    .map((row) => row.groupId)
    .join("\n");
  useEffect(() => {
    if (ending) ending.split("\n").forEach(loadGroup);
  }, [ending, loadGroup, rows.length]);

  const across = horizontal.getVirtualItems();
  const placed = placedOf(left, known, 2, MARKS);
  for (const { index } of across) {
    placed.push(...placedOf(center.slice(index, index + 1), known, left.length + index + 2, null));
  }

  const seen = placed.map(({ column }) => column.id).join();
  const stats = useMemo(
    () =>
      new Map(
        placed
          .filter(({ column }) => column.kind === "metric")
          .map(({ column }) => [column.id, statsOf([pinned, ...pages], column)]),
      ),
    // eslint-disable-next-line react-hooks/exhaustive-deps -- the ids stand for the columns
    [seen, pinned, pages],
  );

  const lead = across[0]?.start ?? 0;
  const width = MARKS + left.reduce((sum, column) => sum + column.getSize(), 0) + horizontal.getTotalSize();
  const open = (run: Run) =>
    void navigate({
      to: "/experiments/$experimentId/runs/$runId",
      params: { experimentId: run.experimentId, runId: run.id },
    });

  const onKeyDown = (event: KeyboardEvent) => {
    if (event.target !== event.currentTarget) return;
    const page = Math.floor((scroll.current?.clientHeight ?? 300) / ROW) - 2;
    const steps: Record<string, number> = {
      ...{ ArrowDown: 1, ArrowUp: -1, PageDown: page, PageUp: -page },
      ...{ Home: -rows.length, End: rows.length },
    };
    const row: Row | undefined = rows[active];
    const step = steps[event.key];
    if (step !== undefined) {
      const next = Math.min(Math.max(active + step, 0), rows.length - 1);
      setActive(next);
      vertical.scrollToIndex(next);
      if (event.shiftKey && rows[next]?.kind === "run") selection.extend(rows, next);
    } else if (event.key === " " && row?.kind === "run") selection.toggle(rows, active, false);
    else if (event.key === "Enter" && row?.kind === "run") open(row.run);
    else if ((event.key === "Enter" || event.key === " ") && row?.kind === "group") toggle(row.id);
    else if (event.key === "ArrowRight" && row && !row.isOpen) toggle(row.id);
    else if (event.key === "ArrowLeft" && row?.isOpen) toggle(row.id);
    else if (event.key === "e" && row?.kind === "run") change(shownChange(row.run, row.place));
    else if (event.key === "Escape") selection.clear();
    else return;
    event.preventDefault();
  };
  const shownChange = (run: Run, place: number) => {
    const { on, off } = toggleShown(run, place, search);
    return { on, off };
  };

  const inSight = rows.filter((row) => row.kind === "run");
  const allShown = inSight.length > 0 && inSight.every(({ run }) => selection.ids.has(run.id));
  return (
    <div
      ref={scroll}
      role={isGrouped ? "treegrid" : "grid"}
      aria-label="Runs"
      aria-rowcount={hasMore && !isGrouped ? -1 : rows.length + 1}
      aria-colcount={columns.columns.length + 1}
      aria-multiselectable
      aria-activedescendant={rows[active] ? `row-${active}` : undefined}
      tabIndex={0}
      className={classes["scroll"]}
      data-stale={view.isStale || undefined}
      onKeyDown={onKeyDown}
    >
      <div role="row" aria-rowindex={1} className={classes["head"]} style={{ width }}>
        <div
          role="columnheader"
          aria-colindex={1}
          className={`${classes["headCell"] ?? ""} ${classes["sticky"] ?? ""} ${classes["marks"] ?? ""}`}
          style={{ left: 0, width: MARKS }}
        >
          <input
            type="checkbox"
            aria-label="Select all that are loaded"
            checked={allShown}
            ref={(box) => {
              if (box) box.indeterminate = !allShown && selection.ids.size > 0;
            }}
            onChange={() => (allShown ? selection.clear() : selection.all(rows))}
          />
        </div>
        {placed.map(({ column, style, place, isSticky, isLast }, index) => {
          const header = headers.get(column.id);
          const isFirstMoving = !isSticky && (placed[index - 1]?.isSticky ?? true);
          if (!header) return null;
          return (
            <HeadCell
              key={column.id}
              header={header}
              column={column}
              columns={columns}
              sort={sortOf(search)}
              onSort={(sort) => change({ sort })}
              place={place}
              style={isFirstMoving ? { ...style, marginLeft: lead } : style}
              className={[
                classes["headCell"],
                isSticky && classes["sticky"],
                isLast && column.id !== NAME_COLUMN && classes["lastSticky"],
              ]
                .filter(Boolean)
                .join(" ")}
            />
          );
        })}
      </div>
      <div className={classes["body"]} style={{ height: vertical.getTotalSize(), width }}>
        {shownRows.map(({ index, start }) => {
          const row = rows[index];
          if (!row) return null;
          const shared = { index, start, width, lead, placed, isActive: index === active, onToggle: toggle };
          if (row.kind === "group") {
            return <GroupRowView key={row.id} row={row} stats={stats} {...shared} />;
          }
          if (row.kind === "more") {
            return <MoreRowView key={row.id} row={row} index={index} start={start} width={width} />;
          }
          return (
            <RunRowView
              key={row.id}
              row={row}
              stats={stats}
              baseline={baseline}
              now={now}
              scheme={scheme}
              isShown={isShown(row.run, row.place, search)}
              isSelected={selection.ids.has(row.run.id)}
              onSelect={(isRange) => {
                setActive(index);
                selection.toggle(rows, index, isRange);
              }}
              onShow={() => change(shownChange(row.run, row.place))}
              onMenu={(at) => onMenu(row.run, at)}
              {...shared}
            />
          );
        })}
      </div>
      {groupError && (
        <p role="alert" className={classes["foot"]}>
          {groupError.message}
        </p>
      )}
      {beyond > 0 && (
        <p className={classes["foot"]}>
          And {beyond.toLocaleString()} smaller {beyond === 1 ? "group" : "groups"}: a filter finds them.
        </p>
      )}
    </div>
  );
}
