"""The ASGI application that answers every path but the gateway's own: by asking the path's service."""

from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus

import structlog
from starlette.exceptions import HTTPException
from starlette.types import Receive, Scope, Send

from trackhelm_core.errors import UnavailableError
from trackhelm_core.http.route_table import make_router
from trackhelm_core.problems import problem
from trackhelm_core.wire.paths import inner_path
from trackhelm_gateway.connection import UpstreamLostError, UpstreamSilentError
from trackhelm_gateway.exchange import Exchange
from trackhelm_gateway.upstream import Upstream

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class _PassedOn:
    """What requests are counted by, where the gateway's own routes stand otherwise: the service's name."""

    path: str


class Proxy:
    """Routes by the table of `trackhelm_core.route_table`."""

    def __init__(self, upstreams: Mapping[str, Upstream], *, behind_gateway: bool) -> None:
        self._upstreams = upstreams
        self._behind_gateway = behind_gateway
        self._service_of = make_router()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            return
        service = self._service_of(inner_path(scope))
        if service is None:
            raise HTTPException(HTTPStatus.NOT_FOUND)  # The words are `trackhelm_core.problems`'.
        scope["route"] = _PassedOn(service)
        exchange = Exchange(self._upstreams[service], scope, receive, send)
        try:
            await exchange.run(behind_gateway=self._behind_gateway)
        except UpstreamLostError as error:
            log.warning("service lost", service=service, path=scope["path"], reason=str(error))
            # Once the answer has begun, leaving it unfinished is the only way to say so: the server then
            # cuts the connection, and no caller takes a part for the whole.
            if not exchange.answered:
                away = UnavailableError(f"The {service} service does not answer. Send the request again.")
                if isinstance(error, UpstreamSilentError):
                    away.status = HTTPStatus.GATEWAY_TIMEOUT
                await problem(away)(scope, receive, send)
