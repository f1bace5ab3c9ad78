/** The pages that the server under test has something for, by a name. */
import { post } from "./server";

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

/** Each page with its address. */
export async function pages(): Promise<Record<string, string>> {
  const churn = await experimentId("churn-model");
  return {
    home: "/#/",
    experiments: "/#/experiments",
    table: `/#/experiments/${churn}`,
    groups: `/#/experiments/${churn}?group=params.model`,
    filter: `/#/experiments/${churn}?q=${encodeURIComponent("metrics.loss < ")}`,
    models: "/#/models",
    model: "/#/models/churn",
    version: "/#/models/churn/versions/2",
    approvals: "/#/approvals",
    audit: "/#/audit",
    webhooks: "/#/webhooks",
    settings: "/#/settings",
    hostile: `/#/experiments/${await experimentId("hostile")}`,
  };
}
