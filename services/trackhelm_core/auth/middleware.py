"""Finds each request's actor before anything of its body is read. Plain ASGI, see `telemetry.requests`."""

from starlette.types import ASGIApp, Receive, Scope, Send

from trackhelm_core.auth.actor import Actor
from trackhelm_core.auth.credentials import Credentials, parse_authorization
from trackhelm_core.auth.headers import header_values
from trackhelm_core.auth.identify import Authenticate, take_at_word
from trackhelm_core.auth.proxies import TrustedProxies
from trackhelm_core.errors import ApiError, UnauthenticatedError
from trackhelm_core.problems import problem


class ActorMiddleware:
    """Wraps the application: `scope["state"]["actor"]` is the actor of every HTTP request inside."""

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
