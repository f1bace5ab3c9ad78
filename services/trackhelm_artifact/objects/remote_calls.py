"""What clients of cloud stores share: a budget of memory or of requests, and the translation of errors."""

import asyncio
import re
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Final

from obstore.exceptions import BaseError, PermissionDeniedError, PreconditionError, UnauthenticatedError

from trackhelm_artifact.objects.store import MissingObjectError, StoreFullError, unavailable

# An amount (bytes of memory, or requests) that many callers share, and the wait for a part of it.
#
# Each wait is limited, because with a store that hangs the last caller would wait for all before it.


class Budget:
    """An amount that is given out in the order of the requests. For one event loop."""

    def __init__(self, size: int) -> None:
        self._size = size
        self._free = size
        # The waiting callers in their order, and how much each asks for.
        self._waiting: dict[asyncio.Future[None], int] = {}

    @asynccontextmanager
    async def share(self, wanted: int, seconds: float) -> AsyncIterator[None]:
        """Hold the `wanted` amount, or all of it if that is less; raises `TimeoutError` after `seconds`."""
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
        granted: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting[granted] = wanted
        try:
            async with asyncio.timeout(seconds):
                await granted
        except BaseException:
            if granted.done() and not granted.cancelled():
                # The amount was given to this caller in the same moment in which its wait ended.
                self._free += wanted
            # The entry may be gone, because giving out skips callers that have stopped waiting.
            self._waiting.pop(granted, None)
            self._hand_out()
            raise

    def _hand_out(self) -> None:
        for granted, wanted in [*self._waiting.items()]:
            if not granted.done():
                if wanted > self._free:
                    return
                self._free -= wanted
                granted.set_result(None)
            del self._waiting[granted]


# Errors of obstore as the port's. The reason is logged here; callers do not learn any address.

_NO_BUCKET = re.compile(r"NoSuchBucket|ContainerNotFound|The specified bucket does not exist")
_FULL = re.compile(r"InsufficientStorage|StorageFull|QuotaExceeded|status code: 507")
_REFUSED = re.compile(r"status code: 40[13]")
_SHOWN_CHARACTERS: Final = 600


@contextmanager
def translate_errors(store: str, on_missing_bucket: Callable[[], None]) -> Iterator[None]:
    """Turn obstore's errors into the port's."""
    try:
        yield
    except (BaseError, FileNotFoundError) as error:
        # The first part is for people; obstore's trace of the error comes after it.
        text = str(error).partition("\n\nDebug source:")[0][:_SHOWN_CHARACTERS]
        if _NO_BUCKET.search(text):
            on_missing_bucket()
            raise unavailable(store, "its bucket does not exist", text) from error
        if isinstance(error, FileNotFoundError):
            raise MissingObjectError("There is no such file.") from error
        if _FULL.search(text):
            raise StoreFullError("The artifact store has no room left.") from error
        raise unavailable(store, _reason(error, text), text) from error


def _reason(error: Exception, text: str) -> str:
    if isinstance(error, PermissionDeniedError | UnauthenticatedError) or _REFUSED.search(text):
        return "it refuses the server's credentials"
    if isinstance(error, PreconditionError):
        return "a file was replaced while it was read"
    return "it did not answer as it should"
