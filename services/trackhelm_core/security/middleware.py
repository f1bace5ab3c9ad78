"""The layer that finds each request's actor before its body is read. Plain ASGI, see `telemetry.requests`."""

import hashlib
from collections.abc import Awaitable, Callable
from typing import Final

from starlette.types import ASGIApp, Receive, Scope, Send

from trackhelm_core.errors import ApiError, UnauthenticatedError
from trackhelm_core.problems import problem
from trackhelm_core.security.actor import Actor, ActorKind, Identity
from trackhelm_core.security.credentials import (
    BearerToken,
    Credentials,
    UserPassword,
    header_values,
    parse_authorization,
)
from trackhelm_core.security.proxies import TrustedProxies

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


class ActorMiddleware:
    """Wraps the application; sets `scope["state"]["actor"]` to the actor of every HTTP request."""

    def __init__(
        self, app: ASGIApp, *, proxies: TrustedProxies, authenticate: Authenticate = take_at_word
    ) -> None:
        self.app = app
        self._proxies = proxies
        self._authenticate = authenticate

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
        )


def _credentials(scope: Scope) -> Credentials | None:
    match header_values(scope, b"authorization"):
        case []:
            return None
        case [header]:
            return parse_authorization(header)
        case _:
            raise UnauthenticatedError("The Authorization header is given more than once.")
