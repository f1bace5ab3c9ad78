/** An experiment whose runs have something of every kind: curves, images, files, a logged model, data, a parent. */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { png } from "./png";
import { endRun, logCurve, makeRun, putAt, putFile, type SeededRun } from "./runs";
import { call, post } from "./server";

export interface Showcase {
  run: SeededRun;
  others: SeededRun[];
  modelId: string;
}

const STEPS = 300;
const IMAGE_STEPS = [0, 50, 100, 200];

const SOURCE = `"""Trains the churn network."""
import mlflow
import torch


def train(rate: float = 0.01, epochs: int = 30) -> float:
    """Return the loss of the last step."""
    model = torch.nn.Linear(12, 1)
    optimizer = torch.optim.Adam(model.parameters(), lr=rate)
    for epoch in range(epochs):  # one pass over the data
        loss = step(model, optimizer)
        mlflow.log_metric("train/loss", loss, step=epoch)
    return loss
`;

const NOTEBOOK = {
  nbformat: 4,
  nbformat_minor: 5,
  metadata: { language_info: { name: "python" } },
  cells: [
    { cell_type: "markdown", metadata: {}, source: ["# What the errors have in common"] },
    {
      ...{ cell_type: "code", metadata: {}, execution_count: 1, source: ["errors.head()"] },
      outputs: [{ output_type: "stream", name: "stdout", text: ["7 rows\n"] }],
    },
  ],
};

const MLMODEL = `artifact_path: digits-net
flavors:
  python_function:
    loader_module: mlflow.sklearn
    model_path: model.pkl
    python_version: 3.11.7
  sklearn:
    serialization_format: cloudpickle
    sklearn_version: 1.5.2
mlflow_version: 3.12.0
model_size_bytes: 48213
signature:
  inputs: '[{"type": "double", "name": "age", "required": true}, {"type": "string", "name": "country", "required": true}, {"type": "array", "items": {"type": "long"}, "name": "visits", "required": false}]'
  outputs: '[{"type": "tensor", "tensor-spec": {"dtype": "float64", "shape": [-1]}}]'
  params: '[{"name": "threshold", "default": 0.5, "shape": null, "type": "double"}]'
`;

const PARQUET = new URL("../../src/components/artifacts/previews/recorded/snappy.parquet", import.meta.url);

/** A number between -1 and 1 that is the same in each run of the tests. */
const noise = (seed: number) => ((Math.sin(seed * 78.233) * 43758.5453) % 1) * 2 - 1;

function curve(at: (step: number) => number): number[] {
  return Array.from({ length: STEPS }, (_, step) => at(step));
}

async function logged(run: SeededRun, number: number): Promise<void> {
  const { runId } = run;
  const slow = 60 + 40 * number;
  await logCurve(
    runId,
    "train/loss",
    curve((s) => 0.2 + 2 * Math.exp(-s / slow) + 0.08 * noise(s + number)),
  );
  await logCurve(
    runId,
    "train/grad_norm",
    curve((s) => (s === 170 ? 40 : 1 + 0.4 * noise(s * 3 + number))),
  );
  await logCurve(
    runId,
    "train/lr",
    curve((s) => 0.01 * (1 + Math.cos((Math.PI * s) / STEPS))),
  );
  await logCurve(
    runId,
    "val/auc",
    curve((s) => 0.95 - 0.35 * Math.exp(-s / slow) + 0.01 * noise(s)),
  );
  await logCurve(
    runId,
    "val/loss",
    curve((s) => 0.3 + 1.5 * Math.exp(-s / slow) + 0.001 * s),
  );
  await logCurve(
    runId,
    "epoch",
    curve((s) => Math.floor(s / 30)),
  );
  await logCurve(
    runId,
    "system/cpu_utilization_percentage",
    curve((s) => 60 + 25 * noise(s)),
  );
  await logCurve(
    runId,
    "system/system_memory_usage_megabytes",
    curve((s) => 4_000 + 9 * s),
  );
  await logCurve(
    runId,
    "system/gpu_0_utilization_percentage",
    curve((s) => 80 + 15 * noise(s + 7)),
  );
  await logCurve(
    runId,
    "system/gpu_0_memory_usage_megabytes",
    curve((s) => 20_000 + 10 * noise(s)),
  );
  for (const step of IMAGE_STEPS) {
    const name = `images/reconstruction+step+${step}+timestamp+${1_790_000_000_000 + step}+0a1b2c3d`;
    const sharp = (step + 40) / 240;
    const picture = png(48, 48, (x, y) => {
      const inside = Math.hypot(x - 24, y - 24) < 10 + number * 4 ? 200 : 40;
      const grey = Math.round(inside * sharp + (1 - sharp) * (128 + 100 * noise(x * 48 + y + step)));
      return [grey, grey, Math.min(255, grey + 20)];
    });
    await putFile(runId, `${name}.png`, picture);
  }
  const roc = png(320, 240, (x, y) =>
    Math.abs(240 * (1 - (x / 320) ** (0.3 + 0.2 * number)) - y) < 2 ? [61, 79, 192] : [250, 250, 252],
  );
  await putFile(runId, "plots/roc.png", roc);
  await putFile(
    runId,
    "plots/confusion.svg",
    `<svg xmlns="http://www.w3.org/2000/svg" width="90" height="90"><rect width="90" height="90" fill="#eee"/></svg>`,
  );
  await putFile(runId, "code/train.py", SOURCE);
  await putFile(runId, "code/conf/params.yaml", `rate: ${0.01 * (number + 1)}\nepochs: 30\n`);
  await putFile(
    runId,
    "report.md",
    `# Run ${number}\n\n| split | auc |\n|---|---|\n| val | 0.9${number} |\n`,
  );
  await putFile(runId, "data.csv", `split,auc\ntrain,0.9${number}\nval,0.8${number}\n`);
  await putFile(runId, "analysis.ipynb", JSON.stringify(NOTEBOOK));
  await putFile(runId, "rows.parquet", readFileSync(PARQUET));
}

/** Make the experiment, and keep what was made for the tests. */
export async function makeShowcase(): Promise<void> {
  const { experiment_id: experimentId } = await post<{ experiment_id: string }>("mlflow/experiments/create", {
    name: "digits-network",
    tags: [{ key: "team", value: "growth" }],
  });
  const made: SeededRun[] = [];
  for (const [number, name] of ["baseline", "wider", "with a longer name than others have"].entries()) {
    const run = await makeRun(experimentId, name, {
      params: {
        lr: String(0.01 * (number + 1)),
        "optimizer/name": number === 1 ? "sgd" : "adam",
        "optimizer/betas": "[0.9, 0.999]",
        layers: String([64, 128, 128][number]),
        dropout: "0.1",
        seed: "7",
        batch_size: "256",
        epochs: "30",
        features: "age, country, visits, months since the first order, orders in the last 90 days, tickets",
      },
      tags: {
        team: "growth",
        "mlflow.user": "ada",
        "mlflow.source.name": "train.py",
        "mlflow.source.git.commit": "4b825dc642cb6eb9a060e54bf8d69288fbee4904",
        "mlflow.source.git.branch": "main",
        "mlflow.source.git.repoURL": "https://git.example/churn.git",
        "mlflow.source.git.dirty": "true",
        "mlflow.note.content": "Dropout **0.1** after each layer; see `report.md`.",
        "trackhelm.k8s.pod": "train-churn-0",
        "trackhelm.k8s.namespace": "training",
        "trackhelm.k8s.node": "gpu-node-7",
        "trackhelm.k8s.gpus": "1",
      },
    });
    await logged(run, number);
    made.push(run);
  }
  const [run, ...others] = made;
  if (!run) throw new Error("no run was made");
  await post("mlflow/runs/log-inputs", {
    run_id: run.runId,
    datasets: [
      {
        dataset: {
          name: "customers",
          digest: "8d777f38",
          source_type: "s3",
          source: '{"uri":"s3://data/customers"}',
        },
        tags: [{ key: "mlflow.data.context", value: "training" }],
      },
    ],
  });
  const modelId = await makeModel(run);
  await makeRun(experimentId, "fold 1", { tags: { "mlflow.parentRunId": run.runId } });
  for (const { runId } of made) await endRun(runId);
  const kept: Showcase = { run, others, modelId };
  writeFileSync(join(process.env["UI_TEST_DATA"] ?? "", "showcase.json"), JSON.stringify(kept));
}

async function makeModel({ experimentId, runId }: SeededRun): Promise<string> {
  const { model } = await post<{ model: { info: { model_id: string; artifact_uri: string } } }>(
    "mlflow/logged-models",
    {
      experiment_id: experimentId,
      name: "digits-net",
      source_run_id: runId,
      model_type: "classifier",
      params: [
        { key: "layers", value: "64" },
        { key: "note", value: "<img src=x onerror=top.hacked=1>" },
      ],
      tags: [{ key: "team", value: "growth" }],
    },
  );
  const { model_id: modelId, artifact_uri: uri } = model.info;
  await putAt(`${uri}/MLmodel`, MLMODEL);
  await putAt(`${uri}/requirements.txt`, "mlflow==3.12.0\nscikit-learn==1.5.2\ncloudpickle==3.1.2\n");
  await putAt(`${uri}/model.pkl`, new Uint8Array(2_000));
  await post("mlflow/runs/log-batch", {
    run_id: runId,
    metrics: [
      {
        key: "auc",
        value: 0.931,
        step: 300,
        timestamp: 1,
        model_id: modelId,
        dataset_name: "holdout",
        dataset_digest: "11aa",
      },
      {
        key: "auc",
        value: 0.947,
        step: 300,
        timestamp: 1,
        model_id: modelId,
        dataset_name: "train",
        dataset_digest: "22bb",
      },
      { key: "logloss", value: 0.214, step: 300, timestamp: 1, model_id: modelId },
    ],
  });
  await post("mlflow/runs/outputs", { run_id: runId, models: [{ model_id: modelId, step: 300 }] });
  await call("PATCH", `mlflow/logged-models/${modelId}`, {
    model_id: modelId,
    status: "LOGGED_MODEL_READY",
  });
  await post("mlflow/registered-models/create", {
    name: "digits-net",
    description: "The network that reads digits",
  });
  await post("mlflow/model-versions/create", {
    ...{ name: "digits-net", source: `models:/${modelId}`, model_id: modelId, run_id: runId },
  });
  await post("mlflow/registered-models/alias", { name: "digits-net", alias: "candidate", version: "1" });
  return modelId;
}
