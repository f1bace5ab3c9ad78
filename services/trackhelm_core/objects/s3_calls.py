"""Calls of the MinIO SDK, which is synchronous, and what is said of a bucket that does not answer them."""

from collections.abc import Callable
from http import HTTPStatus
from typing import Final, TypeVar, TypeVarTuple, Unpack
from xml.etree.ElementTree import ParseError

import urllib3
from anyio import CapacityLimiter, to_thread
from minio.error import MinioException

from trackhelm_core.objects.budget import Budget
from trackhelm_core.objects.remote_faults import unavailable
from trackhelm_core.objects.store import StoreUnavailableError

Args = TypeVarTuple("Args")
Result = TypeVar("Result")

_AT_ONCE: Final = 16
_REFUSED: Final = frozenset({HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN})


class S3Calls:
    """Threads for the calls to a bucket alone: a store that hangs takes none that metadata is served from.

    `seconds` is how long one waits for its turn.
    """

    def __init__(self, bucket: str, seconds: float) -> None:
        self._bucket = bucket
        self._patience = seconds
        self._turns = Budget(_AT_ONCE)
        self._limiter = CapacityLimiter(_AT_ONCE)

    async def run(self, call: Callable[[Unpack[Args]], Result], *args: *Args) -> Result:
        """Make a call in a thread: a signature may need credentials, which are fetched then.

        Raises `StoreUnavailableError`, and what the call raises of the port's errors and `FileNotFoundError`.
        """
        try:
            async with self._turns.share(1, self._patience):
                return await to_thread.run_sync(call, *args, limiter=self._limiter)
        except FileNotFoundError:
            raise
        except (MinioException, urllib3.exceptions.HTTPError, OSError, ValueError, ParseError) as error:
            # Among them TimeoutError, of who waits too long for a turn.
            raise unavailable(self._bucket, "it could not be asked", str(error)) from error

    def unexpected(self, status: int, answer: str) -> StoreUnavailableError:
        """Return the error to raise for an answer that makes no sense here."""
        reason = (
            "it refuses the server's credentials" if status in _REFUSED else "it did not answer as it should"
        )
        return unavailable(self._bucket, reason, f"{status} {answer}")
