/** Where the nodes of a lineage graph stand: left to right by their distance from where data begins. */
import type { LineageGraph } from "@/api/governance";

export type LineageNode = LineageGraph["nodes"][number];

/** The nodes and edges of a graph; a graph without edges has none of them. */
export interface Graph {
  nodes: LineageGraph["nodes"];
  edges?: LineageGraph["edges"];
}

export interface Placed {
  node: LineageNode;
  x: number;
  y: number;
}

export interface Layout {
  placed: ReadonlyMap<string, Placed>;
  width: number;
  height: number;
}

export const NODE_WIDTH = 200;
export const NODE_HEIGHT = 44;
const GAP_X = 56;
const GAP_Y = 14;

/** Return the column of each node: after everything that it comes from. Edges of a cycle are followed once. */
export function columnsOf({ nodes, edges = [] }: Graph): Map<string, number> {
  const columns = new Map(nodes.map(({ id }) => [id, 0]));
  // At most as many rounds as nodes: what a cycle would push on for ever stops there.
  for (let round = 0; round < nodes.length; round += 1) {
    let hasMoved = false;
    for (const { source, target } of edges) {
      const wanted = (columns.get(source) ?? 0) + 1;
      if (columns.has(source) && wanted > (columns.get(target) ?? Infinity) && wanted < nodes.length) {
        columns.set(target, wanted);
        hasMoved = true;
      }
    }
    if (!hasMoved) break;
  }
  return columns;
}

export function layoutOf(graph: Graph): Layout {
  const columns = columnsOf(graph);
  const byColumn = new Map<number, LineageNode[]>();
  for (const node of graph.nodes) {
    const column = columns.get(node.id) ?? 0;
    byColumn.set(column, [...(byColumn.get(column) ?? []), node]);
  }
  const tallest = Math.max(1, ...[...byColumn.values()].map((some) => some.length));
  const height = tallest * (NODE_HEIGHT + GAP_Y) - GAP_Y;
  const placed = new Map<string, Placed>();
  for (const [column, some] of byColumn) {
    const top = (height - (some.length * (NODE_HEIGHT + GAP_Y) - GAP_Y)) / 2;
    some.forEach((node, index) => {
      placed.set(node.id, {
        node,
        x: column * (NODE_WIDTH + GAP_X),
        y: top + index * (NODE_HEIGHT + GAP_Y),
      });
    });
  }
  const count = Math.max(1, ...[...byColumn.keys()].map((column) => column + 1));
  return { placed, width: count * (NODE_WIDTH + GAP_X) - GAP_X, height };
}
