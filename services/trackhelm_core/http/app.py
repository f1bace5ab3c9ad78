"""Composing services into an application: every shape of the product calls `build_app`.

Besides the services' routes, each application has probes, metrics, the OpenAPI document and its page.
"""

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from anyio import CapacityLimiter, to_thread
from fastapi import APIRouter, Depends, FastAPI, Response
from fastapi.routing import APIRoute
from starlette.requests import Request
from starlette.responses import FileResponse
from starlette.routing import BaseRoute, Route
from starlette.routing import Mount as Folder
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp, Lifespan

from trackhelm_core import __version__
from trackhelm_core.access import Access, Need, current_access, need_of, needs
from trackhelm_core.errors import UnavailableError
from trackhelm_core.limits import BODY_MEMORY_MEBIBYTES
from trackhelm_core.problems import install_problem_handlers
from trackhelm_core.runtime import ROOT, Mount, Runtime, RuntimeDep, Service
from trackhelm_core.security.actor import (
    METRICS_PATH,
    ActorMiddleware,
    Door,
    RequestQuotas,
    TrustedProxies,
    is_public,
)
from trackhelm_core.security.cookies import SessionCookies
from trackhelm_core.settings import AuthSettings
from trackhelm_core.telemetry.requests import RequestMetrics, RequestMiddleware, metrics_router
from trackhelm_core.wire.replies import JSON_MEDIA_TYPE, ErrorReply, made_schema, schema_of
from trackhelm_core.wire.routes import MEBIBYTE, BodyMemory, DirectApplication, DirectEndpoints, direct_routes

if TYPE_CHECKING:
    from trackhelm_core.telemetry.tracing import Tracing


# The OpenAPI document of a process: FastAPI's, completed with the schemas of our answers.


def _move_definitions(document: dict[str, Any]) -> None:
    schemas = document.setdefault("components", {}).setdefault("schemas", {})
    for path in document["paths"].values():
        for operation in path.values():
            for part in (operation.get("requestBody", {}), *operation["responses"].values()):
                for content in part.get("content", {}).values():
                    content["schema"] = made_schema(content["schema"])
                    for name, schema in content["schema"].pop("$defs", {}).items():
                        # Two schemas of one name would be mixed up in the references.
                        assert schemas.setdefault(name, schema) == schema, f"two schemas are named {name}"


def _state_failures(document: dict[str, Any]) -> None:
    failure = {
        "description": "Failure, in MLflow's form",
        "content": {JSON_MEDIA_TYPE: {"schema": schema_of(ErrorReply)}},
    }
    for path in document["paths"].values():
        for operation in path.values():
            # FastAPI documents its own form of 422, which this server never answers.
            operation["responses"].pop("422", None)
            operation["responses"]["default"] = failure


def install_openapi(app: FastAPI) -> None:
    """Make the application answer `/openapi.json` with the complete document."""
    standard = app.openapi

    def complete() -> dict[str, Any]:
        if app.openapi_schema is None:
            document = standard()
            _state_failures(document)
            _move_definitions(document)
            app.openapi_schema = document
        return app.openapi_schema

    app.openapi = complete  # type: ignore[method-assign]  # FastAPI's documented extension point


# Probes: `/health` (the process is alive), `/ready` (it can serve), `/version`.
#
# Load balancers may send HEAD, too.

health_router = APIRouter(tags=["probes"])

# Threads of their own: a server whose threads are all in use is ready, for it answers when they are free.
_PROBES_AT_ONCE: Final = 4


@health_router.head("/health", include_in_schema=False)
@health_router.get("/health", response_class=Response)
@needs(Need.PUBLIC)
async def health() -> Response:
    """Answer `OK` while the process runs. It checks no dependency, because a restart would not repair one."""
    return Response("OK", media_type="text/plain")


@health_router.head("/ready", include_in_schema=False)
@health_router.get("/ready", response_class=Response)
@needs(Need.PUBLIC)
async def ready(request: Request, runtime: RuntimeDep) -> Response:
    """Answer `OK` if the database and the queue answer and the schema fits this version; 503 until then."""
    probing: CapacityLimiter = request.app.state.probing
    if missing := await to_thread.run_sync(runtime.missing, limiter=probing):
        raise UnavailableError(missing)
    return Response("OK", media_type="text/plain")


@health_router.head("/version", include_in_schema=False)
@health_router.get("/version", response_class=Response)
@needs(Need.PUBLIC)
async def version() -> Response:
    """Answer Trackhelm's version.

    A stock client asks for it before it exports spans, and sends them only to MLflow 3.4 or later. For an
    earlier version it stores them as an artifact, which this server can keep.
    """
    return Response(__version__, media_type="text/plain")


# `/docs`: the API in a browser, shown by a copy of Swagger UI that is part of the server.
#
# The page loads nothing from outside the server, and its policy forbids the browser to do so. The folder
# `swagger_ui` has the page and the files of the npm package `swagger-ui-dist` as they were published (except
# for the address of a source map, which is not shipped) with their licences.

_FILES: Final = Path(__file__).with_name("swagger_ui")

# Swagger UI uses inline styles, and its style sheet contains its icons as data.
_POLICY: Final = (
    "default-src 'self'; img-src 'self' data:; style-src 'self' 'unsafe-inline'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'self'"
)


async def _page(_request: Request) -> Response:
    return FileResponse(_FILES / "page.html", headers={"Content-Security-Policy": _POLICY})


def api_page_routes() -> list[BaseRoute]:
    """Return the routes of the page and of its files; the page reads `/openapi.json` from this server."""
    return [Route("/docs", _page), Folder("/docs/static", StaticFiles(directory=_FILES))]


# What each route needs of who calls it.


async def _check_route(request: Request) -> None:
    # `async`, so that FastAPI calls it in place: a plain function would cost a thread hop per request.
    access = current_access()
    if access.decides_by_route:
        # Where the route is about an object, the first check of one does so.
        await to_thread.run_sync(_renew, request.app.state.runtime, access)
    access.check_route()


def _renew(runtime: Runtime, access: Access) -> None:
    if access.renewal is not None:
        with runtime.database.reading_once() as session:
            access.renewal(session, access)


def _check_needs(services: Sequence[Service]) -> None:
    """Refuse services with a route that does not say what it needs, or that is public by mistake.

    Raises:
        RuntimeError: There is one.
    """
    mounts = [Mount(health_router, ROOT), Mount(metrics_router, ROOT)]
    mounts += [mount for service in services for mount in service.mounts]
    for mount in mounts:
        for route in mount.router.routes:
            assert isinstance(route, APIRoute)
            need = need_of(route.endpoint)
            if need is None:
                raise RuntimeError(f"{route.path} does not say what it needs: `trackhelm_core.access.needs`")
            for prefix in mount.prefixes:
                path = prefix + route.path
                if (need is Need.PUBLIC) != (is_public(path) or path == METRICS_PATH):
                    raise RuntimeError(f"{path} needs {need.value}, and `is_public` says otherwise")


def _routed(
    services: Sequence[Service],
    lifespan: Lifespan[FastAPI] | None = None,
    pages: Sequence[BaseRoute] = (),
) -> DirectApplication:
    """Return an application with the routes of services, without a runtime and without middleware."""
    app = DirectApplication(
        title="Trackhelm",
        version=__version__,
        description="Experiment tracking that speaks the MLflow REST protocol.",
        lifespan=lifespan,
        dependencies=[Depends(_check_route)],
        # FastAPI's own pages load their scripts from the internet.
        docs_url=None,
        redoc_url=None,
        # MLflow's clients never use a trailing slash, and a redirect would lose a POST's body.
        redirect_slashes=False,
        # Spans are recorded around the whole application, and FastAPI would send by itself what OTEL_* say.
        telemetry={"tracing": False, "metrics": False, "logs": False, "auto_configure": False},
    )
    app.include_router(health_router)
    app.include_router(metrics_router)
    app.router.routes.extend(api_page_routes())
    app.router.routes.extend(pages)
    for service in services:
        for mount in service.mounts:
            for position, prefix in enumerate(mount.prefixes):
                app.include_router(
                    mount.router, prefix=prefix, tags=[service.name], include_in_schema=position == 0
                )
    _check_needs(services)
    install_problem_handlers(app)
    install_openapi(app)
    return app


def api_document(services: Sequence[Service]) -> dict[str, Any]:
    """Return one OpenAPI document for all services."""
    return _routed(services).openapi()


def build_app(
    services: Sequence[Service],
    runtime: Runtime,
    *,
    behind_gateway: bool = False,
    auth: AuthSettings | None = None,
    body_memory_mebibytes: int = BODY_MEMORY_MEBIBYTES,
    document: Callable[[], dict[str, Any]] | None = None,
    pages: Sequence[BaseRoute] = (),
    tracing: "Tracing | None" = None,
    door: Door | None = None,
    quotas: RequestQuotas | None = None,
) -> FastAPI:
    """Return an application that serves `services` over `runtime`; it closes the runtime when it stops.

    Behind a gateway, the gateway's id of a request is the request's. `auth` names the proxies whose word
    counts for who sends it; without, nobody's does. Bodies of requests take
    `body_memory_mebibytes` together at the most. `document` returns the OpenAPI document where it tells of
    more than `services`. `pages` are routes of what is not an API, such as the web UI's files.
    `tracing` records spans of requests; it is closed with the runtime. `door` decides who may enter; without,
    everybody does. `quotas` refuse who sends requests too fast.

    Routers are included and not mounted, because the lifespan of a mounted application never runs.
    """

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        async with AsyncExitStack() as running:
            if tracing is not None:
                running.callback(tracing.close)
            running.callback(runtime.close)
            for service in services:
                if service.lifespan:
                    state = await running.enter_async_context(service.lifespan(runtime))
                    for name, value in state.items():
                        setattr(app.state, name, value)
            yield

    app = _routed(services, lifespan, pages)
    app.state.runtime = runtime
    app.state.door = door
    app.state.bodies = BodyMemory(body_memory_mebibytes * MEBIBYTE, runtime.metrics)
    app.state.probing = CapacityLimiter(_PROBES_AT_ONCE)
    if document is not None:
        app.openapi = document  # type: ignore[method-assign]  # FastAPI's documented extension point
    proxies = TrustedProxies.of(auth, behind_gateway=behind_gateway)
    metrics = RequestMetrics(runtime.metrics)
    cookies = app.state.session_cookies = SessionCookies.of(auth)

    def layers(inner: ASGIApp) -> ASGIApp:
        actors = ActorMiddleware(
            inner,
            proxies=proxies,
            door=door,
            believes_names=auth is not None and auth.unchecked_approvals,
            behind_gateway=behind_gateway,
            cookies=cookies,
            quotas=quotas,
        )
        requests = RequestMiddleware(actors, metrics, behind_gateway=behind_gateway)
        if tracing is None:
            return requests
        from trackhelm_core.telemetry.tracing import TraceMiddleware  # noqa: PLC0415 - its packages are optional

        return TraceMiddleware(requests, tracing)

    app.add_middleware(layers)
    app.direct = direct_routes(services)
    app.serve_direct = layers(DirectEndpoints(app))
    return app
