"""Extends uvicorn's HTTP/1.1: limits of heads and slow senders, MLflow's errors, upgrades, joined writes.

uvicorn accepts headers of any size but URLs of 64 KiB at most, answers requests that it cannot parse with
plain text, waits for ever for the rest of a request, loses the body of a request that offers another
protocol (`Upgrade: h2c`, as Java and curl send it), and sends the head and the body of an answer in two
packets. Only requests that never reach an application, or never
come to an end, are refused here; the meaning of a request is not examined.
"""

import asyncio
from collections.abc import Callable
from enum import Enum, auto
from typing import Final

import httptools
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol, RequestResponseCycle

from trackhelm_core.errors import ApiError, ErrorCode, UnavailableError
from trackhelm_core.limits import REQUEST_HEADERS_BYTES, REQUEST_TARGET_BYTES
from trackhelm_core.problems import problem
from trackhelm_core.telemetry.requests import new_request_id, with_own_headers

# The limit of the URL parser. No path of the API comes near it, but queries do.
_PATH_BYTES: Final = 65_535

# If a connection is closed while the client still sends, it is reset, and the client never reads the answer.
_LINGER_SECONDS: Final = 5

# A request of which fewer bytes arrive in this time is refused, and a connection without any is closed: a
# client that sends a byte a minute would hold a connection and memory for ever. A file of which more arrives
# may take as long as it needs.
PROGRESS_SECONDS: Final = 60.0
PROGRESS_BYTES: Final = 1024

# Answered beyond the limit of connections, too: otherwise a probe would fail because the server is busy.
_PROBES: Final = frozenset({b"/health", b"/ready"})

_FRAMING: Final = frozenset({b"content-length", b"transfer-encoding"})

_URI_TOO_LONG: Final = 414
_HEADERS_TOO_LARGE: Final = 431
_TIMEOUT: Final = 408


class _Reading(Enum):
    """The part of a request that is read next."""

    BEGIN = auto()
    HEAD = auto()
    BODY = auto()


def _too_long(what: str, limit: int) -> ApiError:
    return ApiError(
        ErrorCode.BAD_REQUEST,
        f"The request's {what} is longer than {limit} bytes. Send a long filter in parts, or in a body where "
        "the endpoint takes POST.",
        status=_URI_TOO_LONG,
    )


def _too_large_headers() -> ApiError:
    return ApiError(
        ErrorCode.BAD_REQUEST,
        f"The request's headers are larger than {REQUEST_HEADERS_BYTES} bytes together.",
        status=_HEADERS_TOO_LARGE,
    )


def _too_slow() -> ApiError:
    # The stock client sends a request again that is answered with this status.
    return ApiError(
        ErrorCode.BAD_REQUEST,
        f"The request came too slowly: less than {PROGRESS_BYTES} bytes of it in {PROGRESS_SECONDS:g} s. It "
        "was not stored. Send it again.",
        status=_TIMEOUT,
    )


def _refusal(error: httptools.HttpParserError) -> ApiError:
    """Return the error for a request that could not be parsed."""
    if isinstance(error.__context__, ApiError):
        return error.__context__
    # An error raised in uvicorn's callbacks is about the URL, which may be long and secret.
    reason = "its address is malformed" if error.__context__ else f"{error}".rstrip(".") or "it is malformed"
    return ApiError(ErrorCode.BAD_REQUEST, f"The request is not valid HTTP/1.1: {reason}.")


class JoinedWrites(asyncio.Transport):
    """A transport that sends the head of an answer together with the beginning of its body.

    uvicorn writes the two one after the other, and uvloop sends each at once: two system calls here, two
    packets, two more of each in a gateway, and two wake-ups of the client. A write waits for the next one,
    until the event loop has run what is ready at most, so that a stream's head does not wait for its body.
    """

    def __init__(
        self, transport: asyncio.Transport, call_soon: Callable[[Callable[[], None]], object]
    ) -> None:
        super().__init__()
        self._transport = transport
        self._call_soon = call_soon
        self._waiting: bytes | None = None

    def write(self, data: bytes | bytearray | memoryview) -> None:
        """Send data, with the write before it if that one still waits."""
        if self._waiting is not None:
            first, self._waiting = self._waiting, None
            self._transport.writelines([first, data])
        elif data:
            self._waiting = bytes(data)
            self._call_soon(self._send)

    def _send(self) -> None:
        if self._waiting is not None:
            data, self._waiting = self._waiting, None
            self._transport.write(data)

    def close(self) -> None:
        """Close the connection after all that was written has been sent."""
        self._send()
        self._transport.close()

    def write_eof(self) -> None:
        """End the direction to the client after all that was written."""
        self._send()
        self._transport.write_eof()

    def can_write_eof(self) -> bool:
        """Return whether the transport can end one direction alone."""
        return self._transport.can_write_eof()

    def is_closing(self) -> bool:
        """Return whether the connection is closed or being closed."""
        return self._transport.is_closing()


class BoundedProtocol(HttpToolsProtocol):
    """One connection."""

    _reading = _Reading.BEGIN
    _head_bytes = 0
    """Bytes of a head that came before the block that is being read."""
    _block_bytes = 0
    _address_bytes = 0
    _is_refused = False
    _declines_upgrade = False
    _lingering: asyncio.TimerHandle | None = None
    _is_beyond_limit = False
    _progress_check: asyncio.TimerHandle | None = None
    _came = 0
    """Bytes since the check of progress was set."""
    _was_held_up = False
    """Whether it was this server that kept the request from coming when the check was set."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Accept a connection. One beyond the limit is refused when its request has come, or closed."""
        super().connection_made(transport)
        # uvicorn's flow control keeps the transport itself.
        self.transport: asyncio.Transport = JoinedWrites(transport, self.loop.call_soon)
        self._watch_progress()
        # uvicorn itself would answer with plain text.
        most, self.limit_concurrency = self.limit_concurrency, None
        self._most_connections = most
        if most is not None and len(self.connections) > most:
            self._is_beyond_limit = True
            self.connections.discard(self)
            self._lingering = self.loop.call_later(_LINGER_SECONDS, self.transport.close)

    def data_received(self, data: bytes) -> None:
        """Parse a block of data."""
        if self._is_refused:
            return
        self._unset_keepalive_if_required()
        if self._reading is _Reading.BEGIN:
            self._stop_watching()
        self._came += len(data)
        self._block_bytes = len(data)
        try:
            self._feed(data)
        except httptools.HttpParserError as error:
            self._refuse(_refusal(error))
        else:
            if self._reading is _Reading.HEAD:
                self._head_bytes += len(data)
                self._check_open_head()
            # Most requests come in one block, and need no timer.
            if self._reading is not _Reading.BEGIN and self._progress_check is None:
                self._watch_progress()

    def _feed(self, data: bytes) -> None:
        try:
            self.parser.feed_data(data)
        except httptools.HttpParserUpgrade as pause:
            self._decline_upgrade()
            (begin,) = pause.args
            self._feed(data[begin:])

    def _decline_upgrade(self) -> None:
        """Continue with HTTP/1.1: the parser takes the upgrade as accepted, and the body as missing."""
        self.cycle.more_body = True
        framing = [b"%s: %s\r\n" % header for header in self.headers if header[0] in _FRAMING]
        kept, self.headers = self.headers, []
        self._declines_upgrade = True
        self.parser = httptools.HttpRequestParser(self)
        self.parser.set_dangerous_leniencies(lenient_data_after_close=True)
        self._reading = _Reading.BODY
        self.parser.feed_data(b"".join([b"POST / HTTP/1.1\r\n", *framing, b"\r\n"]))
        self._declines_upgrade = False
        self.headers = kept

    def connection_lost(self, exc: Exception | None) -> None:
        """Handle the end of the connection."""
        self._stop_lingering()
        self._stop_watching()
        super().connection_lost(exc)

    def _stop_lingering(self) -> None:
        if self._lingering:
            self._lingering.cancel()

    def _watch_progress(self) -> None:
        self._came = 0
        self._progress_check = self.loop.call_later(PROGRESS_SECONDS, self._check_progress)

    def _stop_watching(self) -> None:
        self._was_held_up = False
        if self._progress_check is not None:
            self._progress_check.cancel()
            self._progress_check = None

    def _check_progress(self) -> None:
        """Refuse a request that makes no progress, unless this server is the one that is waited for."""
        self._progress_check = None
        if self._is_refused or self.transport.is_closing():
            return
        cycle: RequestResponseCycle | None = self.cycle
        if self._reading is _Reading.BEGIN:
            if cycle is None:
                self.transport.close()
            return
        # It is not read while much of it waits to be processed; and some senders wait for "100 Continue".
        is_held_up = self.flow.read_paused or (
            self._reading is _Reading.BODY and cycle is not None and cycle.waiting_for_100_continue
        )
        if is_held_up or self._was_held_up or self._came >= PROGRESS_BYTES:
            self._was_held_up = is_held_up
            self._watch_progress()
        else:
            self._refuse(_too_slow())

    def on_message_begin(self) -> None:
        """Begin a request."""
        if self._declines_upgrade:
            return
        self._reading = _Reading.HEAD
        self._head_bytes = self._address_bytes = 0
        self._address: list[bytes] = []
        super().on_message_begin()

    def on_url(self, url: bytes) -> None:
        """Add a part of the URL."""
        if self._declines_upgrade:
            return
        self._address.append(url)
        self._address_bytes += len(url)

    def on_headers_complete(self) -> None:
        """Start the request, unless its head is too large."""
        if self._declines_upgrade:
            return
        if self._is_beyond_limit and b"".join(self._address) not in _PROBES:
            raise UnavailableError(
                f"The server has {self._most_connections} connections open, and serves no more at once. "
                "Send the request again."
            )
        if self._address_bytes > REQUEST_TARGET_BYTES:
            raise _too_long("address", REQUEST_TARGET_BYTES)
        # If all bytes read so far are within the limit, the headers need not be counted.
        if self._head_bytes + self._block_bytes > REQUEST_HEADERS_BYTES:
            size = sum(len(name) + len(value) for name, value in self.headers)
            if size > REQUEST_HEADERS_BYTES:
                raise _too_large_headers()
        self.url = b"".join(self._address)
        if self._address_bytes <= _PATH_BYTES:
            super().on_headers_complete()
        else:
            self.url, _, rest = self.url.partition(b"?")
            if len(self.url) > _PATH_BYTES:
                raise _too_long("path", _PATH_BYTES)
            super().on_headers_complete()
            # The request's task exists by now, but has not started.
            self.scope["query_string"] = rest.partition(b"#")[0]
        self._reading = _Reading.BODY
        if self._is_beyond_limit:
            self.cycle.keep_alive = False
            self._stop_lingering()

    def on_message_complete(self) -> None:
        """End a request's body."""
        self._reading = _Reading.BEGIN
        self._stop_watching()
        super().on_message_complete()

    def _check_open_head(self) -> None:
        """Refuse a head that is too large while it is still being read."""
        if self._address_bytes > REQUEST_TARGET_BYTES:
            self._refuse(_too_long("address", REQUEST_TARGET_BYTES))
        elif self._head_bytes - self._address_bytes > REQUEST_HEADERS_BYTES:
            self._refuse(_too_large_headers())

    def _refuse(self, error: ApiError) -> None:
        """Answer with an error if an answer is still possible, and stop reading."""
        self._is_refused = True
        cycle: RequestResponseCycle | None = self.cycle
        if cycle is None or (cycle.response_complete and self._reading is not _Reading.BODY):
            self._answer(error)
        elif self._reading is not _Reading.BODY:
            # Requests before this one are still being answered: the connection is closed after the last of
            # them.
            cycle.keep_alive = False
        elif self.pipeline or cycle.response_started:
            self.transport.close()
        else:
            # The application waits for a body that will not come: it gets a disconnect, and its answer is
            # dropped.
            cycle.disconnected = True
            cycle.message_event.set()
            self._answer(error)

    def _answer(self, error: ApiError) -> None:
        request_id = new_request_id()
        self.logger.warning("Refused a request as %s: %s", request_id, error.message)
        response = problem(error)
        lines = [STATUS_LINE[error.status]]
        headers = [*with_own_headers(response.raw_headers, request_id), (b"connection", b"close")]
        lines += [b"%s: %s\r\n" % header for header in headers]
        self.transport.write(b"".join([*lines, b"\r\n", bytes(response.body)]))
        self.flow.resume_reading()
        if self.transport.can_write_eof():
            self.transport.write_eof()
        self._stop_lingering()
        self._lingering = self.loop.call_later(_LINGER_SECONDS, self.transport.close)

    def send_400_response(self, msg: str) -> None:
        """Answer in MLflow's form where uvicorn itself refuses a request."""
        self._refuse(ApiError(ErrorCode.BAD_REQUEST, msg))
