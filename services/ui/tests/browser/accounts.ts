/** A second server, to which people log in: who there is, and what it holds. */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

export const ACCOUNTS = `http://127.0.0.1:${process.env["UI_TEST_ACCOUNTS_PORT"] ?? ""}`;

/** Of everybody, also of `admin`, the first administrator, whose the server reads from a file. */
export const PASSWORD = process.env["UI_TEST_PASSWORD"] ?? "";

/** Call an endpoint as somebody, in a workspace. Throws with the server's words. */
export async function callAs<Body>(
  user: string,
  method: string,
  path: string,
  body?: unknown,
  workspace = "default",
): Promise<Body> {
  const answer = await fetch(`${ACCOUNTS}/api/${path}`, {
    method,
    headers: {
      "Content-Type": "application/json",
      Authorization: `Basic ${Buffer.from(`${user}:${PASSWORD}`).toString("base64")}`,
      "X-MLFLOW-WORKSPACE": workspace,
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${await answer.text()}`);
  return (await answer.json()) as Body;
}

const asAdmin = <Body>(method: string, path: string, body?: unknown, workspace?: string) =>
  callAs<Body>("admin", method, path, body, workspace);

const FILE = () => join(process.env["UI_TEST_DATA"] ?? "", "accounts.json");

export interface Known {
  experimentId: string;
  runId: string;
}

/** Who has which role in the workspace `default`. */
const ROLES = { vera: "viewer", edda: "editor", maud: "manager" };

/** Make the users with their roles, an experiment with a run, a model, and the workspace `team-a` with an experiment. */
export async function makeAccounts(): Promise<void> {
  const { roles } = await asAdmin<{ roles: { id: number; name: string }[] }>(
    "GET",
    "3.0/mlflow/roles/list?workspace=default",
  );
  for (const [username, name] of Object.entries(ROLES)) {
    await asAdmin("POST", "2.0/mlflow/users/create", { username, password: PASSWORD });
    const role_id = roles.find((role) => role.name === name)?.id;
    await asAdmin("POST", "3.0/mlflow/roles/assign", { username, role_id });
  }
  await asAdmin("POST", "3.0/mlflow/workspaces", { name: "team-a", description: "Those of the other floor" });
  await asAdmin("POST", "2.0/mlflow/experiments/create", { name: "theirs" }, "team-a");
  const { experiment_id: experimentId } = await asAdmin<{ experiment_id: string }>(
    "POST",
    "2.0/mlflow/experiments/create",
    { name: "shared" },
  );
  const { run } = await asAdmin<{ run: { info: { run_id: string } } }>("POST", "2.0/mlflow/runs/create", {
    experiment_id: experimentId,
    run_name: "first",
    start_time: Date.now(),
  });
  const runId = run.info.run_id;
  await asAdmin("POST", "2.0/mlflow/registered-models/create", { name: "guarded" });
  for (const source of ["s3://elsewhere/1", "s3://elsewhere/2"]) {
    await asAdmin("POST", "2.0/mlflow/model-versions/create", { name: "guarded", source });
  }
  await asAdmin("POST", "2.0/mlflow/model-versions/transition-stage", {
    ...{ name: "guarded", version: "1", stage: "Production", archive_existing_versions: false },
  });
  await asAdmin("POST", "2.0/trackhelm/protections/set", {
    ...{ name: "guarded", kind: "alias", target: "live" },
  });
  const known: Known = { experimentId, runId };
  writeFileSync(FILE(), JSON.stringify(known));
}

/** Return what was made, for the tests. */
export function knownOfAccounts(): Known {
  return JSON.parse(readFileSync(FILE(), "utf8")) as Known;
}
