/** Pictures of every page in both themes, for people to look at; each page is also checked by axe. */
import AxeBuilder from "@axe-core/playwright";
import { expect, test } from "./fixtures";
import { pages } from "./pages";

const FOLDER = process.env["UI_SCREENSHOTS"] ?? "screenshots";

for (const scheme of ["light", "dark"] as const) {
  for (const width of [1280, 1600]) {
    test(`every page in the ${scheme} theme at ${width} pixels${width === 1280 ? ", without a serious finding of axe" : ""}`, async ({
      page,
      rules,
    }) => {
      test.setTimeout(300_000);
      rules.allowed.push(/status of 400/); // The page with the mistaken filter shows the server's refusal.
      await page.emulateMedia({ colorScheme: scheme });
      await page.setViewportSize({ width, height: width === 1280 ? 800 : 1000 });
      const serious: string[] = [];
      for (const [name, address] of Object.entries(await pages())) {
        await page.goto("about:blank");
        await page.goto(address);
        await expect(page.getByRole("heading", { level: 1 })).toBeVisible();
        await page.waitForLoadState("networkidle");
        await page.screenshot({ path: `${FOLDER}/${name}-${scheme}-${width}.png` });
        if (width !== 1280) continue;
        const { violations } = await new AxeBuilder({ page }).analyze();
        serious.push(
          ...violations
            .filter(({ impact }) => impact === "serious" || impact === "critical")
            .map(
              ({ id, nodes }) =>
                `${name}: ${id}: ${nodes
                  .map(({ html }) => html)
                  .slice(0, 3)
                  .join(" ")}`,
            ),
        );
      }
      expect(serious).toEqual([]);
    });
  }
}
