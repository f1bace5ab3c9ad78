/** The models that a run logged and read, and the versions that were registered from it. */
import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { type LoggedModel, loggedModelsQuery } from "@/api/logged-models";
import { versionsOfRunQuery } from "@/api/run";
import { EmptyState } from "@/components/EmptyState";
import { formatTime } from "@/components/format";
import { useNow } from "@/components/use-now";
import { useRun } from "./run-context";
import classes from "./run.module.css";

export function ModelsTab() {
  const run = useRun();
  const made = useQuery(loggedModelsQuery(run.models));
  const read = useQuery(loggedModelsQuery(run.readModels));
  const versions = useQuery(versionsOfRunQuery(run.id));
  const now = useNow();
  if (versions.isPending) return null;
  if (!run.models.length && !run.readModels.length && !versions.data?.length) {
    return <EmptyState title="This run has logged no models." />;
  }
  return (
    <>
      <Models title="Logged by this run" models={made.data ?? []} now={now} />
      <Models title="Read by this run" models={read.data ?? []} now={now} />
      {versions.data && versions.data.length > 0 && (
        <section>
          <div className={classes["tableHead"]}>
            <h3>Registered versions</h3>
          </div>
          <table className={classes["table"]} aria-label="Registered versions">
            <thead>
              <tr>
                <th>Model</th>
                <th>Version</th>
                <th>Stage</th>
                <th>Aliases</th>
                <th>Registered</th>
              </tr>
            </thead>
            <tbody>
              {versions.data.map((version) => (
                <tr key={`${version.name} ${version.version}`}>
                  <td>
                    <Link to="/models/$name" params={{ name: version.name }}>
                      {version.name}
                    </Link>
                  </td>
                  <td>
                    <Link
                      to="/models/$name/versions/$version"
                      params={{ name: version.name, version: version.version }}
                    >
                      Version {version.version}
                    </Link>
                  </td>
                  <td>{version.current_stage === "None" ? "–" : version.current_stage}</td>
                  <td>{version.aliases?.join(", ") || "–"}</td>
                  <td>{formatTime(version.creation_timestamp, now)}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </section>
      )}
    </>
  );
}

function Models({ title, models, now }: { title: string; models: readonly LoggedModel[]; now: number }) {
  if (models.length === 0) return null;
  return (
    <section>
      <div className={classes["tableHead"]}>
        <h3>{title}</h3>
      </div>
      <table className={classes["table"]} aria-label={title}>
        <thead>
          <tr>
            <th>Name</th>
            <th>Type</th>
            <th>State</th>
            <th>Logged</th>
          </tr>
        </thead>
        <tbody>
          {models.map(({ info }) => (
            <tr key={info.model_id}>
              <td>
                <Link
                  to="/experiments/$experimentId/models/$modelId"
                  params={{ experimentId: info.experiment_id, modelId: info.model_id }}
                >
                  {info.name}
                </Link>
              </td>
              <td>{info.model_type ?? "–"}</td>
              <td>{info.status.replace("LOGGED_MODEL_", "").toLowerCase()}</td>
              <td>{formatTime(info.creation_timestamp_ms, now)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}
