/** The versions of a model, with the metrics of the runs that they come from, and what can be done with them. */
import { Button, Checkbox, Group, Skeleton } from "@mantine/core";
import { Link, useNavigate } from "@tanstack/react-router";
import { useState } from "react";
import { useMayOnModel } from "@/api/identity";
import { type Model, useChangeRegistry, useVersions } from "@/api/registry";
import { useRunsById } from "@/api/runs";
import { Confirm } from "@/components/Confirm";
import { EmptyState } from "@/components/EmptyState";
import { Failure } from "@/components/Failure";
import { columnDecimals, columnFormat } from "@/components/format";
import { MoveForm } from "@/components/MoveForm";
import { told } from "@/components/notify";
import { toldOfRefusal } from "@/components/registry-failure";
import { AliasChip, StageChip } from "@/components/StageChip";
import { Tags } from "@/components/Tags";
import { Time } from "@/components/Time";
import table from "@/components/table.module.css";
import { LoadMore } from "@/components/LoadMore";

const MOST_METRICS = 4;
/** Of how many versions the metrics are shown; each takes a request. */
const MOST_RUNS = 30;

/** The keys of metrics that most of the runs have. */
function usualMetrics(runs: ReadonlyMap<string, { metrics: ReadonlyMap<string, unknown> }>): string[] {
  const counts = new Map<string, number>();
  for (const run of runs.values()) {
    for (const key of run.metrics.keys()) {
      if (!key.startsWith("system/")) counts.set(key, (counts.get(key) ?? 0) + 1);
    }
  }
  return [...counts]
    .sort(([a, some], [b, others]) => others - some || a.localeCompare(b))
    .slice(0, MOST_METRICS)
    .map(([key]) => key);
}

export function Versions({ model }: { model: Model }) {
  const { name } = model;
  const found = useVersions(name);
  const changing = useChangeRegistry();
  const may = useMayOnModel(name);
  const navigate = useNavigate();
  const [chosen, setChosen] = useState<ReadonlySet<string>>(new Set());
  const versions = found.data?.pages.flatMap((page) => page.versions) ?? [];
  const ids = versions.map(({ runId }) => runId).filter(Boolean);
  // Versions are compared by their runs, which have the params, metrics, tags and files.
  const compared = new Set(
    versions.filter(({ version, runId }) => runId && chosen.has(version)).map(({ runId }) => runId),
  );
  const canCompare = new Set(ids).size > 1;
  const choose = (version: string) => {
    const next = new Set(chosen);
    if (!next.delete(version)) next.add(version);
    setChosen(next);
  };
  const runs = useRunsById(ids.slice(0, MOST_RUNS));
  const metrics = usualMetrics(runs);
  const formats = new Map(
    metrics.map((key) => [
      key,
      columnFormat(columnDecimals([...runs.values()].map((run) => run.metrics.get(key)?.value ?? NaN))),
    ]),
  );
  const stages = ["Production", "Staging"].filter((wanted) => versions.some(({ stage }) => stage === wanted));
  // A column that is empty says nothing.
  const hasTags = versions.some(({ tags }) => tags.size > 0);
  const hasDescriptions = versions.some(({ description }) => description !== "");
  const rollBack = (target: "alias" | "stage", of: string, comment: string) =>
    changing.mutate(
      { kind: "rollback", name, target, of, comment },
      {
        onSuccess: () => told(`Rolled back ${of}.`),
        onError: (error) => toldOfRefusal(`${of} was not rolled back.`, error),
      },
    );
  if (found.error) {
    return (
      <Failure
        title="The versions could not be loaded."
        error={found.error}
        onRetry={() => void found.refetch()}
      />
    );
  }
  if (found.isPending) return <Skeleton height={120} mt={8} />;
  if (versions.length === 0) return <EmptyState title="This model has no versions yet." />;
  return (
    <>
      {canCompare && (
        <Group gap={8} pt={8}>
          <Button
            size="compact-xs"
            variant="default"
            disabled={compared.size < 2}
            onClick={() => void navigate({ to: "/compare", search: { runs: [...compared] } })}
          >
            Compare
          </Button>
          <span className={table["dim"]}>
            {compared.size < 2 ? "Choose versions of different runs." : `The runs of ${chosen.size} versions`}
          </span>
        </Group>
      )}
      {may.manage && (stages.length > 0 || model.aliases.length > 0) && (
        <Group gap={6} py={8}>
          <span>Roll back</span>
          {stages.map((stage) => (
            <Confirm
              key={stage}
              size="compact-xs"
              label={stage}
              question={`Undo the last transition into or out of ${stage}?`}
              action="Roll back"
              withComment
              isPending={changing.isPending}
              onConfirm={(comment) => rollBack("stage", stage, comment)}
            />
          ))}
          {model.aliases.map(({ alias }) => (
            <Confirm
              key={alias}
              size="compact-xs"
              label={`@${alias}`}
              question={`Point @${alias} to the version that it pointed to before?`}
              action="Roll back"
              withComment
              isPending={changing.isPending}
              onConfirm={(comment) => rollBack("alias", alias, comment)}
            />
          ))}
        </Group>
      )}
      <table className={table["table"]}>
        <thead>
          <tr>
            {canCompare && (
              <th scope="col">
                <span className="th-visually-hidden">Chosen to be compared</span>
              </th>
            )}
            <th scope="col">Version</th>
            <th scope="col">Stage</th>
            <th scope="col">Aliases</th>
            {metrics.map((key) => (
              <th key={key} scope="col" className={table["number"]}>
                {key}
              </th>
            ))}
            <th scope="col">Registered</th>
            <th scope="col">Run</th>
            {hasTags && <th scope="col">Tags</th>}
            {hasDescriptions && <th scope="col">Description</th>}
            <th scope="col">
              <span className="th-visually-hidden">Actions</span>
            </th>
          </tr>
        </thead>
        <tbody>
          {versions.map((version) => {
            const run = runs.get(version.runId);
            return (
              <tr key={version.version}>
                {canCompare && (
                  <td className={table["choice"]}>
                    <Checkbox
                      size="xs"
                      aria-label={`Compare version ${version.version}`}
                      disabled={!version.runId}
                      checked={chosen.has(version.version)}
                      onChange={() => choose(version.version)}
                    />
                  </td>
                )}
                <td className={table["name"]}>
                  <Link to="/models/$name/versions/$version" params={{ name, version: version.version }}>
                    Version {version.version}
                  </Link>
                </td>
                <td>
                  <StageChip stage={version.stage} />
                </td>
                <td>
                  <Group gap={4}>
                    {version.aliases.map((alias) => (
                      <AliasChip key={alias} alias={alias} />
                    ))}
                  </Group>
                </td>
                {metrics.map((key) => {
                  const value = run?.metrics.get(key)?.value;
                  return (
                    <td
                      key={key}
                      className={table["number"]}
                      title={value === undefined ? "" : String(value)}
                    >
                      {value === undefined ? "–" : formats.get(key)?.(value)}
                    </td>
                  );
                })}
                <td>
                  <Time at={version.created} />
                </td>
                <td>
                  {run && (
                    <Link
                      to="/experiments/$experimentId/runs/$runId"
                      params={{ experimentId: run.experimentId, runId: run.id }}
                    >
                      {run.name}
                    </Link>
                  )}
                </td>
                {hasTags && (
                  <td>
                    <Tags tags={version.tags} most={2} />
                  </td>
                )}
                {hasDescriptions && (
                  <td className={table["wide"]} title={version.description}>
                    {version.description}
                  </td>
                )}
                <td className={table["actions"]}>
                  <MoveForm version={version} aliases={model.aliases.map(({ alias }) => alias)} />
                </td>
              </tr>
            );
          })}
        </tbody>
      </table>
      <LoadMore pages={found} />
    </>
  );
}
