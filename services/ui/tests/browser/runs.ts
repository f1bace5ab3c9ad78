/** Runs that tests of run pages, charts and artifacts make. */
import { get, post, SERVER } from "./server";

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

/** Rows of a request: some megabytes. */
const BATCH = 250_000;
let sent = 0;

/** Log values of one key at steps 0, 1, 2 and so on, as columns (docs/protocol.md). */
export async function logCurve(
  runId: string,
  key: string,
  values: readonly (number | string)[],
  part: { labels?: Record<string, string>; from?: number } = {},
): Promise<void> {
  const start = Date.now() - 3_600_000;
  for (let begin = 0; begin < values.length; begin += BATCH) {
    const from = (part.from ?? 0) + begin;
    const rows = values.slice(begin, begin + BATCH).map(Number);
    const definition = Buffer.from(JSON.stringify([runId, [key], Object.entries(part.labels ?? {})]));
    const writer = Buffer.from("browser tests");
    const head = Buffer.alloc(20);
    head.write("TRKM");
    head.writeUInt8(1, 4);
    head.writeUInt16LE(writer.length, 6);
    head.writeBigUInt64LE(BigInt((sent += 1)), 8);
    head.writeUInt32LE(1, 16);
    const block = Buffer.alloc(8);
    block.writeUInt32LE(definition.length, 0);
    block.writeUInt32LE(rows.length, 4);
    const steps = BigInt64Array.from(rows, (_, at) => BigInt(from + at));
    const times = BigInt64Array.from(rows, (_, at) => BigInt(start + from + at));
    const columns = [steps, times, Float64Array.from(rows)].map((column) => Buffer.from(column.buffer));
    const answer = await fetch(`${SERVER}/api/2.0/trackhelm/metrics`, {
      method: "POST",
      headers: { "Content-Type": "application/vnd.trackhelm.metrics" },
      body: Buffer.concat([head, writer, block, definition, ...columns]),
    });
    const said = await answer.text();
    if (!answer.ok || said.includes("error_code")) throw new Error(`${runId} ${key}: ${said}`);
  }
}

/** Store a file of a run at a path from its root. */
export async function putFile(runId: string, path: string, content: string | Uint8Array): Promise<void> {
  const { run } = await get<{ run: { info: { artifact_uri: string } } }>(`mlflow/runs/get?run_id=${runId}`);
  await putAt(`${run.info.artifact_uri}/${path}`, content);
}

/** Store a file at a URI of the server's own store. */
export async function putAt(uri: string, content: string | Uint8Array): Promise<void> {
  const target = uri
    .replace(/^mlflow-artifacts:\/+/, "")
    .split("/")
    .map(encodeURIComponent)
    .join("/");
  const answer = await fetch(`${SERVER}/api/2.0/mlflow-artifacts/artifacts/${target}`, {
    method: "PUT",
    body: content as BodyInit,
  });
  if (!answer.ok) throw new Error(`${uri}: ${await answer.text()}`);
}

export const pageOf = ({ experimentId, runId }: SeededRun, tab = "") =>
  `/#/experiments/${experimentId}/runs/${runId}${tab}`;

/** An address with settings of charts. */
export const withCharts = (address: string, charts: object) =>
  `${address}?charts=${encodeURIComponent(JSON.stringify(charts))}`;
