"""What a settled run's params and tags are found by: a digest of each, of one experiment.

Owns what a digest is made of, which ingest writes and query asks for. The experiment is part of it: how long
a search takes does not depend on what others log. It is a cryptographic one, so that equal digests are equal
pairs, and a search need not look at the pairs themselves.
"""

from collections.abc import Iterable, Iterator
from enum import StrEnum
from hashlib import blake2b
from uuid import UUID

from trackhelm_core.wire.runs import RunContents


class PairKind(StrEnum):
    """What a key and a value are."""

    PARAM = "p"
    TAG = "t"


def pair_digest(experiment_id: int, kind: PairKind, key: str, value: str) -> UUID:
    """Return the digest of a param or tag of an experiment's runs."""
    # The key's length tells where it ends.
    text = f"{experiment_id} {kind} {len(key)} {key}{value}"
    return UUID(bytes=blake2b(text.encode(), digest_size=16).digest())


def pair_digests(experiment_id: int, contents: RunContents) -> Iterator[UUID]:
    """Yield the digests of all params and tags of a run."""
    pairs: Iterable[tuple[PairKind, Iterable[tuple[str, str]]]] = (
        (PairKind.PARAM, ((param.key, param.value) for param in contents.data.params)),
        (PairKind.TAG, ((tag.key, tag.value) for tag in contents.data.tags)),
    )
    for kind, several in pairs:
        for key, value in several:
            yield pair_digest(experiment_id, kind, key, value)
