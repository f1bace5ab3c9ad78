"""Bodies in blocks of a size that is worth a call.

A thread hop or a request for each of the network's small chunks would cost more than what is done with it.
"""

from collections.abc import AsyncIterable, AsyncIterator
from typing import Final

BLOCK_BYTES: Final = 1024 * 1024
"""Bytes that are read or written at once."""


async def in_blocks(content: AsyncIterable[bytes], size: int = BLOCK_BYTES) -> AsyncIterator[bytes]:
    """Gather chunks to blocks of at least `size` bytes; the last may be smaller, and none is empty."""
    gathered: list[bytes] = []
    length = 0
    async for chunk in content:
        gathered.append(chunk)
        length += len(chunk)
        if length >= size:
            yield b"".join(gathered)
            gathered.clear()
            length = 0
    if length:
        yield b"".join(gathered)
