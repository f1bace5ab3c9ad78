"""Requests of the uploader to its server, and which failures pass by themselves.

Connections, credentials and certificates are those of `trackhelm.rest`. It does not try again by itself:
what is to be sent is on the disk, and the uploader decides when to send it again.
"""

import json
import time
from collections.abc import Mapping
from email.utils import parsedate_to_datetime
from typing import Any, Final
from urllib.parse import urlsplit, urlunsplit

from trackhelm import __version__
from trackhelm.rest.connections import NoAnswerError, close_idle, exchange
from trackhelm.rest.credentials import authorization

TIMEOUT_SECONDS: Final = 60.0
CONNECT_SECONDS: Final = 5.0

_PASSING: Final = frozenset({408, 425, 429, 500, 502, 503, 504})
"""Statuses after which the same request may succeed later."""

_FIRST_FAILURE: Final = 400
_UNAUTHENTICATED: Final = 401
_INTERNAL_ERROR: Final = 500


class UnavailableError(Exception):
    """The request may succeed later: the server is away, busy, or does not know who we are."""

    def __init__(self, reason: str, *, after: float | None = None, status: int | None = None) -> None:
        super().__init__(reason)
        self.after = after
        """Seconds after which the server wants to be asked again, None if it did not say."""
        self.status = status

    @property
    def is_internal(self) -> bool:
        """Whether the server failed, which may be because of what it was sent."""
        return self.status == _INTERNAL_ERROR


class RefusedError(Exception):
    """The server says what is wrong with the request; it would refuse it again."""

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        """MLflow's error code, such as `RESOURCE_DOES_NOT_EXIST`."""


class Transport:
    """The way to a server, for one thread."""

    def __init__(self, uri: str) -> None:
        """Take the server's address; raises `ValueError` if it is none."""
        parts = urlsplit(uri)
        if parts.scheme not in {"http", "https"} or not parts.hostname:
            raise ValueError(
                f"{uri!r} is not the address of a server: it must begin with http:// or https://"
            )
        self.uri: Final = uri
        host = parts.netloc.rpartition("@")[2]
        self._base: Final = urlunsplit((parts.scheme, host, parts.path.rstrip("/"), "", ""))

    def get(self, path: str) -> dict[str, Any]:
        """Return the object that a GET answers; see `call`."""
        return self.call("GET", path)

    def post(self, path: str, message: Mapping[str, object]) -> dict[str, Any]:
        """Return the object that a POST of a JSON message answers; see `call`."""
        return self.call("POST", path, json.dumps(message).encode(), "application/json")

    def call(
        self, method: str, path: str, body: bytes | None = None, content_type: str | None = None
    ) -> dict[str, Any]:
        """Send a request and return the object of its answer.

        Raises:
            UnavailableError: It may succeed later.
            RefusedError: It would be refused again.
        """
        headers = {"User-Agent": f"trackhelm/{__version__}", "Accept": "application/json"}
        if content_type is not None:
            headers["Content-Type"] = content_type
        if who := authorization(self.uri):
            headers["Authorization"] = who
        try:
            answer = exchange(
                method,
                self._base + path,
                headers,
                body,
                timeout=TIMEOUT_SECONDS,
                connect_timeout=CONNECT_SECONDS,
            )
            content = answer.read()
        except NoAnswerError as error:
            raise UnavailableError(f"{self._base} cannot be reached: {error}") from error
        after = _retry_after(answer.headers.get("Retry-After"))
        return _understood(answer.status, content, after, f"{method} {self._base}{path}")

    def close(self) -> None:
        """Close the connections that nobody uses; a later call opens one."""
        close_idle()


def _retry_after(header: str | None) -> float | None:
    if header is None:
        return None
    if header.strip().isdigit():
        return float(header)
    try:
        return max(0.0, parsedate_to_datetime(header).timestamp() - time.time())
    except ValueError:
        return None


def _understood(status: int, answer: bytes, after: float | None, request: str) -> dict[str, Any]:
    found: Any = None
    try:
        found = json.loads(answer) if answer else {}
    except ValueError:
        found = None
    is_object = isinstance(found, dict)
    if status < _FIRST_FAILURE and is_object:
        return dict(found)
    said = found.get("message") if is_object else None
    reason = f"{request} was answered {status}: {said or answer[:200].decode(errors='replace')}"
    code = found.get("error_code") if is_object else None
    if status in _PASSING or status == _UNAUTHENTICATED:
        raise UnavailableError(reason, after=after, status=status)
    if not isinstance(code, str):
        # Not an answer of the server: a proxy before it, or a page of something else.
        raise UnavailableError(reason, status=status)
    raise RefusedError(status, code, str(said))
