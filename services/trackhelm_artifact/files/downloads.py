"""Answers that carry a whole file, a range of it, or its headers only, streamed from the store."""

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
    """Streams what the store yields; if the store fails midway, the answer is cut off."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send; an answer that is cut off stays without its end, so that no client takes it for complete."""
        try:
            await super().__call__(scope, receive, send)
        except StoreUnavailableError:
            # It is too late for a status code. The store's failure is logged, and the HTTP server closes the
            # connection.
            return


class ObjectResponse(StoreResponse):
    """Sends a range of a file and closes the file, also when the client disconnects first."""

    def __init__(self, opened: OpenObject, span: Span, status: HTTPStatus, headers: dict[str, str]) -> None:
        super().__init__(opened.blocks(span.start, span.stop), status_code=status, headers=headers)
        self._opened = opened

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send the answer, then close the file."""
        try:
            await super().__call__(scope, receive, send)
        finally:
            self._opened.close()


def asks_for_all(request: Request) -> bool:
    """Return whether a request asks for a whole file, as far as its headers alone can say."""
    conditions = {"range", "if-none-match", "if-modified-since"}
    return request.method == "GET" and conditions.isdisjoint(request.headers)


def file_response(request: Request, opened: OpenObject, name: str) -> Response:
    """Return the answer that carries an open file; the answer closes the file."""
    headers = {
        "ETag": f'"{opened.etag}"',
        "Last-Modified": formatdate(opened.modified, usegmt=True),
        "Accept-Ranges": "bytes",
        # A file may be replaced at any time, so browsers revalidate with the ETag.
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
        # If a browser displays the file all the same, it does so as a page without an origin and without
        # scripts.
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
    """Return the range that is asked for, unless `If-Range` names another version of the file."""
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
