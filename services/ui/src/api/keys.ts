/** The keys of metrics, params and tags that runs of experiments have, and the values of params and tags. */
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { api, unwrap } from "./client";

export interface KnownKeys {
  metrics: readonly string[];
  params: readonly string[];
  tags: readonly string[];
  /** Whether there are more keys that contain the text. */
  isCut: boolean;
}

const FRESH_MS = 30_000;
const MOST_KEYS = 2_000;
const NOTHING: KnownKeys = { metrics: [], params: [], tags: [], isCut: false };

/** The keys of all runs that contain a text: those that begin with it first. */
export function useKeys(experimentIds: readonly string[], text = "", isWanted = true): KnownKeys {
  const found = useQuery({
    queryKey: ["keys", experimentIds, text],
    queryFn: async ({ signal }) => {
      const body = { experiment_ids: [...experimentIds], text, max_results: MOST_KEYS, counts: false };
      const answer = await unwrap(api.POST("/api/2.0/trackhelm/keys/search", { body, signal }));
      const kinds = { metrics: answer.metrics, params: answer.params, tags: answer.tags };
      const names = (kind: keyof typeof kinds) => (kinds[kind]?.keys ?? []).map(({ key }) => key);
      return {
        metrics: names("metrics"),
        params: names("params"),
        tags: names("tags"),
        isCut: Object.values(kinds).some((kind) => (kind?.total ?? 0) > (kind?.keys?.length ?? 0)),
      };
    },
    enabled: isWanted && experimentIds.length > 0,
    staleTime: FRESH_MS,
    placeholderData: keepPreviousData,
  });
  return found.data ?? NOTHING;
}

const NO_VALUES: readonly string[] = [];

/** The values of a param or tag that contain a text, the most frequent first; none while there is no key. */
export function useValues(
  experimentIds: readonly string[],
  of: { prefix: "params" | "tags"; key: string } | null,
  text: string,
): readonly string[] {
  const found = useQuery({
    queryKey: ["values", experimentIds, of, text],
    queryFn: async ({ signal }) => {
      const kind = of?.prefix === "tags" ? ("tag" as const) : ("param" as const);
      const body = { experiment_ids: [...experimentIds], kind, key: of?.key ?? "", text };
      const answer = await unwrap(api.POST("/api/2.0/trackhelm/keys/values", { body, signal }));
      return (answer.values ?? []).map(({ value }) => value);
    },
    enabled: of !== null && experimentIds.length > 0,
    staleTime: FRESH_MS,
    placeholderData: keepPreviousData,
  });
  return of === null ? NO_VALUES : (found.data ?? NO_VALUES);
}
