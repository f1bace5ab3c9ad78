/** What somebody may do, out of the permissions that the server tells of them: the same rules as the server's. Pure. */
import type { components } from "./schema";

export type Permission = components["schemas"]["Reply.Permission"];

/** From the least to the greatest; `DENY` takes everything else away. */
const ORDER = ["NO_PERMISSIONS", "READ", "USE", "EDIT", "MANAGE"] as const;
export type Level = (typeof ORDER)[number];

/** The words for levels that people see. */
export const LEVEL_NAMES: Record<string, string> = {
  READ: "may read",
  USE: "member",
  EDIT: "may edit",
  MANAGE: "manages",
  DENY: "denied",
  NO_PERMISSIONS: "denied",
};

export interface Rights {
  /** Whether they manage the workspace. */
  isManager: boolean;
  /** Whether they may create experiments and models. */
  mayCreate: boolean;
  onExperiment: (id: string) => Level;
  onModel: (name: string) => Level;
}

const atLeast = (a: Level, b: Level) => ORDER.indexOf(a) >= ORDER.indexOf(b);
const higher = (a: Level, b: Level) => (atLeast(a, b) ? a : b);

/** Whether a level is enough for what needs another. */
export const isEnough = (level: Level, needed: Level): boolean => atLeast(level, needed);

function levelOf(text: string): Level | "DENY" {
  if (text === "DENY" || text === "NO_PERMISSIONS") return "DENY";
  return ORDER.find((each) => each === text) ?? "NO_PERMISSIONS";
}

/** The rights of who may do everything. */
export const EVERYTHING: Rights = {
  isManager: true,
  mayCreate: true,
  onExperiment: () => "MANAGE",
  onModel: () => "MANAGE",
};

/** Return what permissions add up to in a workspace. A denial of one thing wins; else the highest. */
export function rightsOf(permissions: readonly Permission[], workspace: string): Rights {
  const here = permissions.filter((each) => each.workspace === workspace);
  const highest = (type: string, pattern: string): Level =>
    here
      .filter(({ resource_type, resource_pattern }) => resource_type === type && resource_pattern === pattern)
      .map(({ permission }) => levelOf(permission))
      .reduce<Level>((best, each) => (each === "DENY" ? best : higher(best, each)), "NO_PERMISSIONS");
  const inWorkspace = highest("workspace", "*");
  const isManager = inWorkspace === "MANAGE";
  const on = (type: string, pattern: string): Level => {
    if (isManager) return "MANAGE";
    const isDenied = here.some(
      (each) =>
        each.resource_type === type &&
        each.resource_pattern === pattern &&
        levelOf(each.permission) === "DENY",
    );
    if (isDenied) return "NO_PERMISSIONS";
    const byRole = inWorkspace === "USE" ? higher("READ", highest(type, "*")) : highest(type, "*");
    return higher(byRole, highest(type, pattern));
  };
  return {
    isManager,
    mayCreate: isManager || inWorkspace === "USE",
    onExperiment: (id) => on("experiment", id),
    onModel: (name) => on("registered_model", name),
  };
}
