import { expect, test } from "vitest";
import { EVERYTHING, isEnough, rightsOf } from "./rights";

const permission = (
  resource_type: string,
  resource_pattern: string,
  level: string,
  workspace = "default",
) => ({
  role_id: 1,
  role_name: "",
  workspace,
  resource_type,
  resource_pattern,
  permission: level,
});

const MEMBER = permission("workspace", "*", "USE");

test("each role may what it may on the server", () => {
  const viewer = rightsOf([permission("experiment", "*", "READ")], "default");
  expect([viewer.mayCreate, viewer.onExperiment("1"), viewer.onModel("m")]).toEqual([
    false,
    "READ",
    "NO_PERMISSIONS",
  ]);
  const member = rightsOf([MEMBER, permission("experiment", "7", "MANAGE")], "default");
  expect([member.mayCreate, member.onExperiment("1"), member.onExperiment("7"), member.isManager]).toEqual([
    true,
    "READ",
    "MANAGE",
    false,
  ]);
  const editor = rightsOf([MEMBER, permission("registered_model", "*", "EDIT")], "default");
  expect(editor.onModel("m")).toBe("EDIT");
  const manager = rightsOf([permission("workspace", "*", "MANAGE")], "default");
  expect([manager.isManager, manager.onModel("m")]).toEqual([true, "MANAGE"]);
  expect(EVERYTHING.onModel("m")).toBe("MANAGE");
});

test("a denial wins over what a role gives, and another workspace's rights are none here", () => {
  const denied = rightsOf([MEMBER, permission("experiment", "1", "DENY")], "default");
  expect([denied.onExperiment("1"), denied.onExperiment("2")]).toEqual(["NO_PERMISSIONS", "READ"]);
  const elsewhere = rightsOf([permission("workspace", "*", "MANAGE", "team-a")], "default");
  expect([elsewhere.isManager, elsewhere.onExperiment("1")]).toEqual([false, "NO_PERMISSIONS"]);
});

test("levels have an order", () => {
  expect([isEnough("MANAGE", "EDIT"), isEnough("USE", "EDIT"), isEnough("EDIT", "EDIT")]).toEqual([
    true,
    false,
    true,
  ]);
});
