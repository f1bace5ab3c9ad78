"""A graph of lineage: nodes that were found, how they are linked, and where it had to stop. No statements."""

from collections.abc import Iterable
from typing import Any, NamedTuple

from trackhelm_registry.schemas.lineage import NodeType, Relation


class NodeKey(NamedTuple):
    """A node as the walk knows it: versions by row id, datasets, commits and aliases by a pair of texts."""

    type: NodeType
    key: Any


class EdgeKey(NamedTuple):
    """An edge, in the direction in which data flows."""

    source: NodeKey
    target: NodeKey
    relation: Relation


class Graph:
    """Grows up to a number of nodes and four times as many edges; what does not fit marks it as truncated."""

    def __init__(self, root: NodeKey, max_nodes: int) -> None:
        self.root = root
        self.max_nodes = max_nodes
        self.nodes: dict[NodeKey, None] = {root: None}
        self.edges: dict[EdgeKey, None] = {}
        self.partial: set[NodeKey] = set()

    @property
    def rows(self) -> int:
        """How many links to read at once: one more than may ever be used tells that there are more."""
        return self.max_nodes + 1

    def link(self, edges: Iterable[EdgeKey], given: Iterable[NodeKey]) -> list[NodeKey]:
        """Take in the links of the given nodes and return the nodes that are new by them."""
        found, known = list(edges), set(given)
        if len(found) > self.max_nodes:
            # Which of them has more cannot be told.
            self.partial |= known
            found = found[: self.max_nodes]
        new = []
        for edge in found:
            near, far = (edge.source, edge.target) if edge.source in known else (edge.target, edge.source)
            if far not in self.nodes:
                if len(self.nodes) >= self.max_nodes:
                    self.partial.add(near)
                    continue
                self.nodes[far] = None
                new.append(far)
            self.edges[edge] = None
        return new

    def join(self, edges: Iterable[EdgeKey]) -> None:
        """Take in those links whose nodes are both there."""
        self.edges.update(
            dict.fromkeys(edge for edge in edges if edge.source in self.nodes and edge.target in self.nodes)
        )

    def leave(self, nodes: Iterable[NodeKey]) -> None:
        """Note that what these nodes are linked to was not looked for."""
        self.partial.update(nodes)
