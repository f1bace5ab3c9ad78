"""The gateway's own paths: `/health`, `/ready`, `/version`, `/metrics`, `/openapi.json`."""

import asyncio
import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from trackhelm_core import __version__
from trackhelm_core.errors import UnavailableError
from trackhelm_gateway.connection import UpstreamLostError
from trackhelm_gateway.upstream import Upstream

_ANSWER_SECONDS: Final = 5
_OK: Final = 200


async def _health(_request: Request) -> Response:
    return Response("OK", media_type="text/plain")


async def _version(_request: Request) -> Response:
    return Response(__version__, media_type="text/plain")


async def _get(upstream: Upstream, path: bytes) -> bytes | None:
    """Return a service's answer, or None where there is no good one in time."""
    try:
        async with asyncio.timeout(_ANSWER_SECONDS):
            status, body = await upstream.get(path)
    except (TimeoutError, UpstreamLostError):
        return None
    return body if status == _OK else None


async def _get_all(upstreams: Mapping[str, Upstream], path: bytes) -> list[bytes]:
    """Return every service's answer; raises `UnavailableError` that names those that have none."""
    answers = await asyncio.gather(*(_get(upstream, path) for upstream in upstreams.values()))
    missing = [name for name, answer in zip(upstreams, answers, strict=True) if answer is None]
    if missing:
        raise UnavailableError(f"Not ready: {', '.join(missing)}.")
    return [answer for answer in answers if answer is not None]


def merged_documents(documents: Iterable[Any]) -> Any:
    """Return the OpenAPI document of services together: what has one name is the same in each."""
    whole: Any = {}
    for document in documents:
        whole = {**document, **whole}
        whole["paths"] = {**document["paths"], **whole["paths"]}
        schemas = {**document["components"]["schemas"], **whole["components"]["schemas"]}
        whole["components"] = {**whole["components"], "schemas": schemas}
    return whole


def own_routes(upstreams: Mapping[str, Upstream], registry: CollectorRegistry) -> Sequence[Route]:
    """Return the routes; the gateway is ready when every service is."""

    async def ready(_request: Request) -> Response:
        await _get_all(upstreams, b"/ready")
        return Response("OK", media_type="text/plain")

    async def openapi(request: Request) -> Response:
        documents = await _get_all(upstreams, b"/openapi.json")
        whole = merged_documents(map(json.loads, documents))
        # The services were asked at their root.
        if root := request.scope.get("root_path"):
            whole["servers"] = [{"url": root}]
        return JSONResponse(whole)

    async def metrics(_request: Request) -> Response:
        return Response(generate_latest(registry), headers={"Content-Type": CONTENT_TYPE_LATEST})

    return (
        Route("/health", _health),
        Route("/ready", ready),
        Route("/version", _version),
        Route("/metrics", metrics),
        Route("/openapi.json", openapi),
    )
