"""Requests and answers about keys and values."""

from collections.abc import Mapping, Sequence
from typing import Literal

from msgspec import field

from trackhelm_core.limits import KEYS_DEFAULT_PAGE, VALUES_DEFAULT_PAGE
from trackhelm_core.wire.replies import Reply
from trackhelm_core.wire.requests import Int64, Required, WireModel
from trackhelm_query.keys.logic import FoundKeys
from trackhelm_query.keys.store import FoundValue, KeyKind
from trackhelm_query.runs.schemas import ExperimentId


class SearchKeys(WireModel):
    """`POST trackhelm/keys/search`: the keys that contain `text`, of some kinds (none: of all).

    Without `counts` the answer comes sooner where many runs have many metrics.
    """

    experiment_ids: tuple[ExperimentId, ...] = ()
    kinds: tuple[KeyKind, ...] = ()
    text: str = ""
    max_results: Int64 = KEYS_DEFAULT_PAGE
    counts: bool = True


class SearchValues(WireModel):
    """`POST trackhelm/keys/values`: the values of a param or tag that contain `text`."""

    experiment_ids: tuple[ExperimentId, ...] = ()
    kind: Literal["param", "tag"]
    key: Required
    text: str = ""
    max_results: Int64 = VALUES_DEFAULT_PAGE


class KeyReply(Reply, frozen=True):
    """A key, and the number of runs that have it, if they were to be counted."""

    key: str
    runs: int | None = None


class KeysReply(Reply, frozen=True):
    """The keys of one kind. `total` is how many contain the text, also those beyond `max_results`."""

    total: int
    keys: list[KeyReply] = field(default_factory=list)


class FoundKeysReply(Reply, frozen=True):
    """The answer of `keys/search`. Kinds that were not requested are absent."""

    metrics: KeysReply | None = None
    params: KeysReply | None = None
    tags: KeysReply | None = None


class ValueReply(Reply, frozen=True):
    """A value, and the number of runs that have it."""

    value: str
    runs: int


class FoundValuesReply(Reply, frozen=True):
    """The answer of `keys/values`."""

    values: list[ValueReply] = field(default_factory=list)


def keys_message(found: Mapping[KeyKind, FoundKeys]) -> FoundKeysReply:
    """Return keys in the wire form."""
    messages = {
        f"{kind}s": KeysReply(some.total, [KeyReply(*key) for key in some.keys])
        for kind, some in found.items()
    }
    return FoundKeysReply(**messages)


def values_message(found: Sequence[FoundValue]) -> FoundValuesReply:
    """Return values in the wire form."""
    return FoundValuesReply([ValueReply(*value) for value in found])
