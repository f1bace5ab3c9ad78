/** The runs of the charts: which are drawn, and in which colour. A run under the pointer stands out in all charts. */
import { ActionIcon, Button } from "@mantine/core";
import { IconChevronDown, IconChevronRight, IconEye, IconEyeOff } from "@tabler/icons-react";
import { Link } from "@tanstack/react-router";
import { RunDot } from "@/components/charts/RunDot";
import type { ChartRun } from "@/components/charts/useMetric";
import { runColor } from "@/components/run-color";
import { useScheme } from "@/components/use-scheme";
import type { RunRow } from "../rows";
import { toggleShown } from "../search";
import { useExperimentView } from "../view";
import classes from "./charts-view.module.css";

export interface RunListProps {
  rows: readonly RunRow[];
  shown: readonly ChartRun[];
  highlight: string | null;
  onHighlight: (id: string | null) => void;
}

export function RunList({ rows, shown, highlight, onHighlight }: RunListProps) {
  const { search, change, toggle, hasMore, loadMore, isLoading } = useExperimentView();
  const scheme = useScheme();
  const drawn = new Map(shown.map(({ id, style }) => [id, style]));
  const setAll = (show: "all" | "none") => change({ show, on: undefined, off: undefined });
  return (
    <aside className={classes["runs"]} aria-label="Runs of the charts">
      <div className={classes["runsHead"]}>
        <span>
          {drawn.size} of {rows.length}
          {hasMore ? "+" : ""} shown
        </span>
        <Button
          variant="subtle"
          size="compact-xs"
          onClick={() => setAll(drawn.size === rows.length ? "none" : "all")}
        >
          {drawn.size === rows.length ? "Hide all" : "Show all"}
        </Button>
      </div>
      <ul>
        {rows.map(({ id, run, place, depth, children, isOpen }) => (
          <li
            key={id}
            style={{ paddingLeft: 4 + depth * 12 }}
            data-on={drawn.has(run.id) || undefined}
            data-near={run.id === highlight || undefined}
            onMouseEnter={() => onHighlight(drawn.has(run.id) ? run.id : null)}
            onMouseLeave={() => onHighlight(null)}
          >
            <ActionIcon
              size="xs"
              aria-label={`${drawn.has(run.id) ? "Hide" : "Show"} ${run.name}`}
              onClick={() => change(toggleShown(run, place, search))}
            >
              {drawn.has(run.id) ? <IconEye size={13} /> : <IconEyeOff size={13} />}
            </ActionIcon>
            <RunDot style={drawn.get(run.id) ?? { color: runColor(run, scheme), dash: [] }} />
            <Link
              to="/experiments/$experimentId/runs/$runId"
              params={{ experimentId: run.experimentId, runId: run.id }}
              title={run.name}
            >
              {run.name}
            </Link>
            {children > 0 && (
              <button
                type="button"
                className={classes["children"]}
                aria-expanded={isOpen}
                aria-label={`${isOpen ? "Close" : "Open"} the ${children} children of ${run.name}`}
                onClick={() => toggle(run.id)}
              >
                {children}
                {isOpen ? (
                  <IconChevronDown size={12} aria-hidden />
                ) : (
                  <IconChevronRight size={12} aria-hidden />
                )}
              </button>
            )}
          </li>
        ))}
      </ul>
      {hasMore && (
        <Button variant="subtle" size="compact-xs" loading={isLoading} onClick={loadMore}>
          Load more
        </Button>
      )}
    </aside>
  );
}
