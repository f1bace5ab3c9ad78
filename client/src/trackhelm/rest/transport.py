"""Calls of a tracking server's API: JSON there and back, tried again while that may help.

Every call is tried again after 408, 429, 500, 502, 503 and 504 and after a broken connection, as MLflow's
client does: a server's writes bear it, since the same write sent again is the same. A `Retry-After` is
heeded. `attempt` is for the uploader, which tries again by itself: what it sends is on the disk.
"""

import json
import math
import random
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import IO, Any, Final
from urllib.parse import quote, urlencode, urlsplit, urlunsplit

from trackhelm import __version__, environment
from trackhelm.exceptions import (
    MlflowException,
    RestException,
    ServerAwayException,
    code_of_status,
    is_away,
)
from trackhelm.rest.connections import Answer, NoAnswerError, exchange
from trackhelm.rest.credentials import authorization

API: Final = "/api/2.0/mlflow/"
API_3: Final = "/api/3.0/mlflow/"
OWN_API: Final = "/api/2.0/trackhelm/"

_OK: Final = 200
_NO_CONTENT: Final = 204
_FIRST_FAILURE: Final = 400
_INTERNAL_ERROR: Final = 500
_TRY_AGAIN: Final = frozenset({408, 429, 500, 502, 503, 504})
_LATER: Final = _TRY_AGAIN | {401, 425}
"""Statuses after which an attempt may succeed later: credentials may be renewed, too."""
_LONGEST_WAIT_SECONDS: Final = 120.0
_AWAY_SECONDS: Final = 5.0
_ONCE_SECONDS: Final = 10.0
_INFO_SECONDS: Final = 3.0
_ATTEMPT_SECONDS: Final = 60.0
_CONNECT_SECONDS: Final = 5.0


class UnavailableError(Exception):
    """An attempt may succeed later: the server is away, busy, or does not know who we are."""

    def __init__(self, reason: str, *, after: float | None = None, status: int | None = None) -> None:
        super().__init__(reason)
        self.after = after
        """Seconds after which the server wants to be asked again, None if it did not say."""
        self.status = status

    @property
    def is_internal(self) -> bool:
        """Whether the server failed, which may be because of what it was sent."""
        return self.status == _INTERNAL_ERROR


class Transport:
    """The way to one server. It may be shared by threads, and used by a forked child.

    Args:
        uri: The server's address, `http(s)://[user:password@]host[:port][/prefix]`.
        is_anonymous: Send no credentials, whatever there are.
    """

    def __init__(self, uri: str, *, is_anonymous: bool = False) -> None:
        self._is_anonymous = is_anonymous
        parts = urlsplit(uri.strip())
        if parts.scheme not in {"http", "https"} or not parts.hostname:
            raise MlflowException.invalid_parameter_value(
                f"The tracking URI {uri!r} is no address of a server: expected http:// or https://"
            )
        self.uri = uri.strip().rstrip("/")
        host = parts.netloc.rpartition("@")[2]
        self.base = urlunsplit((parts.scheme, host, parts.path.rstrip("/"), "", ""))
        self._known_info: dict[str, tuple[float, dict[str, Any]]] = {}
        self._no_answer_at: float | None = None

    @property
    def is_away(self) -> bool:
        """Whether the server did not answer a few seconds ago, and has not since."""
        return self._no_answer_at is not None and time.monotonic() - self._no_answer_at < _AWAY_SECONDS

    def call_once(self, method: str, path: str, **arguments: Any) -> dict[str, Any]:
        """Call a path without a second try, and not at all while the server is known to be away.

        For what has another way if there is no answer. The arguments are those of `call`.
        """
        if self.is_away:
            raise ServerAwayException(f"{self.base} did not answer a moment ago")
        return self.call(method, path, retries=0, timeout=_ONCE_SECONDS, **arguments)

    def get(self, endpoint: str, query: Mapping[str, Any] | None = None, **options: Any) -> dict[str, Any]:
        """Call an endpoint below `/api/2.0/mlflow/` by GET."""
        return self.call("GET", API + endpoint, query=query, **options)

    def post(self, endpoint: str, body: Mapping[str, Any], **options: Any) -> dict[str, Any]:
        """Call an endpoint below `/api/2.0/mlflow/` by POST."""
        return self.call("POST", API + endpoint, body=body, **options)

    def call(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, Any] | None = None,
        body: Mapping[str, Any] | None = None,
        retries: int | None = None,
        timeout: float | None = None,
    ) -> dict[str, Any]:
        """Call a path of the server and return the JSON object that it answers.

        Args:
            method: Such as `GET`.
            path: Beginning with a slash, below the server's address.
            query: Arguments in the address; those that are None are left out, lists are repeated.
            body: Arguments in the body; those that are None are left out.
            retries: How often it is tried again (`MLFLOW_HTTP_REQUEST_MAX_RETRIES`, 7).
            timeout: Seconds for an answer to begin (`MLFLOW_HTTP_REQUEST_TIMEOUT`, 120).

        Raises:
            RestException: The server says what is wrong.
            MlflowException: No answer came, or one that is not of the API.
        """
        url = self.base + path
        if query:
            given = {key: _query(value) for key, value in query.items() if value is not None}
            url += "?" + urlencode(given, doseq=True)
        headers = {"Content-Type": "application/json"} if body is not None else {}
        content = None if body is None else encode(body)
        answer = self.send(method, url, headers, content, retries=retries, timeout=timeout)
        content = answer.read()
        if answer.status in {_OK, _NO_CONTENT}:
            return _object(path, content)
        raise refusal(path, answer.status, content)

    def attempt(
        self, method: str, path: str, body: bytes | None = None, content_type: str = "application/json"
    ) -> dict[str, Any]:
        """Call a path once and return the JSON object that it answers.

        Raises:
            UnavailableError: It may succeed later.
            RestException: The server says what is wrong, and would say it again.
        """
        headers = {} if body is None else {"Content-Type": content_type}
        try:
            answer = self.send(
                method,
                self.base + path,
                headers,
                body,
                retries=0,
                timeout=_ATTEMPT_SECONDS,
                connect_timeout=_CONNECT_SECONDS,
            )
            content = answer.read()
        except (ServerAwayException, NoAnswerError) as error:
            reason = error.__cause__ or error
            raise UnavailableError(f"{self.base} cannot be reached: {reason}") from error
        told: Any = None
        with suppress(ValueError):
            told = json.loads(content) if content else {}
        if answer.status < _FIRST_FAILURE and isinstance(told, dict):
            return told
        if answer.status not in _LATER and isinstance(told, dict) and isinstance(told.get("error_code"), str):
            raise RestException(told)
        # Also what is not an answer of the server: a proxy before it, or a page of something else.
        said = told.get("message") if isinstance(told, dict) else None
        raise UnavailableError(
            f"{method} {self.base}{path} was answered {answer.status}: "
            f"{said or content[:200].decode(errors='replace')}",
            after=_seconds(answer.headers.get("Retry-After")),
            status=answer.status,
        )

    def send(
        self,
        method: str,
        url: str,
        headers: Mapping[str, str] | None = None,
        body: bytes | Callable[[], IO[bytes]] | None = None,
        *,
        retries: int | None = None,
        timeout: float | None = None,
        connect_timeout: float | None = None,
    ) -> Answer:
        """Send a request and return the answer of its last try, whatever its status.

        Credentials go only to this server. A body that is a stream is opened for each try by the function
        that is given, and its `Content-Length` is among the headers.

        Raises:
            MlflowException: No answer came.
        """
        sent = {
            "User-Agent": f"trackhelm-python-client/{__version__}",
            "Accept": "*/*",
            **(headers or {}),
        }
        own = url == self.base or url.startswith((self.base + "/", self.base + "?"))
        wait = _Waits(environment.whole("HTTP_REQUEST_MAX_RETRIES", 7) if retries is None else retries)
        seconds = environment.number("HTTP_REQUEST_TIMEOUT", 120) if timeout is None else timeout
        while True:
            if own and not self._is_anonymous and (who := authorization(self.uri)):
                sent["Authorization"] = who
            try:
                if callable(body):
                    with body() as stream:
                        answer = exchange(
                            method, url, sent, stream, timeout=seconds, connect_timeout=connect_timeout
                        )
                else:
                    answer = exchange(
                        method, url, sent, body, timeout=seconds, connect_timeout=connect_timeout
                    )
            except NoAnswerError as error:
                if wait.again(None):
                    continue
                if own:
                    self._no_answer_at = time.monotonic()
                raise ServerAwayException(f"API request to {url} failed with exception {error}") from error
            if own:
                self._no_answer_at = None
            if answer.status in _TRY_AGAIN and wait.may_again:
                answer.read()
                wait.again(answer.headers.get("Retry-After"))
                continue
            return answer

    def server_info(self, max_age_seconds: float = 60.0) -> dict[str, Any]:
        """Return which of MLflow's optional parts the server has; nothing if it does not say.

        The answer is kept for a while.
        """
        return self._info(f"{API_3}server-info", max_age_seconds) or {}

    def takes_run_ids(self) -> bool | None:
        """Return whether runs may be created with ids of clients; None while the server does not answer."""
        found = self._info(f"{OWN_API}server-info", math.inf)
        return None if found is None else bool(found.get("client_run_ids"))

    def _info(self, path: str, max_age_seconds: float) -> dict[str, Any] | None:
        """Return what a server says of itself, nothing if it has no such path, None if it does not answer."""
        now = time.monotonic()
        known = self._known_info.get(path)
        if known is not None and now - known[0] < max_age_seconds:
            return known[1]
        try:
            found = self.call("GET", path, retries=0, timeout=_INFO_SECONDS)
        except MlflowException as error:
            if is_away(error):
                return None
            found = {}
        self._known_info[path] = now, found
        return found


class _Waits:
    """The waits between tries, which grow: 0, 4, 8, 16 … seconds by default, and up to 1 s more."""

    def __init__(self, retries: int) -> None:
        self._left = retries
        self._tried = 0

    @property
    def may_again(self) -> bool:
        return self._left > 0

    def again(self, retry_after: str | None) -> bool:
        """Wait, and return whether there is a further try."""
        if self._left <= 0:
            return False
        self._left -= 1
        self._tried += 1
        factor = environment.number("HTTP_REQUEST_BACKOFF_FACTOR", 2)
        jitter = environment.number("HTTP_REQUEST_BACKOFF_JITTER", 1.0)
        seconds = 0.0 if self._tried == 1 else factor * 2 ** (self._tried - 1)
        if seconds:
            seconds += random.uniform(0, jitter)  # noqa: S311 - no secret
        told = _seconds(retry_after)
        time.sleep(min(seconds if told is None else told, _LONGEST_WAIT_SECONDS))
        return True


def _seconds(retry_after: str | None) -> float | None:
    if retry_after is None:
        return None
    try:
        return max(0.0, float(retry_after))
    except ValueError:
        from email.utils import parsedate_to_datetime

        try:
            return max(0.0, parsedate_to_datetime(retry_after).timestamp() - time.time())
        except ValueError:
            return None


def encode(body: Mapping[str, Any]) -> bytes:
    """Return JSON as the API takes it: without what is None, and with NaN and infinities as texts."""
    present = {key: value for key, value in body.items() if value is not None}
    try:
        return json.dumps(present, allow_nan=False, separators=(",", ":")).encode()
    except ValueError:
        return json.dumps(_finite(present), allow_nan=False, separators=(",", ":")).encode()


def path_of(text: str) -> str:
    """Return a text as it stands in the path of an address; slashes stay."""
    return quote(text, safe="/!$&'()*+,;=:@~")


def refusal(path: str, status: int, content: bytes) -> MlflowException:
    """Return the exception for an answer that is no success."""
    try:
        told = json.loads(content)
    except ValueError:
        told = None
    if isinstance(told, dict) and "error_code" in told:
        return RestException(told)
    shown = content[:500].decode(errors="replace")
    return MlflowException(
        f"API request to endpoint {path} failed with error code {status} != 200. Response body: '{shown}'",
        error_code=code_of_status(status),
    )


def _finite(value: Any) -> Any:
    if isinstance(value, float) and not math.isfinite(value):
        return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"
    if isinstance(value, Mapping):
        return {key: _finite(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(item) for item in value]
    return value


def _query(value: Any) -> Any:
    if isinstance(value, bool):
        return "true" if value else "false"
    return value


def _object(path: str, content: bytes) -> dict[str, Any]:
    if not content.strip() or content.strip() == b"200 OK":
        return {}
    try:
        found = json.loads(content)
    except ValueError:
        found = None
    if not isinstance(found, dict):
        shown = content[:500].decode(errors="replace")
        raise MlflowException(
            f"API request to endpoint {path} was successful but the response body was not in a valid JSON "
            f"format. Response body: '{shown}'"
        )
    return found
