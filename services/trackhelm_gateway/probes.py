"""The gateway's own paths: `/health`, `/ready`, `/version`, `/metrics`."""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Final

from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from trackhelm_core import __version__
from trackhelm_core.errors import UnavailableError
from trackhelm_core.problems import problem
from trackhelm_gateway.connection import UpstreamLostError
from trackhelm_gateway.upstream import Upstream

_READY_SECONDS: Final = 5
_OK: Final = 200


async def _health(_request: Request) -> Response:
    return Response("OK", media_type="text/plain")


async def _version(_request: Request) -> Response:
    return Response(__version__, media_type="text/plain")


async def _is_ready(upstream: Upstream) -> bool:
    try:
        async with asyncio.timeout(_READY_SECONDS):
            connection = await upstream.connection()
            try:
                connection.begin(b"GET", b"/ready", [(b"host", b"gateway")], b"")
                head = await connection.head()
                async for _ in connection.blocks():
                    pass
            finally:
                upstream.release(connection, reusable=True)
    except (TimeoutError, UpstreamLostError):
        return False
    return head.status == _OK


def probe_routes(upstreams: Mapping[str, Upstream], registry: CollectorRegistry) -> Sequence[Route]:
    """Return the routes of the probes; the gateway is ready when every service is."""

    async def ready(_request: Request) -> Response:
        answers = await asyncio.gather(*(_is_ready(upstream) for upstream in upstreams.values()))
        missing = [name for name, answer in zip(upstreams, answers, strict=True) if not answer]
        if missing:
            return problem(UnavailableError(f"Not ready: {', '.join(missing)}."))
        return Response("OK", media_type="text/plain")

    async def metrics(_request: Request) -> Response:
        return Response(generate_latest(registry), headers={"Content-Type": CONTENT_TYPE_LATEST})

    return (
        Route("/health", _health),
        Route("/ready", ready),
        Route("/version", _version),
        Route("/metrics", metrics),
    )
