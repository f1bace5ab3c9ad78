/** What the address of a model's page says: which tab is open. */

export interface ModelSearch {
  tab?: "protections" | "access" | "audit";
}

export function validateModelSearch({ tab }: Record<string, unknown>): ModelSearch {
  return tab === "protections" || tab === "access" || tab === "audit" ? { tab } : {};
}
