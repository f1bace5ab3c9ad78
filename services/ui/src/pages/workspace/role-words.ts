/** What roles may, in words. */
import type { Role, RolePermission } from "@/api/roles";
import { LEVEL_NAMES } from "@/api/rights";

/** What the roles may that each workspace begins with, by their permissions: names can be given to others. */
const MEANINGS: Record<string, string> = {
  "experiment READ, registered_model READ": "reads everything",
  "workspace USE": "reads everything, creates, and manages what they created",
  "experiment EDIT, registered_model EDIT, workspace USE": "creates, and changes everything",
  "workspace MANAGE": "everything: deletes, grants, approves",
};

const TYPES: Record<string, string> = { experiment: "experiment", registered_model: "model" };

/** Return on what a permission is, such as `all models` or `experiment 12`. */
export function resourceOf({ resource_type: type, resource_pattern: pattern }: RolePermission): string {
  if (type === "workspace") return "the workspace";
  const of = TYPES[type] ?? type;
  return pattern === "*" ? `all ${of}s` : `${of} ${pattern}`;
}

/** Return what a role may. */
export function meaningOf({ permissions }: Pick<Role, "permissions">): string {
  const isOfAll = permissions.every(({ resource_pattern: pattern }) => pattern === "*");
  const all = permissions.map(({ resource_type: type, permission }) => `${type} ${permission}`).sort();
  const known = isOfAll ? MEANINGS[all.join(", ")] : undefined;
  if (known !== undefined) return known;
  const parts = permissions.map((each) => {
    const level = LEVEL_NAMES[each.permission] ?? each.permission;
    return each.resource_type === "workspace" ? level : `${level} ${resourceOf(each)}`;
  });
  return parts.join(", ") || "nothing yet";
}
