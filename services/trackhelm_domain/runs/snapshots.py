"""The snapshot of a run that ended: its document, and the digests that its params and tags are found by."""

from collections.abc import Iterable, Iterator
from enum import StrEnum
from hashlib import blake2b
from typing import Final
from uuid import UUID

import msgspec
import zstandard

from trackhelm_core.wire.replies import encode
from trackhelm_domain.runs.schemas import RunContents, RunInfo

# The document of a finalized run: its contents as the wire has them, compressed, in one value.
#
# Owns its form. The form has a version, which stands beside the document in its row: a reader that expects
# another one reads the run's rows instead, and the run is finalized anew.
#
# A page of 1,000 runs with 45 params, tags and metrics each is 45,000 rows to read, or 1,000 documents: 40
# or 10 ms in one measurement. A document of such a run takes 670 bytes, its rows 9,700.

VERSION: Final = 2
"""The version of documents that this code writes and reads: another form on the wire is another version.
So is what is written beside them: from version 2, the digests of `pairs`."""

# The level beyond which these texts, of some kilobytes, hardly become smaller.
_LEVEL: Final = 3


class DocumentWriter:
    """Makes documents, one after another, in one thread."""

    def __init__(self) -> None:
        self._compressor = zstandard.ZstdCompressor(level=_LEVEL)

    def write(self, contents: RunContents) -> bytes:
        """Return the document of a run with these contents."""
        return self._compressor.compress(encode(contents))


class DocumentReader:
    """Makes the wire's form of runs from their documents, one after another, in one thread."""

    def __init__(self) -> None:
        # Made once a page: it costs ten times what it then does with a document.
        self._decompressor = zstandard.ZstdDecompressor()

    def message(self, info: RunInfo, document: bytes) -> msgspec.Raw:
        """Return a `Run` as JSON. What `info` holds is not in the document: a rename leaves it as it is."""
        contents = self._decompressor.decompress(document)
        return msgspec.Raw(b'{"info":%b,%b' % (encode(info), contents[1:]))


# What a finalized run's params and tags are found by: a digest of each, of one experiment.
#
# Owns what a digest is made of, which ingest writes and query asks for. The experiment is part of it: how
# long a search takes does not depend on what others log. It is a cryptographic one, so that equal digests
# are equal pairs, and a search need not look at the pairs themselves.


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
