import { expect, test } from "./fixtures";
import { experimentId as idOfExperiment } from "./pages";
import { inked } from "./pixels";
import { endRun, makeExperiment, makeRun, withCharts } from "./runs";
import { post } from "./server";

const RUNS = 50;
const KEYS = 20;
const STEPS = 40;
let experimentId: string;

test.beforeAll(async () => {
  test.setTimeout(180_000);
  experimentId = await makeExperiment("fifty runs");
  for (let at = 0; at < RUNS; at++) {
    const { runId } = await makeRun(experimentId, `run-${String(at).padStart(2, "0")}`, {
      params: { lr: String(at / 100), model: at % 2 ? "gbm" : "forest" },
    });
    const metrics = Array.from({ length: KEYS * STEPS }, (_, i) => {
      const step = Math.floor(i / KEYS);
      const key = `m${String(i % KEYS).padStart(2, "0")}`;
      return {
        key,
        step,
        timestamp: Date.now(),
        value: at === 7 && step === 21 ? 60 : Math.sin(step / 9 + at / 20),
      };
    });
    await post("mlflow/runs/log-batch", { run_id: runId, metrics });
    await endRun(runId);
  }
});

const charts = (settings: object = {}, more = "") =>
  `${withCharts(`/#/experiments/${experimentId}/charts`, settings)}${more}`;

test("twenty charts of fifty runs are one request, and a spike is seen", async ({ page }) => {
  await page.setViewportSize({ width: 1600, height: 2400 });
  const asked: { keys: string[]; run_ids: string[] }[] = [];
  let bytes = 0;
  page.on("response", async (response) => {
    if (!response.url().includes("charts/buckets")) return;
    asked.push(response.request().postDataJSON() as (typeof asked)[number]);
    bytes += (await response.body()).length;
  });
  await page.goto(charts({}, "&show=all"));
  await expect(page.getByRole("img", { name: /Chart of m19\. 50 curves/ })).toBeVisible();
  await page.waitForLoadState("networkidle");
  expect(asked.map(({ keys, run_ids }) => [keys.length, run_ids.length])).toEqual([[KEYS, RUNS]]);
  expect(bytes).toBeLessThan(4_000_000);
  // Nothing but the spike lies in the upper part of the panel.
  await expect.poll(() => inked(page, "m03", 0.1, 0.6)).toBeGreaterThan(30);
});

test("the list hides, shows and highlights runs", async ({ page }) => {
  await page.goto(charts());
  await expect(page.getByText(/^10 of 50/)).toBeVisible();
  const panel = page.getByRole("img", { name: /Chart of m00/ });
  await expect(panel).toHaveAttribute("aria-label", /10 curves/);
  await page.getByRole("button", { name: "Hide run-49" }).click();
  await expect(panel).toHaveAttribute("aria-label", /9 curves/);
  expect(page.url()).toContain("off=");
  await page.getByRole("button", { name: "Show all" }).click();
  await page.getByRole("button", { name: "Hide all" }).click();
  await expect(page.getByText("All runs are hidden.")).toBeVisible();
  await page.getByRole("button", { name: "Show the first ten" }).click();
  await expect(panel).toBeVisible();
});

test("children are shown in charts and compared where the table shows them", async ({ page }) => {
  await page.goto(`/#/experiments/${await idOfExperiment("churn-model")}`);
  await page.getByRole("button", { name: "Open the 3 children of sweep" }).click();
  await expect(page.getByRole("row", { name: /trial-1/ })).toBeVisible();
  await page.getByRole("link", { name: "Charts", exact: true }).click();
  const list = page.getByRole("complementary", { name: "Runs of the charts" });
  await expect(list.getByRole("listitem").nth(2)).toContainText("trial-1");
  // They were logged one value each, of which a curve would say nothing.
  const values = page.getByRole("table", { name: "Values of val_auc" });
  await expect(values.getByRole("row", { name: /trial-1/ })).toContainText("0.8");
  await list.getByRole("button", { name: "Close the 3 children of sweep" }).click();
  await expect(values.getByRole("row", { name: /trial-1/ })).toHaveCount(0);
  await page.goBack();
  await page.getByRole("link", { name: "Compare", exact: true }).click();
  await expect(page.getByRole("columnheader", { name: /trial-1/ })).toBeVisible();
});

test("runs are seen in a scatter, in parallel coordinates, as bars and side by side", async ({ page }) => {
  await page.goto(charts());
  await page.getByText("Scatter", { exact: true }).click();
  const scatter = page.getByRole("img", { name: /m00 over/ });
  await expect(scatter.locator("circle")).toHaveCount(10);
  await page.getByText("Parallel", { exact: true }).click();
  const parallel = page.getByRole("img", { name: "Parallel coordinates of 10 runs" });
  await expect(parallel.locator("path")).toHaveCount(10);
  // Dragging along the last axis keeps the runs in its upper half.
  const box = await parallel.locator("rect").last().boundingBox();
  if (!box) throw new Error("no axis");
  await page.mouse.move(box.x + box.width / 2, box.y + 2);
  await page.mouse.down();
  await page.mouse.move(box.x + box.width / 2, box.y + box.height / 2, { steps: 4 });
  await page.mouse.up();
  await expect(page.getByText(/[1-9] of 10 runs in the ranges/)).toBeVisible();
  await page.getByText("Boxes", { exact: true }).click();
  const boxes = page.getByRole("img", { name: "m00 by lr of 10 runs" });
  await expect(boxes.locator("circle")).toHaveCount(10);
  await page.getByRole("combobox", { name: "Boxes by" }).click();
  await page.getByRole("option", { name: "model" }).click();
  await expect(page.getByRole("img", { name: "m00 by model of 10 runs" }).locator("rect")).toHaveCount(2);
  await page.getByText("Bars", { exact: true }).click();
  await expect(page.getByRole("table", { name: "m00 of each run" }).getByRole("row")).toHaveCount(10);
  await page.reload();
  await expect(page.getByRole("table", { name: "m00 of each run" })).toBeVisible();
  await page.getByRole("link", { name: "Compare" }).click();
  const table = page.getByRole("table", { name: "Comparison of runs" });
  await expect(table.getByRole("rowheader", { name: "lr", exact: true })).toBeVisible();
  await page.getByRole("button", { name: "Baseline run-49" }).click();
  await expect(table.getByRole("row", { name: /^lr/ })).toContainText("▼");
});
