import { expect, test } from "./fixtures";

const PLACES = ["Experiments", "Models", "Approvals", "Audit", "Webhooks", "Settings"];

test("each place opens from the rail, and is the title", async ({ page }) => {
  await page.goto("/");
  for (const place of PLACES) {
    await page.getByRole("link", { name: place, exact: true }).click();
    await expect(page.getByRole("heading", { level: 1 })).toHaveText(place);
    await expect(page).toHaveTitle(`${place} · Trackhelm`);
  }
  await page.goBack();
  await expect(page.getByRole("heading", { level: 1 })).toHaveText("Webhooks");
});

test("the theme is kept, and set before the first paint", async ({ page }) => {
  await page.goto("/");
  const theme = page.getByRole("button", { name: /^Theme: / });
  while (!(await theme.getAttribute("aria-label"))?.endsWith("dark")) await theme.click();
  await page.reload({ waitUntil: "commit" });
  await expect(page.locator("html")).toHaveAttribute("data-mantine-color-scheme", "dark");
});

test("an address that no page has says so", async ({ page }) => {
  await page.goto("/#/nowhere/at/all");
  await expect(page.getByText("No page has this address.")).toBeVisible();
  await page.getByRole("link", { name: "Go to the start page" }).click();
  await expect(page.getByRole("heading", { level: 1 })).toHaveText("Home");
});

test("the palette finds a model and an action by the keyboard alone", async ({ page }) => {
  await page.goto("/");
  await expect(page.getByRole("heading", { level: 1 })).toBeVisible();
  await page.keyboard.press("Control+k");
  const field = page.getByRole("combobox", { name: "Search everything" });
  await field.fill("churn");
  await expect(page.getByRole("option", { name: "churn model" })).toBeVisible();
  await page.keyboard.press("ArrowDown");
  await page.keyboard.press("Enter");
  await expect(page.getByRole("heading", { level: 1 })).toHaveText("churn");
  await page.keyboard.press("Control+k");
  await field.fill("dark");
  await expect(page.getByRole("option", { name: "Dark theme" })).toHaveAttribute("aria-selected", "true");
  await page.keyboard.press("Enter");
  await expect(page.locator("html")).toHaveAttribute("data-mantine-color-scheme", "dark");
});

test("? shows the keys, and g e goes to experiments", async ({ page }) => {
  await page.goto("/");
  await expect(page.getByRole("heading", { level: 1 })).toBeVisible();
  await page.keyboard.press("?");
  await expect(page.getByRole("dialog")).toContainText("search everything");
  await page.keyboard.press("Escape");
  await expect(page.getByRole("dialog")).toHaveCount(0);
  await page.keyboard.press("g");
  await page.keyboard.press("e");
  await expect(page.getByRole("heading", { level: 1 })).toHaveText("Experiments");
});
