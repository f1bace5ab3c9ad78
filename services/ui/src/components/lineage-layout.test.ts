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
  expect(layoutOf(graph).placed.size).toBe(4);
});

test("a cycle comes to an end", () => {
  const graph = { nodes: ["a", "b", "c"].map(node), edges: [edge("a", "b"), edge("b", "a"), edge("b", "c")] };
  expect(layoutOf(graph).placed.size).toBe(3);
});
