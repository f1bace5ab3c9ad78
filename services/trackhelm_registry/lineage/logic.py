"""Collects a graph of lineage level by level; a level takes the same few statements for all its nodes."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import partial
from typing import Any, Final, NamedTuple
from urllib.parse import quote

from sqlalchemy.orm import Session

from trackhelm_core.access import Level, current_access
from trackhelm_core.errors import InvalidParameterError, NotFoundError
from trackhelm_core.limits import LINEAGE_DEPTH, LINEAGE_NODES
from trackhelm_core.validation import parse_version
from trackhelm_domain.access.checks import permits_experiment, permitted_experiments
from trackhelm_registry.lineage import store
from trackhelm_registry.lineage.schemas import (
    Direction,
    Edge,
    GetLineage,
    LineageGraph,
    Node,
    NodeType,
    Relation,
)
from trackhelm_registry.model_versions.sources import SCHEME, VersionUri, parse_model_uri
from trackhelm_registry.registered_models.logic import version_by_alias, version_details

# A graph of lineage: its nodes, their links, and where a limit stopped it. It contains no statements.


class NodeKey(NamedTuple):
    """A node during collection: versions by row id; datasets, commits and aliases by a pair of texts."""

    type: NodeType
    key: Any


class EdgeKey(NamedTuple):
    """An edge, in the direction in which data flows."""

    source: NodeKey
    target: NodeKey
    relation: Relation


Hidden = Callable[[Iterable[NodeKey]], set[NodeKey]]
"""Returns which of some nodes the caller may not read: they, and what lies behind them, are left out."""


class Graph:
    """Holds up to a number of nodes and four times as many edges; beyond that it is marked as truncated."""

    def __init__(self, root: NodeKey, max_nodes: int, hidden: Hidden) -> None:
        self.root = root
        self._hidden = hidden
        self.max_nodes = max_nodes
        self.nodes: dict[NodeKey, None] = {root: None}
        self.edges: dict[EdgeKey, None] = {}
        self.partial: set[NodeKey] = set()

    @property
    def rows(self) -> int:
        """How many links to read at once: one more than can be used, which shows whether there are more."""
        return self.max_nodes + 1

    def link(self, edges: Iterable[EdgeKey], given: Iterable[NodeKey]) -> list[NodeKey]:
        """Add links of the given nodes, and return the nodes that are new."""
        found, known = list(edges), set(given)
        if hidden := self._hidden({end for edge in found for end in (edge.source, edge.target)} - known):
            found = [edge for edge in found if hidden.isdisjoint((edge.source, edge.target))]
        if len(found) > self.max_nodes:
            # It cannot be told which of these nodes has more store.
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
        """Add the links both of whose nodes are in the graph."""
        self.edges.update(
            dict.fromkeys(edge for edge in edges if edge.source in self.nodes and edge.target in self.nodes)
        )

    def leave(self, nodes: Iterable[NodeKey]) -> None:
        """Mark nodes whose links were not looked for."""
        self.partial.update(nodes)


# The answer for a graph of lineage: the ids and attributes of its nodes.

_NAMED_BY: Final = {
    NodeType.DATASET: ("name", "digest"),
    NodeType.COMMIT: ("repository", "commit"),
    NodeType.RUN: ("run_id",),
    NodeType.LOGGED_MODEL: ("model_id",),
    NodeType.MODEL_VERSION: ("name", "version"),
    NodeType.ALIAS: ("name", "alias"),
}
"""The attributes that make up the id of a node of each type, in the order of the id."""

_READERS: Final[Mapping[NodeType, Callable[[Session, list[Any]], Mapping[Any, store.Attributes]]]] = {
    NodeType.RUN: store.runs,
    NodeType.LOGGED_MODEL: store.logged_models,
    NodeType.MODEL_VERSION: store.versions,
}
"""The statements that read the attributes of nodes beyond those that links contain."""


def lineage_message(session: Session, graph: Graph) -> LineageGraph:
    """Return the answer for a graph."""
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
    # The attributes are quoted, so that a slash in a name does not give two nodes the same id.
    return f"{kind}:" + "/".join(quote(attributes[name], safe=" @:") for name in _NAMED_BY[kind])


DATASET, COMMIT, RUN = NodeType.DATASET, NodeType.COMMIT, NodeType.RUN
LOGGED_MODEL, VERSION, ALIAS = NodeType.LOGGED_MODEL, NodeType.MODEL_VERSION, NodeType.ALIAS

_BEGINNINGS: Final = (
    "'model_name' (with 'version' or 'alias'), 'run_id', 'model_id', 'dataset_name' (with 'dataset_digest')"
)

Step = Callable[[Session, Graph, Sequence[NodeKey]], list[NodeKey]]


def lineage(session: Session, asked: GetLineage) -> LineageGraph:
    """Return the graph from the requested node, up to the limits."""
    _check_limit("max_nodes", asked.max_nodes, LINEAGE_NODES)
    _check_limit("max_depth", asked.max_depth, LINEAGE_DEPTH)
    graph = Graph(_root(session, asked), asked.max_nodes, partial(_hidden, session))
    for step, direction in ((_up, Direction.UPSTREAM), (_down, Direction.DOWNSTREAM)):
        if asked.direction in {direction, Direction.BOTH}:
            _walk(session, graph, step, asked.max_depth)
    return lineage_message(session, graph)


def _hidden(session: Session, nodes: Iterable[NodeKey]) -> set[NodeKey]:
    if not current_access().is_confined:
        return set()
    by_kind: dict[NodeType, list[Any]] = {}
    for node in nodes:
        by_kind.setdefault(node.type, []).append(node.key)
    hidden = set()
    for kind, owners in (
        (RUN, store.experiments_of_runs(session, by_kind.get(RUN, []))),
        (LOGGED_MODEL, store.experiments_of_models(session, by_kind.get(LOGGED_MODEL, []))),
    ):
        permitted = permitted_experiments(session, set(owners.values()), Level.READ)
        hidden |= {NodeKey(kind, key) for key, owner in owners.items() if owner not in permitted}
    if versions := by_kind.get(VERSION):
        readable = store.readable_versions(session, versions)
        hidden |= {NodeKey(VERSION, version) for version in versions if version not in readable}
    return hidden


def _walk(session: Session, graph: Graph, step: Step, depth: int) -> None:
    seen, level = {graph.root}, [graph.root]
    for _ in range(depth):
        if not level:
            return
        level = [node for node in step(session, graph, level) if node not in seen]
        seen.update(level)
    graph.leave(level)


def _up(session: Session, graph: Graph, level: Sequence[NodeKey]) -> list[NodeKey]:
    new: list[NodeKey] = []
    if versions := _of(level, VERSION):
        new += graph.link(_origin_edges(session, store.origins(session, _keys(versions))), versions)
    if models := _of(level, LOGGED_MODEL):
        found = store.makers(session, _keys(models), graph.rows)
        new += graph.link(_edges_from(found, RUN, LOGGED_MODEL, Relation.LOGGED), models)
    if runs := _of(level, RUN):
        ids = _keys(runs)
        read = store.datasets_read(session, ids, graph.rows)
        new += graph.link(_edges_from(read, DATASET, RUN, Relation.READ_BY), runs)
        read = store.models_read(session, ids, graph.rows)
        new += graph.link(_edges_from(read, LOGGED_MODEL, RUN, Relation.READ_BY), runs)
        new += graph.link(_edges_from(store.commits(session, ids), COMMIT, RUN, Relation.CODE_OF), runs)
    return new


def _down(session: Session, graph: Graph, level: Sequence[NodeKey]) -> list[NodeKey]:
    new: list[NodeKey] = []
    for dataset in _of(level, DATASET):  # at most one: the node at which the graph begins
        name, digest = dataset.key
        found = store.readers_of_dataset(session, name, digest, graph.rows)
        new += graph.link(_edges_to(found, DATASET, RUN, Relation.READ_BY), [dataset])
    runs, models = _of(level, RUN), _of(level, LOGGED_MODEL)
    if runs:
        found = store.models_made(session, _keys(runs), graph.rows)
        new += graph.link(_edges_to(found, RUN, LOGGED_MODEL, Relation.LOGGED), runs)
    if models:
        found = store.readers_of_models(session, _keys(models), graph.rows)
        new += graph.link(_edges_to(found, LOGGED_MODEL, RUN, Relation.READ_BY), models)
    if runs or models:
        registered = store.registered(session, _keys(runs), _keys(models), graph.rows)
        known = {*runs, *models}
        edges = list(_origin_edges(session, registered))
        new += graph.link((edge for edge in edges if edge.source in known), known)
        graph.join(edges)
    if versions := _of(level, VERSION):
        found = store.aliases(session, _keys(versions), graph.rows)
        new += graph.link(_edges_to(found, VERSION, ALIAS, Relation.NAMED), versions)
    return new


def _origin_edges(session: Session, origins: Iterable[store.Origin]) -> Iterator[EdgeKey]:
    copied: list[tuple[int, tuple[str, int]]] = []
    for origin in origins:
        version = NodeKey(VERSION, origin.version)
        if origin.model_id:
            yield EdgeKey(NodeKey(LOGGED_MODEL, origin.model_id), version, Relation.REGISTERED_AS)
        if origin.run_id:
            yield EdgeKey(NodeKey(RUN, origin.run_id), version, Relation.REGISTERED_AS)
        if original := _original(origin.source):
            copied.append((origin.version, original))
    if copied:
        originals = store.versions_by_number(session, {original for _, original in copied})
        for copy, original in copied:
            if original in originals:
                source = NodeKey(VERSION, originals[original])
                yield EdgeKey(source, NodeKey(VERSION, copy), Relation.COPIED_TO)


def _original(source: str) -> tuple[str, int] | None:
    """Return the name and number of the version that a source names, if it names one."""
    if not source.startswith(f"{SCHEME}:"):
        return None
    uri = parse_model_uri(source)
    number = parse_version(uri.version) if isinstance(uri, VersionUri) else None
    return (uri.name, number) if isinstance(uri, VersionUri) and number is not None else None


def _root(session: Session, asked: GetLineage) -> NodeKey:
    beginnings = [asked.model_name, asked.run_id, asked.model_id, asked.dataset_name]
    if sum(map(bool, beginnings)) != 1:
        raise InvalidParameterError(f"A graph begins at exactly one of {_BEGINNINGS}.")
    if asked.model_name:
        if bool(asked.version) == bool(asked.alias):
            raise InvalidParameterError("Beside 'model_name', give either 'version' or 'alias'.")
        found = (
            version_details(session, asked.model_name, asked.version)
            if asked.version
            else version_by_alias(session, asked.model_name, asked.alias)
        )
        return NodeKey(VERSION, found.row.id)
    if asked.run_id:
        owner = store.experiments_of_runs(session, [asked.run_id]).get(asked.run_id)
        is_there = owner is not None and permits_experiment(session, owner)
        return _checked(is_there, NodeKey(RUN, asked.run_id), "Run")
    if asked.model_id:
        owner = store.experiments_of_models(session, [asked.model_id]).get(asked.model_id)
        is_there = owner is not None and permits_experiment(session, owner)
        return _checked(is_there, NodeKey(LOGGED_MODEL, asked.model_id), "Logged model")
    pair = asked.dataset_name, asked.dataset_digest
    return _checked(store.has_dataset(session, *pair), NodeKey(DATASET, pair), "Dataset")


def _checked(is_there: bool, node: NodeKey, kind: str) -> NodeKey:  # noqa: FBT001 - reads as what it is
    if not is_there:
        raise NotFoundError(f"{kind} {node.key!r} not found")
    return node


def _check_limit(parameter: str, value: int, limit: int) -> None:
    if not 1 <= value <= limit:
        raise InvalidParameterError(
            f"Invalid value {value} for parameter '{parameter}' supplied: it must be from 1 to {limit}."
        )


def _of(level: Iterable[NodeKey], kind: NodeType) -> list[NodeKey]:
    return [node for node in level if node.type is kind]


def _keys(nodes: Iterable[NodeKey]) -> list[Any]:
    return [node.key for node in nodes]


def _edges_from(
    pairs: Iterable[store.Pair], source: NodeType, target: NodeType, relation: Relation
) -> Iterator[EdgeKey]:
    """Yield the edges from nodes upstream, given pairs of a known node and one upstream of it."""
    return (EdgeKey(NodeKey(source, far), NodeKey(target, near), relation) for near, far in pairs)


def _edges_to(
    pairs: Iterable[store.Pair], source: NodeType, target: NodeType, relation: Relation
) -> Iterator[EdgeKey]:
    """Yield the edges to nodes downstream, given pairs of a known node and one downstream of it."""
    return (EdgeKey(NodeKey(source, near), NodeKey(target, far), relation) for near, far in pairs)
