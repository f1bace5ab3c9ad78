"""The answer of a graph of lineage: what its nodes are called and what is said of them."""

from collections.abc import Callable, Mapping
from typing import Any, Final
from urllib.parse import quote

from sqlalchemy.orm import Session

from trackhelm_registry.logic.lineage_graph import Graph, NodeKey
from trackhelm_registry.schemas.lineage import Edge, LineageGraph, Node, NodeType
from trackhelm_registry.store import lineage_nodes as store

_NAMED_BY: Final = {
    NodeType.DATASET: ("name", "digest"),
    NodeType.COMMIT: ("repository", "commit"),
    NodeType.RUN: ("run_id",),
    NodeType.LOGGED_MODEL: ("model_id",),
    NodeType.MODEL_VERSION: ("name", "version"),
    NodeType.ALIAS: ("name", "alias"),
}
"""The attributes that tell nodes of a type apart, in the order in which their ids have them."""

_READERS: Final[Mapping[NodeType, Callable[[Session, list[Any]], Mapping[Any, store.Attributes]]]] = {
    NodeType.RUN: store.runs,
    NodeType.LOGGED_MODEL: store.logged_models,
    NodeType.MODEL_VERSION: store.versions,
}
"""What reads more of nodes than links name."""


def lineage_message(session: Session, graph: Graph) -> LineageGraph:
    """Return a graph as it is answered."""
    found: dict[NodeKey, store.Attributes] = {}
    for kind, read in _READERS.items():
        if keys := [node.key for node in graph.nodes if node.type is kind]:
            found |= {NodeKey(kind, key): attributes for key, attributes in read(session, keys).items()}
    ids: dict[NodeKey, str] = {}
    nodes: list[Node] = []
    for node in graph.nodes:
        attributes = found.get(node) or _attributes_of_key(node)
        ids[node] = _id(node.type, attributes)
        is_missing = node.type in _READERS and node not in found
        nodes.append(Node(ids[node], node.type, attributes, is_missing, node in graph.partial))
    edges = tuple(Edge(ids[edge.source], ids[edge.target], edge.relation) for edge in graph.edges)
    return LineageGraph(root=ids[graph.root], nodes=tuple(nodes), edges=edges, truncated=bool(graph.partial))


def _attributes_of_key(node: NodeKey) -> store.Attributes:
    values = node.key if isinstance(node.key, tuple) else (node.key,)
    return dict(zip(_NAMED_BY[node.type], values, strict=True))


def _id(kind: NodeType, attributes: store.Attributes) -> str:
    # Quoted, so that a slash in a name makes no two nodes one.
    return f"{kind}:" + "/".join(quote(attributes[name], safe=" @:") for name in _NAMED_BY[kind])
