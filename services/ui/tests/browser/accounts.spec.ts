/** Logging in, what each role sees, tokens, users and workspaces, on a server that checks who calls. */
import type { Page } from "@playwright/test";
import { ACCOUNTS, callAs, type Known, knownOfAccounts, PASSWORD } from "./accounts";
import { seriousFindings } from "./accessible";
import { expect, test } from "./fixtures";

const FOLDER = process.env["UI_SCREENSHOTS"] ?? "screenshots";
let known: Known;

test.beforeAll(() => {
  known = knownOfAccounts();
});

test.use({ server: ACCOUNTS, baseURL: ACCOUNTS, contextOptions: { reducedMotion: "reduce" } });

// What is asked before a login is answered that nobody is logged in, which a browser's console calls an error.
test.beforeEach(({ rules }) => void rules.allowed.push(/status of 401/));

async function logIn(page: Page, user: string, address = "/"): Promise<void> {
  // Another hash alone would load nothing anew.
  await page.goto("about:blank");
  await page.goto(address);
  await page.getByLabel("User name").fill(user);
  await page.getByRole("textbox", { name: "Password" }).fill(PASSWORD);
  await page.getByRole("button", { name: "Log in" }).click();
  await expect(page.getByRole("button", { name: `Account of ${user}` })).toBeVisible();
}

/** Take pictures of what is seen in both themes, and hold both to axe. */
async function look(page: Page, title: string): Promise<void> {
  await page.waitForLoadState("networkidle");
  for (const scheme of ["light", "dark"] as const) {
    await page.emulateMedia({ colorScheme: scheme });
    await page.screenshot({ path: `${FOLDER}/${title}-${scheme}-1280.png` });
    expect(await seriousFindings(page), `${title}, ${scheme}`).toEqual([]);
  }
}

test("a login leads to the page that was asked for, and a logout back", async ({ page, rules }) => {
  // So an identity provider's answer is told that lets nobody in.
  await page.goto("/#/login?failed=not_allowed");
  await expect(page.getByRole("alert")).toContainText("you may not use this server");
  const wanted = `/#/experiments/${known.experimentId}/runs/${known.runId}/artifacts`;
  await page.goto(wanted);
  await expect(page.getByRole("heading", { level: 1 })).toHaveText("Log in");
  await look(page, "login");
  await page.getByLabel("User name").fill("vera");
  await page.getByRole("textbox", { name: "Password" }).fill("not the password");
  await page.getByRole("button", { name: "Log in" }).click();
  await expect(page.getByRole("alert")).toBeVisible();
  await page.getByRole("textbox", { name: "Password" }).fill(PASSWORD);
  await page.getByRole("button", { name: "Log in" }).click();
  await expect(page.getByRole("heading", { level: 1 })).toHaveText("first");
  expect(page.url()).toBe(`${ACCOUNTS}${wanted}`);
  await page.reload();
  await expect(page.getByRole("heading", { level: 1 })).toHaveText("first");
  await page.getByRole("button", { name: "Account of vera" }).click();
  await page.getByRole("menuitem", { name: "Log out" }).click();
  await expect(page.getByRole("heading", { level: 1 })).toHaveText("Log in");
  await page.goto("/#/models");
  await expect(page.getByRole("heading", { level: 1 })).toHaveText("Log in");
  rules.allowed.push(/status of 429/);
});

test("a viewer sees everything and nothing that they may not do", async ({ page }) => {
  await logIn(page, "vera", "/#/experiments");
  await expect(page.getByRole("link", { name: "shared" })).toBeVisible();
  await expect(page.getByRole("button", { name: "New experiment" })).toHaveCount(0);
  await page.getByRole("button", { name: "Actions for shared" }).click();
  await expect(page.getByRole("menuitem", { name: /^Copy/ })).toBeVisible();
  for (const name of ["Rename", "Delete"]) await expect(page.getByRole("menuitem", { name })).toHaveCount(0);
  await page.keyboard.press("Escape");
  for (const place of ["Audit", "Webhooks"]) {
    await expect(page.getByRole("link", { name: place, exact: true })).toHaveCount(0);
  }
  await page.goto("/#/audit");
  await expect(page.getByText("Managers of the workspace see the audit trail.")).toBeVisible();

  await page.goto(`/#/experiments/${known.experimentId}`);
  await page.getByRole("checkbox", { name: "Select first" }).check();
  const bar = page.getByRole("toolbar", { name: "Selected runs" });
  await expect(bar.getByRole("button", { name: "CSV of these" })).toBeVisible();
  for (const name of ["Tag", "Delete"]) {
    await expect(bar.getByRole("button", { name, exact: true })).toHaveCount(0);
  }
  await page.goto(`/#/experiments/${known.experimentId}/runs/${known.runId}`);
  await expect(page.getByText("No metrics were logged.")).toBeVisible();
  await expect(page.getByRole("button", { name: /^(?:Edit|Add) / })).toHaveCount(0);
  await page.goto(`/#/experiments/${known.experimentId}/runs/${known.runId}/artifacts`);
  await expect(page.getByText("This run has logged no files.")).toBeVisible();
  await expect(page.getByRole("button", { name: "Upload" })).toHaveCount(0);

  await page.goto("/#/models/guarded");
  await expect(page.getByRole("link", { name: "Version 2" })).toBeVisible();
  const timeline = page.getByRole("region", { name: "Timeline of stages" });
  await expect(timeline.getByRole("button", { name: /^v1 in Production/ })).toBeVisible();
  await expect(page.getByRole("button", { name: /^Move|More of this model|^Production/ })).toHaveCount(0);
  await expect(page.getByRole("tab", { name: "Audit trail" })).toHaveCount(0);
  await expect(page.getByRole("tab", { name: "Access" })).toHaveCount(0);
  await page.goto("/#/workspace?tab=members");
  await expect(page.getByRole("table", { name: "Usage" })).toBeVisible();
  await expect(page.getByRole("tab")).toHaveText(["Usage"]);
  await expect(page.getByRole("button", { name: "Set quotas" })).toHaveCount(0);
  await page.goto("/#/users");
  await expect(page.getByText("Administrators see users.")).toBeVisible();
});

test("what is granted on an experiment and a model is given, changed and taken away", async ({ page }) => {
  await logIn(page, "maud", `/#/experiments/${known.experimentId}`);
  await page.getByRole("button", { name: "More of this experiment" }).click();
  await page.getByRole("menuitem", { name: "Who may do what" }).click();
  const dialog = page.getByRole("dialog");
  await expect(dialog.getByRole("row", { name: /the role editor may edit/ })).toBeVisible();
  await dialog.getByRole("combobox", { name: "User name" }).fill("vera");
  await dialog.getByRole("button", { name: "Grant" }).click();
  const row = dialog.getByRole("row", { name: /^vera/ });
  await expect(row.getByRole("combobox", { name: "What vera may" })).toHaveValue("may read");
  await look(page, "dialog-access");
  await row.getByRole("combobox", { name: "What vera may" }).click();
  await page.getByRole("option", { name: "may edit" }).click();
  await expect(row.getByRole("combobox", { name: "What vera may" })).toHaveValue("may edit");
  await row.getByRole("button", { name: "Take away" }).click();
  const asked = page.locator("form", { hasText: "What their roles give stays." });
  await asked.getByRole("button", { name: "Take away" }).click();
  await expect(row).toHaveCount(0);
  await page.goto("/#/models/guarded?tab=access");
  await expect(page.getByRole("row", { name: /the role viewer may read/ })).toBeVisible();
  await look(page, "model-access");
});

test("who asked for a change does not decide it, and a manager does", async ({ page, rules }) => {
  rules.allowed.push(/status of 403/);
  await logIn(page, "edda", "/#/models/guarded");
  await page.getByRole("button", { name: "Move version 2" }).click();
  await page.getByText("Alias to it").click();
  await page.getByRole("combobox", { name: "Alias" }).fill("live");
  await page.getByRole("textbox", { name: "Comment" }).fill("ready");
  await page.getByRole("button", { name: "Request approval" }).click();
  await page.goto("/#/approvals");
  const request = page.getByRole("article");
  await expect(request.getByRole("button", { name: "Withdraw" })).toBeVisible();
  await expect(request.getByRole("button", { name: "Approve" })).toHaveCount(0);
  await page.context().clearCookies();
  await logIn(page, "maud", "/#/approvals");
  await expect(request.getByRole("button", { name: "Withdraw" })).toHaveCount(0);
  await request.getByRole("button", { name: "Approve" }).click();
  await expect(request).toHaveCount(0);
});

test("a token is shown once, is listed, and is revoked", async ({ page, context }) => {
  await context.grantPermissions(["clipboard-read", "clipboard-write"]);
  await logIn(page, "edda", "/#/account");
  await page.getByRole("button", { name: "New token" }).click();
  await page.getByRole("textbox", { name: "Name" }).fill("nightly training");
  await look(page, "dialog-new-token");
  await page.getByRole("button", { name: "Create" }).click();
  const dialog = page.getByRole("dialog", { name: "The new token" });
  await dialog.getByRole("button", { name: "Copy" }).first().click();
  const token = await page.evaluate(() => navigator.clipboard.readText());
  expect(token).toMatch(/^thp_\w{36}$/);
  const asked = () =>
    fetch(`${ACCOUNTS}/api/2.0/mlflow/users/current`, { headers: { Authorization: `Bearer ${token}` } });
  expect((await asked()).status).toBe(200);
  await dialog.getByRole("button", { name: "I have it" }).click();
  const row = page.getByRole("row", { name: /nightly training/ });
  await expect(row).toContainText(`thp_…${token.slice(-4)}`);
  await expect(page.getByText(token)).toHaveCount(0);
  await look(page, "account-tokens");
  await row.getByRole("button", { name: "Revoke" }).click();
  await page.getByRole("dialog").getByRole("button", { name: "Revoke" }).click();
  await expect(row).toHaveCount(0);
  expect((await asked()).status).toBe(401);
});

test("a program that asks is let in by its code, after a login, and gets a token", async ({
  page,
  rules,
}) => {
  rules.allowed.push(/status of 404/);
  const post = async (path: string, body: unknown) => {
    const answer = await fetch(`${ACCOUNTS}/api/2.0/trackhelm/devices/${path}`, {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify(body),
    });
    return (await answer.json()) as Record<string, string>;
  };
  const begun = await post("begin", { name: "trackhelm login on train-7" });
  await logIn(page, "edda", begun["verification_uri_complete"]);
  await expect(page.getByText("Did you start this?")).toBeVisible();
  await expect(page.getByText(begun["user_code"] ?? "none", { exact: true })).toBeVisible();
  await look(page, "device");
  await page.getByRole("button", { name: "I started it: let it in" }).click();
  await expect(page.getByText("trackhelm login on train-7 is logged in.")).toBeVisible();
  const polled = await post("poll", { device_code: begun["device_code"] });
  expect(polled).toMatchObject({ status: "approved", username: "edda" });
  expect(polled["token"]).toMatch(/^thp_/);

  await page.goto("/#/device");
  await page.getByLabel("The code that the program shows").fill("aaaa-bbbb");
  await page.getByRole("button", { name: "Go on" }).click();
  await expect(page.getByText("No program waits with this code")).toBeVisible();
});

test("sessions are listed and ended, and a password is changed", async ({ page, browser }) => {
  await callAs("admin", "POST", "2.0/mlflow/users/create", { username: "nora", password: PASSWORD });
  const other = await browser.newPage({ baseURL: ACCOUNTS });
  await logIn(other, "nora");
  await logIn(page, "nora", "/#/account?tab=sessions");
  const rows = page.getByRole("table", { name: "Sessions" }).getByRole("row");
  await expect(rows).toHaveCount(3);
  await expect(page.getByRole("row", { name: /\(this one\)/ })).toContainText("Chrome on Linux");
  await look(page, "account-sessions");
  await rows.getByRole("button", { name: "End" }).click();
  await page.getByRole("dialog").getByRole("button", { name: "End" }).click();
  await expect(rows).toHaveCount(2);
  await other.reload();
  await expect(other.getByRole("heading", { level: 1 })).toHaveText("Log in");
  await other.close();

  await page.getByRole("tab", { name: "Password" }).click();
  const change = page.getByRole("button", { name: "Change the password" });
  await page.getByLabel("Current password").fill(PASSWORD);
  await page.getByLabel("New password", { exact: false }).first().fill("too short");
  await expect(page.getByText("3 more")).toBeVisible();
  await expect(change).toBeDisabled();
  await page.getByLabel("New password", { exact: false }).first().fill("another good password");
  await page.getByLabel("New password again").fill("another good password");
  await look(page, "account-password");
  await change.click();
  // Every session ends with the password that it began by, or this one goes on: either way nothing fails.
  await expect(page.getByText("The password was changed.")).toBeVisible();
});

test("an administrator makes a user, whom a manager lets into a workspace", async ({ page }) => {
  await logIn(page, "admin", "/#/users");
  await page.getByRole("button", { name: "New user" }).click();
  await page.getByLabel("User name").fill("olga");
  await page.getByLabel("New password", { exact: false }).first().fill(PASSWORD);
  await page.getByLabel("New password again").fill(PASSWORD);
  await page.getByRole("button", { name: "Create" }).click();
  await expect(page.getByRole("row", { name: /olga/ })).toBeVisible();
  await expect(page.getByRole("switch", { name: "admin is an administrator" })).toBeDisabled();
  await look(page, "users");

  // The workspace is part of the address, and what is shown is of it alone.
  await page.getByRole("button", { name: "Workspace default" }).click();
  await page.getByRole("menuitem", { name: "team-a", exact: true }).click();
  await expect(page).toHaveURL(/\?workspace=team-a#\//);
  await page.getByRole("link", { name: "Experiments", exact: true }).click();
  await expect(page.getByRole("link", { name: "theirs" })).toBeVisible();
  await expect(page.getByRole("link", { name: "shared" })).toHaveCount(0);
  // MLflow's client prints links that have it behind the page: in a new tab, and where the pages are open.
  await page.goto("about:blank");
  await page.goto("/#/experiments?workspace=default");
  await expect(page.getByRole("link", { name: "shared" })).toBeVisible();
  await expect(page).toHaveURL(/\/\?workspace=default#\/experiments$/);
  await page.evaluate(() => void (window.location.hash = "#/experiments?workspace=team-a"));
  await expect(page.getByRole("link", { name: "theirs" })).toBeVisible();
  await expect(page).toHaveURL(/\/\?workspace=team-a#\/experiments$/);
  await page.getByRole("button", { name: "Workspace team-a" }).click();
  await page.getByRole("menuitem", { name: "Settings of team-a" }).click();
  await expect(page.getByRole("row", { name: /^Experiments/ })).toContainText("none");
  await page.getByRole("button", { name: "Set quotas" }).click();
  await page.getByRole("textbox", { name: "Quota of Experiments" }).fill("10");
  await page.getByRole("textbox", { name: "Quota of Files" }).fill("2.5");
  await page.getByRole("button", { name: "Save the quotas" }).click();
  await expect(page.getByRole("row", { name: /^Experiments/ })).toContainText("10 %");
  await expect(page.getByRole("row", { name: /^Files/ })).toContainText("2.5 GB");
  await look(page, "workspace-usage");
  await page.getByRole("tab", { name: "Members" }).click();
  await page.getByRole("combobox", { name: "User" }).click();
  await page.getByRole("option", { name: "olga" }).click();
  await page.getByRole("combobox", { name: "Role" }).click();
  await page.getByRole("option", { name: "member" }).click();
  await page.getByRole("button", { name: "Give the role" }).click();
  await expect(page.getByRole("row", { name: /olga member/ })).toBeVisible();
  await look(page, "workspace-members");
  await page.getByRole("tab", { name: "Service accounts" }).click();
  await page.getByRole("textbox", { name: "Name of a service account" }).fill("nightly");
  await page.getByRole("button", { name: "New service account" }).click();
  await expect(page.getByRole("row", { name: /nightly/ })).toBeVisible();
  await look(page, "workspace-accounts");
  await page.getByRole("tab", { name: "Roles" }).click();
  await expect(page.getByRole("row", { name: /^viewer/ })).toContainText("reads everything");
  await page.getByRole("textbox", { name: "Name of a role" }).fill("auditor");
  await page.getByRole("button", { name: "New role" }).click();
  await expect(page.getByRole("row", { name: /^auditor/ })).toContainText("nothing yet");
  await page.getByRole("button", { name: "Edit auditor" }).click();
  await page.getByRole("combobox", { name: "On what" }).click();
  await page.getByRole("option", { name: "one experiment" }).click();
  await page.getByRole("combobox", { name: "Experiment", exact: true }).fill("their");
  await page.getByRole("option", { name: "theirs" }).click();
  await page.getByRole("button", { name: "Give", exact: true }).click();
  const permitted = page
    .getByRole("table", { name: "What auditor may" })
    .getByRole("row", { name: /^experiment theirs/ });
  await permitted.getByRole("combobox").click();
  await page.getByRole("option", { name: "may edit" }).click();
  await page.getByRole("textbox", { name: "Description" }).last().fill("Looks at theirs");
  await page.getByRole("button", { name: "Save", exact: true }).click();
  await look(page, "workspace-role");
  await page.keyboard.press("Escape");
  await expect(
    page.getByRole("row", { name: /^auditor Looks at theirs may edit experiment \d+/ }),
  ).toBeVisible();
  await look(page, "workspace-roles");
  await page.getByRole("tab", { name: "Kubernetes" }).click();
  await page.getByRole("textbox", { name: "Namespace" }).fill("training");
  await page.getByRole("combobox", { name: "Role" }).click();
  await page.getByRole("option", { name: "auditor" }).click();
  await page.getByRole("button", { name: "Give the role" }).click();
  const bound = page.getByRole("row", { name: /^training every one auditor admin/ });
  await expect(bound).toBeVisible();
  await look(page, "workspace-kubernetes");
  await bound.getByRole("button", { name: "Remove" }).click();
  await page.getByRole("dialog").getByRole("button", { name: "Remove" }).click();
  await expect(page.getByText("No service account of a cluster has a role here yet.")).toBeVisible();
  await page.getByRole("tab", { name: "Roles" }).click();
  const auditor = page.getByRole("row", { name: /^auditor/ });
  await auditor.getByRole("button", { name: "Delete" }).click();
  await page.getByRole("dialog").getByRole("button", { name: "Delete" }).click();
  await expect(auditor).toHaveCount(0);
  await page.getByRole("tab", { name: "All workspaces" }).click();
  await expect(page.getByRole("row", { name: /team-a \(shown\)/ })).toContainText("Those of the other floor");
  await look(page, "workspace-all");

  // Who has a part in another workspace alone begins there.
  await page.context().clearCookies();
  await page.evaluate(() => window.localStorage.clear());
  await logIn(page, "olga", "/#/experiments");
  await expect(page.getByRole("link", { name: "theirs" })).toBeVisible();
  await expect(page.getByRole("button", { name: "New experiment" })).toBeVisible();
  // What an address names is never exchanged for something else.
  await page.goto("/?workspace=default#/experiments");
  await expect(page.getByText("You have no part in a workspace default.")).toBeVisible();
});
