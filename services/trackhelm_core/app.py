"""Composing services into an application: every shape of the product is a call of `build_app`."""

from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager

from fastapi import FastAPI
from starlette.types import ASGIApp

from trackhelm_core import __version__
from trackhelm_core.api_page import api_page_routes
from trackhelm_core.auth.middleware import ActorMiddleware
from trackhelm_core.auth.proxies import TrustedProxies
from trackhelm_core.health import health_router
from trackhelm_core.openapi import install_openapi
from trackhelm_core.problems import install_problem_handlers
from trackhelm_core.runtime import Runtime
from trackhelm_core.service import Service
from trackhelm_core.settings import AuthSettings
from trackhelm_core.telemetry.metrics import RequestMetrics, metrics_router
from trackhelm_core.telemetry.requests import RequestMiddleware
from trackhelm_core.wire.direct import DirectApplication, DirectEndpoints, direct_routes


def build_app(
    services: Sequence[Service],
    runtime: Runtime,
    *,
    behind_gateway: bool = False,
    auth: AuthSettings | None = None,
) -> FastAPI:
    """Return an application that serves `services` over `runtime`; it closes the runtime when it stops.

    Behind a gateway, the gateway's id of a request is the request's. `auth` names the proxies whose word
    counts for who sends it; without, nobody's does.

    Routers are included, not mounted: a mounted application's lifespan never runs.
    """

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        async with AsyncExitStack() as running:
            running.callback(runtime.close)
            for service in services:
                if service.lifespan:
                    state = await running.enter_async_context(service.lifespan(runtime))
                    for name, value in state.items():
                        setattr(app.state, name, value)
            yield

    app = DirectApplication(
        title="Trackhelm",
        version=__version__,
        description="Experiment tracking that speaks the MLflow REST protocol.",
        lifespan=lifespan,
        # Theirs load their scripts from the internet.
        docs_url=None,
        redoc_url=None,
        # MLflow's clients never use a trailing slash, and a redirect would lose a POST's body.
        redirect_slashes=False,
    )
    app.state.runtime = runtime
    app.include_router(health_router)
    app.include_router(metrics_router)
    app.router.routes.extend(api_page_routes())
    for service in services:
        for mount in service.mounts:
            for position, prefix in enumerate(mount.prefixes):
                app.include_router(
                    mount.router, prefix=prefix, tags=[service.name], include_in_schema=position == 0
                )
    install_problem_handlers(app)
    install_openapi(app)
    proxies = TrustedProxies.of(auth, behind_gateway=behind_gateway)
    metrics = RequestMetrics(runtime.metrics)

    def layers(inner: ASGIApp) -> ASGIApp:
        actors = ActorMiddleware(inner, proxies=proxies)
        return RequestMiddleware(actors, metrics, behind_gateway=behind_gateway)

    app.add_middleware(layers)
    app.direct = direct_routes(services)
    app.serve_direct = layers(DirectEndpoints(app))
    return app
