/**
 * What the address of an experiment's page says: one selection, which its table, charts and comparison share.
 *
 * Everything is optional and has a default, so that a short address is the usual view.
 */
import type { Run } from "@/api/runs";

/** Which runs are drawn: the first ones of the list, or all; `on` and `off` name exceptions. */
export type Shown = "first10" | "first20" | "all" | "none";

export interface ExperimentSearch {
  /** The filter as it was typed: our filter language, or plain words that names contain. */
  q?: string;
  /** The column that is sorted by, such as `metrics.loss`, with a `-` in front for descending order. */
  sort?: string;
  /** The ids of the columns, in their order; without it the table chooses. */
  cols?: string[];
  /** The ids of the columns that stay at the left. */
  pin?: string[];
  /** The id of the param or tag by which runs are grouped, such as `params.model`. */
  group?: string;
  /** The ids of the rows that are open: parents, and groups. */
  open?: string[];
  view?: "deleted";
  /** The id of the saved view that the address began as. */
  saved?: string;
  show?: Shown;
  on?: string[];
  off?: string[];
  /** Runs that stay at the top, and the one with which others are compared. */
  top?: string[];
  base?: string;
  /** Parts of the other views; each validates its own. */
  charts?: unknown;
  compare?: unknown;
}

const SHOWN: readonly string[] = ["first10", "first20", "all", "none"];

function text(value: unknown): string | undefined {
  if (typeof value === "number") return String(value);
  return typeof value === "string" && value !== "" ? value : undefined;
}

function texts(value: unknown): string[] | undefined {
  if (!Array.isArray(value)) return undefined;
  const found = value.map(text).filter((item) => item !== undefined);
  return found.length > 0 ? [...new Set(found)] : undefined;
}

/** Return the part of `record` whose values are there, so that the address has no empty parameters. */
function given<Value extends object>(record: Value): Partial<Value> {
  return Object.fromEntries(
    Object.entries(record).filter(([, value]) => value !== undefined),
  ) as Partial<Value>;
}

/** Return what an address says, without what it cannot mean. */
export function validateSearch(raw: Record<string, unknown>): ExperimentSearch {
  const shown = text(raw["show"]);
  return given({
    q: text(raw["q"]),
    sort: text(raw["sort"]),
    cols: texts(raw["cols"]),
    pin: texts(raw["pin"]),
    group: text(raw["group"]),
    open: texts(raw["open"]),
    view: raw["view"] === "deleted" ? ("deleted" as const) : undefined,
    saved: text(raw["saved"]),
    show: shown !== undefined && SHOWN.includes(shown) ? (shown as Shown) : undefined,
    on: texts(raw["on"]),
    off: texts(raw["off"]),
    top: texts(raw["top"]),
    base: text(raw["base"]),
    charts: raw["charts"],
    compare: raw["compare"],
  }) as ExperimentSearch;
}

const COUNTS: Record<Shown, number> = { first10: 10, first20: 20, all: Infinity, none: 0 };
export const DEFAULT_SHOWN: Shown = "first10";

/** Whether the run at a place of the list is drawn in charts. */
export function isShown(run: Pick<Run, "id">, place: number, search: ExperimentSearch): boolean {
  if (search.on?.includes(run.id)) return true;
  if (search.off?.includes(run.id)) return false;
  return place < COUNTS[search.show ?? DEFAULT_SHOWN];
}

/** Return the change of an address that shows or hides a run. */
export function toggleShown(run: Pick<Run, "id">, place: number, search: ExperimentSearch): ExperimentSearch {
  const shows = !isShown(run, place, search);
  const byMode = place < COUNTS[search.show ?? DEFAULT_SHOWN];
  const on = (search.on ?? []).filter((id) => id !== run.id);
  const off = (search.off ?? []).filter((id) => id !== run.id);
  if (shows !== byMode) (shows ? on : off).push(run.id);
  return given({
    ...search,
    on: on.length > 0 ? on : undefined,
    off: off.length > 0 ? off : undefined,
  }) as ExperimentSearch;
}

/** Return the column and the direction of a sort; null stands for the server's own order, newest first. */
export function sortOf(search: ExperimentSearch): { column: string; descending: boolean } | null {
  if (!search.sort) return null;
  const descending = search.sort.startsWith("-");
  return { column: descending ? search.sort.slice(1) : search.sort, descending };
}
