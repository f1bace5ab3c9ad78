/** Pictures of every page in both themes and at the width of a phone, for people to look at; axe checks each as well. */
import type { Page } from "@playwright/test";
import { seriousFindings } from "./accessible";
import { expect, test } from "./fixtures";
import { pages } from "./pages";

const FOLDER = process.env["UI_SCREENSHOTS"] ?? "screenshots";
const SIZES = { "1280": { width: 1280, height: 800 }, phone: { width: 390, height: 844 } } as const;
const SCHEMES = ["light", "dark"] as const;
/** Workers take parts of the pages. */
const PARTS = 4;

test.describe.configure({ mode: "parallel" });
// Nothing fades in or out of a picture.
test.use({ contextOptions: { reducedMotion: "reduce" } });

async function open(page: Page, address: string): Promise<void> {
  await page.goto("about:blank");
  await page.goto(address);
  await expect(page.getByRole("heading", { level: 1 })).toBeVisible();
  await page.waitForLoadState("networkidle");
}

/** Give canvases the frame in which they take another theme or width. */
async function redrawn(page: Page): Promise<void> {
  await page.evaluate(
    () => new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve))),
  );
}

for (let part = 0; part < PARTS; part += 1) {
  test(`every page in both themes and widths, without a serious finding of axe, part ${part + 1}`, async ({
    page,
    rules,
  }) => {
    test.setTimeout(600_000);
    rules.allowed.push(/status of 400/); // The page with the mistaken filter shows the server's refusal.
    const serious: string[] = [];
    const mine = Object.entries(await pages()).filter((_, at) => at % PARTS === part);
    for (const [title, address] of mine) {
      await page.emulateMedia({ colorScheme: "light" });
      await page.setViewportSize(SIZES["1280"]);
      // A page is loaded once: another theme or width changes nothing of what it has asked for.
      await open(page, address);
      for (const [width, size] of Object.entries(SIZES)) {
        await page.setViewportSize(size);
        for (const scheme of SCHEMES) {
          await page.emulateMedia({ colorScheme: scheme });
          await redrawn(page);
          await page.screenshot({
            path: `${FOLDER}/${title}-${scheme}-${width}.png`,
            animations: "disabled",
          });
          // On a phone the colours are the same.
          if (width === "phone" && scheme === "dark") continue;
          const found = await seriousFindings(page);
          serious.push(...found.map((finding) => `${title}, ${scheme}, ${width}: ${finding}`));
        }
      }
    }
    expect(serious).toEqual([]);
  });
}

for (const scheme of SCHEMES) {
  test(`dialogs in the ${scheme} theme, without a serious finding of axe`, async ({ page }) => {
    await page.emulateMedia({ colorScheme: scheme });
    await page.setViewportSize(SIZES["1280"]);
    const found: string[] = [];
    const look = async (title: string) => {
      await expect(page.getByRole("dialog").first()).toBeVisible();
      await page.screenshot({ path: `${FOLDER}/dialog-${title}-${scheme}-1280.png`, animations: "disabled" });
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
