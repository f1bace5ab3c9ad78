/** What the address of the list of experiments says. */

export interface ExperimentsSearch {
  q?: string;
  /** `name`, `creation_time` or `last_update_time`, with a `-` in front for descending order. */
  sort?: string;
  view?: "deleted";
}

const SORTS = /^-?(?:name|creation_time|last_update_time)$/;

export function validateExperimentsSearch(raw: Record<string, unknown>): ExperimentsSearch {
  const { q, sort, view } = raw;
  return {
    ...(typeof q === "string" || typeof q === "number" ? { q: String(q) } : {}),
    ...(typeof sort === "string" && SORTS.test(sort) ? { sort } : {}),
    ...(view === "deleted" ? { view } : {}),
  };
}
