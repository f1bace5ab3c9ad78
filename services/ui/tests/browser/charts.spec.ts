import { readFileSync } from "node:fs";
import type { Page } from "@playwright/test";
import { expect, test } from "./fixtures";
import { inked } from "./pixels";
import { endRun, logCurve, makeExperiment, makeRun, pageOf, type SeededRun, withCharts } from "./runs";

const POINTS = 1_000_000;
const SPIKE = 615_423;

/** Count the requests for chart data, and what they ask for. */
function watch(page: Page) {
  const asked: { keys: string[]; run_ids: string[]; start?: number; end?: number; x_axis: string }[] = [];
  page.on("request", (request) => {
    if (request.url().includes("charts/buckets"))
      asked.push(request.postDataJSON() as (typeof asked)[number]);
  });
  return asked;
}

const panel = (page: Page, key: string) => page.getByRole("img", { name: new RegExp(`Chart of ${key}`) });

test.describe("a spike of one point in a million", () => {
  let run: SeededRun;

  test.beforeAll(async () => {
    run = await makeRun(await makeExperiment("spike"), "spiky");
    const values = Array.from({ length: POINTS }, (_, i) => (i === SPIKE ? 60 : Math.sin(i / 40_000)));
    await logCurve(run.runId, "grad_norm", values);
    await endRun(run.runId);
  });

  test("is seen in the whole, zoomed in until it is an exact point, and in the saved picture", async ({
    page,
  }) => {
    const asked = watch(page);
    await page.goto(pageOf(run, "/charts"));
    await expect(panel(page, "grad_norm")).toBeVisible();
    // Its pixels lie in the upper part, where nothing else is.
    await expect.poll(() => inked(page, "grad_norm", 0.1, 0.5)).toBeGreaterThan(30);

    const download = page.waitForEvent("download");
    await page.locator('[data-metric="grad_norm"]').hover();
    await page.getByRole("button", { name: "Save the chart" }).click();
    await page.getByRole("menuitem", { name: "Table (CSV)" }).click();
    const table = readFileSync(await (await download).path(), "utf8");
    expect(table.split("\n").some((row) => row.split(",")[6] === "60")).toBe(true);
    // What is drawn has six digits, and a table all.
    expect(table.split("\n").some((row) => (row.split(",")[4] ?? "").length > 12)).toBe(true);

    const picture = page.waitForEvent("download");
    await page.getByRole("button", { name: "Save the chart" }).click();
    await page.getByRole("menuitem", { name: "Picture (PNG)" }).click();
    const bytes = readFileSync(await (await picture).path());
    expect(bytes.subarray(1, 4).toString()).toBe("PNG");
    const spikePixels = await page.evaluate(async (data) => {
      const raw = Uint8Array.from(atob(data), (character) => character.charCodeAt(0));
      const image = await createImageBitmap(new Blob([raw], { type: "image/png" }));
      const canvas = new OffscreenCanvas(image.width, image.height);
      const ctx = canvas.getContext("2d");
      ctx?.drawImage(image, 0, 0);
      const pixels = ctx?.getImageData(80, 50, image.width - 80, Math.round(image.height * 0.3)).data ?? [];
      let count = 0;
      for (let i = 0; i < pixels.length; i += 4) {
        const [r, g, b] = [pixels[i] ?? 0, pixels[i + 1] ?? 0, pixels[i + 2] ?? 0];
        if (Math.max(r, g, b) - Math.min(r, g, b) > 40) count++;
      }
      return count;
    }, bytes.toString("base64"));
    expect(spikePixels).toBeGreaterThan(30);

    // Drag around the spike, again and again, until the server answers with exact points.
    for (let zooms = 0; zooms < 8; zooms++) {
      const note = await page.locator('[data-metric="grad_norm"]').textContent();
      if (!note?.includes("min–max")) break;
      const shown = asked.at(-1);
      const window = {
        start: Math.max(0, shown?.start ?? 0),
        end: Math.min(POINTS - 1, shown?.end ?? POINTS - 1),
      };
      const box = await page.locator('[data-metric="grad_norm"] .u-over').boundingBox();
      if (!box) throw new Error("no plot");
      const at = box.x + ((SPIKE - window.start) / (window.end - window.start)) * box.width;
      const y = box.y + box.height / 2;
      const before = asked.length;
      await page.mouse.move(Math.max(box.x + 2, at - 40), y);
      await page.mouse.down();
      await page.mouse.move(Math.min(box.x + box.width - 2, at + 40), y, { steps: 5 });
      await page.mouse.up();
      await expect.poll(() => asked.length).toBeGreaterThan(before);
      await page.waitForLoadState("networkidle");
      await expect.poll(() => inked(page, "grad_norm", 0.1, 0.5)).toBeGreaterThan(20);
    }
    await expect(page.locator('[data-metric="grad_norm"]')).not.toContainText("min–max");
    expect(page.url()).toContain("zoom");

    await page.locator('[data-metric="grad_norm"] .u-over').dblclick();
    await expect.poll(() => page.url()).not.toContain("zoom");
    await page.goBack();
    await expect.poll(() => page.url()).toContain("zoom");
  });
});

test("a screen of panels is one request, and panels off the screen ask nothing", async ({ page }) => {
  const run = await makeRun(await makeExperiment("many keys"), "wide");
  const keys = Array.from({ length: 60 }, (_, i) => `group${i % 3}/metric${String(i).padStart(2, "0")}`);
  for (const key of keys) await logCurve(run.runId, key, [1, 2, 3]);
  await endRun(run.runId);
  const asked = watch(page);
  await page.goto(pageOf(run, "/charts"));
  await expect(panel(page, "group0/metric00")).toBeVisible();
  await page.waitForLoadState("networkidle");
  expect(asked).toHaveLength(1);
  expect(asked[0]?.keys.length).toBeGreaterThan(3);
  expect(asked[0]?.keys.length).toBeLessThan(25);
  expect(await page.locator("canvas").count()).toBe(asked[0]?.keys.length);

  await page.getByLabel("Search metrics by a regular expression").fill("metric5[0-3]$");
  await expect(page.locator("[data-metric]")).toHaveCount(4);
  await page.getByLabel("Search metrics by a regular expression").fill("nothing");
  await expect(page.getByText("No metric matches “nothing”.")).toBeVisible();
  await page.getByRole("button", { name: "Clear the search" }).last().click();
  await page.getByRole("button", { name: /^group0/ }).click();
  await expect(page.locator('[data-metric^="group0/"]')).toHaveCount(0);
});

test("axes, smoothing and full screen are in the address, and keys move through them", async ({ page }) => {
  const run = await makeRun(await makeExperiment("axes"), "axes");
  await logCurve(run.runId, "loss", [8, 4, 2, 1, 0.5, "NaN", 0.25, "Infinity"]);
  await logCurve(run.runId, "epoch", [0, 0, 1, 1, 2, 2, 3, 3]);
  await endRun(run.runId);
  const asked = watch(page);
  await page.goto(pageOf(run, "/charts"));
  await expect(page.locator('[data-metric="loss"]')).toContainText("2 NaN or infinite");
  await page.getByLabel("log y").check();
  await page.getByRole("slider", { name: "Smoothing" }).press("End");
  await expect(page.locator('[data-metric="loss"]')).toContainText("smoothed");
  await expect(page.locator('[data-metric="epoch"]')).toContainText("2 at or below 0 not shown");
  await page.getByRole("combobox", { name: "X-axis" }).click();
  await page.getByRole("option", { name: "relative time" }).click();
  await expect.poll(() => asked.at(-1)?.x_axis).toBe("relative");
  await page.getByRole("combobox", { name: "X-axis" }).click();
  await page.getByRole("option", { name: "epoch" }).click();
  await expect.poll(() => asked.at(-1)?.keys).toContain("epoch");
  await page.reload();
  await expect(page.getByLabel("log y")).toBeChecked();

  await page.locator('[data-metric="epoch"]').hover();
  await page.locator('[data-metric="epoch"]').getByRole("button", { name: "Fill the screen" }).click();
  await expect(page.getByRole("dialog", { name: "Chart of epoch" })).toBeVisible();
  await page.keyboard.press("ArrowRight");
  await expect(page.getByRole("dialog", { name: "Chart of loss" })).toBeVisible();
  await page.keyboard.press("Escape");
  await expect(page.getByRole("dialog")).toHaveCount(0);
});

test("the pointer tells values, and the arrow keys do as well", async ({ page }) => {
  const run = await makeRun(await makeExperiment("pointer"), "pointed");
  await logCurve(run.runId, "loss", [3, 2, 1]);
  await endRun(run.runId);
  await page.goto(pageOf(run, "/charts"));
  await panel(page, "loss").focus();
  await page.keyboard.press("ArrowRight");
  await expect(page.getByText("step 1", { exact: true })).toBeVisible();
  await page.keyboard.press("End");
  await expect(page.getByText("step 2", { exact: true })).toBeVisible();
  // The cursor stays at its step when the plot gets another size, and when it is made anew.
  await page.setViewportSize({ width: 900, height: 700 });
  await page.getByLabel("log y").evaluate((box: HTMLInputElement) => box.click());
  await expect(page).toHaveURL(/logy/);
  await expect(page.getByText("step 2", { exact: true })).toBeVisible();
  await page.keyboard.press("ArrowLeft");
  await expect(page.getByText("step 1", { exact: true })).toBeVisible();
  // The pointer goes on from there: at the left edge is the first step.
  const box = await page.locator('[data-metric="loss"] .u-over').boundingBox();
  if (!box) throw new Error("no plot");
  await page.mouse.move(box.x + 3, box.y + 40);
  await expect(page.getByText("step 0", { exact: true })).toBeVisible();
  await page.mouse.move(1, 1);
  await expect(page.getByText("step 0", { exact: true })).toHaveCount(0);
});

test("a key that is pressed before the plot is drawn moves the cursor of the plot", async ({ page }) => {
  const run = await makeRun(await makeExperiment("early key"), "early");
  await logCurve(run.runId, "loss", [3, 2, 1]);
  await endRun(run.runId);
  // The key is pressed in the very change that adds the panel: its size is not known yet, so it has no plot.
  await page.addInitScript(() => {
    const observer = new MutationObserver(() => {
      const chart = document.querySelector<HTMLElement>('[data-metric="loss"] [role="img"]');
      if (!chart) return;
      observer.disconnect();
      document.documentElement.dataset["plots"] = String(chart.querySelectorAll("canvas").length);
      chart.focus();
      chart.dispatchEvent(new KeyboardEvent("keydown", { key: "ArrowRight", bubbles: true }));
    });
    observer.observe(document, { childList: true, subtree: true });
  });
  await page.goto(pageOf(run, "/charts"));
  await expect(page.getByText("step 1", { exact: true })).toBeVisible();
  await expect(page.locator("html")).toHaveAttribute("data-plots", "0");
});

test("ranks are a mean with a band, a heat map that names the straggler, and one rank's line", async ({
  page,
}) => {
  const run = await makeRun(await makeExperiment("ranks"), "distributed");
  for (let rank = 0; rank < 8; rank++) {
    const values = Array.from(
      { length: 50 },
      (_, step) => 1 + 0.01 * ((step * rank) % 7) + (rank === 5 ? 3 : 0),
    );
    await logCurve(run.runId, "step_time", values, { labels: { rank: String(rank) } });
  }
  await endRun(run.runId);
  await page.goto(pageOf(run, "/charts"));
  const card = page.locator('[data-metric="step_time"]');
  await expect(card).toContainText("mean of ranks, band: least to greatest");
  await card.hover();
  await card.getByRole("button", { name: "Heat map of ranks" }).click();
  await expect(card.getByRole("img", { name: /8 ranks/ })).toBeVisible();
  await expect(card).toContainText("farthest from the others: rank 5");
  await card.getByRole("button", { name: "rank 5" }).click();
  await expect(card.getByText(/^last 4/)).toBeAttached();
  await card.getByRole("button", { name: "rank 5" }).click();
  await expect(card.getByRole("img", { name: /8 ranks/ })).toBeVisible();
});

test("a run that goes on is followed, and a zoom stays", async ({ page }) => {
  const run = await makeRun(await makeExperiment("live"), "live");
  await logCurve(run.runId, "loss", [3, 2, 1]);
  await page.goto(withCharts(pageOf(run, "/charts"), { zoom: [1, 40] }));
  await expect(page.getByRole("status")).toHaveText("live");
  const last = page.locator('[data-metric="loss"] td').first();
  await expect(last).toHaveText("last 1");
  await logCurve(run.runId, "loss", [0.5, 0.25], { from: 3 });
  await expect(last).toHaveText("last 0.25", { timeout: 20_000 });
  expect(page.url()).toContain("zoom");
  // A key that is logged for the first time gets its panel without a reload.
  await logCurve(run.runId, "later", [7]);
  await expect(page.locator('[data-metric="later"]')).toBeVisible({ timeout: 20_000 });
  await endRun(run.runId);
  await expect(page.getByRole("status")).toHaveCount(0, { timeout: 20_000 });
});

test("of a run that goes on only the end is asked for, and all of it once it has ended", async ({ page }) => {
  const run = await makeRun(await makeExperiment("tail"), "tail");
  const value = (step: number) => (step === 700 ? 50 : Math.sin(step / 40));
  const curve = (from: number, to: number) => Array.from({ length: to - from }, (_, at) => value(from + at));
  await logCurve(run.runId, "loss", curve(0, 5_000));
  const asked = watch(page);
  await page.goto(pageOf(run, "/charts"));
  const last = page.locator('[data-metric="loss"] td').first();
  const told = (step: number) => `last ${Number(value(step).toPrecision(4))}`.replace("-", "−");
  await expect(last).toHaveText(told(4_999));
  expect(asked[0]?.start).toBeUndefined();
  await logCurve(run.runId, "loss", curve(5_000, 5_040), { from: 5_000 });
  await expect(last).toHaveText(told(5_039), { timeout: 20_000 });
  expect(asked.at(-1)?.start).toBeGreaterThan(4_900);
  // The spike before the end is still there.
  await expect.poll(() => inked(page, "loss", 0.1, 0.5)).toBeGreaterThan(30);
  await logCurve(run.runId, "loss", curve(5_040, 5_060), { from: 5_040 });
  await endRun(run.runId);
  await expect(page.getByRole("status")).toHaveCount(0, { timeout: 20_000 });
  await expect(last).toHaveText(told(5_059), { timeout: 20_000 });
  await expect.poll(() => asked.at(-1)?.start).toBeUndefined();
});
