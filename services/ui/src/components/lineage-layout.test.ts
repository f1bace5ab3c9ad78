import { expect, test } from "vitest";
import { columnsOf, layoutOf, type LineageNode } from "./lineage-layout";

const node = (id: string): LineageNode => ({ id, type: "run", attributes: {} });
const edge = (source: string, target: string) => ({ source, target, relation: "logged" as const });

test("a node stands after everything that it comes from", () => {
  const graph = {
    nodes: ["alias", "version", "run", "data"].map(node),
    edges: [edge("version", "alias"), edge("run", "version"), edge("data", "run"), edge("data", "version")],
  };
  expect([...columnsOf(graph)]).toEqual([
    ["alias", 3],
    ["version", 2],
    ["run", 1],
    ["data", 0],
  ]);
  expect(layoutOf(graph, 900).placed.size).toBe(4);
});

test("a cycle comes to an end", () => {
  const graph = { nodes: ["a", "b", "c"].map(node), edges: [edge("a", "b"), edge("b", "a"), edge("b", "c")] };
  expect(layoutOf(graph, 900).placed.size).toBe(3);
});

test("a graph is as wide as its room, as far as names can be read", () => {
  const graph = { nodes: ["a", "b", "c", "d", "e"].map(node), edges: [] as ReturnType<typeof edge>[] };
  graph.edges.push(edge("a", "b"), edge("b", "c"), edge("c", "d"), edge("d", "e"));
  expect(layoutOf(graph, 900).width).toBeLessThanOrEqual(900);
  expect(layoutOf(graph, 300).nodeWidth).toBe(124);
  expect(layoutOf(graph, 3000).nodeWidth).toBe(220);
});
