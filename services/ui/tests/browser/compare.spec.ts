import { expectAccessible } from "./accessible";
import { expect, test } from "./fixtures";
import { png } from "./png";
import { endRun, logCurve, makeExperiment, makeRun, putFile, type SeededRun } from "./runs";

const runs: SeededRun[] = [];

/** A text of which one line differs, far from the first and the last. */
const SOURCE = (rate: string) =>
  Array.from({ length: 30 }, (_, at) => (at === 15 ? `rate = ${rate}  # <b>` : `line_${at} = ${at}`)).join(
    "\n",
  );

test.beforeAll(async () => {
  // Of two experiments: a comparison does not mind.
  for (const [at, name] of ["small", "large"].entries()) {
    const experimentId = await makeExperiment(`compare ${name}`);
    const run = await makeRun(experimentId, name, {
      params: { lr: at ? "0.2" : "0.1", seed: "7", ...(at ? { depth: "9" } : {}) },
      tags: { "mlflow.source.git.commit": at ? "def0123" : "abc0123", team: "<b onclick=top.hacked=1>x</b>" },
    });
    await logCurve(run.runId, "auc", [at ? 0.95 : 0.5]);
    await putFile(
      run.runId,
      "plots/roc.png",
      png(40, 30, (x) => [at * 200, x * 6, 90]),
    );
    await putFile(run.runId, "report.md", `# Report of ${name}`);
    await putFile(run.runId, "train.py", SOURCE(at ? "0.2" : "0.1"));
    if (at) await putFile(run.runId, "<b>only.txt", "one of them");
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

test("files of the same path stand side by side, and the address names them", async ({ page }) => {
  await page.goto(address());
  await page.getByText("Files", { exact: true }).click();
  const files = page.getByRole("navigation", { name: "Files of these runs" });
  await files.getByRole("button", { name: "plots" }).click();
  await files.getByRole("button", { name: "roc.png" }).click();
  const sides = page.getByRole("group", { name: "plots/roc.png" });
  await expect(sides.getByRole("img", { name: "roc.png" })).toHaveCount(2);
  for (const picture of await sides.getByRole("img", { name: "roc.png" }).all()) {
    await expect.poll(() => picture.evaluate((img: HTMLImageElement) => img.naturalWidth)).toBe(40);
  }
  await page.reload();
  await expect(sides.getByRole("img", { name: "roc.png" })).toHaveCount(2);
  await files.getByRole("button", { name: "report.md" }).click();
  await expect(page.getByRole("heading", { name: "Report of small" })).toBeVisible();
  await expect(page.getByRole("heading", { name: "Report of large" })).toBeVisible();
  await files.getByRole("button", { name: /<b>only.txt 1 of 2/ }).click();
  await expect(page.getByText("This run has no such file.")).toBeVisible();

  // Of a text the differences are told, against the baseline; what is far from them is folded.
  await files.getByRole("button", { name: "train.py" }).click();
  const texts = page.getByRole("group", { name: "train.py" });
  await expect(texts.getByText("1 line added, 1 removed")).toBeVisible();
  await expect(texts.getByRole("insertion")).toHaveText("+ rate = 0.2  # <b>");
  await expect(texts.getByRole("deletion")).toHaveText("− rate = 0.1  # <b>");
  const large = texts.getByRole("figure").nth(1);
  await expect(large.getByText("line_3 = 3", { exact: true })).toHaveCount(0);
  await large.getByRole("button", { name: "12 lines that are the same" }).click();
  await expect(large).toContainText("line_3 = 3");
  await expectAccessible(page);
  await page.getByText("Whole files", { exact: true }).click();
  await expect(large).toContainText("line_29 = 29");
  expect(page.url()).toContain("as=seen");

  await page.getByText("Values", { exact: true }).click();
  await expect(page.getByRole("table", { name: "Comparison of runs" })).toBeVisible();
});

test("without runs it says how to choose some", async ({ page }) => {
  await page.goto("/#/compare");
  await expect(page.getByText("No runs were chosen.")).toBeVisible();
});
