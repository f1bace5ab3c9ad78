/** The pages that the server under test has something for, by a name. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { pageOf, type SeededRun } from "./runs";
import { post } from "./server";
import type { Showcase } from "./showcase";

interface Experiments {
  experiments: { experiment_id: string; name: string }[];
}

export async function experimentId(name: string): Promise<string> {
  const { experiments } = await post<Experiments>("mlflow/experiments/search", { max_results: 1000 });
  const found = experiments.find((experiment) => experiment.name.startsWith(name));
  if (!found) throw new Error(`no experiment is named ${name}`);
  return found.experiment_id;
}

export async function runIds(experiment: string, filter = ""): Promise<string[]> {
  const { runs = [] } = await post<{ runs?: { info: { run_id: string } }[] }>("mlflow/runs/search", {
    experiment_ids: [experiment],
    filter,
  });
  return runs.map(({ info }) => info.run_id);
}

/** Return what the seed made of each kind. */
export function showcase(): Showcase {
  const file = join(process.env["UI_TEST_DATA"] ?? "", "showcase.json");
  return JSON.parse(readFileSync(file, "utf8")) as Showcase;
}

export const modelAddress = (run: SeededRun, modelId: string) =>
  `/#/experiments/${run.experimentId}/models/${modelId}`;

/** Each page with its address. */
export async function pages(): Promise<Record<string, string>> {
  const churn = await experimentId("churn-model");
  const { run, others, modelId } = showcase();
  const charts = (settings: object) =>
    `/#/experiments/${run.experimentId}/charts?charts=${encodeURIComponent(JSON.stringify(settings))}`;
  const compared = encodeURIComponent(JSON.stringify([run, ...others].map(({ runId }) => runId)));
  return {
    home: "/#/",
    experiments: "/#/experiments",
    table: `/#/experiments/${churn}`,
    groups: `/#/experiments/${churn}?group=params.model`,
    filter: `/#/experiments/${churn}?q=${encodeURIComponent("metrics.loss < ")}`,
    "charts-lines": charts({}),
    "charts-scatter": charts({ kind: "scatter" }),
    "charts-parallel": charts({ kind: "parallel" }),
    "charts-bar": charts({ kind: "bar" }),
    "charts-box": charts({ kind: "box" }),
    "charts-images": charts({ kind: "images" }),
    compare: `/#/compare?runs=${compared}&base=${run.runId}`,
    "compare-files": `/#/compare?runs=${compared}&file=plots%2Froc.png`,
    "compare-text": `/#/compare?runs=${compared}&file=code%2Fconf%2Fparams.yaml`,
    "run-overview": pageOf(run),
    "run-charts": pageOf(run, "/charts"),
    "run-chart-full": `${pageOf(run, "/charts")}?charts=${encodeURIComponent('{"full":"train/loss"}')}`,
    "run-system": pageOf(run, "/system"),
    "run-artifacts": pageOf(run, "/artifacts"),
    "run-artifact-image": pageOf(run, "/artifacts/plots/roc.png"),
    "run-artifact-code": pageOf(run, "/artifacts/code/train.py"),
    "run-artifact-table": pageOf(run, "/artifacts/rows.parquet"),
    "run-artifact-csv": pageOf(run, "/artifacts/data.csv"),
    "run-artifact-notebook": pageOf(run, "/artifacts/analysis.ipynb"),
    "run-models": pageOf(run, "/models"),
    "run-lineage": pageOf(run, "/lineage"),
    "logged-model": modelAddress(run, modelId),
    "logged-model-files": `${modelAddress(run, modelId)}?tab=files&file=MLmodel`,
    "logged-model-lineage": `${modelAddress(run, modelId)}?tab=lineage`,
    models: "/#/models",
    model: "/#/models/churn",
    "model-protections": "/#/models/churn?tab=protections",
    "model-audit": "/#/models/churn?tab=audit",
    version: "/#/models/churn/versions/2",
    "version-model": "/#/models/digits-net/versions/1?tab=model",
    "version-metrics": "/#/models/churn/versions/2?tab=metrics",
    approvals: "/#/approvals",
    audit: "/#/audit",
    webhooks: "/#/webhooks",
    settings: "/#/settings",
    workspace: "/#/workspace",
    missing: "/#/nowhere",
    hostile: `/#/experiments/${await experimentId("hostile")}`,
  };
}
