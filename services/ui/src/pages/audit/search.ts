/** What the address of the audit trail says: which events are shown. */
import type { AuditSearch } from "@/api/governance";

type Action = NonNullable<AuditSearch["action"]>;
type Entity = NonNullable<AuditSearch["entity_type"]>;

/** All of them, with the words for each: one that the server adds is missed by the types. */
export const ACTIONS: Record<Action, string> = {
  created: "created",
  updated: "updated",
  renamed: "renamed",
  described: "described",
  tagged: "tagged",
  untagged: "untagged",
  stage_changed: "stage changed",
  alias_set: "alias set",
  alias_deleted: "alias deleted",
  status_changed: "status changed",
  params_logged: "params logged",
  deleted: "deleted",
  restored: "restored",
  purged: "purged",
  protected: "protected",
  unprotected: "unprotected",
  approval_requested: "approval requested",
  approved: "approved",
  rejected: "rejected",
  withdrawn: "withdrawn",
  rolled_back: "rolled back",
  imported: "imported",
  granted: "granted",
  revoked: "revoked",
  password_set: "password set",
  quotas_set: "quotas set",
};
export const ENTITIES: Record<Entity, string> = {
  registered_model: "registered model",
  model_version: "model version",
  logged_model: "logged model",
  experiment: "experiment",
  run: "run",
  webhook: "webhook",
  import: "import",
  account: "account",
  token: "token",
  role: "role",
  workspace: "workspace",
  saved_view: "saved view",
};

export interface AuditPageSearch {
  who?: string;
  what?: Action;
  of?: Entity;
  model?: string;
}

const isKey = <Key extends string>(names: Record<Key, string>, value: unknown): value is Key =>
  typeof value === "string" && Object.hasOwn(names, value);

/** A name may look like a number. */
const textOf = (value: unknown) =>
  typeof value === "string" || typeof value === "number" ? String(value) : "";

export function validateAuditSearch(raw: Record<string, unknown>): AuditPageSearch {
  const [who, model] = [textOf(raw["who"]), textOf(raw["model"])];
  return {
    ...(who ? { who } : {}),
    ...(isKey(ACTIONS, raw["what"]) ? { what: raw["what"] } : {}),
    ...(isKey(ENTITIES, raw["of"]) ? { of: raw["of"] } : {}),
    ...(model ? { model } : {}),
  };
}
