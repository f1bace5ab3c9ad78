import { expect, test } from "./fixtures";
import { experimentId, runIds } from "./pages";

test(
  "an experiment is created, renamed, described, deleted and restored",
  { tag: "@stack" },
  async ({ page }) => {
    await page.goto("/#/experiments");
    await page.getByRole("button", { name: "New experiment" }).click();
    await page.getByRole("textbox", { name: "Name" }).fill("made here");
    await page.getByRole("button", { name: "Create", exact: true }).click();
    await expect(page.getByRole("heading", { level: 1 })).toHaveText("made here");
    await page.getByRole("link", { name: "Experiments" }).first().click();
    await page.getByRole("button", { name: "Actions for made here" }).click();
    await page.getByRole("menuitem", { name: "Rename" }).click();
    await page.getByRole("textbox", { name: "Name" }).fill("renamed here");
    await page.getByRole("button", { name: "Rename" }).click();
    await page.getByRole("button", { name: "Actions for renamed here" }).click();
    await page.getByRole("menuitem", { name: "Edit the description" }).click();
    await page.getByRole("textbox", { name: "Description, in Markdown" }).fill("what it is for");
    await page.getByRole("button", { name: "Save" }).click();
    await expect(page.getByRole("row", { name: /renamed here/ })).toContainText("what it is for");
    await page.getByRole("button", { name: "Actions for renamed here" }).click();
    await page.getByRole("menuitem", { name: "Delete" }).click();
    await page.getByRole("dialog").getByRole("button", { name: "Delete" }).click();
    await expect(page.getByRole("row", { name: /renamed here/ })).toHaveCount(0);
    await page.getByText("Deleted", { exact: true }).click();
    await page.getByRole("button", { name: "Actions for renamed here" }).click();
    await page.getByRole("menuitem", { name: "Restore" }).click();
    await expect(page.getByText("Restored renamed here.")).toBeVisible();
  },
);

test("names are searched, and a name that is taken is refused with the server's words", async ({
  page,
  rules,
}) => {
  rules.allowed.push(/status of 400/);
  await page.goto("/#/experiments");
  await page.getByRole("textbox", { name: "Search experiments" }).fill("CHURN");
  await expect(page.getByRole("row", { name: /churn-model/ })).toBeVisible();
  await expect(page.getByRole("row", { name: /hostile/ })).toHaveCount(0);
  await page.getByRole("button", { name: "New experiment" }).click();
  await page.getByRole("textbox", { name: "Name" }).fill("churn-model");
  await page.getByRole("button", { name: "Create", exact: true }).click();
  await expect(page.getByText(/already exists/)).toBeVisible();
});

test("the start page has what runs now, and a script with the server's address", async ({
  page,
  baseURL,
}) => {
  await page.goto("/");
  await expect(page.getByRole("link", { name: "gbm-0" })).toBeVisible();
  await expect(page.getByText(`mlflow.set_tracking_uri("${baseURL ?? ""}")`)).toBeVisible();
});

test("links of MLflow's clients lead to our pages", async ({ page }) => {
  const experiment = await experimentId("churn-model");
  const [run = ""] = await runIds(experiment);
  for (const [link, title] of [
    [`/#/experiments/${experiment}`, "churn-model"],
    [`/#/experiments/${experiment}/runs`, "churn-model"],
    ["/#/models/churn", "churn"],
    ["/#/models/churn/versions/2", "Version 2"],
  ] as const) {
    await page.goto("about:blank");
    await page.goto(link);
    await expect(page.getByRole("heading", { level: 1 })).toHaveText(title);
  }
  for (const [link, ours] of [
    [`/#/experiments/${experiment}/runs/${run}`, `/runs/${run}`],
    [`/#/experiments/${experiment}/runs/${run}/model-metrics`, `/runs/${run}/charts`],
    [`/#/experiments/${experiment}/runs/${run}/system-metrics`, `/runs/${run}/system`],
    [`/#/experiments/${experiment}/runs/${run}/artifacts/a/b.txt`, `/runs/${run}/artifacts/a/b.txt`],
    [`/#/experiments/${experiment}/runs/${run}/artifactPath/a/b.txt`, `/runs/${run}/artifacts/a/b.txt`],
  ] as const) {
    await page.goto("about:blank");
    await page.goto(link);
    await expect(page).toHaveURL(new RegExp(`${ours}$`));
    await expect(page.getByText("No page has this address.")).toHaveCount(0);
  }
});
