import { expect, test } from "vitest";
import type { RolePermission } from "@/api/roles";
import { meaningOf } from "./role-words";

const may = (type: string, pattern: string, permission: string): RolePermission => ({
  ...{ id: 1, role_id: 1, resource_type: type, resource_pattern: pattern, permission },
});

test("roles of the usual permissions have words of their own, and others what each of theirs is", () => {
  const meanings = [
    [may("registered_model", "*", "READ"), may("experiment", "*", "READ")],
    [may("workspace", "*", "MANAGE")],
    [may("experiment", "12", "READ"), may("registered_model", "*", "READ")],
    [may("workspace", "*", "USE"), may("registered_model", "churn", "DENY")],
    [],
  ].map((permissions) => meaningOf({ permissions }));
  expect(meanings).toEqual([
    "reads everything",
    "everything: deletes, grants, approves",
    "may read experiment 12, may read all models",
    "member, denied model churn",
    "nothing yet",
  ]);
});
