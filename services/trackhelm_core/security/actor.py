"""The actor of a request: who sends it, by its headers or by a trusted proxy, found before its body is read.

Owns the forms of credentials that the stock client uses, and how others are refused. No message may repeat
the value of a header: it may be a secret in a form that we do not know.
"""

import base64
import hashlib
import ipaddress
import re
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Annotated, Final, NamedTuple, Self

from fastapi import Depends, Request
from starlette.types import ASGIApp, Receive, Scope, Send

from trackhelm_core.errors import ApiError, UnauthenticatedError
from trackhelm_core.limits import ACTOR_NAME_LENGTH, SOURCE_ADDRESS_LENGTH
from trackhelm_core.problems import problem
from trackhelm_core.settings import AuthSettings, Network


class ActorKind(StrEnum):
    """How the actor's name was found, and therefore how far it can be trusted."""

    ANONYMOUS = "anonymous"
    """The request has no credentials."""
    USER = "user"
    """The user name of HTTP Basic."""
    TOKEN = "token"  # noqa: S105 - a kind of actor
    """A digest of the bearer token."""
    PROXIED = "proxied"
    """The user whom a trusted proxy has authenticated and names."""
    OPERATOR = "operator"
    """The account that runs a command on a machine of the server."""
    WATCHER = "watcher"
    """The process that watches the pods of runs."""

    @property
    def is_claimed(self) -> bool:
        """Whether nobody has checked the name: a caller can give any."""
        return self in {ActorKind.ANONYMOUS, ActorKind.USER, ActorKind.TOKEN}


class Identity(NamedTuple):
    """The kind and the name of an actor."""

    kind: ActorKind
    name: str


@dataclass(frozen=True, slots=True)
class Actor:
    """Who sends a request, from which address, and the request's id in the log."""

    name: str
    kind: ActorKind
    source_address: str
    request_id: str
    is_checked: bool = True
    """Whether the name can be relied on: it was checked, or the settings say to take names at their word."""


async def _actor(request: Request) -> Actor:
    # `async`, so that FastAPI calls it in place: a plain function would cost a thread hop per request.
    actor: Actor = request.state.actor
    return actor


ActorDep = Annotated[Actor, Depends(_actor)]
"""The parameter type by which an endpoint gets the actor of the request, to pass it to logic."""


# Headers as they were received: every value of a name, as bytes, because the caller chooses the encoding.


def header_values(scope: Scope, name: bytes) -> list[bytes]:
    """Return the values of a header; `name` must be in lower case."""
    return [value for given, value in scope["headers"] if given == name]


def first_value(scope: Scope, name: bytes) -> bytes | None:
    """Return the first value of a header; `name` must be in lower case."""
    # A loop, because this runs for every request and a generator takes three times as long.
    for given, value in scope["headers"]:
        if given == name:
            return bytes(value)
    return None


# The `Authorization` header, in the two forms that the stock client sends.

# The characters of a token in RFC 6750.
_TOKEN: Final = re.compile(r"[A-Za-z0-9\-._~+/]+=*")


@dataclass(frozen=True, slots=True)
class UserPassword:
    """The user name and password of HTTP Basic."""

    user: str
    password: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class BearerToken:
    """The token of a `Bearer` header."""

    token: str = field(repr=False)


Credentials = UserPassword | BearerToken


def parse_authorization(header: bytes) -> Credentials:
    """Return the credentials in a header; raises `UnauthenticatedError` if it has another form."""
    scheme, _, value = header.partition(b" ")
    match scheme.lower():
        case b"basic":
            return _parse_basic(value.strip(b" "))
        case b"bearer":
            return _parse_bearer(value.strip(b" "))
        case _:
            raise UnauthenticatedError(
                "The Authorization header has an unknown scheme: it must be Basic or Bearer."
            )


def decode_name(name: bytes, origin: str) -> str:
    """Return an actor's name, or refuse it; `origin` is how the message calls its source."""
    try:
        text = name.decode()
    except UnicodeDecodeError:
        text = name.decode("latin-1")  # HTTP's old encoding; `requests` still uses it for Basic
    if not text or not text.isprintable() or len(text) > ACTOR_NAME_LENGTH:
        raise UnauthenticatedError(
            f"{origin} must have 1 to {ACTOR_NAME_LENGTH} printable characters: it has {len(text)}"
            f"{'' if text.isprintable() else ', some not printable'}."
        )
    return text


def _parse_basic(value: bytes) -> UserPassword:
    try:
        decoded = base64.b64decode(value, validate=True)
    except ValueError:
        raise UnauthenticatedError("The Authorization header's Basic credentials are not base64.") from None
    user, colon, password = decoded.partition(b":")
    if not colon:
        raise UnauthenticatedError(
            "The Authorization header's Basic credentials have no colon: "
            "they must be the base64 form of 'name:password'."
        )
    return UserPassword(decode_name(user, "The user name of HTTP Basic"), password.decode("latin-1"))


def _parse_bearer(value: bytes) -> BearerToken:
    token = value.decode("latin-1")
    if not _TOKEN.fullmatch(token):
        raise UnauthenticatedError(
            "The Authorization header's Bearer token is malformed: it must be one word of "
            "letters, digits and -._~+/, with = only at its end."
        )
    return BearerToken(token)


# Trusted proxies: the user whom they name, and the address that a request comes from.

_FORWARDED_FOR: Final = b"x-forwarded-for"


@dataclass(frozen=True, slots=True)
class TrustedProxies:
    """The networks of trusted proxies, and the header in which they name the user.

    Behind our own gateway, the caller is the one that called the gateway.
    """

    networks: Sequence[Network] = ()
    actor_header: str = ""
    behind_gateway: bool = False

    @classmethod
    def of(cls, settings: AuthSettings | None, *, behind_gateway: bool) -> Self:
        """Return the proxies that the settings name; none if there are no settings."""
        if settings is None:
            return cls(behind_gateway=behind_gateway)
        return cls(settings.proxy_networks, settings.actor_header, behind_gateway)

    def sent(self, scope: Scope) -> bool:
        """Return whether a trusted proxy sent a request, to this process or to the gateway in front of it."""
        return bool(self.networks) and self._trusts(self._hops(scope)[-1])

    def identity(self, scope: Scope) -> Identity | None:
        """Return the user whom a trusted proxy names; None if no trusted proxy names one.

        The same header from any other caller is ignored.
        """
        if not self.sent(scope):
            return None
        match header_values(scope, self.actor_header.lower().encode()):
            case []:
                return None
            case [value]:
                return Identity(
                    ActorKind.PROXIED, decode_name(value.strip(b" \t"), f"Header {self.actor_header}")
                )
            case _:
                raise UnauthenticatedError(f"Header {self.actor_header} is given more than once.")

    def source_address(self, scope: Scope) -> str:
        """Return the address a request comes from: the nearest one that is not a trusted proxy's."""
        *trail, address = self._hops(scope)
        while trail and self._trusts(address) and _address(trail[-1]) is not None:
            address = trail.pop()
        return address[:SOURCE_ADDRESS_LENGTH]

    def _hops(self, scope: Scope) -> list[str]:
        """Return the known addresses on the way of a request, up to the one that called us."""
        headers = header_values(scope, _FORWARDED_FOR)
        if not headers:
            return [_peer(scope)]
        given = b",".join(headers).decode("latin-1")
        trail = [hop.strip() for hop in given.split(",") if hop.strip()]
        # Our gateway has added its own caller at the end; the caller has sent everything before that.
        return trail if trail and self.behind_gateway else [*trail, _peer(scope)]

    def _trusts(self, text: str) -> bool:
        address = _address(text)
        return address is not None and any(address in network for network in self.networks)


def _peer(scope: Scope) -> str:
    """Return the address at the other end of the connection, empty for a socket without one."""
    client: tuple[str, int] | None = scope.get("client")
    return client[0] if client else ""


def _address(text: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return None
    # A socket that listens on both families shows an IPv4 caller as ::ffff:10.0.0.1.
    return getattr(address, "ipv4_mapped", None) or address


# Credentials to an identity: the one place that authentication will replace.

Authenticate = Callable[[Credentials | None], Awaitable[Identity]]
"""Returns whose credentials a request has; raises `UnauthenticatedError` if they are not valid."""

ANONYMOUS: Final = Identity(ActorKind.ANONYMOUS, "anonymous")

# 64 bits are enough to tell tokens apart, and too few to confirm a guess at a random token.
_DIGEST_BYTES: Final = 8


async def take_at_word(credentials: Credentials | None) -> Identity:
    """Return the identity that the credentials claim. No password and no token is checked."""
    match credentials:
        case None:
            return ANONYMOUS
        case UserPassword(user):
            return Identity(ActorKind.USER, user)
        case BearerToken(token):
            return Identity(ActorKind.TOKEN, token_name(token))


def token_name(token: str) -> str:
    """Return a name for the bearer of a token: the same for the same token, but no way back to it."""
    digest = hashlib.blake2b(token.encode("latin-1"), digest_size=_DIGEST_BYTES, person=b"trackhelm actor")
    return f"token-{digest.hexdigest()}"


# The middleware that finds the actor of each request.


class ActorMiddleware:
    """Wraps the application; sets `scope["state"]["actor"]` to the actor of every HTTP request."""

    def __init__(
        self,
        app: ASGIApp,
        *,
        proxies: TrustedProxies,
        authenticate: Authenticate = take_at_word,
        believes_names: bool = False,
    ) -> None:
        self.app = app
        self._proxies = proxies
        self._authenticate = authenticate
        self._believes_names = believes_names

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection's scope."""
        if scope["type"] == "http":
            try:
                scope["state"]["actor"] = await self._actor(scope)
            except ApiError as error:
                await problem(error)(scope, receive, send)
                return
        await self.app(scope, receive, send)

    async def _actor(self, scope: Scope) -> Actor:
        identity = self._proxies.identity(scope) or await self._authenticate(_credentials(scope))
        return Actor(
            name=identity.name,
            kind=identity.kind,
            source_address=self._proxies.source_address(scope),
            request_id=scope["state"]["request_id"],
            is_checked=self._believes_names or not identity.kind.is_claimed,
        )


def _credentials(scope: Scope) -> Credentials | None:
    match header_values(scope, b"authorization"):
        case []:
            return None
        case [header]:
            return parse_authorization(header)
        case _:
            raise UnauthenticatedError("The Authorization header is given more than once.")
