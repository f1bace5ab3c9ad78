/**
 * What the server under test holds before the first test: an experiment of 130 runs with parents and children,
 * one with names that would be scripts, a model with a history, and a request that waits for approval.
 */
import { makeAccounts } from "./accounts";
import { call, post, SERVER } from "./server";
import { makeShowcase } from "./showcase";

export const HOSTILE = `<img src=x onerror="window.pwned=1"><script>window.pwned=1</script>`;
export const RUNS = 130;

const NOW = Date.UTC(2026, 10, 30);
const HOUR = 3_600_000;

interface Created {
  run: { info: { run_id: string } };
}

/** A number between 0 and 1 that is the same in each run of the tests. */
function share(seed: number): number {
  return Math.abs(Math.sin(seed * 12.9898) * 43758.5453) % 1;
}

function pick<Item>(items: readonly Item[], seed: number): Item {
  return items[Math.floor(share(seed) * items.length)] as Item;
}

export async function makeRun(
  experiment_id: string,
  run_name: string,
  {
    start = NOW,
    tags = {},
    params = {},
    metrics = {},
    end = true,
  }: {
    start?: number;
    tags?: Record<string, string>;
    params?: Record<string, string>;
    metrics?: Record<string, number | string>;
    end?: boolean;
  } = {},
): Promise<string> {
  const pairs = (record: Record<string, string>) =>
    Object.entries(record).map(([key, value]) => ({ key, value }));
  const { run } = await post<Created>("mlflow/runs/create", {
    experiment_id,
    run_name,
    start_time: start,
    user_id: "ada",
    tags: pairs(tags),
  });
  const run_id = run.info.run_id;
  await post("mlflow/runs/log-batch", {
    run_id,
    params: pairs(params),
    metrics: Object.entries(metrics).map(([key, value]) => ({ key, value, timestamp: start, step: 1 })),
  });
  if (end) {
    const status = pick(["FINISHED", "FINISHED", "FINISHED", "FAILED"], start);
    await post("mlflow/runs/update", { run_id, status, end_time: start + 2 * HOUR });
  }
  return run_id;
}

async function churn(): Promise<string> {
  const { experiment_id: id } = await post<{ experiment_id: string }>("mlflow/experiments/create", {
    name: "churn-model",
    tags: [
      { key: "team", value: "growth" },
      { key: "mlflow.note.content", value: "Which customers leave within 30 days" },
    ],
  });
  let best = "";
  for (let index = 0; index < RUNS; index += 1) {
    const run = await makeRun(id, `${pick(["gbm", "mlp", "forest"], index)}-${index}`, {
      start: NOW - index * HOUR,
      end: index > 1,
      tags: { team: pick(["vision", "growth"], index + 7) },
      params: {
        model: pick(["gbm", "mlp", "forest"], index),
        lr: (10 ** -(1 + 3 * share(index + 1))).toPrecision(3),
        depth: String(pick([4, 8, 12], index + 2)),
        seed: "7",
      },
      metrics: {
        val_auc: 0.6 + 0.35 * share(index + 3),
        loss: index % 40 === 5 ? "NaN" : 0.1 + share(index + 4),
        "train/acc": 0.5 + share(index + 5) / 2,
        ...(index < 3 ? { rare_metric: index } : {}),
      },
    });
    if (index === 9) best = run;
  }
  const parent = await makeRun(id, "sweep", { start: NOW + HOUR, params: { model: "gbm" } });
  for (const index of [0, 1, 2]) {
    await makeRun(id, `trial-${index}`, {
      start: NOW + HOUR + index,
      tags: { "mlflow.parentRunId": parent },
      metrics: { val_auc: 0.7 + index / 10 },
    });
  }
  return best;
}

async function hostile(): Promise<void> {
  const { experiment_id } = await post<{ experiment_id: string }>("mlflow/experiments/create", {
    name: `hostile ${HOSTILE}`,
    tags: [
      { key: "note", value: HOSTILE },
      { key: "mlflow.note.content", value: HOSTILE },
    ],
  });
  await makeRun(experiment_id, HOSTILE, {
    tags: { note: HOSTILE, "mlflow.runColor": "red;x:url(//evil)" },
    params: { note: HOSTILE },
  });
  await makeRun(experiment_id, "__proto__", { params: { constructor: "a" }, metrics: { toString: 1 } });
}

/** Call an endpoint as a user. */
async function as(user: string, method: string, path: string, body: unknown): Promise<Response> {
  return fetch(`${SERVER}/api/2.0/${path}`, {
    method,
    headers: {
      "Content-Type": "application/json",
      Authorization: `Basic ${Buffer.from(`${user}:secret`).toString("base64")}`,
    },
    body: JSON.stringify(body),
  });
}

async function registry(run_id: string): Promise<void> {
  const name = "churn";
  await post("mlflow/runs/log-inputs", {
    run_id,
    datasets: [{ dataset: { name: "customers", digest: "d41d8cd9", source_type: "s3", source: "{}" } }],
  });
  await post("mlflow/registered-models/create", { name, description: "Who leaves within 30 days" });
  for (const number of [1, 2, 3]) {
    await post("mlflow/model-versions/create", { name, source: `s3://models/churn/${number}`, run_id });
  }
  const move = (version: string, stage: string, comment: string) =>
    as("ada", "POST", "mlflow/model-versions/transition-stage", {
      ...{ name, version, stage, comment, archive_existing_versions: true },
    });
  await move("1", "Staging", "first try");
  await move("1", "Production", "evaluated on March");
  await move("2", "Production", "2% better");
  await move("3", "Staging", "");
  await as("ada", "POST", "mlflow/registered-models/alias", { name, alias: "champion", version: "2" });
  await post("trackhelm/protections/set", { name, kind: "alias", target: "champion" });
  await as("bob", "POST", "mlflow/registered-models/alias", {
    ...{ name, alias: "champion", version: "3", comment: `better ${HOSTILE}` },
  });
  await call("POST", "mlflow/webhooks", {
    name: "deploy",
    url: "https://ci.example.org/hooks/models",
    events: [{ entity: "MODEL_VERSION", action: "CREATED" }],
    run_events: ["FAILED"],
    // Nothing is called while tests run.
    status: "DISABLED",
  });
}

export default async function seed(): Promise<void> {
  await registry(await churn());
  await hostile();
  await makeShowcase();
  if (process.env["SERVER_SHAPE"] !== "stack") await makeAccounts();
}
