/** What the address of a logged model's page says: which tab is open, and which file. */

export interface LoggedModelSearch {
  tab?: "files" | "lineage";
  file?: string;
}

export function validateLoggedModelSearch({ tab, file }: Record<string, unknown>): LoggedModelSearch {
  return {
    ...(tab === "files" || tab === "lineage" ? { tab } : {}),
    ...(typeof file === "string" || typeof file === "number" ? { file: String(file) } : {}),
  };
}
