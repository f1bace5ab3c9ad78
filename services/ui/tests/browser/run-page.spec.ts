import { expect, test } from "./fixtures";
import { endRun, logCurve, makeExperiment, makeRun, pageOf, type SeededRun } from "./runs";
import { get, post } from "./server";

let run: SeededRun;

test.beforeAll(async () => {
  const experimentId = await makeExperiment("run page");
  const params = Object.fromEntries(Array.from({ length: 12 }, (_, i) => [`opt/p${i}`, String(i)]));
  run = await makeRun(experimentId, "first forest", {
    params: { lr: "0.01", ...params },
    tags: { team: "growth", "mlflow.source.git.commit": "0123456789abcdef", "mlflow.user": "ada" },
  });
  await logCurve(run.runId, "train/loss", [3, 2, 1, "NaN", 0.5]);
  await logCurve(run.runId, "auc", [0.25]);
  await post("mlflow/runs/log-inputs", {
    run_id: run.runId,
    datasets: [
      {
        dataset: { name: "customers", digest: "abc", source_type: "local", source: '{"uri":"s3://b/c"}' },
        tags: [{ key: "mlflow.data.context", value: "training" }],
      },
    ],
  });
  await makeRun(experimentId, "a child", { tags: { "mlflow.parentRunId": run.runId } });
  await endRun(run.runId);
});

test("the overview has metrics, params, tags, datasets and children", async ({ page }) => {
  await page.goto(pageOf(run));
  await expect(page.getByRole("heading", { level: 1 })).toHaveText("first forest");
  const metrics = page.getByRole("table", { name: "Metrics" });
  await expect(metrics.getByRole("row", { name: /train\/loss/ })).toContainText("0.5");
  await expect(metrics.getByRole("row", { name: /train\/loss/ })).toContainText("1 NaN or ∞");
  await expect(page.getByRole("table", { name: "Params" }).getByRole("row")).toHaveCount(13);
  await page.getByLabel("Search params").fill("p11");
  await expect(page.getByRole("table", { name: "Params" }).getByRole("row")).toHaveCount(1);
  await page.getByRole("button", { name: /customers/ }).click();
  await expect(page.getByText('"uri": "s3://b/c"')).toBeVisible();
  await page.keyboard.press("Escape");
  await page.getByRole("link", { name: "a child" }).click();
  await expect(page.getByRole("heading", { level: 1 })).toHaveText("a child");
});

test("on a phone the tab that is open is in sight", async ({ page }) => {
  await page.setViewportSize({ width: 390, height: 844 });
  const tabs = page.getByRole("navigation", { name: "Parts of the run" });
  for (const [path, name] of [
    ["/lineage", "Lineage"],
    ["", "Overview"],
    ["/artifacts", "Artifacts"],
  ] as const) {
    await page.goto(pageOf(run, path));
    await expect(tabs.getByRole("link", { name })).toBeInViewport({ ratio: 0.99 });
  }
});

test("a run is renamed, tagged and described, and the server has it", async ({ page }) => {
  await page.goto(pageOf(run));
  await page.getByRole("button", { name: "Actions" }).click();
  await page.getByRole("menuitem", { name: "Rename" }).click();
  await page.getByRole("textbox", { name: "Name" }).fill("second forest");
  await page.getByRole("textbox", { name: "Name" }).press("Enter");
  await expect(page.getByRole("heading", { level: 1 })).toHaveText("second forest");

  await page.getByRole("button", { name: "Add a tag" }).click();
  await page.getByLabel("Key of the tag").fill("owner");
  await page.getByLabel("Value of the tag").fill("bob");
  await page.keyboard.press("Enter");
  const tags = page.getByRole("table", { name: "Tags", exact: true });
  await expect(tags.getByRole("row", { name: /owner/ })).toContainText("bob");
  await tags.getByRole("row", { name: /team/ }).hover();
  await tags.getByRole("button", { name: "Remove team" }).click();
  await expect(tags.getByRole("row", { name: /team/ })).toHaveCount(0);

  await page.getByRole("button", { name: "Add a description" }).click();
  await page.getByLabel("Description in Markdown").fill("It is **good**.");
  await page.keyboard.press("Control+Enter");
  await expect(page.locator("strong")).toHaveText("good");

  const { run: stored } = await get<{
    run: { info: { run_name: string }; data: { tags: { key: string; value: string }[] } };
  }>(`mlflow/runs/get?run_id=${run.runId}`);
  expect(stored.info.run_name).toBe("second forest");
  const kept = new Map(stored.data.tags.map(({ key, value }) => [key, value]));
  expect(kept.get("owner")).toBe("bob");
  expect(kept.has("team")).toBe(false);
  expect(kept.get("mlflow.note.content")).toBe("It is **good**.");
});

test("why a pod died stands at the top", async ({ page }) => {
  const died = await makeRun(run.experimentId, "died", {
    tags: {
      "trackhelm.k8s.reason": "OOMKilled",
      "trackhelm.k8s.exit_code": "137",
      "trackhelm.k8s.message": "container train used more memory than its limit",
      "trackhelm.k8s.pod": "train-0",
      "trackhelm.k8s.namespace": "training",
      "trackhelm.k8s.node": "node-7",
    },
  });
  await endRun(died.runId, "FAILED");
  await page.goto(pageOf(died));
  const facts = page.getByRole("complementary", { name: "About the run" });
  for (const text of ["OOMKilled", "137", "used more memory", "training/train-0", "node-7"]) {
    await expect(facts).toContainText(text);
  }
});

test("the lineage of a run leads to its data, models, versions, parent and children", async ({ page }) => {
  const parent = await makeRun(run.experimentId, "the sweep");
  const made = await makeRun(run.experimentId, "a trial", {
    tags: {
      "mlflow.parentRunId": parent.runId,
      "mlflow.source.git.commit": "feed0123",
      "mlflow.source.git.repoURL": "https://git.example/x.git",
    },
  });
  await makeRun(run.experimentId, "a fold", { tags: { "mlflow.parentRunId": made.runId } });
  await post("mlflow/runs/log-inputs", {
    run_id: made.runId,
    datasets: [{ dataset: { name: "o'brien", digest: "99", source_type: "s3", source: "{}" } }],
  });
  const { model } = await post<{ model: { info: { model_id: string } } }>("mlflow/logged-models", {
    experiment_id: run.experimentId,
    name: "forest",
    source_run_id: made.runId,
  });
  const id = model.info.model_id;
  const name = `lineage ${made.runId}`;
  await post("mlflow/registered-models/create", { name });
  await post("mlflow/model-versions/create", {
    ...{ name, source: `models:/${id}`, model_id: id, run_id: made.runId },
  });
  await post("mlflow/registered-models/alias", { name, alias: "best", version: "1" });
  await endRun(made.runId);
  await page.goto(pageOf(made, "/lineage"));
  const graph = page.getByRole("group", { name: "Lineage" });
  for (const text of ["o'brien", "feed0123", "a trial", "forest", `${name} v1`, "@best"]) {
    await expect(graph).toContainText(text);
  }
  await expect(page.getByRole("link", { name: "the sweep" })).toBeVisible();
  await expect(page.getByRole("link", { name: "a fold" })).toBeVisible();
  // A dataset leads to the runs that read it.
  await graph.getByRole("link", { name: /o'brien/ }).click();
  await expect(page.getByRole("link", { name: "a trial" })).toBeVisible();
  await expect(page.getByRole("link", { name: "the sweep" })).toHaveCount(0);
  await page.goto(pageOf(parent, "/lineage"));
  await expect(page.getByRole("link", { name: "a trial" })).toBeVisible();
});

test("a run of which nothing is known says what would be seen", async ({ page }) => {
  const alone = await makeRun(run.experimentId, "alone");
  await endRun(alone.runId);
  await page.goto(pageOf(alone, "/lineage"));
  await expect(page.getByText(/Nothing is known of where this run comes from/)).toBeVisible();
});

test("a run is put into the bin and taken out", async ({ page }) => {
  const doomed = await makeRun(run.experimentId, "doomed");
  await endRun(doomed.runId);
  await page.goto(pageOf(doomed));
  await page.getByRole("button", { name: "Actions" }).click();
  await page.getByRole("menuitem", { name: "Delete" }).click();
  await page.getByRole("dialog").getByRole("button", { name: "Delete" }).click();
  await expect(page.getByText("in the bin")).toBeVisible();
  await page.getByRole("button", { name: "Actions" }).click();
  await page.getByRole("menuitem", { name: "Restore" }).click();
  await expect(page.getByText("in the bin")).toHaveCount(0);
});

const HOSTILE = [
  "<script>window.hacked = 1</script>",
  '<img src=x onerror="window.hacked = 1">',
  "<svg onload='window.hacked = 1'><script>window.hacked = 1</script></svg>",
  "[link](javascript:window.hacked=1)",
  '<iframe srcdoc="<script>parent.hacked = 1</script>"></iframe>',
  "<form action=/api/2.0/mlflow/runs/delete><button>go</button></form>",
  '<div style="position:fixed;inset:0" id="page" class="mantine-Modal-root">cover</div>',
  "![beacon](https://example.org/beacon.png)",
  "<math><mtext><table><mglyph><style><img src=x onerror='window.hacked = 1'></style></mglyph></table></mtext></math>",
].join("\n\n");

test("script in a name, a tag, a param or a description is text", async ({ page }) => {
  const name = "<img src=x onerror='window.hacked=1'>";
  const hostile = await makeRun(run.experimentId, name, {
    tags: { "<b>key</b>": HOSTILE, "mlflow.note.content": HOSTILE },
    params: { evil: HOSTILE },
  });
  await logCurve(hostile.runId, "loss", [1, 2]);
  await page.goto(pageOf(hostile));
  await expect(page.getByRole("heading", { level: 1 })).toHaveText(name);
  const description = page
    .locator('[class*="Markdown"], [class*="text"]')
    .filter({ hasText: "cover" })
    .first();
  await expect(description).toBeVisible();
  const left = await description.evaluate((element) => ({
    active: element.querySelectorAll("script,iframe,form,button,svg,math,style,img").length,
    attributes: [...element.querySelectorAll("*")].flatMap((each) =>
      each.getAttributeNames().filter((attribute) => /^on|^style$|^id$|^class$|^name$/.test(attribute)),
    ),
    links: [...element.querySelectorAll("a")].map((link) => link.getAttribute("href")),
  }));
  expect(left).toEqual({ active: 0, attributes: [], links: [null] });
  await page.getByRole("link", { name: "Charts" }).click();
  await expect(page.getByRole("img", { name: /Chart of loss/ })).toBeVisible();
  expect(await page.evaluate(() => "hacked" in window)).toBe(false);
});

test("a run that is not there says so", async ({ page, rules }) => {
  rules.allowed.push(/404/);
  await page.goto(pageOf({ ...run, runId: "0".repeat(32) }));
  await expect(page.getByRole("alert")).toContainText("This run could not be loaded.");
});
