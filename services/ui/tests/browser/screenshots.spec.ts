/** Pictures of every page in both themes and at the width of a phone, for people to look at; axe checks each as well. */
import type { Page } from "@playwright/test";
import { seriousFindings } from "./accessible";
import { expect, test } from "./fixtures";
import { pages } from "./pages";

const FOLDER = process.env["UI_SCREENSHOTS"] ?? "screenshots";
const SIZES = { "1280": { width: 1280, height: 800 }, phone: { width: 390, height: 844 } } as const;

async function open(page: Page, address: string): Promise<void> {
  await page.goto("about:blank");
  await page.goto(address);
  await expect(page.getByRole("heading", { level: 1 })).toBeVisible();
  await page.waitForLoadState("networkidle");
}

for (const scheme of ["light", "dark"] as const) {
  for (const [name, size] of Object.entries(SIZES)) {
    test(`every page in the ${scheme} theme, ${name}, without a serious finding of axe`, async ({
      page,
      rules,
    }) => {
      test.setTimeout(600_000);
      rules.allowed.push(/status of 400/); // The page with the mistaken filter shows the server's refusal.
      await page.emulateMedia({ colorScheme: scheme });
      await page.setViewportSize(size);
      const serious: string[] = [];
      for (const [title, address] of Object.entries(await pages())) {
        await open(page, address);
        await page.screenshot({ path: `${FOLDER}/${title}-${scheme}-${name}.png` });
        serious.push(...(await seriousFindings(page)).map((finding) => `${title}: ${finding}`));
      }
      expect(serious).toEqual([]);
    });
  }

  test(`dialogs in the ${scheme} theme, without a serious finding of axe`, async ({ page }) => {
    await page.emulateMedia({ colorScheme: scheme });
    await page.setViewportSize(SIZES["1280"]);
    const found: string[] = [];
    const look = async (title: string) => {
      await expect(page.getByRole("dialog").first()).toBeVisible();
      await page.screenshot({ path: `${FOLDER}/dialog-${title}-${scheme}-1280.png` });
      found.push(...(await seriousFindings(page)).map((finding) => `${title}: ${finding}`));
    };
    const { "run-overview": run, experiments } = await pages();
    await open(page, experiments ?? "");
    await page.keyboard.press("?");
    await look("keys");
    await page.keyboard.press("Escape");
    await page.keyboard.press("ControlOrMeta+k");
    await look("palette");
    await page.keyboard.press("Escape");
    await page.getByRole("button", { name: "New experiment" }).click();
    await look("new-experiment");
    await open(page, run ?? "");
    await page.getByRole("button", { name: "Actions" }).click();
    await page.getByRole("menuitem", { name: "Delete" }).click();
    await look("delete-run");
    await open(page, "/#/webhooks");
    await page.getByRole("button", { name: "New webhook" }).click();
    await look("new-webhook");
    await open(page, "/#/models");
    await page.getByRole("button", { name: "New model" }).click();
    await look("new-model");
    expect(found).toEqual([]);
  });
}
