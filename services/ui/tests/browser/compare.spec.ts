import AxeBuilder from "@axe-core/playwright";
import { expect, test } from "./fixtures";
import { endRun, logCurve, makeExperiment, makeRun, type SeededRun } from "./runs";

const runs: SeededRun[] = [];

test.beforeAll(async () => {
  // Of two experiments: a comparison does not mind.
  for (const [at, name] of ["small", "large"].entries()) {
    const experimentId = await makeExperiment(`compare ${name}`);
    const run = await makeRun(experimentId, name, {
      params: { lr: at ? "0.2" : "0.1", seed: "7", ...(at ? { depth: "9" } : {}) },
      tags: { "mlflow.source.git.commit": at ? "def0123" : "abc0123", team: "<b onclick=top.hacked=1>x</b>" },
    });
    await logCurve(run.runId, "auc", [at ? 0.95 : 0.5]);
    await endRun(run.runId);
    runs.push(run);
  }
});

const address = () => `/#/compare?runs=${encodeURIComponent(JSON.stringify(runs.map(({ runId }) => runId)))}`;

test("only differences are shown, against a baseline that the address keeps", async ({ page }) => {
  await page.goto(address());
  const table = page.getByRole("table", { name: "Comparison of runs" });
  for (const key of ["lr", "depth", "auc", "git commit"]) {
    await expect(table.getByRole("rowheader", { name: key, exact: true })).toBeVisible();
  }
  await expect(table.getByRole("rowheader", { name: "seed", exact: true })).toHaveCount(0);
  await page.getByLabel("differences only").uncheck();
  await expect(table.getByRole("rowheader", { name: "seed", exact: true })).toBeVisible();
  await expect(table.getByRole("row", { name: /^team/ })).toContainText("<b onclick");

  await page.getByRole("button", { name: "Baseline small" }).click();
  await expect(table.getByRole("row", { name: /^auc/ })).toContainText("▲ 0.45 (+90 %)");
  await page.reload();
  await expect(table.getByRole("row", { name: /^auc/ })).toContainText("▲ 0.45 (+90 %)");
  await page.getByLabel("Search rows").fill("lr");
  await expect(table.getByRole("rowheader", { name: "auc", exact: true })).toHaveCount(0);

  await page.getByRole("button", { name: "Remove large" }).click();
  await expect(table.getByRole("columnheader")).toHaveCount(2);
});

test("without runs it says how to choose some", async ({ page }) => {
  await page.goto("/#/compare");
  await expect(page.getByText("No runs were chosen.")).toBeVisible();
});

for (const scheme of ["light", "dark"] as const) {
  test(`axe finds nothing serious in a comparison in the ${scheme} theme`, async ({ page }) => {
    await page.emulateMedia({ colorScheme: scheme });
    await page.goto(address());
    await expect(page.getByRole("table", { name: "Comparison of runs" })).toBeVisible();
    const { violations } = await new AxeBuilder({ page }).analyze();
    const serious = violations.filter(({ impact }) => impact === "serious" || impact === "critical");
    expect(serious.map(({ id, nodes }) => [id, nodes.map(({ html }) => html)])).toEqual([]);
  });
}
