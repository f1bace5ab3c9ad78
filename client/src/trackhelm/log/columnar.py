"""The body of `POST /api/2.0/trackhelm/metrics`: points of many runs and keys, as columns. Pure.

docs/protocol.md describes the form, and `tests/contract/payloads` has bodies that both sides must read alike.
"""

import struct
from collections.abc import Callable, Iterable, Iterator
from typing import Final

from trackhelm.log.segments import Rows, columns_of

CONTENT_TYPE: Final = "application/vnd.trackhelm.metrics"

MAGIC: Final = b"TRKM"
VERSION: Final = 1
PLAIN: Final = 0
ZSTD: Final = 1

BODY_BYTES: Final = 4 * 1024 * 1024
"""About how many bytes of columns one request has."""

_HEAD: Final = struct.Struct("<4sBBHQI")
_BLOCK: Final = struct.Struct("<II")

Compress = Callable[[bytes], bytes]


def encode(writer: str, sequence: int, blocks: Iterable[Rows], compress: Compress | None = None) -> bytes:
    """Return the body of a request.

    Args:
        writer: The name of who sends it, at most 65,535 bytes.
        sequence: The number of the request, which its sender counts.
        blocks: Rows, each of which becomes a block of columns.
        compress: Compresses the blocks as a zstd frame; None to leave them.
    """
    parts: list[bytes | memoryview] = []
    number = 0
    for rows in blocks:
        definition = rows.shape.definition
        parts.append(_BLOCK.pack(len(definition), rows.number))
        parts.append(definition)
        parts.extend(columns_of(rows.parts, len(rows.shape.key.keys)))
        number += 1
    name = writer.encode()
    form = PLAIN if compress is None else ZSTD
    head = _HEAD.pack(MAGIC, VERSION, form, len(name), sequence, number) + name
    if compress is None:
        return b"".join([head, *parts])
    return head + compress(b"".join(parts))


def bodies(rows: Iterable[Rows], limit: int = BODY_BYTES) -> Iterator[list[Rows]]:
    """Yield the rows in lists of about `limit` bytes; the rows of a shape are divided where they are more."""
    found: list[Rows] = []
    size = 0
    for one in rows:
        begin = 0
        while begin < one.number:
            fit = max(1, (limit - size) // one.shape.row_bytes)
            part = one.parts[begin : begin + fit]
            found.append(Rows(one.shape, part))
            size += len(part) * one.shape.row_bytes + len(one.shape.definition)
            begin += len(part)
            if size >= limit:
                yield found
                found, size = [], 0
    if found:
        yield found


def zstd() -> Compress | None:
    """Return what compresses, if this Python has it: 3.14 and later, or the package `zstandard`."""
    try:
        from compression.zstd import compress  # type: ignore[import-not-found,unused-ignore]
    except ImportError:
        try:
            from zstandard import ZstdCompressor  # type: ignore[import-not-found,unused-ignore]
        except ImportError:
            return None
        compressor = ZstdCompressor(level=1)
        return lambda data: bytes(compressor.compress(data))
    return lambda data: bytes(compress(data, level=1))
