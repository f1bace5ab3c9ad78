/**
 * What the three views of an experiment share: the experiment, what the address says, and the runs that it finds.
 *
 * `ExperimentPage` provides it; a view takes it by `useExperimentView` and changes the address by `change`.
 */
import { createContext, use } from "react";
import type { Experiment } from "@/api/experiments";
import type { Run, RunSearch } from "@/api/runs";
import type { RunRow } from "./rows";
import type { ExperimentSearch } from "./search";

/** How many runs there are in all, loaded or not. */
export interface RunCounts {
  /** Those of the list, without children that lie below their parents; undefined until it is known. */
  top: number | undefined;
  children: number;
  running: number;
}

/** A change of a part of the address; a part that is undefined is removed from it. */
type SearchChange = { [Key in keyof ExperimentSearch]: ExperimentSearch[Key] | undefined };

export interface ExperimentView {
  experiment: Experiment;
  search: ExperimentSearch;
  change: (part: SearchChange | ((before: ExperimentSearch) => SearchChange)) => void;
  /** The search as the server was asked. */
  asked: RunSearch;
  /** The search for all runs that match, those that lie below others included. */
  matching: RunSearch;
  counts: RunCounts;
  /** The runs that are loaded, in the order of the list, without children that lie below their parents. */
  runs: Run[];
  /** The same page by page, as they came, with those that are pinned. */
  pages: readonly (readonly Run[])[];
  /** The runs of the list as it is seen, with those below open parents: charts and comparisons show these. */
  listed: readonly RunRow[];
  /** The ids of the rows that are open. */
  opened: ReadonlySet<string>;
  /** Open a row, or close it. */
  toggle: (id: string) => void;
  /** The children of loaded runs by the id of the parent. Empty where the list is flat. */
  children: ReadonlyMap<string, Run[]>;
  /** Runs that stay at the top, whatever the filter says. */
  pinned: Run[];
  /** The run with which others are compared. */
  baseline: Run | null;
  hasMore: boolean;
  loadMore: () => void;
  isLoading: boolean;
  /** Whether what is shown is of the search before, while that of this one is loading. */
  isStale: boolean;
  /** Where a view puts its buttons, in the line of the filter. */
  tools: HTMLElement | null;
  error: Error | null;
  retry: () => void;
}

export const ExperimentViewContext = createContext<ExperimentView | null>(null);

export function useExperimentView(): ExperimentView {
  const view = use(ExperimentViewContext);
  if (!view) throw new Error("useExperimentView is for the views of an experiment's page");
  return view;
}
