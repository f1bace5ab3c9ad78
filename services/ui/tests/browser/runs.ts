/** Runs that tests of run pages, charts and artifacts make. */
import { post } from "./server";

export interface SeededRun {
  experimentId: string;
  runId: string;
}

let made = 0;

/** Make an experiment with a name of its own. */
export async function makeExperiment(name: string): Promise<string> {
  made += 1;
  const body = { name: `${name} ${Date.now()} ${made}` };
  return (await post<{ experiment_id: string }>("mlflow/experiments/create", body)).experiment_id;
}

export async function makeRun(
  experimentId: string,
  name: string,
  part: { tags?: Record<string, string>; params?: Record<string, string>; startTime?: number } = {},
): Promise<SeededRun> {
  const created = await post<{ run: { info: { run_id: string } } }>("mlflow/runs/create", {
    experiment_id: experimentId,
    run_name: name,
    start_time: part.startTime ?? Date.now() - 3_600_000,
    tags: Object.entries(part.tags ?? {}).map(([key, value]) => ({ key, value })),
  });
  const runId = created.run.info.run_id;
  const params = Object.entries(part.params ?? {}).map(([key, value]) => ({ key, value }));
  if (params.length) await post("mlflow/runs/log-batch", { run_id: runId, params });
  return { experimentId, runId };
}

export const endRun = (runId: string, status = "FINISHED") =>
  post("mlflow/runs/update", { run_id: runId, status, end_time: Date.now() });

const BATCH = 1_000;

/** Log values of one key at steps 0, 1, 2 and so on. */
export async function logCurve(
  runId: string,
  key: string,
  values: readonly (number | string)[],
  part: { labels?: Record<string, string>; from?: number } = {},
): Promise<void> {
  const start = Date.now() - 3_600_000;
  const from = part.from ?? 0;
  for (let begin = 0; begin < values.length; begin += BATCH) {
    const metrics = values.slice(begin, begin + BATCH).map((value, at) => {
      const step = from + begin + at;
      return { key, value, step, timestamp: start + step, ...(part.labels ? { labels: part.labels } : {}) };
    });
    await post("mlflow/runs/log-batch", { run_id: runId, metrics });
  }
}

export const pageOf = ({ experimentId, runId }: SeededRun, tab = "") =>
  `/#/experiments/${experimentId}/runs/${runId}${tab}`;

/** An address with settings of charts. */
export const withCharts = (address: string, charts: object) =>
  `${address}?charts=${encodeURIComponent(JSON.stringify(charts))}`;
