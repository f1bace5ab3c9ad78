"""Walking lineage, level by level: each level costs the same few statements however many nodes it has."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, Final

from sqlalchemy.orm import Session

from trackhelm_core.errors import InvalidParameterError, NotFoundError
from trackhelm_core.limits import LINEAGE_DEPTH, LINEAGE_NODES
from trackhelm_core.validation import parse_version
from trackhelm_registry.logic.aliases import version_by_alias
from trackhelm_registry.logic.lineage_graph import EdgeKey, Graph, NodeKey
from trackhelm_registry.logic.lineage_message import lineage_message
from trackhelm_registry.logic.lookups import version_details
from trackhelm_registry.logic.model_uris import SCHEME, VersionUri, parse_model_uri
from trackhelm_registry.schemas.lineage import (
    Direction,
    GetLineage,
    LineageGraph,
    NodeType,
    Relation,
)
from trackhelm_registry.store import lineage_links as links
from trackhelm_registry.store import lineage_nodes as store

DATASET, COMMIT, RUN = NodeType.DATASET, NodeType.COMMIT, NodeType.RUN
LOGGED_MODEL, VERSION, ALIAS = NodeType.LOGGED_MODEL, NodeType.MODEL_VERSION, NodeType.ALIAS

_BEGINNINGS: Final = (
    "'model_name' (with 'version' or 'alias'), 'run_id', 'model_id', 'dataset_name' (with 'dataset_digest')"
)

Step = Callable[[Session, Graph, Sequence[NodeKey]], list[NodeKey]]


def lineage(session: Session, asked: GetLineage) -> LineageGraph:
    """Return the graph from where it is asked to begin, as far as the limits let it grow."""
    _check_limit("max_nodes", asked.max_nodes, LINEAGE_NODES)
    _check_limit("max_depth", asked.max_depth, LINEAGE_DEPTH)
    graph = Graph(_root(session, asked), asked.max_nodes)
    for step, direction in ((_up, Direction.UPSTREAM), (_down, Direction.DOWNSTREAM)):
        if asked.direction in {direction, Direction.BOTH}:
            _walk(session, graph, step, asked.max_depth)
    return lineage_message(session, graph)


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
        new += graph.link(_origin_edges(session, links.origins(session, _keys(versions))), versions)
    if models := _of(level, LOGGED_MODEL):
        found = links.makers(session, _keys(models), graph.rows)
        new += graph.link(_edges_from(found, RUN, LOGGED_MODEL, Relation.LOGGED), models)
    if runs := _of(level, RUN):
        ids = _keys(runs)
        read = links.datasets_read(session, ids, graph.rows)
        new += graph.link(_edges_from(read, DATASET, RUN, Relation.READ_BY), runs)
        read = links.models_read(session, ids, graph.rows)
        new += graph.link(_edges_from(read, LOGGED_MODEL, RUN, Relation.READ_BY), runs)
        new += graph.link(_edges_from(links.commits(session, ids), COMMIT, RUN, Relation.CODE_OF), runs)
    return new


def _down(session: Session, graph: Graph, level: Sequence[NodeKey]) -> list[NodeKey]:
    new: list[NodeKey] = []
    for dataset in _of(level, DATASET):  # at most the one that the graph begins with
        name, digest = dataset.key
        found = links.readers_of_dataset(session, name, digest, graph.rows)
        new += graph.link(_edges_to(found, DATASET, RUN, Relation.READ_BY), [dataset])
    runs, models = _of(level, RUN), _of(level, LOGGED_MODEL)
    if runs:
        found = links.models_made(session, _keys(runs), graph.rows)
        new += graph.link(_edges_to(found, RUN, LOGGED_MODEL, Relation.LOGGED), runs)
    if models:
        found = links.readers_of_models(session, _keys(models), graph.rows)
        new += graph.link(_edges_to(found, LOGGED_MODEL, RUN, Relation.READ_BY), models)
    if runs or models:
        registered = links.registered(session, _keys(runs), _keys(models), graph.rows)
        known = {*runs, *models}
        edges = list(_origin_edges(session, registered))
        new += graph.link((edge for edge in edges if edge.source in known), known)
        graph.join(edges)
    if versions := _of(level, VERSION):
        found = links.aliases(session, _keys(versions), graph.rows)
        new += graph.link(_edges_to(found, VERSION, ALIAS, Relation.NAMED), versions)
    return new


def _origin_edges(session: Session, origins: Iterable[links.Origin]) -> Iterator[EdgeKey]:
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
        originals = links.versions_by_number(session, {original for _, original in copied})
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
        return _checked(bool(store.runs(session, [asked.run_id])), NodeKey(RUN, asked.run_id), "Run")
    if asked.model_id:
        is_there = bool(store.logged_models(session, [asked.model_id]))
        return _checked(is_there, NodeKey(LOGGED_MODEL, asked.model_id), "Logged model")
    pair = asked.dataset_name, asked.dataset_digest
    return _checked(links.has_dataset(session, *pair), NodeKey(DATASET, pair), "Dataset")


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
    pairs: Iterable[links.Pair], source: NodeType, target: NodeType, relation: Relation
) -> Iterator[EdgeKey]:
    """Yield the edges of pairs of a given node and one upstream of it."""
    return (EdgeKey(NodeKey(source, far), NodeKey(target, near), relation) for near, far in pairs)


def _edges_to(
    pairs: Iterable[links.Pair], source: NodeType, target: NodeType, relation: Relation
) -> Iterator[EdgeKey]:
    """Yield the edges of pairs of a given node and one downstream of it."""
    return (EdgeKey(NodeKey(source, near), NodeKey(target, far), relation) for near, far in pairs)
