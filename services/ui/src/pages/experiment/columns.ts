/**
 * The columns that a table of runs can have: their ids as addresses name them, and the value of a run in each.
 *
 * An id is that of the filter language, such as `metrics.loss` or `attributes.status`, so that the order that
 * the server is asked for is made of it.
 */
import type { Run } from "@/api/runs";
import { DESCRIPTION_TAG } from "@/api/experiments";

export type ColumnKind = "attribute" | "metric" | "param" | "tag";

export interface Column {
  id: string;
  kind: ColumnKind;
  /** The key of a metric, param or tag; the name of an attribute. */
  key: string;
  label: string;
  /** Width in pixels. */
  width: number;
  isNumeric: boolean;
}

const ATTRIBUTES: readonly [name: string, label: string, width: number][] = [
  ["run_name", "Run", 250],
  ["status", "State", 96],
  ["start_time", "Started", 148],
  ["duration", "Duration", 100],
  ["user_id", "User", 90],
  ["source", "Source", 160],
  ["commit", "Commit", 90],
  ["run_id", "Run id", 260],
  ["end_time", "Ended", 148],
];

const PREFIXES = { metric: "metrics", param: "params", tag: "tags" } as const;
const METRIC_WIDTH = 112;
const TEXT_WIDTH = 108;

export const NAME_COLUMN = "attributes.run_name";

export const ATTRIBUTE_COLUMNS: readonly Column[] = ATTRIBUTES.map(([key, label, width]) => ({
  id: `attributes.${key}`,
  kind: "attribute",
  key,
  label,
  width,
  isNumeric: key === "duration",
}));

export function keyColumn(kind: "metric" | "param" | "tag", key: string): Column {
  return {
    id: `${PREFIXES[kind]}.${key}`,
    kind,
    key,
    label: key,
    width: Math.min(Math.max(kind === "metric" ? METRIC_WIDTH : TEXT_WIDTH, key.length * 7.2 + 34), 220),
    isNumeric: kind === "metric",
  };
}

/** Return the column with an id; null if there can be none. */
export function columnOf(id: string): Column | null {
  const dot = id.indexOf(".");
  const [prefix, key] = [id.slice(0, dot), id.slice(dot + 1)];
  if (dot < 0 || key === "") return null;
  if (prefix === "metrics") return keyColumn("metric", key);
  if (prefix === "params") return keyColumn("param", key);
  if (prefix === "tags") return keyColumn("tag", key);
  return ATTRIBUTE_COLUMNS.find((column) => column.id === id) ?? null;
}

/** Columns that are tags of MLflow's under a name of their own. */
const TAGS_OF: Readonly<Record<string, string>> = {
  source: "mlflow.source.name",
  commit: "mlflow.source.git.commit",
};

/** Return the name of a column as the server knows it. */
export function serverColumn(columnId: string): string {
  const column = columnOf(columnId);
  const tag = column?.kind === "attribute" ? TAGS_OF[column.key] : undefined;
  return tag === undefined ? columnId : `tags.${tag}`;
}

/** Return the order that the server is asked for. */
export function orderBy(columnId: string, descending: boolean): string[] {
  const column = columnOf(serverColumn(columnId));
  if (!column || column.key.includes("`")) return [];
  const direction = descending ? "DESC" : "ASC";
  if (column.kind === "attribute") return [`attributes.${column.key} ${direction}`];
  return [`${PREFIXES[column.kind]}.\`${column.key}\` ${direction}`];
}

/** Return how long a run has run, in milliseconds. */
export function durationOf(run: Run, now: number): number | null {
  const end = run.endTime ?? (run.status === "RUNNING" ? now : null);
  return end === null || run.startTime === 0 ? null : Math.max(0, end - run.startTime);
}

/** Return the exact value of a run in a column, as a comparison and a CSV file have it; null if it has none. */
export function valueOf(run: Run, column: Column, now: number): string | number | null {
  switch (column.kind) {
    case "metric":
      return run.metrics.get(column.key)?.value ?? null;
    case "param":
      return run.params.get(column.key) ?? null;
    case "tag":
      return run.tags.get(column.key) ?? null;
    case "attribute":
      return attributeOf(run, column.key, now);
  }
}

function attributeOf(run: Run, name: string, now: number): string | number | null {
  switch (name) {
    case "run_name":
      return run.name;
    case "status":
      return run.status;
    case "start_time":
      return run.startTime;
    case "end_time":
      return run.endTime;
    case "duration":
      return durationOf(run, now);
    case "user_id":
      return run.userId || null;
    case "source":
      return run.tags.get(TAGS_OF["source"] ?? "") ?? null;
    case "commit":
      return run.tags.get(TAGS_OF["commit"] ?? "") ?? null;
    case "run_id":
      return run.id;
    default:
      return null;
  }
}

/** The keys that runs have: how many runs have each, in the order of their names. */
export interface Keys {
  metrics: ReadonlyMap<string, number>;
  params: ReadonlyMap<string, number>;
  tags: ReadonlyMap<string, number>;
}

/** Whether a tag is one that people set, and not one that programs keep for themselves. */
export const isUserTag = (key: string) => !key.startsWith("mlflow.") || key === DESCRIPTION_TAG;

function counted(runs: readonly Run[], keysOf: (run: Run) => Iterable<string>): Map<string, number> {
  const counts = new Map<string, number>();
  for (const run of runs) {
    for (const key of keysOf(run)) counts.set(key, (counts.get(key) ?? 0) + 1);
  }
  return new Map([...counts].sort(([a], [b]) => a.localeCompare(b)));
}

export function keysOf(runs: readonly Run[]): Keys {
  return {
    metrics: counted(runs, (run) => run.metrics.keys()),
    params: counted(runs, (run) => run.params.keys()),
    tags: counted(runs, (run) => run.tags.keys()),
  };
}

/** Params that have one value in all of several runs, with it. */
export function sameInAll(runs: readonly Run[]): [key: string, value: string][] {
  const first = runs[0];
  if (!first || runs.length < 2) return [];
  return [...first.params].filter(([key, value]) => runs.every((run) => run.params.get(key) === value));
}

const MOST_METRICS = 6;
const MOST_PARAMS = 6;
const isSystem = (key: string) => key.startsWith("system/");

/** Choose the columns for runs: the metrics that most runs have, and the params in which they differ. */
export function chooseColumns(runs: readonly Run[]): string[] {
  const keys = keysOf(runs);
  const metrics = [...keys.metrics]
    .filter(([key]) => !isSystem(key))
    .sort(([, a], [, b]) => b - a)
    .slice(0, MOST_METRICS)
    .map(([key]) => `metrics.${key}`);
  const differs = (key: string) =>
    new Set(runs.map((run) => run.params.get(key)).filter((value) => value !== undefined)).size > 1;
  const params = [...keys.params]
    .filter(([key]) => runs.length < 2 || differs(key))
    .sort(([, a], [, b]) => b - a)
    .slice(0, MOST_PARAMS)
    .map(([key]) => `params.${key}`);
  const attributes = ["run_name", "status", "start_time", "duration"].map((name) => `attributes.${name}`);
  return [...attributes, ...metrics, ...params];
}

/** Whether less of a metric is better, as far as its key tells; null if it tells nothing. */
export function isLessBetter(key: string): boolean | null {
  const words = key.toLowerCase().split(/[^a-z0-9]+/);
  if (words.some((word) => /^(loss|error|err|mse|rmse|mae|mape|wer|cer|perplexity|ppl|nll)$/.test(word))) {
    return true;
  }
  if (
    words.some((word) =>
      /^(acc|accuracy|auc|f1|precision|recall|r2|map|bleu|rouge|score|iou|dice)$/.test(word),
    )
  ) {
    return false;
  }
  return null;
}
