/** Runs as columns, what they were given and measured as rows: only the differences, against a baseline. */
import { ActionIcon, Checkbox, TextInput, Tooltip } from "@mantine/core";
import { IconAnchor, IconX } from "@tabler/icons-react";
import { Link } from "@tanstack/react-router";
import { Fragment, useMemo, useState } from "react";
import type { Run } from "@/api/runs";
import { RunDot } from "@/components/charts/RunDot";
import { EmptyState } from "@/components/EmptyState";
import { runStyles } from "@/components/run-color";
import { useScheme } from "@/components/use-scheme";
import classes from "./compare.module.css";
import { type Cell, compareRuns, deltaText } from "./rows";

export interface CompareTableProps {
  runs: readonly Run[];
  baselineId: string | null;
  onBaseline: (runId: string | null) => void;
  /** Take a run out of the comparison; absent where the runs are chosen elsewhere. */
  onRemove?: (runId: string) => void;
  /** At the left of the search. */
  head?: React.ReactNode;
}

export function CompareTable({ runs, baselineId, onBaseline, onRemove, head }: CompareTableProps) {
  const [search, setSearch] = useState("");
  const [isNarrowed, setIsNarrowed] = useState(true);
  // A single run differs from nothing.
  const onlyDifferences = isNarrowed && runs.length > 1;
  const sections = useMemo(() => compareRuns(runs), [runs]);
  const wanted = search.toLowerCase();
  const shown = sections
    .map(({ name, rows }) => ({
      name,
      rows: rows.filter((row) => (!onlyDifferences || row.differs) && row.key.toLowerCase().includes(wanted)),
    }))
    .filter(({ rows }) => rows.length > 0);
  const base = runs.findIndex(({ id }) => id === baselineId);
  const styles = runStyles(runs, useScheme());
  return (
    <div className={classes["area"]}>
      <div className={classes["bar"]}>
        {head}
        <TextInput
          aria-label="Search rows"
          placeholder="Search rows"
          w={180}
          value={search}
          onChange={(event) => setSearch(event.currentTarget.value)}
        />
        <Checkbox
          label="differences only"
          checked={onlyDifferences}
          disabled={runs.length < 2}
          onChange={(event) => setIsNarrowed(event.currentTarget.checked)}
        />
        <span className={classes["dim"]}>
          {base < 0 ? "Make a run the baseline to see how the others differ from it." : ""}
        </span>
      </div>
      {shown.length === 0 ? (
        <EmptyState
          title={
            onlyDifferences && !search
              ? "These runs do not differ in anything that was logged."
              : "No row matches."
          }
        />
      ) : (
        <div className={classes["frame"]} tabIndex={0}>
          <table className={classes["table"]} aria-label="Comparison of runs">
            <thead>
              <tr>
                <th className={classes["key"]}>
                  <span className="th-visually-hidden">Key</span>
                </th>
                {runs.map((run, at) => (
                  <th key={run.id} data-base={run.id === baselineId || undefined}>
                    <span className={classes["run"]}>
                      {styles[at] && <RunDot style={styles[at]} />}
                      <Link
                        to="/experiments/$experimentId/runs/$runId"
                        params={{ experimentId: run.experimentId, runId: run.id }}
                        className={classes["name"] ?? ""}
                        title={run.name}
                      >
                        {run.name}
                      </Link>
                      <Tooltip
                        label={run.id === baselineId ? "No longer the baseline" : "Make it the baseline"}
                      >
                        <ActionIcon
                          size="xs"
                          aria-label={`Baseline ${run.name}`}
                          aria-pressed={run.id === baselineId}
                          variant={run.id === baselineId ? "filled" : "subtle"}
                          color={run.id === baselineId ? "indigo" : "gray"}
                          onClick={() => onBaseline(run.id === baselineId ? null : run.id)}
                        >
                          <IconAnchor size={12} />
                        </ActionIcon>
                      </Tooltip>
                      {onRemove && (
                        <ActionIcon
                          size="xs"
                          aria-label={`Remove ${run.name}`}
                          onClick={() => onRemove(run.id)}
                        >
                          <IconX size={12} />
                        </ActionIcon>
                      )}
                    </span>
                  </th>
                ))}
              </tr>
            </thead>
            <tbody>
              {shown.map(({ name, rows }) => (
                <Fragment key={name}>
                  <tr>
                    <th scope="rowgroup" className={classes["section"]} colSpan={runs.length + 1}>
                      {name}
                    </th>
                  </tr>
                  {rows.map((row) => (
                    <tr key={row.key}>
                      <th scope="row" className={classes["key"]} title={row.key}>
                        {row.key}
                      </th>
                      {row.cells.map((cell, at) => (
                        <Value
                          key={runs[at]?.id ?? at}
                          cell={cell}
                          baseline={base < 0 || at === base ? null : (row.cells[base] ?? null)}
                          isTinted={base >= 0 && cell.exact !== row.cells[base]?.exact}
                        />
                      ))}
                    </tr>
                  ))}
                </Fragment>
              ))}
            </tbody>
          </table>
        </div>
      )}
    </div>
  );
}

function Value({ cell, baseline, isTinted }: { cell: Cell; baseline: Cell | null; isTinted: boolean }) {
  const delta = baseline && deltaText(cell.number, baseline.number);
  return (
    <td title={cell.exact} data-tinted={isTinted || undefined}>
      {cell.text ?? <span className={classes["dim"]}>–</span>}
      {delta && <span className={classes["delta"]}>{delta}</span>}
    </td>
  );
}
