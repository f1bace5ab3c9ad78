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
