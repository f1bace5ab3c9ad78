"""The actor of a request and its access: who sends it, and what they may do, found before its body is read.

Owns who is believed before a door is asked: trusted proxies, and everybody where nobody is checked.
"""

import hashlib
import ipaddress
import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated, Final, NamedTuple, Protocol, Self
from urllib.parse import parse_qsl

from fastapi import Depends, Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from trackhelm_core.access import (
    DEFAULT_WORKSPACE,
    DEFAULT_WORKSPACE_ID,
    EVERYBODY,
    NOBODY,
    Access,
    Principal,
    Renewal,
    reset_access,
    set_access,
)
from trackhelm_core.errors import NotFoundError, PermissionDeniedError, UnauthenticatedError
from trackhelm_core.limits import SOURCE_ADDRESS_LENGTH
from trackhelm_core.problems import failure_outside
from trackhelm_core.runtime import API_2, API_3
from trackhelm_core.security.cookies import SessionCookies, may_act_by_cookie
from trackhelm_core.security.credentials import (
    BearerToken,
    Credentials,
    UserPassword,
    decode_name,
    first_value,
    header_values,
    parse_authorization,
)
from trackhelm_core.settings import AuthSettings, Network
from trackhelm_core.wire.requests import inner_path


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
    SERVICE = "service"
    """A service account, by its token."""
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


# Trusted proxies: the user whom they name, and the address that a request comes from.

_FORWARDED_FOR: Final = b"x-forwarded-for"


@dataclass(frozen=True, slots=True)
class TrustedProxies:
    """The networks of trusted proxies, and the headers in which they name the user and the user's groups.

    Behind our own gateway, the caller is the one that called the gateway.
    """

    networks: Sequence[Network] = ()
    actor_header: str = ""
    behind_gateway: bool = False
    groups_header: str = ""

    @classmethod
    def of(cls, settings: AuthSettings | None, *, behind_gateway: bool) -> Self:
        """Return the proxies that the settings name; none if there are no settings."""
        if settings is None:
            return cls(behind_gateway=behind_gateway)
        return cls(settings.proxy_networks, settings.actor_header, behind_gateway, settings.groups_header)

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

    def groups(self, scope: Scope) -> frozenset[str]:
        """Return the groups of the user whom a trusted proxy names; none if no trusted proxy lists any."""
        if not self.groups_header or not self.sent(scope):
            return frozenset()
        values = header_values(scope, self.groups_header.lower().encode())
        listed = (group.strip(b" \t") for value in values for group in value.split(b","))
        return frozenset(group.decode("utf-8", "replace") for group in listed if group)

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


# Credentials to a caller, through a door: one that asks nobody, or that of `trackhelm_domain.access`.


@dataclass(frozen=True, slots=True)
class Caller:
    """Who calls: the name for the audit trail, what they may do, and how to learn that it has changed."""

    identity: Identity
    principal: Principal
    epoch: int = 0
    renewal: Renewal | None = None


class Shown(NamedTuple):
    """What a request shows of who sends it."""

    header: bytes | None
    """The `Authorization` header."""
    session: str | None
    """The key of a session, from the cookie of a browser."""
    proxied: Identity | None
    """Whom a trusted proxy names."""
    address: str
    groups: frozenset[str] = frozenset()
    """The groups that the proxy says they are in."""
    request_id: str = ""

    @property
    def credentials(self) -> Credentials | None:
        """What is read from the header, each time anew: who is known by it needs it not.

        Raises `UnauthenticatedError` if it is malformed.
        """
        return None if self.header is None else parse_authorization(self.header)


class Door(Protocol):
    """Decides who calls, and which workspaces there are."""

    is_open: bool
    """Whether nobody is checked: names are taken at their word, and everybody may do everything."""

    async def caller(self, shown: Shown) -> Caller:
        """Return who calls; raises `UnauthenticatedError` if the credentials are not valid."""
        ...

    async def workspace(self, name: str) -> int | None:
        """Return the id of a workspace, None if there is none of that name."""
        ...

    async def workspace_name(self, workspace_id: int) -> str:
        """Return the name of a workspace that there is."""
        ...

    async def has_workspaces(self) -> bool:
        """Return whether there are others than the default one."""
        ...


class RequestQuotas(Protocol):
    """Decides whether a caller sends requests too fast."""

    @property
    def may_apply(self) -> bool:
        """Whether there may be anything to check."""

    async def check(self, access: Access, address: str) -> None:
        """Refuse a request that comes too fast; raises `ApiError` (429)."""
        ...


class AtTheirWord:
    """The door of a server that checks nobody and has one workspace."""

    is_open = True

    async def caller(self, shown: Shown) -> Caller:
        """Return who the caller claims to be, unless a proxy names them."""
        return Caller(shown.proxied or await take_at_word(shown.credentials), EVERYBODY)

    async def workspace(self, name: str) -> int | None:
        """Return the id of the default workspace for its name."""
        return DEFAULT_WORKSPACE_ID if name == DEFAULT_WORKSPACE else None

    async def workspace_name(self, workspace_id: int) -> str:
        """Return the name of the one workspace."""
        return DEFAULT_WORKSPACE

    async def has_workspaces(self) -> bool:
        """Return that there are no others."""
        return False


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


# What is answered to everybody, so that a browser can show the login and a probe needs none.

_PUBLIC: Final = frozenset(
    {
        *("/", "/theme.js", "/favicon.svg", "/health", "/ready", "/version"),
        *(f"{prefix}/mlflow/server-info" for prefix in API_3),
        *(
            f"{prefix}/trackhelm/{path}"
            for prefix in API_2
            for path in (
                "server-info",
                "logins",
                "sessions/create",
                "oidc/begin",
                "oidc/callback",
                "devices/begin",
                "devices/poll",
            )
        ),
    }
)
_PUBLIC_FOLDER: Final = "/assets/"
METRICS_PATH: Final = "/metrics"


def is_public(path: str, *, behind_gateway: bool = False) -> bool:
    """Return whether a path, below the prefix, is answered to who does not log in.

    The metrics of a service behind a gateway are: no gateway passes requests for them on.
    """
    return path in _PUBLIC or path.startswith(_PUBLIC_FOLDER) or (behind_gateway and path == METRICS_PATH)


# The middleware that finds the actor and the access of each request.

_WORKSPACE_HEADER: Final = b"x-mlflow-workspace"
_OF_WORKSPACES: Final = re.compile(r"/(?:ajax-)?api/3\.0/mlflow/workspaces(?:/.*)?")
"""Paths about workspaces themselves, to which no header belongs."""


def _named_workspace(scope: Scope) -> str | None:
    """Return the workspace that a request names, None if it names none.

    A picture in a page, or a link to a download, has no header: it names the workspace in its address.
    """
    header = first_value(scope, _WORKSPACE_HEADER)
    if header is not None:
        return header.decode("latin-1").strip()
    query: bytes = scope["query_string"]
    if scope["method"] != "GET" or _WORKSPACE_HEADER not in query.lower():
        return None
    values = [value for name, value in parse_qsl(query) if name.lower() == _WORKSPACE_HEADER]
    return values[0].decode().strip() if values else None


class ActorMiddleware:
    """Wraps the application; sets the actor and the access of every HTTP request.

    The actor is `scope["state"]["actor"]`, the access `trackhelm_core.access.current_access()`. An answer
    that is a success although nothing has looked at what the request names is not sent: that is a defect.
    """

    def __init__(
        self,
        app: ASGIApp,
        *,
        proxies: TrustedProxies,
        door: Door | None = None,
        believes_names: bool = False,
        behind_gateway: bool = False,
        cookies: SessionCookies | None = None,
        quotas: RequestQuotas | None = None,
    ) -> None:
        self.app = app
        self._quotas = quotas
        self._proxies = proxies
        self._cookies = cookies or SessionCookies()
        self._door: Door = door or AtTheirWord()
        self._believes_names = believes_names
        self._behind_gateway = behind_gateway

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection's scope."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        try:
            caller = await self._caller(scope)
            access = await self._access(scope, caller)
            quotas = self._quotas
            if quotas is not None and quotas.may_apply and not self._is_public(scope):
                await quotas.check(access, scope["state"]["actor"].source_address)
        except Exception as error:
            if (answer := failure_outside(error)) is None:
                raise
            await answer(scope, receive, send)
            return

        async def send_if_checked(message: Message) -> None:
            if (
                message["type"] == "http.response.start"
                and message["status"] < _FIRST_FAILURE
                and not access.is_complete
            ):
                raise RuntimeError("an answer was made, and nothing has looked at what the request names")
            await send(message)

        token = set_access(access)
        try:
            await self.app(scope, receive, send_if_checked)
        finally:
            reset_access(token)

    async def _caller(self, scope: Scope) -> Caller:
        header = _authorization(scope)
        proxied = self._proxies.identity(scope)
        if header is not None and proxied is not None:
            parse_authorization(header)  # A malformed one is refused even if a proxy names the caller.
        address = self._proxies.source_address(scope)
        door = self._door
        if header is None and proxied is None and not door.is_open and self._is_public(scope):
            caller = Caller(ANONYMOUS, NOBODY)
        else:
            session = self._cookies.session_key(scope)
            groups = frozenset() if proxied is None else self._proxies.groups(scope)
            request_id = scope["state"]["request_id"]
            shown = Shown(header, session, proxied, address, groups, request_id)
            caller = await door.caller(shown)
            if caller.principal.session_id is not None and not may_act_by_cookie(scope):
                raise PermissionDeniedError(
                    "Permission denied: a browser's session changes things from pages of this server alone. "
                    "Programs show a token."
                )
        identity = caller.identity
        scope["state"]["actor"] = Actor(
            name=identity.name,
            kind=identity.kind,
            source_address=address,
            request_id=scope["state"]["request_id"],
            is_checked=not door.is_open or self._believes_names or not identity.kind.is_claimed,
        )
        return caller

    def _is_public(self, scope: Scope) -> bool:
        return is_public(inner_path(scope), behind_gateway=self._behind_gateway)

    async def _access(self, scope: Scope, caller: Caller) -> Access:
        principal = caller.principal
        named = _named_workspace(scope)
        workspace, name = principal.home or DEFAULT_WORKSPACE_ID, DEFAULT_WORKSPACE
        if named is not None and principal is not NOBODY and not _OF_WORKSPACES.fullmatch(inner_path(scope)):
            name = named
            found = await self._door.workspace(name)
            if found is None or not (principal.is_admin or principal.rights_in(found).is_member):
                # Of one that others have nothing is told, not even that it is there.
                raise NotFoundError(f"Workspace '{name}' not found")
            workspace = found
        elif workspace != DEFAULT_WORKSPACE_ID:
            name = await self._door.workspace_name(workspace)
        sees_all = principal.is_admin and principal.token_id is None
        if sees_all and not self._is_public(scope):
            sees_all = not await self._door.has_workspaces()
        access = Access(principal, workspace, name, scope, is_confined=not sees_all)
        access.epoch, access.renewal = caller.epoch, caller.renewal
        return access


_FIRST_FAILURE: Final = 400


def _authorization(scope: Scope) -> bytes | None:
    match header_values(scope, b"authorization"):
        case []:
            return None
        case [header]:
            return header
        case _:
            raise UnauthenticatedError("The Authorization header is given more than once.")
