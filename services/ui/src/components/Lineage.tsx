/** The lineage of an object as a graph: dataset → run → logged model → version → alias, everything clickable. */
import { Skeleton, Text } from "@mantine/core";
import { useElementSize } from "@mantine/hooks";
import { Link, type LinkProps } from "@tanstack/react-router";
import { type ReactNode, useMemo } from "react";
import { type LineageGraph, useLineage } from "@/api/governance";
import { Failure } from "./Failure";
import { layoutOf, type LineageNode, NODE_HEIGHT, type Placed } from "./lineage-layout";
import classes from "./Lineage.module.css";

export type LineageStart = Parameters<typeof useLineage>[0];

/** Beyond this many nodes a picture says less than its parts. */
const MOST = 50;

const TYPES: Record<LineageNode["type"], string> = {
  alias: "alias",
  commit: "commit",
  dataset: "dataset",
  logged_model: "logged model",
  model_version: "version",
  run: "run",
};

function attribute(node: LineageNode, name: string): string {
  const value = (node.attributes as Record<string, unknown>)[name];
  return typeof value === "string" || typeof value === "number" ? String(value) : "";
}

function titleOf(node: LineageNode): string {
  switch (node.type) {
    case "alias":
      return `@${attribute(node, "alias")}`;
    case "commit":
      return attribute(node, "commit").slice(0, 10);
    case "model_version":
      return `${attribute(node, "name")} v${attribute(node, "version")}`;
    default:
      return attribute(node, "name") || node.id;
  }
}

/** A filter of runs by a value of theirs. Quotes in it are doubled, as the grammar wants them. */
const equal = (field: string, value: string) => `${field} = '${value.replaceAll("'", "''")}'`;

/** Return the address of a node. Datasets and commits lead to the runs that they were given to. */
function linkOf(
  node: LineageNode,
  { nodes, edges = [] }: Pick<LineageGraph, "nodes" | "edges">,
): LinkProps | null {
  if (node.is_missing) return null;
  const runsWith = (filter: string): LinkProps | null => {
    const readers = edges.filter(({ source }) => source === node.id).map(({ target }) => target);
    const run = nodes.find(({ id, type }) => type === "run" && readers.includes(id));
    const experimentId = run && attribute(run, "experiment_id");
    return experimentId
      ? { to: "/experiments/$experimentId", params: { experimentId }, search: { q: filter } }
      : null;
  };
  switch (node.type) {
    case "run":
      return {
        to: "/experiments/$experimentId/runs/$runId",
        params: { experimentId: attribute(node, "experiment_id"), runId: attribute(node, "run_id") },
      };
    case "logged_model":
      return {
        to: "/experiments/$experimentId/models/$modelId",
        params: { experimentId: attribute(node, "experiment_id"), modelId: attribute(node, "model_id") },
      };
    case "model_version":
      return {
        to: "/models/$name/versions/$version",
        params: { name: attribute(node, "name"), version: attribute(node, "version") },
      };
    case "alias":
      return { to: "/models/$name", params: { name: attribute(node, "name") } };
    case "dataset":
      return runsWith(
        `${equal("dataset.name", attribute(node, "name"))} AND ${equal("dataset.digest", attribute(node, "digest"))}`,
      );
    case "commit":
      return runsWith(equal("tags.`mlflow.source.git.commit`", attribute(node, "commit")));
  }
}

interface NodeBoxProps {
  placed: Placed;
  width: number;
  link: LinkProps | null;
  isRoot: boolean;
}

function NodeBox({ placed: { node, x, y }, width, link, isRoot }: NodeBoxProps) {
  const title = titleOf(node);
  const body = (
    <>
      <span className={classes["type"]}>
        {TYPES[node.type]}
        {node.is_missing && " (missing)"}
        {node.is_partial && " …"}
      </span>
      <span className={classes["title"]}>{title}</span>
    </>
  );
  const shared = {
    className: classes["node"] ?? "",
    style: { left: x, top: y, width, height: NODE_HEIGHT },
    title,
    "data-type": node.type,
    "data-root": isRoot || undefined,
  };
  return link ? (
    <Link {...link} {...shared}>
      {body}
    </Link>
  ) : (
    <div {...shared}>{body}</div>
  );
}

/** An edge with right angles, from the right side of its source to the left side of its target. */
function path(source: Placed, target: Placed, width: number): string {
  const [x1, y1] = [source.x + width, source.y + NODE_HEIGHT / 2];
  const [x2, y2] = [target.x, target.y + NODE_HEIGHT / 2];
  const middle = x2 - 20;
  return `M${x1} ${y1} H${middle} V${y2} H${x2}`;
}

export interface LineageProps {
  start: LineageStart;
  /** What is shown if nothing else is known of the object. */
  empty?: ReactNode;
}

export function Lineage({ start, empty }: LineageProps) {
  const found = useLineage(start);
  const { ref, width: room } = useElementSize();
  const layout = useMemo(() => found.data && layoutOf(found.data, room), [found.data, room]);
  if (found.error) {
    return (
      <Failure
        title="The lineage could not be loaded."
        error={found.error}
        onRetry={() => void found.refetch()}
      />
    );
  }
  if (!found.data || !layout) return <Skeleton height={160} m={8} />;
  const { nodes, edges = [], root, truncated } = found.data;
  if (nodes.length === 1 && empty !== undefined) return empty;
  if (nodes.length > MOST) {
    return (
      <div className={classes["list"]}>
        <Text size="sm" c="dimmed">
          {nodes.length}
          {truncated && "+"} objects, as a list:
        </Text>
        {nodes.map((node) => {
          const link = linkOf(node, found.data);
          const text = `${TYPES[node.type]} ${titleOf(node)}`;
          return <div key={node.id}>{link ? <Link {...link}>{text}</Link> : text}</div>;
        })}
      </div>
    );
  }
  return (
    <div ref={ref} className={classes["frame"]} role="group" aria-label="Lineage">
      <div className={classes["graph"]} style={{ width: layout.width, height: layout.height }}>
        <svg width={layout.width} height={layout.height} aria-hidden>
          {edges.map(({ source, target, relation }) => {
            const [from, to] = [layout.placed.get(source), layout.placed.get(target)];
            if (!from || !to) return null;
            return (
              <path
                key={`${source} ${relation} ${target}`}
                d={path(from, to, layout.nodeWidth)}
                className={classes["edge"]}
              >
                <title>{relation.replaceAll("_", " ")}</title>
              </path>
            );
          })}
        </svg>
        {[...layout.placed.values()].map((placed) => (
          <NodeBox
            key={placed.node.id}
            placed={placed}
            width={layout.nodeWidth}
            link={linkOf(placed.node, found.data)}
            isRoot={placed.node.id === root}
          />
        ))}
      </div>
    </div>
  );
}
