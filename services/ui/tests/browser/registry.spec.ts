import { expect, test } from "./fixtures";
import { makeExperiment, makeRun } from "./runs";
import { get, post } from "./server";

async function makeModel(name: string): Promise<void> {
  await post("mlflow/registered-models/create", { name });
  for (const source of ["s3://m/1", "s3://m/2"]) await post("mlflow/model-versions/create", { name, source });
}

interface Events {
  events: { action: string; comment: string }[];
}

test(
  "a version moves to a stage with a comment, which the audit trail keeps, and is rolled back",
  { tag: "@stack" },
  async ({ page }) => {
    const name = "moved model";
    await makeModel(name);
    await page.goto("/#/models");
    await page.getByRole("link", { name }).click();
    await page.getByRole("button", { name: "Move version 2" }).click();
    await page.getByRole("textbox", { name: "Comment" }).fill("passed the evaluation");
    await page.getByRole("button", { name: "Move", exact: true }).last().click();
    await expect(page.getByText("Version 2 is in Production.")).toBeVisible();
    await expect(page.getByRole("region", { name: "Timeline of stages" })).toContainText("v2");
    const { events } = await get<Events>(
      `trackhelm/audit/events?model_name=${encodeURIComponent(name)}&action=stage_changed`,
    );
    expect(events[0]?.comment).toBe("passed the evaluation");
    await page.getByRole("button", { name: "Production", exact: true }).click();
    await page.getByRole("button", { name: "Roll back" }).click();
    await expect(page.getByText("Rolled back Production.")).toBeVisible();
    await expect(page.getByRole("row", { name: /Version 2/ })).toContainText("None");
    await page.getByRole("tab", { name: "Audit trail" }).click();
    await expect(page.getByRole("cell", { name: "rolled back" })).toBeVisible();
  },
);

test("versions are compared by their runs", async ({ page }) => {
  const name = "compared model";
  await post("mlflow/registered-models/create", { name });
  const experiment = await makeExperiment("of versions");
  const runs = [await makeRun(experiment, "first"), await makeRun(experiment, "second")];
  for (const { runId } of [...runs, runs[1] ?? { runId: "" }]) {
    await post("mlflow/model-versions/create", { name, source: `runs:/${runId}/model`, run_id: runId });
  }
  await page.goto(`/#/models/${encodeURIComponent(name)}`);
  const compare = page.getByRole("button", { name: "Compare" });
  await expect(compare).toBeDisabled();
  await page.getByRole("checkbox", { name: "Compare version 3" }).click();
  await page.getByRole("checkbox", { name: "Compare version 2" }).press("Space");
  // Both are of one run.
  await expect(compare).toBeDisabled();
  await page.getByRole("checkbox", { name: "Compare version 1" }).press("Space");
  await compare.click();
  await expect(page.getByRole("heading", { level: 1 })).toHaveText("Compare 2 runs");
  await expect(page.getByRole("link", { name: "first" })).toBeVisible();
  await expect(page.getByRole("link", { name: "second" })).toBeVisible();
});

test("a change of a protected alias waits in the inbox", { tag: "@stack" }, async ({ page, rules }) => {
  rules.allowed.push(/status of 403/);
  const name = "guarded";
  await makeModel(name);
  await page.goto(`/#/models/${name}`);
  await page.getByRole("tab", { name: "Protections" }).click();
  await page.getByRole("textbox", { name: "Alias, or * for all" }).fill("live");
  await page.getByRole("button", { name: "Protect the alias" }).click();
  await expect(page.getByRole("cell", { name: "the alias @live" })).toBeVisible();
  await page.getByRole("tab", { name: "Versions" }).click();
  await page.getByRole("button", { name: "Move version 1" }).click();
  await page.getByText("Alias to it").click();
  await page.getByRole("combobox", { name: "Alias" }).fill("live");
  await page.getByRole("textbox", { name: "Comment" }).fill("go");
  await page.getByRole("button", { name: "Request approval" }).click();
  await expect(page.getByText("This waits for approval")).toBeVisible();
  await page.getByRole("link", { name: "Approvals" }).click();
  const request = page.getByRole("article").filter({ hasText: name });
  await expect(request).toContainText("Point @live to version 1");
  await request.getByRole("button", { name: "Withdraw" }).click();
  await expect(request).toHaveCount(0);
  await page.getByText("Decided").click();
  await expect(page.getByRole("article").filter({ hasText: name })).toContainText("withdrawn");
});

test("the timeline tells the event of a bar", async ({ page }) => {
  await page.goto("/#/models/churn");
  await page.getByRole("button", { name: /^v2 in Production/ }).click();
  await expect(page.getByText("2% better")).toBeVisible();
});

test("lineage leads from the dataset to the alias", async ({ page }) => {
  await page.goto("/#/models/churn/versions/2");
  const lineage = page.getByRole("group", { name: "Lineage" });
  for (const text of ["customers", "churn v2", "@champion"]) await expect(lineage).toContainText(text);
  await lineage.getByRole("link", { name: /run/ }).click();
  await expect(page).toHaveURL(/#\/experiments\/\d+\/runs\//);
});

test("the audit trail is filtered", async ({ page }) => {
  await page.goto("/#/audit");
  await page.getByRole("textbox", { name: "Who" }).fill("bob");
  await expect(page.getByRole("cell", { name: "approval requested" }).first()).toBeVisible();
  await expect(page.getByRole("cell", { name: "anonymous" })).toHaveCount(0);
  await expect(page).toHaveURL(/#\/audit\?who=bob$/);
  await page.reload();
  await expect(page.getByRole("textbox", { name: "Who" })).toHaveValue("bob");
  await page.getByRole("textbox", { name: "Who" }).fill("nobody");
  await expect(page.getByText("No event fulfils these conditions.")).toBeVisible();
});

test("a webhook is created, and deleted", async ({ page }) => {
  await page.goto("/#/webhooks");
  await page.getByRole("button", { name: "New webhook" }).click();
  await page.getByRole("textbox", { name: "Name" }).fill("alerts");
  await page.getByRole("textbox", { name: "URL" }).fill("https://chat.example.org/hook");
  await page.getByRole("combobox", { name: "Events of runs" }).press("ArrowDown");
  await page.getByRole("option", { name: "run.failed" }).click();
  // The list would cover what is below.
  await page.getByRole("combobox", { name: "Events of runs" }).press("Tab");
  await page.getByRole("combobox", { name: "Events of the workspace" }).press("ArrowDown");
  await page.getByRole("option", { name: "workspace.quota_nearly_used" }).click();
  await page.getByRole("combobox", { name: "Events of the workspace" }).press("Tab");
  await page.getByRole("button", { name: "Create", exact: true }).click();
  const row = page.getByRole("row", { name: /alerts/ });
  await expect(row).toContainText("run.failed, workspace.quota_nearly_used");
  await row.getByRole("button", { name: "Delete" }).click();
  await page.getByRole("dialog").getByRole("button", { name: "Delete" }).click();
  await expect(row).toHaveCount(0);
});
