"""The gateway as an application."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from prometheus_client import CollectorRegistry
from starlette.applications import Starlette

from trackhelm_core.http.app import api_page_routes
from trackhelm_core.problems import install_problem_handlers
from trackhelm_core.settings import GatewaySettings
from trackhelm_core.telemetry.metrics import RequestMetrics
from trackhelm_core.telemetry.requests import RequestMiddleware
from trackhelm_gateway.own_paths import own_routes
from trackhelm_gateway.proxy import Proxy
from trackhelm_gateway.upstream import Upstream


def gateway_app(settings: GatewaySettings, *, behind_gateway: bool = False) -> Starlette:
    """Return the application that passes requests on to the services that the settings name."""
    upstreams = {
        name: Upstream(url, settings.gateway_timeout_seconds) for name, url in settings.service_urls.items()
    }

    @asynccontextmanager
    async def lifespan(_app: Starlette) -> AsyncIterator[None]:
        yield
        for upstream in upstreams.values():
            upstream.close()

    metrics = CollectorRegistry()
    app = Starlette(routes=[*own_routes(upstreams, metrics), *api_page_routes()], lifespan=lifespan)
    app.router.redirect_slashes = False
    app.router.default = Proxy(upstreams, behind_gateway=behind_gateway)
    install_problem_handlers(app)
    app.add_middleware(RequestMiddleware, metrics=RequestMetrics(metrics), behind_gateway=behind_gateway)
    return app
