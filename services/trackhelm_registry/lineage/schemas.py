"""Requests and answers about lineage."""

from collections.abc import Mapping
from enum import StrEnum

from trackhelm_core.limits import LINEAGE_DEFAULT_DEPTH, LINEAGE_DEFAULT_NODES
from trackhelm_core.wire.replies import Reply
from trackhelm_core.wire.requests import Int64, WireModel


class Direction(StrEnum):
    """The directions in which to follow links from the first node."""

    UPSTREAM = "upstream"
    DOWNSTREAM = "downstream"
    BOTH = "both"


class GetLineage(WireModel):
    """`GET trackhelm/lineage/graph`, which begins at one node.

    This is the version of a model (by its number or an alias), a run, a logged model, or a dataset.
    """

    model_name: str = ""
    version: str = ""
    alias: str = ""
    run_id: str = ""
    model_id: str = ""
    dataset_name: str = ""
    dataset_digest: str = ""
    direction: Direction = Direction.BOTH
    max_nodes: Int64 = LINEAGE_DEFAULT_NODES
    max_depth: Int64 = LINEAGE_DEFAULT_DEPTH


class NodeType(StrEnum):
    """The types of nodes."""

    DATASET = "dataset"
    COMMIT = "commit"
    RUN = "run"
    LOGGED_MODEL = "logged_model"
    MODEL_VERSION = "model_version"
    ALIAS = "alias"


class Relation(StrEnum):
    """The relation of the first node of an edge to the second."""

    READ_BY = "read_by"
    CODE_OF = "code_of"
    LOGGED = "logged"
    REGISTERED_AS = "registered_as"
    COPIED_TO = "copied_to"
    NAMED = "named"


class Node(Reply, frozen=True):
    """A node. `is_missing` says that it is named but not on this server, such as a run of another server.

    `is_partial` says that it may have neighbours that are not in the graph; a request that begins at it finds
    them.
    """

    id: str
    type: NodeType
    attributes: Mapping[str, str]
    is_missing: bool = False
    is_partial: bool = False


class Edge(Reply, frozen=True):
    """An edge, in the direction in which data flows: from the id of one node to that of another."""

    source: str
    target: str
    relation: Relation


class LineageGraph(Reply, frozen=True):
    """The answer of `trackhelm/lineage/graph`. `truncated`: a limit was reached, and there may be more."""

    root: str
    nodes: tuple[Node, ...]
    edges: tuple[Edge, ...] = ()
    truncated: bool = False
