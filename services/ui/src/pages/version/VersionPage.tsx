/** The page of a version: what it is, where it comes from, moves with comment, its lineage and audit trail. */
import { Button, Skeleton, Tabs } from "@mantine/core";
import { IconFileZip } from "@tabler/icons-react";
import { Link, useNavigate, useParams, useSearch } from "@tanstack/react-router";
import { archiveUrl } from "@/api/artifacts";
import { trackingUri } from "@/api/client";
import { useIdentity } from "@/api/identity";
import { useModel, useVersion, type Version } from "@/api/registry";
import { useRunsById } from "@/api/runs";
import { AuditList } from "@/components/AuditList";
import { CopyableCode } from "@/components/CopyableCode";
import { Crumbs, HeaderActions } from "@/components/Crumbs";
import { Fact, Facts, Source } from "@/components/Facts";
import { Failure } from "@/components/Failure";
import { formatNumber } from "@/components/format";
import { Lineage } from "@/components/Lineage";
import { ModelDetails } from "@/components/model/ModelDetails";
import { MoveForm } from "@/components/MoveForm";
import { AliasChip, StageChip } from "@/components/StageChip";
import { Tags } from "@/components/Tags";
import { Time } from "@/components/Time";
import table from "@/components/table.module.css";
import { filesOf } from "./files";
import type { VersionSearch } from "./search";

const ROUTE = "/models/$name/versions/$version";

export function VersionPage() {
  const { name, version } = useParams({ from: ROUTE });
  const found = useVersion(name, version);
  return (
    <>
      <Crumbs
        items={[
          { label: "Models", link: { to: "/models" } },
          { label: name, link: { to: "/models/$name", params: { name } } },
          { label: `Version ${version}` },
        ]}
      />
      {found.error ? (
        <Failure
          title="This version could not be loaded."
          error={found.error}
          onRetry={() => void found.refetch()}
        />
      ) : found.data ? (
        <Loaded version={found.data} />
      ) : (
        <Skeleton height={160} m={16} />
      )}
    </>
  );
}

function Loaded({ version }: { version: Version }) {
  const { name } = version;
  const { rights } = useIdentity();
  const { tab = "lineage" } = useSearch({ from: ROUTE });
  const navigate = useNavigate();
  const model = useModel(name);
  const run = useRunsById(version.runId ? [version.runId] : []).get(version.runId);
  const files = filesOf(version);
  const reference = version.aliases[0] ? `@${version.aliases[0]}` : `/${version.version}`;
  return (
    <div className={table["page"]}>
      <HeaderActions>
        <MoveForm version={version} aliases={model.data?.aliases.map(({ alias }) => alias) ?? []} />
      </HeaderActions>
      <Facts>
        <Fact name="Stage">
          <StageChip stage={version.stage} />
        </Fact>
        <Fact name="Aliases">
          {version.aliases.length > 0
            ? version.aliases.map((alias) => <AliasChip key={alias} alias={alias} />)
            : "–"}
        </Fact>
        <Fact name="Registered">
          <Time at={version.created} />
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
            version.runId || "–"
          )}
        </Fact>
        <Fact name="Source">
          <Source text={version.source} />
        </Fact>
        {version.tags.size > 0 && (
          <Fact name="Tags">
            <Tags tags={version.tags} most={12} />
          </Fact>
        )}
        {version.description && <Fact name="Description">{version.description}</Fact>}
      </Facts>
      <Tabs
        // The files of a version may be another's to show: then there is no such tab.
        value={tab === "model" && !files ? "lineage" : tab}
        keepMounted={false}
        onChange={(next) =>
          void navigate({
            to: ".",
            search: next === "lineage" ? {} : ({ tab: next } as VersionSearch),
            resetScroll: false,
          })
        }
      >
        <Tabs.List>
          <Tabs.Tab value="lineage">Lineage</Tabs.Tab>
          {files && <Tabs.Tab value="model">Model</Tabs.Tab>}
          <Tabs.Tab value="metrics">Metrics</Tabs.Tab>
          <Tabs.Tab value="use">Use</Tabs.Tab>
          {rights.isManager && <Tabs.Tab value="audit">Audit trail</Tabs.Tab>}
        </Tabs.List>
        <Tabs.Panel value="lineage">
          <Lineage start={{ model_name: name, version: version.version }} />
        </Tabs.Panel>
        {files && (
          <Tabs.Panel value="model">
            <ModelDetails {...files} />
            <Button
              component="a"
              href={archiveUrl(files.owner, files.folder)}
              download
              mt={12}
              variant="default"
              size="compact-sm"
              leftSection={<IconFileZip size={14} />}
            >
              Download as zip
            </Button>
          </Tabs.Panel>
        )}
        <Tabs.Panel value="metrics">
          <table className={table["table"]} style={{ maxWidth: 480 }} aria-label="Metrics of the source run">
            <tbody>
              {[...(run?.metrics ?? [])].map(([key, { value }]) => (
                <tr key={key}>
                  <td>{key}</td>
                  <td className={table["number"]} title={String(value)}>
                    {formatNumber(value)}
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
          {!run?.metrics.size && <p>The source run has no metrics.</p>}
        </Tabs.Panel>
        <Tabs.Panel value="use" pt={10}>
          <CopyableCode
            text={[
              "import mlflow",
              "",
              `mlflow.set_tracking_uri(${JSON.stringify(trackingUri)})`,
              `model = mlflow.pyfunc.load_model(${JSON.stringify(`models:/${name}${reference}`)})`,
            ].join("\n")}
          />
        </Tabs.Panel>
        <Tabs.Panel value="audit">
          <AuditList
            isShort
            search={{
              entity_type: "model_version",
              entity_id: name,
              entity_version: Number(version.version),
            }}
          />
        </Tabs.Panel>
      </Tabs>
    </div>
  );
}
