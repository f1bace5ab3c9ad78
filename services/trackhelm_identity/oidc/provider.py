"""A login at an identity provider: how a browser is sent there, and who it was that comes back.

Nothing that a browser brings is believed before the provider's signature is checked. Which account a person
has is `logic`'s.
"""

import base64
import hashlib
import hmac
import json
import secrets
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final, Self
from urllib.parse import quote, urlencode

from trackhelm_core.runtime import Openers, Runtime
from trackhelm_core.security.sealing import CannotOpenError, SecretBox
from trackhelm_core.settings import AuthSettings, OidcSettings
from trackhelm_identity.oidc.statements import EXPIRED, OK, LoginFailedError, Statements, ask

BEGIN_PATH: Final = "api/2.0/trackhelm/oidc/begin"
_CALLBACK_PATH: Final = "/api/2.0/trackhelm/oidc/callback"
PENDING_SECONDS: Final = 600
"""How long a person may take at the provider."""

_ALGORITHMS: Final = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512")
"""Signatures that are accepted, whatever a provider says of itself: none by a secret, and never none."""

_LEEWAY_SECONDS: Final = 30
_LARGEST_TOKEN: Final = 1 << 16
_SUBJECT_LENGTH: Final = 255


@dataclass(frozen=True, slots=True)
class Pending:
    """A login that was begun in a browser, as its sealed cookie carries it."""

    state: str
    nonce: str
    verifier: str
    path: str
    """Where the person wanted to go, below the server's address."""
    until: int
    """In seconds since the epoch."""

    @property
    def challenge(self) -> str:
        """What of the verifier the provider gets first (RFC 7636)."""
        digest = hashlib.sha256(self.verifier.encode()).digest()
        return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()


@dataclass(frozen=True, slots=True)
class Person:
    """Who has logged in at the provider. The issuer and the subject are who it is; all else may change."""

    issuer: str
    subject: str
    name: str
    groups: frozenset[str]


class Provider:
    """The identity provider of a process."""

    def __init__(
        self,
        settings: OidcSettings,
        public_url: str,
        secret: str,
        *,
        monotonic: Callable[[], float] = time.monotonic,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.settings = settings
        self.public_url = public_url
        self._secret = secret
        self._clock = clock
        # A program that knows the secret can log in anybody anyway, and every process of identity has it.
        key = hmac.digest(secret.encode(), b"trackhelm: the cookie of a login", "sha256")
        self._box = SecretBox([base64.urlsafe_b64encode(key).decode()])
        self._statements = Statements(settings.oidc_issuer, monotonic)

    @classmethod
    def open(cls, settings: OidcSettings, auth: AuthSettings) -> Self | None:
        """Return the provider that settings describe, None if they name none.

        Raises:
            ValueError: They contradict one another.
        """
        if not settings.oidc_issuer:
            return None
        settings.check(auth)
        return cls(settings, auth.public_url, settings.secret())

    # A login begins: the browser is sent to the provider, and keeps what it must bring back.

    def begin(self, path: str) -> tuple[str, str]:
        """Return the address at the provider to which a browser is sent, and the cookie that it keeps.

        Raises:
            LoginFailedError: The provider does not answer.
        """
        address = self._statements.endpoint("authorization_endpoint")
        pending = Pending(
            secrets.token_urlsafe(32),
            secrets.token_urlsafe(32),
            secrets.token_urlsafe(48),
            path,
            int(self._clock()) + PENDING_SECONDS,
        )
        parameters = {
            "response_type": "code",
            "client_id": self.settings.oidc_client_id,
            "redirect_uri": self._redirect_uri,
            "scope": self.settings.oidc_scopes,
            "state": pending.state,
            "nonce": pending.nonce,
            "code_challenge": pending.challenge,
            "code_challenge_method": "S256",
        }
        mark = "&" if "?" in address else "?"
        sealed = self._box.seal(
            json.dumps([pending.state, pending.nonce, pending.verifier, pending.path, pending.until])
        )
        return f"{address}{mark}{urlencode(parameters)}", sealed

    @property
    def _redirect_uri(self) -> str:
        return self.public_url + _CALLBACK_PATH

    # It ends: the browser brings a code, which this server exchanges for a signed statement of who it is.

    def pending(self, sealed: str | None, state: str) -> Pending:
        """Return the login that a browser has begun; raises `LoginFailedError` if it is another one."""
        if not sealed:
            raise LoginFailedError(EXPIRED, "the browser brings no cookie of a login that it has begun")
        try:
            found = Pending(*json.loads(self._box.open(sealed)))
        except CannotOpenError:
            raise LoginFailedError(EXPIRED, "the cookie of the login was not made by this server") from None
        if found.until <= self._clock():
            raise LoginFailedError(EXPIRED, "the login took more than ten minutes")
        if not hmac.compare_digest(found.state.encode(), state.encode()):
            raise LoginFailedError(EXPIRED, "the state is not that of the login that this browser began")
        return found

    def check_answer(self, code: str, issuer: str, error: str) -> None:
        """Refuse an answer without a code, or of another provider, which would get this one's (RFC 9207)."""
        promised = self._statements.of_itself().get("authorization_response_iss_parameter_supported") is True
        if issuer != self.settings.oidc_issuer and (issuer or promised):
            raise LoginFailedError("refused", f"the answer is of another issuer: {issuer[:200]!r}")
        if error or not code:
            raise LoginFailedError("refused", f"the provider gives no code, and says {error[:100]!r}")

    def person(self, code: str, pending: Pending) -> Person:
        """Return who has logged in, by the code that the browser brings; raises `LoginFailedError`."""
        answer = self._exchange(code, pending.verifier)
        token, access = answer.get("id_token"), answer.get("access_token")
        if not isinstance(token, str) or len(token) > _LARGEST_TOKEN:
            raise LoginFailedError("refused", "the provider answers no id token, or too long a one")
        claims = self._verified(token, pending.nonce)
        wanted = {
            self.settings.oidc_name_claim,
            self.settings.oidc_groups_claim,
            *self.settings.required_claims,
        }
        if not wanted <= claims.keys() and isinstance(access, str):
            claims = {**self._more_claims(access, claims["sub"]), **claims}
        self._check_required(claims)
        return Person(self.settings.oidc_issuer, claims["sub"], self._name(claims), self._groups(claims))

    def _exchange(self, code: str, verifier: str) -> Mapping[str, Any]:
        fields = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": self._redirect_uri,
            "code_verifier": verifier,
        }
        headers = {"Content-Type": "application/x-www-form-urlencoded"}
        client, secret = self.settings.oidc_client_id, self._secret
        methods = self._statements.of_itself().get(
            "token_endpoint_auth_methods_supported", ["client_secret_basic"]
        )
        if "client_secret_basic" in methods:
            pair = f"{quote(client, safe='')}:{quote(secret, safe='')}".encode()
            headers["Authorization"] = f"Basic {base64.b64encode(pair).decode()}"
        else:
            fields |= {"client_id": client, "client_secret": secret}
        status, answer = ask("POST", self._statements.endpoint("token_endpoint"), headers, urlencode(fields))
        if status != OK:
            raise LoginFailedError("refused", f"the provider refuses the code: {_reason(answer)}")
        return answer

    def _verified(self, token: str, nonce: str) -> dict[str, Any]:
        claims = self._signed_claims(token)
        now, audience, client = self._clock(), claims.get("aud"), self.settings.oidc_client_id
        audiences = audience if isinstance(audience, list) else [audience]
        subject = claims.get("sub")
        violations = {
            "iss": claims.get("iss") != self.settings.oidc_issuer,
            "aud": client not in audiences,
            "azp": claims.get("azp", client) != client or (len(audiences) > 1 and "azp" not in claims),
            "exp": not _is_time(claims.get("exp")) or claims["exp"] + _LEEWAY_SECONDS <= now,
            "iat": not _is_time(claims.get("iat")) or claims["iat"] - _LEEWAY_SECONDS > now,
            "nbf": not _is_time(claims.get("nbf", 0)) or claims.get("nbf", 0) - _LEEWAY_SECONDS > now,
            "nonce": not hmac.compare_digest(str(claims.get("nonce")).encode(), nonce.encode()),
            "sub": not isinstance(subject, str) or not 0 < len(subject) <= _SUBJECT_LENGTH,
        }
        if wrong := [name for name, is_wrong in violations.items() if is_wrong]:
            raise LoginFailedError("refused", f"the id token has a wrong {' and '.join(wrong)}")
        return claims

    def _signed_claims(self, token: str) -> dict[str, Any]:
        # They take 40 ms to import, and a server without a provider needs neither.
        from joserfc import jws, jwt  # noqa: PLC0415
        from joserfc.errors import (  # noqa: PLC0415
            InvalidKeyIdError,
            JoseError,
            UnsupportedAlgorithmError,
        )

        try:
            algorithm = jws.extract_compact(token.encode()).headers().get("alg")
            if algorithm not in _ALGORITHMS:
                raise UnsupportedAlgorithmError(f"it is signed by {algorithm!r}")
            try:
                return jwt.decode(token, self._statements.keys(), algorithms=_ALGORITHMS).claims
            except InvalidKeyIdError:
                # The provider may have begun to use another key.
                keys = self._statements.keys(is_new=True)
                return jwt.decode(token, keys, algorithms=_ALGORITHMS).claims
        except (JoseError, ValueError, TypeError) as error:
            raise LoginFailedError(
                "refused", f"the id token is not valid: {type(error).__name__}: {error}"
            ) from error

    def _more_claims(self, access_token: str, subject: str) -> Mapping[str, Any]:
        """Return what the provider tells of a person apart from the id token, such as groups."""
        if not self._statements.of_itself().get("userinfo_endpoint"):
            return {}
        headers = {"Authorization": f"Bearer {access_token}"}
        status, claims = ask("GET", self._statements.endpoint("userinfo_endpoint"), headers)
        if status != OK or claims.get("sub") != subject:
            raise LoginFailedError("refused", f"the provider tells nothing of the person: {_reason(claims)}")
        return claims

    def _check_required(self, claims: Mapping[str, Any]) -> None:
        for name, expected in self.settings.required_claims.items():
            given = claims.get(name)
            if given != expected and not (isinstance(given, list) and expected in given):
                raise LoginFailedError("not_allowed", f"the claim {name!r} is not {expected!r}")

    def _name(self, claims: Mapping[str, Any]) -> str:
        name = claims.get(self.settings.oidc_name_claim)
        if not isinstance(name, str) or not name:
            raise LoginFailedError(
                "not_allowed", f"the provider gives no claim {self.settings.oidc_name_claim!r} with a name"
            )
        return name

    def _groups(self, claims: Mapping[str, Any]) -> frozenset[str]:
        name = self.settings.oidc_groups_claim
        if name in (claims.get("_claim_names") or {}):
            # Entra ID does so from 201 groups on: to take it for none would take every role away.
            raise LoginFailedError("not_allowed", "the provider leaves out the groups: there are too many")
        groups = claims.get(name, [])
        groups = [groups] if isinstance(groups, str) else groups
        if not isinstance(groups, list):
            raise LoginFailedError("refused", f"the claim {name!r} is no list")
        return frozenset(group for group in groups if isinstance(group, str))


def _is_time(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _reason(answer: Mapping[str, Any]) -> str:
    """Return what a provider says of a failure, without what it may repeat of a request."""
    return str(answer.get("error", "it does not say why"))[:100]


def openers_of(provider: Provider | None) -> Openers:
    """Return what gives a process its provider, if it has one."""
    return {} if provider is None else {Provider: lambda: provider}


def provider_of(runtime: Runtime) -> Provider | None:
    """Return the identity provider of a process, None if it has none."""
    try:
        return runtime.part(Provider)
    except KeyError:
        return None
