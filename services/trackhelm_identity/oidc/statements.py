"""What an identity provider says of itself, and its keys: asked for over HTTP, and remembered for a while.

It is asked at the addresses alone that it states itself, and these must be encrypted.
"""

import json
import threading
import time
from collections.abc import Callable, Mapping
from functools import cache
from typing import TYPE_CHECKING, Any, Final

import structlog

from trackhelm_core.settings.oidc import is_safe_address

if TYPE_CHECKING:
    import urllib3
    from joserfc.jwk import KeySet

log = structlog.get_logger(__name__)

OK: Final = 200
EXPIRED: Final = "expired"
"""The code of what no browser has begun that brings its cookie, or not in the last minutes."""

_METADATA_SECONDS: Final = 3_600.0
_KEYS_SECONDS: Final = 300.0
_ASKED_AT_MOST_EVERY_SECONDS: Final = 10.0
_KEYS_WITHOUT_PROVIDER_SECONDS: Final = 3_600.0


class LoginFailedError(Exception):
    """Somebody is not let in. `code` is what the login page is told, and the message is for the log."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


class Statements:
    """What the provider of one issuer says of itself."""

    def __init__(self, issuer: str, monotonic: Callable[[], float]) -> None:
        self._issuer = issuer
        self._monotonic = monotonic
        self._lock = threading.Lock()
        self._metadata: Mapping[str, Any] = {}
        self._metadata_until = float("-inf")
        self._keys: KeySet | None = None
        self._keys_read_at = float("-inf")
        self._keys_asked_at = float("-inf")

    def endpoint(self, name: str) -> str:
        """Return one of the provider's addresses; raises `LoginFailedError`."""
        address = self.of_itself().get(name)
        if not isinstance(address, str) or not is_safe_address(address):
            raise LoginFailedError("unreachable", f"the provider has no {name} at an encrypted address")
        return address

    def of_itself(self) -> Mapping[str, Any]:
        """Return the provider's metadata; while it does not answer, those that it last gave.

        Then it is asked at most every ten seconds: anybody can begin a login, and each would wait for it here
        on a thread that other requests need.
        """
        with self._lock:
            if self._monotonic() >= self._metadata_until:
                try:
                    self._metadata = self._asked_for_metadata()
                except LoginFailedError as error:
                    self._metadata_until = self._monotonic() + _ASKED_AT_MOST_EVERY_SECONDS
                    log.warning("the identity provider says nothing of itself", error=str(error))
                else:
                    self._metadata_until = self._monotonic() + _METADATA_SECONDS
            if not self._metadata:
                raise LoginFailedError("unreachable", "the provider did not say where one logs in")
            return self._metadata

    def _asked_for_metadata(self) -> Mapping[str, Any]:
        status, found = ask("GET", f"{self._issuer.rstrip('/')}/.well-known/openid-configuration")
        if status != OK or found.get("issuer") != self._issuer:
            raise LoginFailedError(
                "unreachable",
                f"the provider calls itself {found.get('issuer')!r}, and the settings {self._issuer!r} "
                f"(status {status})",
            )
        return found

    def keys(self, *, is_new: bool = False) -> "KeySet":
        """Return the provider's keys: those of the last minutes, unless newer ones are wanted.

        It is asked at most every ten seconds, whatever keys tokens name. While it does not answer, its last
        keys count for an hour.
        """
        address = self.endpoint("jwks_uri")
        with self._lock:
            now = self._monotonic()
            is_old = is_new or now - self._keys_read_at > _KEYS_SECONDS
            if is_old and now - self._keys_asked_at >= _ASKED_AT_MOST_EVERY_SECONDS:
                self._keys_asked_at = now
                try:
                    self._keys, self._keys_read_at = _asked_for_keys(address), now
                except (LoginFailedError, ValueError) as error:
                    log.warning("the keys of the identity provider cannot be read", error=str(error))
            if self._keys is None or now - self._keys_read_at > _KEYS_WITHOUT_PROVIDER_SECONDS:
                raise LoginFailedError("unreachable", "the provider's keys cannot be read")
            return self._keys


def _asked_for_keys(address: str) -> "KeySet":
    """Return the public keys that sign: a symmetric one, or one for encrypting, is no key of ours."""
    # It takes 40 ms to import, and a server without a provider does not need it.
    from joserfc.errors import JoseError  # noqa: PLC0415
    from joserfc.jwk import KeySet  # noqa: PLC0415

    status, found = ask("GET", address)
    keys = found.get("keys")
    if status != OK or not isinstance(keys, list):
        raise ValueError(f"there is no list of keys (status {status})")
    signing: list[Any] = [
        key
        for key in keys
        if isinstance(key, dict) and key.get("kty") in {"RSA", "EC"} and key.get("use", "sig") == "sig"
    ]
    try:
        return KeySet.import_key_set({"keys": signing})
    except JoseError as error:
        raise ValueError(f"the keys are not understood: {error}") from error


# Requests to a provider.

_LARGEST_ANSWER: Final = 1 << 20
_ANSWER_SECONDS: Final = 15.0


@cache
def _pool() -> "urllib3.PoolManager":
    # Imported only where somebody logs in by a provider: it takes 40 ms of a start.
    import urllib3  # noqa: PLC0415

    return urllib3.PoolManager(maxsize=4, retries=False, timeout=urllib3.Timeout(connect=5, read=10))


def _read(response: "urllib3.BaseHTTPResponse") -> bytes:
    """Return a body that is neither too large nor takes too long, whatever comes in time."""
    until = time.monotonic() + _ANSWER_SECONDS
    data = b""
    while chunk := response.read1(_LARGEST_ANSWER, decode_content=True):
        data += chunk
        if len(data) > _LARGEST_ANSWER:
            raise LoginFailedError("unreachable", "the provider's answer is too large")
        if time.monotonic() > until:
            raise LoginFailedError("unreachable", "the provider's answer takes too long")
    return data


def ask(
    method: str, address: str, headers: Mapping[str, str] | None = None, body: str | None = None
) -> tuple[int, Mapping[str, Any]]:
    """Send a request to a provider, and return the answer's status and its JSON object.

    No redirect is followed, and no more is read than an answer needs. Raises `LoginFailedError`.
    """
    from urllib3.exceptions import HTTPError  # noqa: PLC0415

    given = {"Accept": "application/json", **(headers or {})}
    try:
        response = _pool().request(
            method, address, headers=given, body=body, redirect=False, preload_content=False
        )
        try:
            data = _read(response)
        finally:
            response.close()
    except (HTTPError, OSError) as error:
        raise LoginFailedError("unreachable", f"the provider does not answer: {error}") from error
    try:
        found = json.loads(data)
    except ValueError:
        found = None
    if not isinstance(found, dict):
        raise LoginFailedError("unreachable", f"the provider's answer ({response.status}) is no JSON object")
    return response.status, found
