"""Answers that carry a file: whole, in part, or only its description; sent as the store is read."""

from email.utils import formatdate
from http import HTTPStatus

from fastapi import Request, Response
from starlette.responses import StreamingResponse
from starlette.types import Receive, Scope, Send

from trackhelm_artifact.files.logic import (
    Span,
    UnsatisfiableRangeError,
    asked_span,
    attachment,
    is_known,
    media_type,
)
from trackhelm_artifact.objects.store import OpenObject, StoreUnavailableError
from trackhelm_core.errors import ApiError, ErrorCode
from trackhelm_core.problems import problem


class StoreResponse(StreamingResponse):
    """Sends what the store gives; where it fails to give the end, the answer is cut."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send; an answer that is cut has no end, so that nobody takes it for whole."""
        try:
            await super().__call__(scope, receive, send)
        except StoreUnavailableError:
            # Too late for a status. The store's failure is logged, and the HTTP server closes the connection.
            return


class ObjectResponse(StoreResponse):
    """Sends a part of a file and lets go of it, also when the client goes first."""

    def __init__(self, opened: OpenObject, span: Span, status: HTTPStatus, headers: dict[str, str]) -> None:
        super().__init__(opened.blocks(span.start, span.stop), status_code=status, headers=headers)
        self._opened = opened

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send, and close the file."""
        try:
            await super().__call__(scope, receive, send)
        finally:
            self._opened.close()


def asks_for_all(request: Request) -> bool:
    """Return whether a request is for a whole file, as far as that shows before the file is known."""
    conditions = {"range", "if-none-match", "if-modified-since"}
    return request.method == "GET" and conditions.isdisjoint(request.headers)


def file_response(request: Request, opened: OpenObject, name: str) -> Response:
    """Return the answer that carries an open file; it owns the file from here on."""
    headers = {
        "ETag": f'"{opened.etag}"',
        "Last-Modified": formatdate(opened.modified, usegmt=True),
        "Accept-Ranges": "bytes",
        # A file may be replaced at any time: browsers ask again, with the ETag.
        "Cache-Control": "no-cache",
    }
    versions, time = request.headers.get("if-none-match"), request.headers.get("if-modified-since")
    if is_known(versions, time, opened.etag, opened.modified):
        opened.close()
        return Response(status_code=HTTPStatus.NOT_MODIFIED, headers=headers)
    try:
        part = asked_span(_range_header(request, headers), opened.size)
    except UnsatisfiableRangeError:
        opened.close()
        return _unsatisfiable(request, opened.size)
    span = part or Span(0, opened.size)
    headers |= {
        "Content-Type": media_type(name),
        "Content-Length": str(span.stop - span.start),
        "Content-Disposition": attachment(name),
        # Should a browser show it in spite of all: as a page of no origin, without scripts.
        "Content-Security-Policy": "sandbox; default-src 'none'",
    }
    status = HTTPStatus.OK
    if part:
        status = HTTPStatus.PARTIAL_CONTENT
        headers["Content-Range"] = f"bytes {span.start}-{span.stop - 1}/{opened.size}"
    if request.method == "HEAD":
        span = Span(0, 0)
    return ObjectResponse(opened, span, status, headers)


def _range_header(request: Request, headers: dict[str, str]) -> str | None:
    """Return the range that is asked for, unless it is of another version of the file than this."""
    condition = request.headers.get("if-range")
    if condition not in {None, headers["ETag"], headers["Last-Modified"]}:
        return None
    return request.headers.get("range")


def _unsatisfiable(request: Request, size: int) -> Response:
    response = problem(
        ApiError(
            ErrorCode.BAD_REQUEST,
            f"The range {request.headers['range'][:100]!r} holds no byte of the file, which has {size}.",
            status=HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE,
        )
    )
    response.headers["Content-Range"] = f"bytes */{size}"
    return response
