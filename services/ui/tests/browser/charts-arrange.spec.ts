import type { Page } from "@playwright/test";
import { expect, test } from "./fixtures";
import { png } from "./png";
import { endRun, logCurve, makeExperiment, makeRun, pageOf, putFile, type SeededRun } from "./runs";

const KEYS = ["train/a", "train/b", "train/c", "train/d"];
let run: SeededRun;

test.beforeAll(async () => {
  run = await makeRun(await makeExperiment("arranged"), "arranged");
  for (const key of KEYS) await logCurve(run.runId, key, [3, 2, 1]);
  for (const step of [0, 5, 10]) {
    const name = `images/digits+step+${step}+timestamp+${1_700_000_000_000 + step}+0a1b`;
    await putFile(
      run.runId,
      `${name}.png`,
      png(12, 8, (x, y) => [x * 20, y * 30, step * 20]),
    );
  }
  await endRun(run.runId);
});

const shown = (page: Page) =>
  page.locator("[data-metric]").evaluateAll((cards) => cards.map((card) => card.getAttribute("data-metric")));

test("panels are moved by dragging and by keys, and the address keeps where they are", async ({ page }) => {
  await page.goto(pageOf(run, "/charts"));
  await expect.poll(() => shown(page)).toEqual(KEYS);
  await page.locator('[data-metric="train/c"]').hover();
  await page.getByRole("button", { name: "Move train/c" }).dragTo(page.locator('[data-metric="train/a"]'));
  await expect.poll(() => shown(page)).toEqual(["train/c", "train/a", "train/b", "train/d"]);
  await page.getByRole("button", { name: "Move train/d" }).press("ArrowLeft");
  await expect.poll(() => shown(page)).toEqual(["train/c", "train/a", "train/d", "train/b"]);
  await page.reload();
  await expect.poll(() => shown(page)).toEqual(["train/c", "train/a", "train/d", "train/b"]);
  // Moved back, nothing is left of it in the address.
  await page.getByRole("button", { name: "Move train/d" }).press("ArrowRight");
  await page.getByRole("button", { name: "Move train/c" }).press("ArrowRight");
  await expect.poll(() => shown(page)).toEqual(["train/a", "train/c", "train/b", "train/d"]);
  // The focus stays with the panel that was moved.
  await page.keyboard.press("ArrowRight");
  await expect.poll(() => shown(page)).toEqual(KEYS);
  expect(page.url()).not.toContain("charts=");
});

test("a panel is made larger by dragging its corner and by keys", async ({ page }) => {
  await page.setViewportSize({ width: 1600, height: 900 });
  await page.goto(pageOf(run, "/charts"));
  const card = page.locator('[data-metric="train/b"]');
  await expect(card).toBeVisible();
  const before = await card.boundingBox();
  const corner = page.getByRole("button", { name: /^Size of train\/b/ });
  await card.hover();
  const at = await corner.boundingBox();
  if (!before || !at) throw new Error("no panel");
  await page.mouse.move(at.x + 6, at.y + 6);
  await page.mouse.down();
  await page.mouse.move(at.x + before.width * 0.9, at.y + 230, { steps: 6 });
  await page.mouse.up();
  await expect(corner).toHaveAccessibleName(/2 by 2/);
  const after = await card.boundingBox();
  expect(after?.width).toBeGreaterThan(before.width * 1.9);
  expect(after?.height).toBeGreaterThan(before.height * 1.9);
  await page.reload();
  await expect(corner).toHaveAccessibleName(/2 by 2/);
  // On a screen with one column it is as wide as that.
  await page.setViewportSize({ width: 420, height: 800 });
  await expect.poll(async () => (await card.boundingBox())?.width).toBeLessThan(420);
  await page.setViewportSize({ width: 1600, height: 900 });
  await corner.press("ArrowLeft");
  await corner.press("ArrowUp");
  await expect(corner).toHaveAccessibleName(/1 by 1/);
  expect(page.url()).not.toContain("sizes");
});

test("a pinned panel stands at the top, and pinned ones are moved among themselves", async ({ page }) => {
  await page.goto(pageOf(run, "/charts"));
  for (const key of ["train/d", "train/b"]) {
    await page.locator(`[data-metric="${key}"]`).hover();
    await page.locator(`[data-metric="${key}"]`).getByRole("button", { name: "Pin to the top" }).click();
  }
  await expect.poll(() => shown(page)).toEqual(["train/d", "train/b", "train/a", "train/c"]);
  await page.getByRole("button", { name: "Move train/b" }).press("ArrowLeft");
  await expect.poll(() => shown(page)).toEqual(["train/b", "train/d", "train/a", "train/c"]);
  await page.reload();
  await expect.poll(() => shown(page)).toEqual(["train/b", "train/d", "train/a", "train/c"]);
});

test("images of a step are seen, and a slider goes through the steps", async ({ page }) => {
  await page.goto(pageOf(run, "/charts"));
  const card = page.locator('[data-images="digits"]');
  await card.scrollIntoViewIfNeeded();
  await expect(card.getByRole("img", { name: "digits of arranged at step 10" })).toBeVisible();
  const slider = page.getByRole("slider", { name: "Step of digits" });
  await slider.press("ArrowLeft");
  const picture = card.getByRole("img", { name: "digits of arranged at step 5" });
  await expect.poll(() => picture.evaluate((img: HTMLImageElement) => img.naturalWidth)).toBe(12);
  await slider.press("Home");
  await expect(card).toContainText("step 0");
  await page.getByLabel("pixelated").check();
  await expect(card.getByRole("img").first()).toHaveAttribute("data-pixelated");
});
