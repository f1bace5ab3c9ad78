/** What the address of the account's page says: which tab is open. */

export interface AccountSearch {
  tab?: "sessions" | "password";
}

export function validateAccountSearch({ tab }: Record<string, unknown>): AccountSearch {
  return tab === "sessions" || tab === "password" ? { tab } : {};
}
