/**
 * The grid of runs. Only the rows and columns in sight are in the document, whatever their number.
 *
 * Keys: arrows and Page keys move, Space selects, Enter opens the run, `e` shows or hides it in charts.
 */
import { useVirtualizer } from "@tanstack/react-virtual";
import { useNavigate } from "@tanstack/react-router";
import { type KeyboardEvent, useEffect, useMemo, useRef, useState } from "react";
import type { Run } from "@/api/runs";
import { useNow } from "@/components/use-now";
import { useScheme } from "@/components/use-scheme";
import { useStable } from "@/components/use-stable";
import { isShown, sortOf, toggleShown } from "../search";
import { useExperimentView } from "../view";
import { columnStats } from "./column-stats";
import { HeadRow } from "./HeadRow";
import { GroupRowView, MoreRowView, type RowActions, RunRowView } from "./RowView";
import { type Row, rowsOf } from "../rows";
import classes from "./RunsTable.module.css";
import type { Selection } from "./use-selection";
import { useAcross } from "./use-across";
import type { Columns } from "./use-columns";
import { useGroups } from "./use-groups";

const ROW = 28;
const OVERSCAN = 6;
/** How many rows before the end more are asked for. */
const AHEAD = 50;

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

  const across = useAcross(columns, scroll);
  const stats = useMemo(() => columnStats([pinned, ...pages]), [pinned, pages]);
  const vertical = useVirtualizer({
    count: rows.length,
    getScrollElement: () => scroll.current,
    estimateSize: () => ROW,
    overscan: OVERSCAN,
    scrollPaddingStart: 30,
  });

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

  const open = (run: Run) =>
    void navigate({
      to: "/experiments/$experimentId/runs/$runId",
      params: { experimentId: run.experimentId, runId: run.id },
    });

  const show = useStable((run: Run, place: number) =>
    change((before) => {
      const { on, off } = toggleShown(run, place, before);
      return { on, off };
    }),
  );
  const onToggle = useStable(toggle);

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
    else if (event.key === "e" && row?.kind === "run") show(row.run, row.place);
    else if (event.key === "Escape") selection.clear();
    else return;
    event.preventDefault();
  };
  const actions: RowActions = {
    onSelect: useStable((index, isRange) => {
      setActive(index);
      selection.toggle(rows, index, isRange);
    }),
    onShow: show,
    onMenu: useStable(onMenu),
  };
  const sort = useMemo(() => sortOf(search), [search]);
  const onSort = useStable((sort: string | undefined) => change({ sort }));

  const inSight = useMemo(() => rows.filter((row) => row.kind === "run"), [rows]);
  const { ids } = selection;
  const areAllSelected = ids.size > 0 && inSight.every(({ run }) => ids.has(run.id));
  const selected = areAllSelected ? "all" : ids.size > 0 ? "some" : "none";
  const selectAll = useStable(() => (areAllSelected ? selection.clear() : selection.all(rows)));
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
      <HeadRow
        across={across}
        columns={columns}
        sort={sort}
        onSort={onSort}
        selected={selected}
        onSelect={selectAll}
      />
      <div className={classes["body"]} style={{ height: vertical.getTotalSize(), width: across.width }}>
        {shownRows.map(({ index, start }) => {
          const row = rows[index];
          if (!row) return null;
          const shared = { index, start, across, stats, isActive: index === active, onToggle };
          if (row.kind === "group") return <GroupRowView key={row.id} row={row} {...shared} />;
          if (row.kind === "more") {
            return <MoreRowView key={row.id} row={row} index={index} start={start} width={across.width} />;
          }
          const { id, run, children: childCount, depth, isOpen, isPinned, place } = row;
          return (
            <RunRowView
              key={id}
              {...{ run, childCount, depth, isOpen, isPinned, place, baseline, now, scheme }}
              isShown={isShown(run, place, search)}
              isSelected={ids.has(run.id)}
              {...shared}
              {...actions}
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
