/** The start page: what runs now, what changed last, and a first script where there is nothing yet. */
import { Skeleton } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { trackingUri } from "@/api/client";
import { type Experiment, useExperiments } from "@/api/experiments";
import { type Run, searchRuns } from "@/api/runs";
import { CopyableCode } from "@/components/CopyableCode";
import { Crumbs } from "@/components/Crumbs";
import { Failure } from "@/components/Failure";
import { formatDuration } from "@/components/format";
import { RunState } from "@/components/RunState";
import { Tags } from "@/components/Tags";
import { Time } from "@/components/Time";
import table from "@/components/table.module.css";
import { useNow } from "@/components/use-now";
import classes from "./HomePage.module.css";

const RECENT = 8;
const RUNS = 12;
const REFRESH_MS = 10_000;

const SCRIPT = `import mlflow

mlflow.set_tracking_uri(${JSON.stringify(trackingUri)})
mlflow.set_experiment("my first experiment")
with mlflow.start_run():
    mlflow.log_param("lr", 0.01)
    for step in range(100):
        mlflow.log_metric("loss", 1 / (step + 1), step=step)`;

export function HomePage() {
  const found = useExperiments({ filter: "", orderBy: ["last_update_time DESC"], view: "active" });
  const experiments = found.data?.pages[0]?.experiments ?? [];
  const ids = experiments.slice(0, 100).map(({ id }) => id);
  const runs = useQuery({
    queryKey: ["runs", "recent", ids],
    queryFn: async () => {
      const search = { experimentIds: ids, orderBy: ["attributes.start_time DESC"], view: "active" as const };
      const [running, latest] = await Promise.all([
        searchRuns({ ...search, filter: "attributes.status = 'RUNNING'" }, "", RUNS),
        searchRuns({ ...search, filter: "attributes.status != 'RUNNING'" }, "", RUNS),
      ]);
      return { running: running.runs, latest: latest.runs };
    },
    enabled: ids.length > 0,
    refetchInterval: REFRESH_MS,
  });
  const names = new Map(experiments.map(({ id, name }) => [id, name]));
  const hasRuns = (runs.data?.running.length ?? 0) + (runs.data?.latest.length ?? 0) > 0;
  return (
    <>
      <Crumbs items={[{ label: "Home" }]} />
      {found.error ? (
        <Failure
          title="The server's experiments could not be loaded."
          error={found.error}
          onRetry={() => void found.refetch()}
        />
      ) : found.isPending || (ids.length > 0 && runs.isPending) ? (
        <Skeleton height={200} m={16} />
      ) : (
        <div className={classes["page"]}>
          {!hasRuns && (
            <section className={classes["start"]}>
              <h2>Log the first run</h2>
              <p>
                Install mlflow and run this. The run shows up here within seconds, with a chart of its loss.
              </p>
              <CopyableCode text={SCRIPT} />
            </section>
          )}
          {hasRuns && (
            <div className={classes["columns"]}>
              <div>
                <RunList
                  title="Running"
                  runs={runs.data?.running ?? []}
                  names={names}
                  none="No run is running."
                />
                <RunList
                  title="Ended last"
                  runs={runs.data?.latest ?? []}
                  names={names}
                  none="No run has ended."
                />
              </div>
              <div>
                <h2 className={table["heading"]}>Experiments</h2>
                <Recent experiments={experiments.slice(0, RECENT)} />
                <p>
                  <Link to="/experiments">All experiments</Link>
                </p>
                <h2 className={table["heading"]}>Log from a script</h2>
                <CopyableCode text={SCRIPT} />
              </div>
            </div>
          )}
        </div>
      )}
    </>
  );
}

function Recent({ experiments }: { experiments: Experiment[] }) {
  return (
    <table className={`${table["table"] ?? ""} ${classes["list"] ?? ""}`}>
      <tbody>
        {experiments.map((experiment) => (
          <tr key={experiment.id}>
            <td className={table["name"]}>
              <Link
                to="/experiments/$experimentId"
                params={{ experimentId: experiment.id }}
                title={experiment.name}
              >
                {experiment.name}
              </Link>
            </td>
            <td className={classes["tags"]}>
              <Tags tags={experiment.tags} most={2} />
            </td>
            <td className={`${table["number"] ?? ""} ${classes["short"] ?? ""}`}>
              <Time at={experiment.updated} />
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

interface RunListProps {
  title: string;
  runs: Run[];
  names: ReadonlyMap<string, string>;
  none: string;
}

function RunList({ title, runs, names, none }: RunListProps) {
  const now = useNow();
  return (
    <section>
      <h2 className={table["heading"]}>{title}</h2>
      {runs.length === 0 && <p className={classes["none"]}>{none}</p>}
      <table className={`${table["table"] ?? ""} ${classes["list"] ?? ""}`}>
        <tbody>
          {runs.map((run) => (
            <tr key={run.id}>
              <td className={classes["state"]}>
                <RunState status={run.status} />
              </td>
              <td className={table["name"]}>
                <Link
                  to="/experiments/$experimentId/runs/$runId"
                  params={{ experimentId: run.experimentId, runId: run.id }}
                  title={run.name}
                >
                  {run.name}
                </Link>
              </td>
              <td>
                <Link to="/experiments/$experimentId" params={{ experimentId: run.experimentId }}>
                  {names.get(run.experimentId) ?? run.experimentId}
                </Link>
              </td>
              <td className={`${table["number"] ?? ""} ${classes["short"] ?? ""}`}>
                {formatDuration((run.endTime ?? now) - run.startTime)}
              </td>
              <td className={`${table["number"] ?? ""} ${classes["short"] ?? ""}`}>
                <Time at={run.startTime} />
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}
