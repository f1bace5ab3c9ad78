"""Bodies in blocks of a size that is worth a call.

A thread hop or a request for each of the network's small chunks would cost more than what is done with it.
"""

import asyncio
from collections.abc import AsyncIterable, AsyncIterator
from typing import Final, TypeVar

Block = bytes | memoryview
"""What a file is read in: a view where the bytes would only be copied to be sent."""

Item = TypeVar("Item")

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


async def read_ahead(blocks: AsyncIterator[Item]) -> AsyncIterator[Item]:
    """Yield each block while the next one is being read, so that a store and a client are busy at once."""
    coming = asyncio.ensure_future(anext(blocks))
    try:
        while True:
            try:
                block = await coming
            except StopAsyncIteration:
                return
            coming = asyncio.ensure_future(anext(blocks))
            yield block
    finally:
        coming.cancel()
        await asyncio.wait((coming,))
        # Looked at, so that nobody is told of a failure that no longer matters.
        _ = coming.cancelled() or coming.exception()
