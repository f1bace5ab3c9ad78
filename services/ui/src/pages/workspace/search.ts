/** What the address of the workspace's page says: which tab is open. */

const TABS = ["members", "roles", "accounts", "pods", "all"] as const;

export interface WorkspaceSearch {
  tab?: (typeof TABS)[number];
}

export function validateWorkspaceSearch({ tab }: Record<string, unknown>): WorkspaceSearch {
  const found = TABS.find((each) => each === tab);
  return found ? { tab: found } : {};
}
