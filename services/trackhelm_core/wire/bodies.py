"""Request bodies: how much of one is read, and how much memory all that a process holds may take.

Files are streamed, and not held: `body_of` yields their blocks as they come.
"""

from collections.abc import AsyncIterator
from typing import Final

from fastapi import Request
from prometheus_client import CollectorRegistry, Gauge
from starlette.requests import ClientDisconnect

from trackhelm_core.errors import ApiError, ErrorCode, InvalidParameterError, UnavailableError

MEBIBYTE: Final = 1024 * 1024

_TOO_LARGE: Final = 413


class BodyMemory:
    """What a process holds of request bodies, and may hold. It is used on the event loop alone."""

    def __init__(self, limit: int, registry: CollectorRegistry | None = None) -> None:
        self._limit = limit
        self._held = 0
        gauge = Gauge("trackhelm_http_body_bytes", "Bytes of request bodies in memory.", registry=registry)
        gauge.set_function(lambda: self._held)

    def check(self, more: int) -> None:
        """Raise `UnavailableError` if so many bytes more are not to be held."""
        if self._held + more > self._limit:
            raise UnavailableError(
                f"The bodies of all requests may take {self._limit // MEBIBYTE} MiB of the server's memory, "
                "and with this one they would take more. Send the request again."
            )

    def change(self, size: int) -> None:
        """Note that so many bytes more are held, or fewer."""
        self._held += size


class HeldBody:
    """What of one request's body is held, until it is released."""

    def __init__(self, memory: BodyMemory) -> None:
        self._memory = memory
        self._size = 0

    async def read(self, request: Request, limit: int) -> bytes:
        """Return a body of at most `limit` bytes; of a larger one no more than that is ever held.

        A body for which there is no memory now is refused: before any of it is read if it is announced.
        What comes is counted, so that whoever announces much and sends nothing takes no memory from others.
        """
        announced = announced_length(request) or 0
        _check_size(announced, limit)
        self._memory.check(announced)
        chunks: list[bytes] = []
        more = True
        while more:
            message = await request.receive()
            if message["type"] == "http.disconnect":
                raise _cut_short()
            chunk = message.get("body", b"")
            _check_size(self._size + len(chunk), limit)
            self._memory.check(len(chunk))
            self._memory.change(len(chunk))
            self._size += len(chunk)
            chunks.append(chunk)
            more = message.get("more_body", False)
        return chunks[0] if len(chunks) == 1 else b"".join(chunks)

    def release(self) -> None:
        """Note that the body is used no more."""
        self._memory.change(-self._size)
        self._size = 0


async def body_of(request: Request) -> AsyncIterator[bytes]:
    """Yield a request's body; raises when the connection ends before it does."""
    try:
        async for chunk in request.stream():
            yield chunk
    except ClientDisconnect as error:
        raise _cut_short() from error


def announced_length(request: Request) -> int | None:
    """Return the body's length in bytes as its header announces it, None if it does not."""
    header = request.headers.get("content-length")
    if header is None:
        return None
    if not (header.isascii() and header.isdigit() and len(header) <= 18):  # noqa: PLR2004 - as of 64 bits
        raise InvalidParameterError(f"Invalid Content-Length {header[:40]!r}: a whole number is expected.")
    return int(header)


def _check_size(size: int, limit: int) -> None:
    if size > limit:
        # Not 429 or 5xx: the stock client would send it again.
        raise ApiError(
            ErrorCode.INVALID_PARAMETER_VALUE,
            f"The request body is too large: at most {limit} bytes are allowed. Please split it up.",
            status=_TOO_LARGE,
        )


def _cut_short() -> ApiError:
    return ApiError(
        ErrorCode.BAD_REQUEST, "The connection was closed before the whole body came: it was not stored."
    )
