import { expectAccessible } from "./accessible";
import { expect, test } from "./fixtures";
import { modelAddress, showcase } from "./pages";
import { makeExperiment, makeRun } from "./runs";
import { call, post } from "./server";

test("a logged model says what it takes, how well it did, and where it comes from", async ({ page }) => {
  const { modelId, run } = showcase();
  await page.goto(modelAddress(run, modelId));
  await expect(page.getByRole("heading", { level: 1 })).toHaveText("digits-net");
  const signature = page.getByRole("table", { name: "Signature" });
  await expect(signature.getByRole("row", { name: /age/ })).toContainText("double");
  await expect(signature.getByRole("row", { name: /visits/ })).toContainText("array of long optional");
  await expect(page.getByRole("table", { name: "Flavours" })).toContainText("sklearn");
  await expect(page.getByText("scikit-learn==1.5.2")).toBeVisible();
  const metrics = page.getByRole("table", { name: "Metrics" });
  await expect(metrics.getByRole("row", { name: /^auc holdout/ })).toContainText("0.931");
  await expect(page.getByRole("table", { name: "Params" })).toContainText("<img src=x onerror=");
  await expect(page.getByText(`mlflow.pyfunc.load_model("models:/${modelId}")`)).toBeVisible();
  await page.getByRole("link", { name: "baseline" }).click();
  await expect(page).toHaveURL(new RegExp(`runs/${run.runId}`));
});

test("its files and its lineage have addresses", async ({ page }) => {
  const { modelId, run } = showcase();
  await page.goto(modelAddress(run, modelId));
  await page.getByRole("tab", { name: "Files" }).click();
  await page.getByRole("link", { name: /requirements\.txt/ }).click();
  await expect(page.locator("pre")).toContainText("scikit-learn==1.5.2");
  await page.reload();
  await expect(page.locator("pre")).toContainText("scikit-learn==1.5.2");
  const download = page.waitForEvent("download");
  await page.getByRole("link", { name: "Download all" }).click();
  expect((await download).suggestedFilename()).toBe(`${modelId}.zip`);
  await page.getByRole("tab", { name: "Lineage" }).click();
  await expect(page.getByRole("group", { name: "Lineage" })).toContainText("baseline");
  await page.goBack();
  await expect(page.locator("pre")).toContainText("scikit-learn==1.5.2");
});

test("a version of it shows the same signature", async ({ page }) => {
  await page.goto("/#/models/digits-net/versions/1");
  await page.getByRole("tab", { name: "Model" }).click();
  await expect(page.getByRole("table", { name: "Signature" })).toContainText("age");
  await expectAccessible(page);
});

test("it is registered under a new name, and again as the next version", async ({ page }) => {
  const run = await makeRun(await makeExperiment("registering"), "trained");
  const { model } = await post<{ model: { info: { model_id: string } } }>("mlflow/logged-models", {
    experiment_id: run.experimentId,
    name: "net",
    source_run_id: run.runId,
  });
  const modelId = model.info.model_id;
  await page.goto(modelAddress(run, modelId));
  await expect(page.getByText("being uploaded")).toBeVisible();
  await expect(page.getByRole("button", { name: "Register" })).toHaveCount(0);
  await call("PATCH", `mlflow/logged-models/${modelId}`, { model_id: modelId, status: "LOGGED_MODEL_READY" });
  for (const version of [1, 2]) {
    await page.goto("about:blank");
    await page.goto(modelAddress(run, modelId));
    await page.getByRole("button", { name: "Register" }).press("Enter");
    // The form takes the focus some time after it is seen.
    await expect(page.locator("input[data-autofocus]")).toBeFocused();
    await page.keyboard.type("it's a net");
    await expectAccessible(page);
    await page.keyboard.press("Enter");
    await expect(page.getByRole("heading", { level: 1 })).toHaveText("it's a net");
    await expect(page.getByRole("link", { name: `Version ${version}` })).toBeVisible();
  }
  await page.getByRole("link", { name: "Version 2" }).click();
  await expect(page.getByText(`models:/${modelId}`).first()).toBeVisible();
  await expect(page.getByRole("link", { name: "trained" }).first()).toBeVisible();
});

test("a model that is not there says so", async ({ page, rules }) => {
  rules.allowed.push(/404/);
  await page.goto(`/#/experiments/0/models/m-${"0".repeat(32)}`);
  await expect(page.getByRole("alert")).toContainText("This model could not be loaded.");
});
