/** The keys of metrics, params and tags that runs of experiments have. */
import { useMemo } from "react";
import type { Run } from "./runs";

export interface KnownKeys {
  metrics: string[];
  params: string[];
  tags: string[];
}

const sorted = (keys: Iterable<string>) => [...new Set(keys)].sort((a, b) => a.localeCompare(b));

/** The keys of the runs that are loaded. */
export function useKeys(_experimentIds: readonly string[], runs: readonly Run[]): KnownKeys {
  return useMemo(
    () => ({
      metrics: sorted(runs.flatMap((run) => [...run.metrics.keys()])),
      params: sorted(runs.flatMap((run) => [...run.params.keys()])),
      tags: sorted(runs.flatMap((run) => [...run.tags.keys()])),
    }),
    [runs],
  );
}
