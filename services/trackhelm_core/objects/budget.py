"""An amount that many share, and the wait for a part of it: bytes of memory, or turns.

Nobody waits for long: a store that hangs would otherwise have the last of many wait for all before it.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager


class Budget:
    """An amount that is handed out in the order in which it is asked for. For one event loop."""

    def __init__(self, size: int) -> None:
        self._size = size
        self._free = size
        # Turns in the order in which they are asked for, and how much each is for.
        self._waiting: dict[asyncio.Future[None], int] = {}

    @asynccontextmanager
    async def share(self, wanted: int, seconds: float) -> AsyncIterator[None]:
        """Hold what is `wanted`, or all if there is not as much; raises `TimeoutError` after `seconds`."""
        held = min(wanted, self._size)
        await self._take(held, seconds)
        try:
            yield
        finally:
            self._free += held
            self._hand_out()

    async def _take(self, wanted: int, seconds: float) -> None:
        if not self._waiting and wanted <= self._free:
            self._free -= wanted
            return
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting[turn] = wanted
        try:
            async with asyncio.timeout(seconds):
                await turn
        except BaseException:
            if turn.done() and not turn.cancelled():
                # It was this one's turn in the same moment in which it gave up.
                self._free += wanted
            # Not there if another has handed out since: it passes over turns that were given up.
            self._waiting.pop(turn, None)
            self._hand_out()
            raise

    def _hand_out(self) -> None:
        for turn, wanted in [*self._waiting.items()]:
            if not turn.done():
                if wanted > self._free:
                    return
                self._free -= wanted
                turn.set_result(None)
            del self._waiting[turn]
