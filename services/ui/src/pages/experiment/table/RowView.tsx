/** One row of the grid: a run with its marks, name and cells, or the head of a group with its aggregates. */
import { IconChevronDown, IconChevronRight, IconDots, IconEye, IconEyeOff } from "@tabler/icons-react";
import { Link } from "@tanstack/react-router";
import type { CSSProperties } from "react";
import type { Run, Spread } from "@/api/runs";
import { formatNumber } from "@/components/format";
import { runColor, type Scheme } from "@/components/run-color";
import { type Column, NAME_COLUMN } from "../columns";
import { Cell } from "./Cell";
import type { ColumnStats } from "./column-stats";
import type { GroupRow, MoreRow, RunRow } from "../rows";
import classes from "./RunsTable.module.css";

/** A column that is in sight, and where. */
export interface Placed {
  column: Column;
  style: CSSProperties;
  /** Its number as assistive technology tells it. */
  place: number;
  isSticky: boolean;
  isLast: boolean;
}

interface Shared {
  index: number;
  /** Distance from the first row, in pixels. */
  start: number;
  width: number;
  /** The width of the columns before the first that is in sight. */
  lead: number;
  placed: readonly Placed[];
  stats: ReadonlyMap<string, ColumnStats>;
  isActive: boolean;
  onToggle: (id: string) => void;
}

export interface RunRowViewProps extends Shared {
  row: RunRow;
  baseline: Run | null;
  now: number;
  scheme: Scheme;
  isShown: boolean;
  isSelected: boolean;
  onSelect: (isRange: boolean) => void;
  onShow: () => void;
  onMenu: (at: DOMRect) => void;
}

const INDENT = 18;

function cellStyle(placed: readonly Placed[], index: number, lead: number): CSSProperties | undefined {
  const one = placed[index];
  const isFirstMoving = !one?.isSticky && (placed[index - 1]?.isSticky ?? true);
  return isFirstMoving && lead > 0 ? { ...one?.style, marginLeft: lead } : one?.style;
}

function cellClass({ isSticky, isLast }: Placed): string {
  return [classes["cell"], isSticky && classes["sticky"], isLast && classes["lastSticky"]]
    .filter(Boolean)
    .join(" ");
}

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

export function RunRowView(props: RunRowViewProps) {
  const { row, index, start, width, lead, placed, stats, isActive, isSelected, isShown, scheme } = props;
  const { run } = row;
  const EyeIcon = isShown ? IconEye : IconEyeOff;
  return (
    <div
      role="row"
      id={`row-${index}`}
      aria-rowindex={index + 2}
      aria-selected={isSelected}
      data-run={run.id}
      data-selected={isSelected || undefined}
      data-pinned={row.isPinned || undefined}
      data-active={isActive || undefined}
      className={classes["row"]}
      style={{ transform: `translateY(${start}px)`, width }}
      onContextMenu={(event) => {
        event.preventDefault();
        props.onMenu(new DOMRect(event.clientX, event.clientY, 0, 0));
      }}
    >
      <div
        role="gridcell"
        aria-colindex={1}
        className={`${classes["cell"] ?? ""} ${classes["sticky"] ?? ""} ${classes["marks"] ?? ""}`}
        style={{ left: 0, width: 56 }}
      >
        <input
          type="checkbox"
          aria-label={`Select ${run.name}`}
          tabIndex={-1}
          checked={isSelected}
          onChange={(event) => props.onSelect((event.nativeEvent as MouseEvent).shiftKey)}
        />
        <button
          type="button"
          tabIndex={-1}
          className={classes["eye"]}
          aria-pressed={isShown}
          aria-label={`Show ${run.name} in charts`}
          title={isShown ? "Hide in charts" : "Show in charts"}
          onClick={props.onShow}
        >
          <EyeIcon size={15} stroke={1.7} />
        </button>
      </div>
      {placed.map((one, position) => (
        <div
          key={one.column.id}
          role="gridcell"
          aria-colindex={one.place}
          className={cellClass(one)}
          style={cellStyle(placed, position, lead)}
        >
          {one.column.id === NAME_COLUMN ? (
            <NameCell {...props} color={runColor(run, scheme)} />
          ) : (
            <Cell
              run={run}
              column={one.column}
              stats={stats.get(one.column.id)}
              baseline={props.baseline}
              now={one.column.kind === "attribute" ? props.now : 0}
            />
          )}
        </div>
      ))}
    </div>
  );
}

function NameCell({ row, color, baseline, onMenu, onToggle }: RunRowViewProps & { color: string }) {
  const { run } = row;
  return (
    <span className={classes["name"]} style={{ paddingLeft: row.depth * INDENT }}>
      {row.children > 0 && (
        <Twist
          isOpen={row.isOpen}
          label={`${row.isOpen ? "Close" : "Open"} the ${row.children} children of ${run.name}`}
          count={row.children}
          onClick={() => onToggle(run.id)}
        />
      )}
      <button
        type="button"
        tabIndex={-1}
        className={classes["dot"]}
        style={{ background: color }}
        aria-label={`Menu of ${run.name}`}
        onClick={(event) => onMenu(event.currentTarget.getBoundingClientRect())}
      />
      <Link
        tabIndex={-1}
        to="/experiments/$experimentId/runs/$runId"
        params={{ experimentId: run.experimentId, runId: run.id }}
        title={run.name}
      >
        {run.name}
      </Link>
      {baseline?.id === run.id && <span className={classes["badge"]}>baseline</span>}
      <button
        type="button"
        tabIndex={-1}
        className={classes["rowMenu"]}
        aria-label={`Actions for ${run.name}`}
        onClick={(event) => onMenu(event.currentTarget.getBoundingClientRect())}
      >
        <IconDots size={15} />
      </button>
    </span>
  );
}

export function GroupRowView({
  row,
  index,
  start,
  width,
  lead,
  placed,
  stats,
  isActive,
  onToggle,
}: Shared & { row: GroupRow }) {
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
      style={{ transform: `translateY(${start}px)`, width }}
    >
      <div
        role="gridcell"
        aria-colindex={1}
        className={`${classes["cell"] ?? ""} ${classes["sticky"] ?? ""}`}
        style={{ left: 0, width: 56 }}
      />
      {placed.map((one, position) => (
        <div
          key={one.column.id}
          role="gridcell"
          aria-colindex={one.place}
          className={cellClass(one)}
          style={cellStyle(placed, position, lead)}
        >
          {one.column.id === NAME_COLUMN ? (
            <span className={classes["name"]}>
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
            </span>
          ) : (
            one.column.kind === "metric" && (
              <AggregateCell
                spread={metrics.get(one.column.key)}
                column={one.column}
                stats={stats.get(one.column.id)}
              />
            )
          )}
        </div>
      ))}
    </div>
  );
}

function AggregateCell({
  spread,
  column,
  stats,
}: {
  spread: Spread | undefined;
  column: Column;
  stats: ColumnStats | undefined;
}) {
  if (!spread) return null;
  const format = stats?.format ?? formatNumber;
  const { mean, min, max, count } = spread;
  return (
    <span
      className={classes["aggregate"]}
      title={`${column.key}: mean ${mean}, min ${min}, max ${max} of the ${count} runs with a finite value`}
    >
      {count > 1 && (
        <small>
          {format(min)}…{format(max)}
        </small>
      )}
      <span>⌀ {format(mean)}</span>
    </span>
  );
}

/** The end of an open group: its next runs are loaded when it comes into sight. */
export function MoreRowView({
  row,
  index,
  start,
  width,
}: Pick<Shared, "index" | "start" | "width"> & { row: MoreRow }) {
  return (
    <div
      role="row"
      id={`row-${index}`}
      aria-rowindex={index + 2}
      className={classes["row"]}
      data-more={row.groupId}
      style={{ transform: `translateY(${start}px)`, width }}
    >
      <div role="gridcell" aria-colindex={1} className={classes["more"]}>
        Loading more of this group…
      </div>
    </div>
  );
}
