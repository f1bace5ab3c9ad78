"""Bodies in blocks, and blocks that are read while others are sent."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from trackhelm_artifact.objects.store import in_blocks, read_ahead


async def chunks(*sizes: int) -> AsyncIterator[bytes]:
    for size in sizes:
        yield b"x" * size


def test_chunks_are_gathered_to_blocks_and_none_is_empty() -> None:
    async def sizes(*sizes: int) -> list[int]:
        return [len(block) async for block in in_blocks(chunks(*sizes), 10)]

    assert asyncio.run(sizes()) == []
    assert asyncio.run(sizes(0, 0)) == []
    assert asyncio.run(sizes(4, 4, 4, 4)) == [12, 4]
    assert asyncio.run(sizes(25, 10)) == [25, 10]


class Recorded:
    """Blocks that note when each is asked for, and fail behind the last if they are told to."""

    def __init__(self, count: int, failure: Exception | None = None) -> None:
        self.asked = 0
        self.cancelled = False
        self._count = count
        self._failure = failure

    def __aiter__(self) -> AsyncIterator[int]:
        return self

    async def __anext__(self) -> int:
        self.asked += 1
        try:
            await asyncio.sleep(0)
        except asyncio.CancelledError:
            self.cancelled = True
            raise
        if self.asked <= self._count:
            return self.asked
        raise self._failure or StopAsyncIteration


def test_a_block_is_read_while_the_one_before_it_is_sent() -> None:
    async def asked_by_then() -> list[tuple[int, int]]:
        blocks = Recorded(3)
        found = []
        async for block in read_ahead(blocks):
            await asyncio.sleep(0)  # it is sent
            found.append((block, blocks.asked))
        return found

    assert asyncio.run(asked_by_then()) == [(1, 2), (2, 3), (3, 4)]


def test_what_a_store_fails_with_comes_behind_the_blocks_before_it() -> None:
    async def read() -> list[int]:
        reading = read_ahead(Recorded(2, OSError("gone")))
        found = [await anext(reading), await anext(reading)]
        with pytest.raises(OSError, match="gone"):
            await anext(reading)
        return found

    assert asyncio.run(read()) == [1, 2]


@pytest.mark.parametrize("failure", [None, OSError("nobody is told")])
def test_a_reader_that_leaves_takes_the_read_with_it(failure: Exception | None) -> None:
    async def leave(turns: int) -> bool:
        blocks = Recorded(1, failure)
        reading = read_ahead(blocks)
        assert await anext(reading) == 1
        for _ in range(turns):
            await asyncio.sleep(0)
        await reading.aclose()  # type: ignore[attr-defined]  # a generator, which its type does not say
        return blocks.cancelled

    async def both() -> tuple[bool, bool]:
        asyncio.get_running_loop().set_exception_handler(lambda _, context: said.append(context))
        return await leave(1), await leave(10)

    said: list[object] = []
    assert asyncio.run(both()) == (True, False)
    assert said == []
