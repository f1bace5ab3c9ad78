"""HTTP to one server over one connection that is kept. Says which failures pass by themselves.

Credentials and certificates are those of the stock client: `MLFLOW_TRACKING_TOKEN`, `_USERNAME`, `_PASSWORD`,
`_INSECURE_TLS`, `_SERVER_CERT_PATH`, `_CLIENT_CERT_PATH`, each also as `TRACKHELM_…`, which is looked at
first.
"""

import base64
import http.client
import json
import os
import ssl
import time
from collections.abc import Mapping
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from typing import Any, Final
from urllib.parse import unquote, urlsplit

from trackhelm import __version__

TIMEOUT_SECONDS: Final = 60.0
CONNECT_SECONDS: Final = 5.0
LONGEST_ANSWER: Final = 64 * 1024 * 1024

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


@dataclass(frozen=True, slots=True)
class _Address:
    is_secure: bool
    host: str
    port: int | None
    base: str
    credentials: str | None


def variable(name: str, environment: Mapping[str, str] | None = None) -> str | None:
    """Return `TRACKHELM_` + name, or `MLFLOW_` + name, from the environment."""
    found = os.environ if environment is None else environment
    return found.get(f"TRACKHELM_{name}") or found.get(f"MLFLOW_{name}")


def _address(uri: str) -> _Address:
    parts = urlsplit(uri)
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise ValueError(f"{uri!r} is not the address of a server: it must begin with http:// or https://")
    credentials = None
    if parts.username is not None:
        credentials = f"{unquote(parts.username)}:{unquote(parts.password or '')}"
    return _Address(parts.scheme == "https", parts.hostname, parts.port, parts.path.rstrip("/"), credentials)


class Transport:
    """A connection to a server, for one thread. It is opened when it is needed, and again after a failure."""

    def __init__(self, uri: str) -> None:
        """Take the server's address; raises `ValueError` if it is none."""
        self.uri: Final = uri
        self._address: Final = _address(uri)
        self._connection: http.client.HTTPConnection | None = None
        self._opener = os.getpid()

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
        if authorization := self._authorization():
            headers["Authorization"] = authorization
        status, answer, after = self._send(method, self._address.base + path, body, headers)
        return _understood(status, answer, after, f"{method} {self.uri}{path}")

    def close(self) -> None:
        """Close the connection; a later call opens it again."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _send(
        self, method: str, path: str, body: bytes | None, headers: dict[str, str]
    ) -> tuple[int, bytes, float | None]:
        # A server closes connections that were quiet: then the first failure says nothing of it.
        for is_last in (self._connection is None, True):
            try:
                connection = self._connection or self._connect()
                connection.request(method, path, body, headers)
                response = connection.getresponse()
                answer = response.read(LONGEST_ANSWER)
                return response.status, answer, _retry_after(response.getheader("Retry-After"))
            except (http.client.HTTPException, OSError) as error:  # noqa: PERF203 - twice at most
                self.close()
                if is_last or isinstance(error, TimeoutError):
                    what = str(error) or type(error).__name__
                    raise UnavailableError(f"{self.uri} cannot be reached: {what}") from error
        raise AssertionError("the last attempt returns or raises")

    def _connect(self) -> http.client.HTTPConnection:
        address = self._address
        if address.is_secure:
            self._connection = http.client.HTTPSConnection(
                address.host, address.port, timeout=CONNECT_SECONDS, context=_tls()
            )
        else:
            self._connection = http.client.HTTPConnection(address.host, address.port, timeout=CONNECT_SECONDS)
        self._connection.connect()
        self._connection.sock.settimeout(TIMEOUT_SECONDS)
        return self._connection

    def _authorization(self) -> str | None:
        credentials = self._address.credentials
        if credentials is None:
            if token := variable("TRACKING_TOKEN"):
                return f"Bearer {token}"
            user, password = variable("TRACKING_USERNAME"), variable("TRACKING_PASSWORD")
            if user is None or password is None:
                return None
            credentials = f"{user}:{password}"
        return f"Basic {base64.b64encode(credentials.encode()).decode()}"


def _tls() -> ssl.SSLContext:
    context = ssl.create_default_context(cafile=variable("TRACKING_SERVER_CERT_PATH"))
    if (variable("TRACKING_INSECURE_TLS") or "").lower() in {"true", "1"}:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    if certificate := variable("TRACKING_CLIENT_CERT_PATH"):
        context.load_cert_chain(certificate)
    return context


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
