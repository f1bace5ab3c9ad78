"""The document of a settled run: its contents as the wire has them, compressed, in one value.

Owns its form. The form has a version, which stands beside the document in its row: a reader that expects
another one reads the run's rows instead, and the run is settled anew.

A page of 1,000 runs with 45 params, tags and metrics each is 45,000 rows to read, or 1,000 documents: 40 or
10 ms in one measurement. A document of such a run takes 670 bytes, its rows 9,700.
"""

from typing import Final

import msgspec
import zstandard

from trackhelm_core.wire.replies import encode
from trackhelm_core.wire.runs import RunContents, RunInfo

VERSION: Final = 1
"""The version of documents that this code writes and reads: another form on the wire is another version."""

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
