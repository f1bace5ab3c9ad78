/** What the address of the list of models says. */

export interface ModelsSearch {
  q?: string;
  /** `name` or `last_updated_timestamp`, with a `-` in front for descending order. */
  sort?: string;
}

const SORTS = /^-?(?:name|last_updated_timestamp)$/;

export function validateModelsSearch({ q, sort }: Record<string, unknown>): ModelsSearch {
  return {
    ...(typeof q === "string" || typeof q === "number" ? { q: String(q) } : {}),
    ...(typeof sort === "string" && SORTS.test(sort) ? { sort } : {}),
  };
}
