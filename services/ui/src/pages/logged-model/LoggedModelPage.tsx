/** The page of a logged model: where it comes from, what it takes and returns, how well it did, and its files. */
import { Skeleton, Tabs } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { Link, useNavigate, useParams, useSearch } from "@tanstack/react-router";
import { useMemo } from "react";
import { trackingUri } from "@/api/client";
import { useExperiment } from "@/api/experiments";
import { type LoggedModel, loggedModelQuery } from "@/api/logged-models";
import { useRunsById, wireNumber } from "@/api/runs";
import { ArtifactView } from "@/components/artifacts/ArtifactView";
import { Copyable } from "@/components/Copyable";
import { CopyableCode } from "@/components/CopyableCode";
import { Crumbs, HeaderActions } from "@/components/Crumbs";
import { EmptyState } from "@/components/EmptyState";
import { Fact, Facts } from "@/components/Facts";
import { Failure } from "@/components/Failure";
import { formatNumber } from "@/components/format";
import { Lineage } from "@/components/Lineage";
import { ModelDetails } from "@/components/model/ModelDetails";
import { Tags } from "@/components/Tags";
import { Time } from "@/components/Time";
import table from "@/components/table.module.css";
import classes from "./LoggedModelPage.module.css";
import { RegisterForm } from "./RegisterForm";

const ROUTE = "/experiments/$experimentId/models/$modelId";

export function LoggedModelPage() {
  const { experimentId, modelId } = useParams({ from: ROUTE });
  const experiment = useExperiment(experimentId);
  const found = useQuery(loggedModelQuery(modelId));
  return (
    <>
      <Crumbs
        items={[
          { label: "Experiments", link: { to: "/experiments" } },
          {
            label: experiment.data?.name ?? experimentId,
            link: { to: "/experiments/$experimentId", params: { experimentId } },
          },
          { label: found.data?.info.name ?? modelId },
        ]}
      />
      {found.data ? (
        <Loaded model={found.data} />
      ) : found.isError ? (
        <Failure
          title="This model could not be loaded."
          error={found.error}
          onRetry={() => void found.refetch()}
        />
      ) : (
        <Skeleton height={160} m={16} />
      )}
    </>
  );
}

function Loaded({ model: { info, data } }: { model: LoggedModel }) {
  const { tab = "overview", file = "" } = useSearch({ from: ROUTE });
  const navigate = useNavigate();
  const owner = useMemo(() => ({ model: info.model_id }), [info.model_id]);
  const params = { experimentId: info.experiment_id, modelId: info.model_id };
  return (
    <div className={table["page"]}>
      {info.status === "LOGGED_MODEL_READY" && (
        <HeaderActions>
          <RegisterForm modelId={info.model_id} runId={info.source_run_id ?? ""} />
        </HeaderActions>
      )}
      <ModelFacts info={info} />
      <Tabs
        value={tab}
        keepMounted={false}
        onChange={(next) =>
          void navigate({ to: ROUTE, params, search: next === "overview" ? {} : { tab: next as "files" } })
        }
      >
        <Tabs.List>
          <Tabs.Tab value="overview">Overview</Tabs.Tab>
          <Tabs.Tab value="files">Files</Tabs.Tab>
          <Tabs.Tab value="lineage">Lineage</Tabs.Tab>
        </Tabs.List>
        <Tabs.Panel value="overview">
          <ModelDetails owner={owner} folder="" />
          <div className={classes["columns"]}>
            <Metrics metrics={data?.metrics ?? []} isPartial={data?.metrics_are_partial ?? false} />
            <Params params={data?.params ?? []} />
          </div>
          <h3 className={table["heading"]}>Use it</h3>
          <CopyableCode
            text={[
              "import mlflow",
              "",
              `mlflow.set_tracking_uri(${JSON.stringify(trackingUri)})`,
              `model = mlflow.pyfunc.load_model("models:/${info.model_id}")`,
              "",
              `mlflow.register_model("models:/${info.model_id}", "a name")`,
            ].join("\n")}
          />
        </Tabs.Panel>
        <Tabs.Panel value="files" pt={10}>
          <ArtifactView
            owner={owner}
            path={file}
            linkTo={(path) => ({ to: ROUTE, params, search: { tab: "files" as const, file: path } })}
            empty={<EmptyState title="This model has no files." />}
          />
        </Tabs.Panel>
        <Tabs.Panel value="lineage">
          <Lineage start={{ model_id: info.model_id }} />
        </Tabs.Panel>
      </Tabs>
    </div>
  );
}

const STATES: Record<string, string> = {
  LOGGED_MODEL_PENDING: "being uploaded",
  LOGGED_MODEL_READY: "ready",
  LOGGED_MODEL_UPLOAD_FAILED: "upload failed",
};

function ModelFacts({ info }: { info: LoggedModel["info"] }) {
  const runId = info.source_run_id ?? "";
  const run = useRunsById(runId ? [runId] : []).get(runId);
  const tags = new Map(
    (info.tags ?? []).filter(({ key }) => !key.startsWith("mlflow.")).map(({ key, value }) => [key, value]),
  );
  return (
    <Facts>
      <Fact name="State">
        {STATES[info.status] ?? info.status}
        {info.status_message && `: ${info.status_message}`}
      </Fact>
      <Fact name="Type">{info.model_type ?? "–"}</Fact>
      <Fact name="Logged">
        <Time at={info.creation_timestamp_ms} />
      </Fact>
      <Fact name="Source run">
        {run ? (
          <Link
            to="/experiments/$experimentId/runs/$runId"
            params={{ experimentId: run.experimentId, runId: run.id }}
          >
            {run.name}
          </Link>
        ) : (
          runId || "–"
        )}
      </Fact>
      <Fact name="Registered as">
        {info.registrations?.length
          ? info.registrations.map(({ name, version }) => (
              <Link
                key={`${name} ${version}`}
                to="/models/$name/versions/$version"
                params={{ name, version }}
              >
                {name} v{version}
              </Link>
            ))
          : "–"}
      </Fact>
      <Fact name="Model id">
        <Copyable text={info.model_id} shown={info.model_id} />
      </Fact>
      {tags.size > 0 && (
        <Fact name="Tags">
          <Tags tags={tags} most={12} />
        </Fact>
      )}
    </Facts>
  );
}

type Point = NonNullable<NonNullable<LoggedModel["data"]>["metrics"]>[number];

/** The last point of each metric and dataset. */
function lastPoints(metrics: readonly Point[]): Point[] {
  const last = new Map<string, Point>();
  for (const point of metrics) {
    const name = JSON.stringify([point.key, point.dataset_name, point.dataset_digest]);
    const before = last.get(name);
    if (!before || (point.step - before.step || point.timestamp - before.timestamp) >= 0) {
      last.set(name, point);
    }
  }
  return [...last.values()].sort((a, b) => a.key.localeCompare(b.key, undefined, { numeric: true }));
}

function Metrics({ metrics, isPartial }: { metrics: readonly Point[]; isPartial: boolean }) {
  const rows = lastPoints(metrics);
  const hasDatasets = rows.some((row) => row.dataset_name);
  return (
    <section>
      <h3 className={table["heading"]}>Metrics</h3>
      {rows.length === 0 ? (
        <p className={classes["dim"]}>No metrics were logged to this model.</p>
      ) : (
        <table className={table["table"]} aria-label="Metrics">
          <thead>
            <tr>
              <th>Key</th>
              {hasDatasets && <th>Dataset</th>}
              <th className={table["number"]}>Last</th>
              <th className={table["number"]}>Step</th>
            </tr>
          </thead>
          <tbody>
            {rows.map((row, at) => (
              <tr key={at}>
                <td>{row.key}</td>
                {hasDatasets && <td title={row.dataset_digest ?? undefined}>{row.dataset_name ?? "–"}</td>}
                <td className={table["number"]} title={String(row.value)}>
                  {formatNumber(wireNumber(row.value))}
                </td>
                <td className={table["number"]}>{row.step.toLocaleString()}</td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
      {isPartial && (
        <p className={classes["dim"]}>Only the newest points of the longest metrics were read.</p>
      )}
    </section>
  );
}

function Params({ params }: { params: readonly { key: string; value: string }[] }) {
  return (
    <section>
      <h3 className={table["heading"]}>Params</h3>
      {params.length === 0 ? (
        <p className={classes["dim"]}>No params were logged to this model.</p>
      ) : (
        <table className={table["table"]} aria-label="Params">
          <tbody>
            {params.map(({ key, value }) => (
              <tr key={key}>
                <td>{key}</td>
                <td className={classes["value"]}>{value}</td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
    </section>
  );
}
