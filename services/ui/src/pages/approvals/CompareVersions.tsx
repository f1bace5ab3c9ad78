/** The metrics of the version that a request would bring beside those of the one that it would replace. */
import type { ApprovalRequest } from "@/api/governance";
import { useModel, useVersion } from "@/api/registry";
import { useRunsById } from "@/api/runs";
import { formatNumber } from "@/components/format";
import table from "@/components/table.module.css";

const MOST = 12;

function versionsOf(
  { move }: ApprovalRequest,
  live: string | undefined,
): [next: string, before: string] | null {
  if (move.action === "transition_stage" || move.action === "set_alias") {
    return live !== undefined && live !== move.version ? [move.version, live] : null;
  }
  if (move.action === "roll_back_alias") return [move.to_version, move.from_version ?? live ?? ""];
  return null;
}

export function CompareVersions({ request }: { request: ApprovalRequest }) {
  const { move, model_name: name } = request;
  const model = useModel(name);
  const live =
    move.action === "transition_stage"
      ? model.data?.latest.find(({ stage }) => stage === move.stage)?.version
      : move.action === "set_alias" || move.action === "roll_back_alias"
        ? model.data?.aliases.find(({ alias }) => alias === move.alias)?.version
        : undefined;
  const pair = versionsOf(request, live);
  if (!pair?.[1]) return null;
  return <Table name={name} next={pair[0]} before={pair[1]} />;
}

function Table({ name, next, before }: { name: string; next: string; before: string }) {
  const [a, b] = [useVersion(name, before).data, useVersion(name, next).data];
  const runs = useRunsById([a?.runId ?? "", b?.runId ?? ""].filter(Boolean));
  const [old, fresh] = [runs.get(a?.runId ?? "")?.metrics, runs.get(b?.runId ?? "")?.metrics];
  const keys = [...new Set([...(old?.keys() ?? []), ...(fresh?.keys() ?? [])])].sort().slice(0, MOST);
  if (keys.length === 0) return null;
  const shown = (value: number | undefined) => (value === undefined ? "–" : formatNumber(value));
  return (
    <table className={table["table"]} style={{ width: "auto", marginTop: 8 }}>
      <thead>
        <tr>
          <th scope="col">Metric</th>
          <th scope="col" className={table["number"]}>
            Now: v{before}
          </th>
          <th scope="col" className={table["number"]}>
            Asked for: v{next}
          </th>
        </tr>
      </thead>
      <tbody>
        {keys.map((key) => (
          <tr key={key}>
            <td>{key}</td>
            <td className={table["number"]}>{shown(old?.get(key)?.value)}</td>
            <td className={table["number"]}>{shown(fresh?.get(key)?.value)}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}
