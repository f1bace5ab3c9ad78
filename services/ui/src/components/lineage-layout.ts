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
  nodeWidth: number;
}

export const NODE_HEIGHT = 44;
/** A node has room for its name, and is no wider than names are. */
const NODE_WIDTHS = { least: 124, greatest: 220 };
const GAP_X = 40;
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

/** Lay out a graph within a width if its columns fit there at all. */
export function layoutOf(graph: Graph, room: number): Layout {
  const columns = columnsOf(graph);
  const count = Math.max(0, ...columns.values()) + 1;
  const fitting = Math.floor((room + GAP_X) / count) - GAP_X;
  const nodeWidth = Math.max(NODE_WIDTHS.least, Math.min(NODE_WIDTHS.greatest, fitting));
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
        x: column * (nodeWidth + GAP_X),
        y: top + index * (NODE_HEIGHT + GAP_Y),
      });
    });
  }
  return { placed, width: count * (nodeWidth + GAP_X) - GAP_X, height, nodeWidth };
}
