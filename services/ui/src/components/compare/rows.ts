/** Runs side by side: the rows of a comparison. Pure functions. */
import type { Run } from "@/api/runs";
import { exactTime, formatDuration, formatNumber } from "@/components/format";

export interface CompareRow {
  key: string;
  /** A cell for each run; null where the run has none. */
  cells: Cell[];
  /** Whether the runs differ in it. */
  differs: boolean;
}

export interface Cell {
  /** What is shown, and what is exact and copied. */
  text: string | null;
  exact: string;
  /** The value, if it is a number. */
  number: number | null;
}

export interface CompareSection {
  name: string;
  rows: CompareRow[];
}

const NOTHING: Cell = { text: null, exact: "", number: null };

/** Tags that tell how the program was run. */
const SOURCE_TAGS: readonly [key: string, name: string][] = [
  ["mlflow.source.git.commit", "git commit"],
  ["mlflow.source.git.branch", "git branch"],
  ["mlflow.source.git.dirty", "uncommitted changes"],
  ["mlflow.source.name", "source"],
  ["mlflow.source.type", "type of source"],
  ["mlflow.project.env", "environment"],
  ["trackhelm.k8s.image", "image"],
  ["trackhelm.k8s.node", "node"],
  ["trackhelm.k8s.gpus", "GPUs"],
];

function textCell(text: string | undefined): Cell {
  return text === undefined ? NOTHING : { text, exact: text, number: numberOf(text) };
}

const COMMIT_LENGTH = 10;
/** A date and a time to the second. */
const SECONDS_LENGTH = 19;

/** A text of which the beginning is shown. */
function shortCell(text: string | undefined, length: number): Cell {
  return text === undefined ? NOTHING : { text: text.slice(0, length), exact: text, number: null };
}

/** Return a param as a number, null if it is none. */
function numberOf(text: string): number | null {
  const number = Number(text);
  return text.trim() !== "" && Number.isFinite(number) ? number : null;
}

function rowOf(key: string, cells: Cell[]): CompareRow {
  const [first] = cells;
  return {
    key,
    cells,
    differs: cells.some(
      ({ exact, text }) => exact !== first?.exact || (text === null) !== (first.text === null),
    ),
  };
}

function keysOf(runs: readonly Run[], pick: (run: Run) => ReadonlyMap<string, unknown>): string[] {
  const keys = new Set(runs.flatMap((run) => [...pick(run).keys()]));
  return [...keys].sort((a, b) => a.localeCompare(b, undefined, { numeric: true }));
}

const isOwn = (key: string) => !key.startsWith("mlflow.") && !key.startsWith("trackhelm.");

/** Return the sections of a comparison, with those rows alone that some run has. */
export function compareRuns(runs: readonly Run[]): CompareSection[] {
  const attribute = (name: string, of: (run: Run) => Cell) => rowOf(name, runs.map(of));
  const ended = (run: Run): Cell => {
    const length = run.endTime === null ? null : run.endTime - run.startTime;
    return length === null ? NOTHING : { text: formatDuration(length), exact: `${length} ms`, number: null };
  };
  const sections: CompareSection[] = [
    {
      name: "Run",
      rows: [
        attribute("state", (run) => textCell(run.status.toLowerCase())),
        attribute("started", (run) => shortCell(exactTime(run.startTime), SECONDS_LENGTH)),
        attribute("duration", ended),
        attribute("user", (run) => textCell(run.userId || undefined)),
      ],
    },
    {
      name: "Code and environment",
      rows: SOURCE_TAGS.map(([tag, name]) =>
        attribute(name, (run) =>
          tag.endsWith(".commit") ? shortCell(run.tags.get(tag), COMMIT_LENGTH) : textCell(run.tags.get(tag)),
        ),
      ),
    },
    {
      name: "Params",
      rows: keysOf(runs, (run) => run.params).map((key) =>
        rowOf(
          key,
          runs.map((run) => textCell(run.params.get(key))),
        ),
      ),
    },
    {
      name: "Metrics",
      rows: keysOf(runs, (run) => run.metrics).map((key) =>
        rowOf(
          key,
          runs.map((run) => {
            const value = run.metrics.get(key)?.value;
            if (value === undefined) return NOTHING;
            return {
              text: formatNumber(value),
              exact: String(value),
              number: Number.isFinite(value) ? value : null,
            };
          }),
        ),
      ),
    },
    {
      name: "Tags",
      rows: keysOf(runs, (run) => run.tags)
        .filter(isOwn)
        .map((key) =>
          rowOf(
            key,
            runs.map((run) => textCell(run.tags.get(key))),
          ),
        ),
    },
  ];
  return sections
    .map(({ name, rows }) => ({
      name,
      rows: rows.filter((row) => row.cells.some(({ text }) => text !== null)),
    }))
    .filter(({ rows }) => rows.length > 0);
}

/** A share in percent, with one decimal unless that would say nothing. */
function percent(share: number): string {
  const rounded = Number((share * 100).toFixed(1));
  return `${rounded === 0 ? formatNumber(share * 100) : formatNumber(rounded)} %`;
}

/** Return the difference of a number to the baseline's, such as `▲ 0.02 (+4 %)`; null if there is none. */
export function deltaText(value: number | null, baseline: number | null): string | null {
  if (value === null || baseline === null || value === baseline) return null;
  const delta = value - baseline;
  const share = baseline === 0 ? "" : ` (${delta > 0 ? "+" : "−"}${percent(Math.abs(delta / baseline))})`;
  return `${delta > 0 ? "▲" : "▼"} ${formatNumber(Math.abs(delta))}${share}`;
}
