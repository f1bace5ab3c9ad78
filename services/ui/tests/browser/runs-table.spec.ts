import { readFileSync } from "node:fs";
import type { Page } from "@playwright/test";
import { expect, test } from "./fixtures";
import { experimentId, runIds } from "./pages";
import { HOSTILE, makeRun, RUNS } from "./seed";
import { post } from "./server";

const grid = (page: Page) => page.getByRole("grid", { name: "Runs" });
const rows = (page: Page) => page.locator("[data-run]");
const names = (page: Page) => rows(page).getByRole("link").allTextContents();

async function open(page: Page, query = ""): Promise<string> {
  const id = await experimentId("churn-model");
  await page.goto(`/#/experiments/${id}${query}`);
  await expect(rows(page).first()).toBeVisible();
  return id;
}

test("the first screen has metrics and the params that differ, and says what is the same in all", async ({
  page,
}) => {
  await open(page);
  for (const column of ["val_auc", "loss", "lr"]) {
    await expect(page.getByRole("columnheader", { name: column })).toBeVisible();
  }
  await expect(page.getByRole("columnheader", { name: "seed" })).toHaveCount(0);
  expect(await rows(page).count()).toBeLessThanOrEqual(60);
});

test(
  "a column is sorted by the server, and runs without a value come last",
  { tag: "@stack" },
  async ({ page }) => {
    await open(page, "?cols=%5B%22metrics.rare_metric%22%5D");
    const head = page.getByRole("columnheader", { name: "rare_metric" });
    await head.getByRole("button", { name: "rare_metric", exact: true }).click();
    await expect(head).toHaveAttribute("aria-sort", "descending");
    await expect(rows(page).nth(0)).toContainText("2");
    await head.getByRole("button", { name: "rare_metric", exact: true }).click();
    await expect(head).toHaveAttribute("aria-sort", "ascending");
    await expect(rows(page).nth(0)).toContainText("0");
    await expect(rows(page).nth(3)).toContainText("–");
    await page.goBack();
    await expect(head).toHaveAttribute("aria-sort", "descending");
  },
);

test("scrolling loads the rest, with at most 60 rows in the document", async ({ page }) => {
  await open(page);
  await grid(page).focus();
  await expect(async () => {
    await page.keyboard.press("End");
    await expect(rows(page).last()).toHaveAttribute("aria-rowindex", String(RUNS + 2), { timeout: 1000 });
  }).toPass();
  expect(await rows(page).count()).toBeLessThanOrEqual(60);
});

test("the filter is completed, and is part of the address", { tag: "@stack" }, async ({ page }) => {
  await open(page);
  const filter = page.getByRole("textbox", { name: "Filter" });
  await filter.fill("mod");
  await page.getByRole("option", { name: "params.model" }).click();
  await filter.press("End");
  await filter.pressSequentially("= 'g");
  await page.getByRole("option", { name: "'gbm'" }).click();
  await filter.press("Enter");
  await expect(page).toHaveURL(/q=params\.model/);
  await expect(page.getByRole("columnheader", { name: "model" })).toHaveCount(0);
  await page.reload();
  await expect(filter).toHaveValue("params.model = 'gbm'");
  for (const name of await names(page)) expect(name).toMatch(/^(gbm-|sweep)/);
});

test("plain words find names, and a filter that matches nothing says so", async ({ page }) => {
  await open(page, "?q=forest");
  for (const name of await names(page)) expect(name).toContain("forest");
  const filter = page.getByRole("textbox", { name: "Filter" });
  await filter.fill("metrics.loss > 1000");
  await filter.press("Enter");
  await expect(page.getByText("No run matches the filter.")).toBeVisible();
  await page.getByRole("button", { name: "Clear the filter" }).last().click();
  await expect(rows(page).first()).toBeVisible();
});

test("a mistake in the filter is underlined at its position", async ({ page, rules }) => {
  rules.allowed.push(/status of 400/);
  await open(page);
  const filter = page.getByRole("textbox", { name: "Filter" });
  await filter.fill("metrics.loss <> 3");
  await filter.press("Enter");
  await expect(page.getByRole("alert")).toContainText("at position 13");
  await expect(page.locator("mark")).toHaveText("<> 3");
});

test("columns are found by search, pinned, moved and hidden", async ({ page }) => {
  await open(page);
  await page.getByRole("button", { name: /^Columns/ }).click();
  await page.getByRole("textbox", { name: "Search columns" }).fill("user");
  await page.getByRole("checkbox", { name: "User", exact: true }).check();
  await page.keyboard.press("Escape");
  await expect(page).toHaveURL(/attributes\.user_id/);
  const head = page.getByRole("columnheader", { name: "State" });
  await head.getByRole("button", { name: "Menu of the column State" }).click();
  await page.getByRole("menuitem", { name: "Pin to the left" }).click();
  await expect(page).toHaveURL(/pin=/);
  await head.getByRole("button", { name: "Menu of the column State" }).click();
  await page.getByRole("menuitem", { name: "Hide" }).click();
  await expect(head).toHaveCount(0);
});

test("runs are grouped by a param, with the mean of each metric", { tag: "@stack" }, async ({ page }) => {
  await page.goto(`/#/experiments/${await experimentId("churn-model")}?group=params.model`);
  const group = page.locator('[data-group="gbm"]');
  // Over all runs that match, whether they are loaded or not.
  const { groups } = await post<{ groups: { value?: string; runs: number; metrics: { mean: number }[] }[] }>(
    "trackhelm/runs/groups",
    {
      experiment_ids: [await experimentId("churn-model")],
      group_by: "params.model",
      metrics: ["val_auc"],
    },
  );
  const gbm = groups.find(({ value }) => value === "gbm");
  await expect(group).toContainText(`${gbm?.runs ?? 0} runs`);
  await expect(group).toContainText(`⌀ ${gbm?.metrics[0]?.mean.toFixed(4) ?? ""}`);
  await expect(rows(page)).toHaveCount(0);
  await group.getByRole("button", { name: "Open gbm" }).click();
  await expect(group).toHaveAttribute("aria-expanded", "true");
  await expect(rows(page).first()).toBeVisible();
  for (const name of await names(page)) expect(name).toMatch(/^(gbm-|sweep)/);
  // Groups are sorted by the mean of a metric.
  await page.getByRole("button", { name: "val_auc", exact: true }).click();
  const byMean = groups.toSorted((a, b) => (b.metrics[0]?.mean ?? 0) - (a.metrics[0]?.mean ?? 0));
  await expect(page).toHaveURL(/sort=-metrics\.val_auc/);
  await expect
    .poll(() =>
      page
        .locator("[data-group]")
        .evaluateAll((found) => found.map((each) => each.getAttribute("data-group"))),
    )
    .toEqual(byMean.map(({ value }) => value ?? "(none)"));
});

test("children lie below their parent", async ({ page }) => {
  await open(page);
  await expect(page.getByRole("link", { name: "trial-0" })).toHaveCount(0);
  await page.getByRole("button", { name: "Open the 3 children of sweep" }).click();
  await expect(page.getByRole("link", { name: "trial-0" })).toBeVisible();
});

test("a run is pinned to the top and made the baseline, whatever the filter says", async ({ page }) => {
  const id = await open(page, "?q=forest");
  const [gbm] = await runIds(id, "params.model = 'gbm' AND metrics.loss > 0");
  await page.goto(`/#/experiments/${id}?q=forest&base=${gbm ?? ""}`);
  await expect(rows(page).first()).toHaveAttribute("data-run", gbm ?? "");
  await expect(rows(page).first()).toContainText("baseline");
  await expect(page.locator("[data-better]").first()).toBeVisible();
});

test("a name leads to the page of its run, and back to the same rows", async ({ page }) => {
  await open(page, "?q=forest");
  const name = rows(page).nth(2).getByRole("link");
  const text = (await name.textContent()) ?? "";
  await name.click();
  await expect(page).toHaveURL(/\/runs\/[0-9a-f]{32}$/);
  await expect(page.getByRole("banner")).toContainText(text);
  await page.goBack();
  await expect(page).toHaveURL(/q=forest/);
  await expect(rows(page).nth(2)).toContainText(text);
});

test("what is shown in charts is part of the address", async ({ page }) => {
  await open(page);
  const eye = rows(page)
    .first()
    .getByRole("button", { name: /in charts$/ });
  await expect(eye).toHaveAttribute("aria-pressed", "true");
  await eye.click();
  await expect(eye).toHaveAttribute("aria-pressed", "false");
  await expect(page).toHaveURL(/off=/);
});

test("selected runs are tagged, deleted and restored", { tag: "@stack" }, async ({ page }) => {
  const { experiment_id } = await post<{ experiment_id: string }>("mlflow/experiments/create", {
    name: "bulk",
  });
  for (const name of ["one", "two", "three"]) await makeRun(experiment_id, name);
  await page.goto(`/#/experiments/${experiment_id}`);
  await grid(page).focus();
  await page.keyboard.press("Space");
  await page.keyboard.press("Shift+ArrowDown");
  const bar = page.getByRole("toolbar", { name: "Selected runs" });
  await expect(bar).toContainText("2 runs selected");
  await bar.getByRole("button", { name: "Tag" }).click();
  await page.getByRole("textbox", { name: "Tag" }).fill("reviewed");
  await page.getByRole("textbox", { name: "Value" }).fill("yes");
  await page.getByRole("button", { name: "Set" }).click();
  await expect(page.getByText("Set the tag of 2 runs.")).toBeVisible();
  expect(await runIds(experiment_id, "tags.reviewed = 'yes'")).toHaveLength(2);
  await bar.getByRole("button", { name: "Delete" }).click();
  await page.getByRole("dialog").getByRole("button", { name: "Delete" }).click();
  await expect(rows(page)).toHaveCount(1);
  await page.getByRole("button", { name: "More of this experiment" }).click();
  await page.getByRole("menuitem", { name: "Show deleted runs" }).click();
  await expect(rows(page)).toHaveCount(2);
  await page.getByRole("checkbox", { name: "Select all that are loaded" }).check();
  await bar.getByRole("button", { name: "Restore" }).click();
  await expect(page.getByText("The bin of this experiment is empty.")).toBeVisible();
});

test("the CSV file has all runs that match", { tag: "@stack" }, async ({ page }) => {
  await open(page, "?q=metrics.loss%20%3E%200");
  const saving = page.waitForEvent("download");
  await page.getByRole("button", { name: "CSV", exact: true }).click();
  const path = await (await saving).path();
  const lines = readFileSync(path, "utf8").trim().split("\r\n");
  const matching = await runIds(await experimentId("churn-model"), "metrics.loss > 0");
  expect(lines).toHaveLength(matching.length + 1);
  expect(lines[0]).toContain("metrics.val_auc");
});

test("the file of an unfiltered table has the children, too", async ({ page }) => {
  await open(page);
  const saving = page.waitForEvent("download");
  await page.getByRole("button", { name: "CSV", exact: true }).click();
  const lines = readFileSync(await (await saving).path(), "utf8")
    .trim()
    .split("\r\n");
  expect(lines).toHaveLength((await runIds(await experimentId("churn-model"))).length + 1);
});

test("the count is of all runs, not of those that are loaded", async ({ page }) => {
  await open(page);
  await expect(page.getByText(`${RUNS + 1} runs and 3 children · 2 running`)).toBeVisible();
  const filter = page.getByRole("textbox", { name: "Filter" });
  await filter.fill("metrics.loss > 0");
  await filter.press("Enter");
  const matching = await runIds(await experimentId("churn-model"), "metrics.loss > 0");
  await expect(page.getByText(`${matching.length} runs`)).toBeVisible();
});

test("a first visit costs few requests, and keys and values that no loaded run has are offered, too", async ({
  page,
}) => {
  const { experiment_id } = await post<{ experiment_id: string }>("mlflow/experiments/create", {
    name: `keys ${Date.now()}`,
  });
  await makeRun(experiment_id, "rare", {
    params: { "rare param": "seldom" },
    metrics: { rare_metric: 1 },
    start: 1,
  });
  for (let index = 0; index < 101; index += 1)
    await makeRun(experiment_id, `usual-${index}`, { start: 1_000 + index });
  const asked: string[] = [];
  page.on("request", (request) => asked.push(request.url()));
  await page.goto(`/#/experiments/${experiment_id}`);
  await expect(rows(page).first()).toBeVisible();
  await page.waitForLoadState("networkidle");
  expect(asked.length, asked.join("\n")).toBeLessThanOrEqual(12);
  const filter = page.getByRole("textbox", { name: "Filter" });
  await filter.fill("rare");
  await expect(page.getByRole("option", { name: "metrics.rare_metric" })).toBeVisible();
  await page.getByRole("option", { name: "params.`rare param`" }).click();
  await filter.press("End");
  await filter.pressSequentially("= '");
  await page.getByRole("option", { name: "'seldom'" }).click();
  await filter.press("Enter");
  await expect(page.getByRole("link", { name: "rare", exact: true })).toBeVisible();
  await page.getByRole("button", { name: "Clear the filter" }).click();
  await page.getByRole("button", { name: /^Columns/ }).click();
  await page.getByRole("textbox", { name: "Search columns" }).fill("rare_m");
  await page.getByRole("checkbox", { name: "rare_metric" }).check();
  await expect(page.getByRole("columnheader", { name: "rare_metric" })).toBeVisible();
});

test("all that match are selected, loaded or not", async ({ page }) => {
  await open(page, "?q=metrics.loss%20%3E%200");
  await page.getByRole("checkbox", { name: "Select all that are loaded" }).check();
  const bar = page.getByRole("toolbar", { name: "Selected runs" });
  const all = (await runIds(await experimentId("churn-model"), "metrics.loss > 0")).length;
  await bar.getByRole("button", { name: `Select all ${all} that match` }).click();
  await expect(bar).toContainText(`${all} runs selected`);
  const saving = page.waitForEvent("download");
  await bar.getByRole("button", { name: "CSV of these" }).click();
  const lines = readFileSync(await (await saving).path(), "utf8")
    .trim()
    .split("\r\n");
  expect(lines).toHaveLength(all + 1);
});

test("duration and source are sorted by the server, too", async ({ page }) => {
  await open(page);
  const head = page.getByRole("columnheader", { name: "Duration" });
  await head.getByRole("button", { name: "Duration", exact: true }).click();
  await expect(page).toHaveURL(/sort=attributes\.duration/);
  await expect(head).toHaveAttribute("aria-sort", "ascending");
  await expect(rows(page).first()).toBeVisible();
});

test(
  "a view is saved for the team, found again, changed, renamed and deleted",
  { tag: "@stack" },
  async ({ page, browser }) => {
    const id = await open(page, "?q=metrics.loss%20%3E%200&sort=-metrics.loss");
    const name = `best ${Date.now()}`;
    const views = page.getByRole("button", { name: "Views", exact: true });
    await views.click();
    await page.getByRole("menuitem", { name: "Save what I see as…" }).click();
    await page.getByRole("textbox", { name: "Name" }).fill(name);
    await page.getByRole("dialog").getByRole("button", { name: "Save" }).click();
    await expect(page.getByRole("button", { name, exact: true })).toBeVisible();
    await expect(page).toHaveURL(/saved=/);

    // Somebody else finds it.
    const other = await (await browser.newContext()).newPage();
    await other.goto(`${new URL(page.url()).origin}/#/experiments/${id}`);
    await other.getByRole("button", { name: "Views", exact: true }).click();
    await other.getByRole("menuitem", { name, exact: true }).click();
    await expect(other.getByRole("textbox", { name: "Filter" })).toHaveValue("metrics.loss > 0");
    await expect(other).toHaveURL(/sort=-metrics\.loss/);
    await other.close();

    const filter = page.getByRole("textbox", { name: "Filter" });
    await filter.fill("metrics.loss > 0.5");
    await filter.press("Enter");
    await page.getByRole("button", { name: `${name} (changed)` }).click();
    await page.getByRole("menuitem", { name: `Save the changes to ${name}` }).click();
    await expect(page.getByRole("button", { name, exact: true })).toBeVisible();

    await page.getByRole("button", { name, exact: true }).click();
    await page.getByRole("button", { name: `Rename ${name}` }).click();
    await page.getByRole("textbox", { name: "Name" }).fill(`${name} again`);
    await page.getByRole("dialog").getByRole("button", { name: "Rename" }).click();
    await page.getByRole("button", { name: `${name} again`, exact: true }).click();
    await page.getByRole("button", { name: `Delete ${name} again` }).click();
    await page.getByRole("dialog").getByRole("button", { name: "Delete" }).click();
    await expect(views).toBeVisible();
    await expect(filter).toHaveValue("metrics.loss > 0.5");
  },
);

test("a name that is taken is refused in place", async ({ page, rules }) => {
  rules.allowed.push(/status of 400/);
  const id = await open(page);
  const name = `taken ${Date.now()}`;
  await post("trackhelm/views/create", { experiment_id: id, name, state: "{}" });
  await page.getByRole("button", { name: "Views", exact: true }).click();
  await page.getByRole("menuitem", { name: "Save what I see as…" }).click();
  await page.getByRole("textbox", { name: "Name" }).fill(name);
  await page.getByRole("dialog").getByRole("button", { name: "Save" }).click();
  await expect(page.getByRole("alert")).toContainText("already");
});

test("an empty experiment offers a script with the server's own address", async ({ page, baseURL }) => {
  const { experiment_id } = await post<{ experiment_id: string }>("mlflow/experiments/create", {
    name: "empty",
  });
  await page.goto(`/#/experiments/${experiment_id}`);
  await expect(page.getByText("This experiment has no runs yet.")).toBeVisible();
  await expect(page.getByText(baseURL ?? "none")).toBeVisible();
});

test("hostile names, tags and keys are text", async ({ page }) => {
  const id = await experimentId("hostile");
  // The newest of all, whatever other tests have made.
  await makeRun(id, HOSTILE, { start: Date.now() });
  for (const address of [
    "/#/",
    "/#/experiments",
    `/#/experiments/${id}`,
    `/#/experiments/${id}?group=params.note`,
    "/#/approvals",
    "/#/models/churn?tab=audit",
  ]) {
    await page.goto(address);
    await expect(page.getByText("onerror=").first()).toBeVisible();
    expect(await page.evaluate("window.pwned")).toBeUndefined();
    expect(await page.locator("main img").count()).toBe(0);
  }
});

test("a server that is away is told, with a way to try again", async ({ page, rules }) => {
  rules.allowed.push(/Failed to load resource/);
  const id = await experimentId("churn-model");
  await page.route("**/runs/table", (route) => route.abort());
  await page.goto(`/#/experiments/${id}`);
  await expect(page.getByText("The runs could not be loaded.")).toBeVisible();
  await page.unroute("**/runs/table");
  await page.getByRole("button", { name: "Retry" }).click();
  await expect(rows(page).first()).toBeVisible();
});
