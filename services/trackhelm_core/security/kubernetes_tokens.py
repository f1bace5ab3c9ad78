"""Tokens of service accounts of Kubernetes, verified with the cluster's public keys and without asking it.

A pod has a token for an audience and an hour, which Kubernetes mounts and renews. Owns what such a token must
say, and where the keys come from. Who the account may be here is `trackhelm_domain.access`'s.
"""

import json
import re
import ssl
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from threading import Lock
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final

import structlog

from trackhelm_core.settings import AuthSettings

if TYPE_CHECKING:  # It takes 100 ms to import, and few servers need it.
    from joserfc.jwk import KeySet

log = structlog.get_logger(__name__)

TOKEN_BYTES: Final = 16 * 1024
"""The longest token that is looked at. Those of Kubernetes have about 1 KiB."""

LEEWAY_SECONDS: Final = 30
"""How far the clocks of the cluster and of this server may be apart."""

_ALGORITHMS: Final = ("RS256", "ES256")
_JWT: Final = re.compile(r"eyJ[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]*")
_LABEL: Final = r"[a-z0-9](?:[-a-z0-9]{0,61}[a-z0-9])?"
_SUBJECT: Final = re.compile(
    rf"system:serviceaccount:(?P<namespace>{_LABEL}):(?P<name>{_LABEL}(?:\.{_LABEL})*)"
)
_NAME_LENGTH: Final = 253


class RefusedTokenError(Exception):
    """A token is not accepted; the message says why, and never repeats the token."""


@dataclass(frozen=True, slots=True)
class ServiceAccount:
    """A service account of the cluster, and until when its token counts, in seconds since the epoch.

    Namespace and name stay apart: `prod-etl` and `writer` are not `prod` and `etl-writer`.
    """

    namespace: str
    name: str
    until: float

    def __str__(self) -> str:
        return f"{self.namespace}/{self.name}"


def is_json_web_token(token: str) -> bool:
    """Return whether a bearer token has the form of those of Kubernetes, which none of our own has."""
    return len(token) <= TOKEN_BYTES and _JWT.fullmatch(token) is not None


class KubernetesTokens:
    """Verifies the tokens of one cluster; used from any thread."""

    def __init__(self, settings: AuthSettings, clock: Callable[[], float] = time.time) -> None:
        self._issuer = settings.kubernetes_issuer
        self._audience = settings.kubernetes_audience
        self._clock = clock
        self._keys = ClusterKeys(settings)

    def verify(self, token: str) -> ServiceAccount:
        """Return whose token it is; raises `RefusedTokenError`."""
        from joserfc import jwt  # noqa: PLC0415
        from joserfc.errors import JoseError  # noqa: PLC0415

        key_id = _key_id(token)
        keys = self._keys.with_key(key_id)
        try:
            claims = jwt.decode(token, keys, algorithms=list(_ALGORITHMS)).claims
        except (JoseError, ValueError) as error:
            raise RefusedTokenError(
                "The token's signature is not of the cluster whose tokens this server takes."
            ) from error
        return self._account(claims)

    def _account(self, claims: Mapping[str, Any]) -> ServiceAccount:
        if claims.get("iss") != self._issuer:
            raise RefusedTokenError("The token is of another issuer than TRACKHELM_KUBERNETES_ISSUER.")
        audiences = claims.get("aud")
        listed = [audiences] if isinstance(audiences, str) else audiences
        if not isinstance(listed, list) or self._audience not in listed:
            raise RefusedTokenError(
                "The token is for another audience, perhaps that of the cluster's own API, which pods get by "
                "default. Let the pod mount a projected token for the audience "
                f"'{self._audience}': docs/security.md shows how."
            )
        now = self._clock()
        expiry, begin = _time(claims, "exp"), _time(claims, "nbf", now)
        if expiry + LEEWAY_SECONDS <= now:
            raise RefusedTokenError("The token has expired: it must be read again from the pod's volume.")
        if begin - LEEWAY_SECONDS > now:
            raise RefusedTokenError("The token is not valid yet: the clocks of cluster and server differ.")
        subject = claims.get("sub")
        found = _SUBJECT.fullmatch(subject) if isinstance(subject, str) else None
        if found is None or len(found["name"]) > _NAME_LENGTH:
            raise RefusedTokenError("The token is not that of a service account of Kubernetes.")
        return ServiceAccount(found["namespace"], found["name"], expiry)


def _time(claims: Mapping[str, Any], name: str, default: float | None = None) -> float:
    value = claims.get(name, default)
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise RefusedTokenError(f"The token has no time '{name}'.")
    return float(value)


def _key_id(token: str) -> str:
    """Return which key a token says that it is signed with."""
    from joserfc.errors import JoseError  # noqa: PLC0415
    from joserfc.jws import extract_compact  # noqa: PLC0415

    try:
        header = extract_compact(token.encode()).headers()
    except (JoseError, ValueError) as error:
        raise RefusedTokenError("The token is no JSON Web Token.") from error
    key_id = header.get("kid")
    if header.get("alg") not in _ALGORITHMS or not isinstance(key_id, str):
        raise RefusedTokenError(f"The token must be signed by {' or '.join(_ALGORITHMS)} and name its key.")
    return key_id


# The keys of the cluster.

FRESH_SECONDS: Final = 300.0
"""How long keys are taken from memory. A withdrawn key counts at most so much longer."""
AGAIN_SECONDS: Final = 10.0
"""How often they are read again because a token names a key that is not among them."""
LAST_SECONDS: Final = 3_600.0
"""How long the last keys count while the cluster does not answer."""

_DOCUMENT_BYTES: Final = 256 * 1024
_FETCH_SECONDS: Final = 5.0
_OWN_KEYS_URL: Final = "https://kubernetes.default.svc/openid/v1/jwks"
_OWN_ACCOUNT: Final = Path("/var/run/secrets/kubernetes.io/serviceaccount")
_OK: Final = 200


class ClusterKeys:
    """The public keys of a cluster, from a file or from its API, as a process remembers them."""

    def __init__(self, settings: AuthSettings, clock: Callable[[], float] = time.monotonic) -> None:
        self._settings = settings
        self._clock = clock
        self._lock = Lock()
        self._keys: KeySet | None = None
        self._read_at = self._tried_at = float("-inf")

    def with_key(self, key_id: str) -> "KeySet":
        """Return the keys, of which one has this id; raises `RefusedTokenError`."""
        with self._lock:
            now = self._clock()
            is_known = self._keys is not None and _has(self._keys, key_id)
            is_old = now >= self._read_at + FRESH_SECONDS
            # Who makes up ids of keys cannot make this server ask all the time.
            if (is_old or not is_known) and now >= self._tried_at + AGAIN_SECONDS:
                self._tried_at = now
                self._read()
            if self._keys is None or self._clock() >= self._read_at + LAST_SECONDS:
                raise RefusedTokenError(
                    "The cluster's keys, by which tokens are verified, cannot be read now. The log says why."
                )
            if not _has(self._keys, key_id):
                raise RefusedTokenError("The token is signed with a key that is not one of the cluster's.")
            return self._keys

    def _read(self) -> None:
        try:
            self._keys = _key_set(self._document())
        except Exception as error:  # noqa: BLE001 - whatever a file or another server has
            # What was read last counts on.
            log.warning("the keys of the cluster were not read", error=repr(error))
        else:
            self._read_at = self._clock()

    def _document(self) -> bytes:
        settings = self._settings
        if settings.kubernetes_keys_file is not None:
            return settings.kubernetes_keys_file.read_bytes()
        if settings.kubernetes_keys_url:
            return _fetched(settings.kubernetes_keys_url, settings.kubernetes_ca_file)
        # A cluster tells its keys to its own service accounts, and nobody else gets this token.
        token = (_OWN_ACCOUNT / "token").read_text(encoding="utf-8").strip()
        return _fetched(_OWN_KEYS_URL, _OWN_ACCOUNT / "ca.crt", {"Authorization": f"Bearer {token}"})


def _has(keys: "KeySet", key_id: str) -> bool:
    return any(key.kid == key_id for key in keys.keys)


def _key_set(document: bytes) -> "KeySet":
    """Return the public keys of a document that can sign tokens; raises `ValueError` if it has none."""
    from joserfc.jwk import KeySet  # noqa: PLC0415

    if len(document) > _DOCUMENT_BYTES:
        raise ValueError(f"the keys have more than {_DOCUMENT_BYTES} bytes")
    listed = json.loads(document)["keys"]
    # A symmetric key in the document must never become one that tokens are verified with.
    fit = [key for key in listed if key.get("kty") in {"RSA", "EC"} and isinstance(key.get("kid"), str)]
    if not fit:
        raise ValueError("there is no RSA or EC key with an id in it")
    public = [{name: value for name, value in key.items() if name != "d"} for key in fit]
    return KeySet.import_key_set({"keys": public})


def _fetched(url: str, ca_file: Path | None, more: Mapping[str, str] = MappingProxyType({})) -> bytes:
    """Return the document at an address; raises `OSError` or `ValueError`."""
    import urllib3  # noqa: PLC0415

    headers = {"Accept": "application/jwk-set+json, application/json", **more}
    context = ssl.create_default_context(cafile=None if ca_file is None else str(ca_file))
    with urllib3.PoolManager(ssl_context=context) as pool:
        try:
            # An answer that leads elsewhere is refused: the address is the operator's choice.
            answer = pool.request(
                "GET",
                url,
                headers=headers,
                redirect=False,
                retries=False,
                timeout=_FETCH_SECONDS,
                preload_content=False,
            )
            try:
                document: bytes = answer.read(_DOCUMENT_BYTES + 1)
            finally:
                answer.close()
        except urllib3.exceptions.HTTPError as error:
            raise OSError(f"{url} does not answer: {error}") from error
    if answer.status != _OK:
        raise ValueError(f"{url} answered {answer.status}")
    return document
