/** What the address of a version's page says: which tab is open. */

const TABS = ["model", "metrics", "use", "audit"] as const;

export interface VersionSearch {
  tab?: (typeof TABS)[number];
}

export function validateVersionSearch({ tab }: Record<string, unknown>): VersionSearch {
  const found = TABS.find((each) => each === tab);
  return found ? { tab: found } : {};
}
