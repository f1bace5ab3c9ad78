"""Bodies as they come in: how much of one is read, and what is said of one that ends too early."""

from collections.abc import AsyncIterator

from starlette.requests import ClientDisconnect, Request
from starlette.types import Receive

from trackhelm_core.errors import ApiError, ErrorCode, InvalidParameterError

_TOO_LARGE = 413


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


async def whole_body(request: Request, limit: int) -> bytes:
    """Return a body of at most `limit` bytes; of a larger one no more than that is ever held."""
    _check_size(announced_length(request) or 0, limit)
    return await read_whole(request.receive, limit)


async def read_whole(receive: Receive, limit: int) -> bytes:
    """Return what a connection sends as a body; otherwise as `whole_body`."""
    chunks: list[bytes] = []
    size = 0
    more = True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise _cut_short()
        chunk = message.get("body", b"")
        size += len(chunk)
        _check_size(size, limit)
        chunks.append(chunk)
        more = message.get("more_body", False)
    return chunks[0] if len(chunks) == 1 else b"".join(chunks)


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
