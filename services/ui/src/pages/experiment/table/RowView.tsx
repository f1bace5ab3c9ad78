/** One row of the grid: a run with its marks, name and cells, or the head of a group with its aggregates. */
import { IconChevronDown, IconChevronRight, IconEye, IconEyeOff } from "@tabler/icons-react";
import { type CSSProperties, memo } from "react";
import type { Run, Spread } from "@/api/runs";
import { runColor, type Scheme } from "@/components/run-color";
import { type Column, NAME_COLUMN } from "../columns";
import { Cell, cellClass } from "./Cell";
import type { ColumnStats, StatsOf } from "./column-stats";
import type { GroupRow, MoreRow, RunRow } from "../rows";
import { type Across, MARKS, type Placed } from "./use-across";
import classes from "./RunsTable.module.css";

interface Shared {
  index: number;
  /** Distance from the first row, in pixels. */
  start: number;
  across: Across;
  stats: StatsOf;
  isActive: boolean;
  onToggle: (id: string) => void;
}

/** What rows call: the same functions at each render, so that rows are rendered for what they show alone. */
export interface RowActions {
  onSelect: (index: number, isRange: boolean) => void;
  onShow: (run: Run, place: number) => void;
  onMenu: (run: Run, at: DOMRect) => void;
}

/** The parts of a `RunRow` by themselves, since rows are made anew when more of them are loaded. */
export interface RunRowViewProps extends Shared, RowActions, Omit<RunRow, "kind" | "id" | "children"> {
  childCount: number;
  baseline: Run | null;
  now: number;
  scheme: Scheme;
  isShown: boolean;
  isSelected: boolean;
}

const INDENT = 18;
/** That of cells, in pixels. */
const PADDING = 8;
const MARKS_CLASS = `${cellClass({ isSticky: true, isLast: false })} ${classes["marks"] ?? ""}`;
const MARKS_STYLE: CSSProperties = { left: 0, width: MARKS };

function Twist({
  isOpen,
  label,
  count,
  onClick,
}: {
  isOpen: boolean;
  label: string;
  count?: number;
  onClick: () => void;
}) {
  const Icon = isOpen ? IconChevronDown : IconChevronRight;
  return (
    <button
      type="button"
      tabIndex={-1}
      className={classes["twist"]}
      aria-expanded={isOpen}
      aria-label={label}
      onClick={onClick}
    >
      <Icon size={14} />
      {count}
    </button>
  );
}

export const RunRowView = memo(function RunRowView(props: RunRowViewProps) {
  const { run, index, start, across, stats, isActive, isSelected, isShown } = props;
  const EyeIcon = isShown ? IconEye : IconEyeOff;
  return (
    <div
      role="row"
      id={`row-${index}`}
      aria-rowindex={index + 2}
      aria-selected={isSelected}
      data-run={run.id}
      data-selected={isSelected || undefined}
      data-pinned={props.isPinned || undefined}
      data-active={isActive || undefined}
      className={classes["row"]}
      style={{ top: start, width: across.width }}
      onContextMenu={(event) => {
        event.preventDefault();
        props.onMenu(run, new DOMRect(event.clientX, event.clientY, 0, 0));
      }}
    >
      <div role="gridcell" aria-colindex={1} className={MARKS_CLASS} style={MARKS_STYLE}>
        <input
          type="checkbox"
          aria-label={`Select ${run.name}`}
          tabIndex={-1}
          checked={isSelected}
          onChange={(event) => props.onSelect(index, (event.nativeEvent as MouseEvent).shiftKey)}
        />
        <button
          type="button"
          tabIndex={-1}
          className={classes["eye"]}
          aria-pressed={isShown}
          aria-label={`Show ${run.name} in charts`}
          title={isShown ? "Hide in charts" : "Show in charts"}
          onClick={() => props.onShow(run, props.place)}
        >
          <EyeIcon size={15} stroke={1.7} />
        </button>
      </div>
      {across.placed.map((placed) =>
        placed.column.id === NAME_COLUMN ? (
          <NameCell key={placed.column.id} {...props} placed={placed} />
        ) : (
          <Cell
            key={placed.column.id}
            run={run}
            placed={placed}
            stats={placed.column.kind === "metric" ? stats(placed.column) : undefined}
            baseline={props.baseline}
            now={placed.column.kind === "attribute" ? props.now : 0}
          />
        ),
      )}
    </div>
  );
});

function NameCell({
  run,
  depth,
  childCount,
  isOpen,
  placed,
  ...props
}: RunRowViewProps & { placed: Placed }) {
  const { scheme, baseline, onMenu, onToggle } = props;
  return (
    <div
      role="gridcell"
      aria-colindex={placed.place}
      className={cellClass(placed, classes["name"])}
      style={depth > 0 ? { ...placed.style, paddingLeft: PADDING + depth * INDENT } : placed.style}
    >
      {childCount > 0 && (
        <Twist
          isOpen={isOpen}
          label={`${isOpen ? "Close" : "Open"} the ${childCount} children of ${run.name}`}
          count={childCount}
          onClick={() => onToggle(run.id)}
        />
      )}
      <button
        type="button"
        tabIndex={-1}
        className={classes["dot"]}
        style={{ background: runColor(run, scheme) }}
        aria-label={`Menu of ${run.name}`}
        onClick={(event) => onMenu(run, event.currentTarget.getBoundingClientRect())}
      />
      {/* No Link of the router: each costs as much as all cells of a row, twice if it leaves the sight again. */}
      <a tabIndex={-1} href={`#/experiments/${run.experimentId}/runs/${run.id}`} title={run.name}>
        {run.name}
      </a>
      {baseline?.id === run.id && <span className={classes["badge"]}>baseline</span>}
      <button
        type="button"
        tabIndex={-1}
        className={classes["rowMenu"]}
        aria-label={`Actions for ${run.name}`}
        onClick={(event) => onMenu(run, event.currentTarget.getBoundingClientRect())}
      >
        ⋯
      </button>
    </div>
  );
}

export const GroupRowView = memo(function GroupRowView(props: Shared & { row: GroupRow }) {
  const { row, index, start, across, stats, isActive, onToggle } = props;
  const { value, runs, metrics } = row.group;
  const name = value ?? "(none)";
  return (
    <div
      role="row"
      id={`row-${index}`}
      aria-rowindex={index + 2}
      aria-expanded={row.isOpen}
      data-group={name}
      data-pinned
      data-active={isActive || undefined}
      className={classes["row"]}
      style={{ top: start, width: across.width }}
    >
      <div role="gridcell" aria-colindex={1} className={MARKS_CLASS} style={MARKS_STYLE} />
      {across.placed.map((placed) => {
        const { column, style, place } = placed;
        if (column.id !== NAME_COLUMN) {
          return (
            <div
              key={column.id}
              role="gridcell"
              aria-colindex={place}
              className={cellClass(placed)}
              style={style}
            >
              {column.kind === "metric" && (
                <AggregateCell spread={metrics.get(column.key)} column={column} stats={stats(column)} />
              )}
            </div>
          );
        }
        return (
          <div
            key={column.id}
            role="gridcell"
            aria-colindex={place}
            className={cellClass(placed, classes["name"])}
            style={style}
          >
            <Twist
              isOpen={row.isOpen}
              label={`${row.isOpen ? "Close" : "Open"} ${name}`}
              onClick={() => onToggle(row.id)}
            />
            <span className={classes["groupName"]} title={name}>
              {name}
            </span>
            <span className={classes["groupCount"]}>
              {runs.toLocaleString()} {runs === 1 ? "run" : "runs"}
            </span>
          </div>
        );
      })}
    </div>
  );
});

function AggregateCell({
  spread,
  column,
  stats,
}: {
  spread: Spread | undefined;
  column: Column;
  stats: ColumnStats;
}) {
  if (!spread) return null;
  const { mean, min, max, count } = spread;
  return (
    <span
      className={classes["aggregate"]}
      title={`${column.key}: mean ${mean}, min ${min}, max ${max} of the ${count} runs with a finite value`}
    >
      {count > 1 && (
        <small>
          {stats.format(min)}…{stats.format(max)}
        </small>
      )}
      <span>⌀ {stats.format(mean)}</span>
    </span>
  );
}

/** The end of an open group: its next runs are loaded when it comes into sight. */
export function MoreRowView({
  row,
  index,
  start,
  width,
}: Pick<Shared, "index" | "start"> & { row: MoreRow; width: number }) {
  return (
    <div
      role="row"
      id={`row-${index}`}
      aria-rowindex={index + 2}
      className={classes["row"]}
      data-more={row.groupId}
      style={{ top: start, width }}
    >
      <div role="gridcell" aria-colindex={1} className={classes["more"]}>
        Loading more of this group…
      </div>
    </div>
  );
}
