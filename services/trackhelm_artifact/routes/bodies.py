"""Bodies of uploads, as they come in."""

from collections.abc import AsyncIterator

from fastapi import Request
from starlette.requests import ClientDisconnect

from trackhelm_core.errors import ApiError, ErrorCode, InvalidParameterError


async def body_of(request: Request) -> AsyncIterator[bytes]:
    """Yield a request's body; raises when the connection ends before it does."""
    try:
        async for chunk in request.stream():
            yield chunk
    except ClientDisconnect as error:
        raise ApiError(
            ErrorCode.BAD_REQUEST, "The connection was closed before the whole file came: it was not stored."
        ) from error


def announced_length(request: Request) -> int | None:
    """Return the body's length in bytes as its header announces it, None if it does not."""
    header = request.headers.get("content-length")
    if header is None:
        return None
    if not (header.isascii() and header.isdigit() and len(header) <= 18):  # noqa: PLR2004 - as of 64 bits
        raise InvalidParameterError(f"Invalid Content-Length {header[:40]!r}: a whole number is expected.")
    return int(header)
