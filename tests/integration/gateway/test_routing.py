"""nginx itself is asked where each endpoint goes: to services that do nothing but tell their names."""

import http.client
import re
from collections.abc import Iterator
from contextlib import ExitStack, closing
from pathlib import Path

import pytest
from fastapi.routing import APIRoute
from starlette.types import Receive, Scope, Send

from tests.fixtures.gateway import serving_gateway
from tests.fixtures.live import serving
from trackhelm_core.gateway.routing import REST
from trackhelm_core.settings import AuthSettings, GatewaySettings, HttpSettings
from trackhelm_embedded.app import SERVICES

FILES = "/api/2.0/mlflow-artifacts/artifacts"
PREFIX = "/ml/trackhelm"

ENDPOINTS = sorted(
    {
        (method, prefix + route.path, service.name)
        for service in SERVICES
        for mount in service.mounts
        for prefix in mount.prefixes
        for route in mount.router.routes
        if isinstance(route, APIRoute)
        for method in route.methods or ()
    }
)


class Named:
    """A service that answers every request with its name and the address that it was asked for."""

    def __init__(self, name: str) -> None:
        self._name = name

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        await receive()
        headers = [(b"x-service", self._name.encode()), (b"x-asked", scope["raw_path"])]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": b""})


@pytest.fixture(scope="module")
def urls() -> Iterator[GatewaySettings]:
    with ExitStack() as running:
        ports = {service.name: running.enter_context(serving(Named(service.name))) for service in SERVICES}
        yield GatewaySettings.model_validate(
            {f"{name}_url": f"http://127.0.0.1:{port}" for name, port in ports.items()}
        )


@pytest.fixture(scope="module")
def at_root(urls: GatewaySettings) -> Iterator[int]:
    with serving_gateway(urls) as port:
        yield port


@pytest.fixture(scope="module")
def below(urls: GatewaySettings) -> Iterator[int]:
    """Yield the port of a gateway that is below a path, behind proxies whose own paths count."""
    auth = AuthSettings(trusted_proxies="127.0.0.0/8")
    with serving_gateway(urls, HttpSettings(path_prefix=PREFIX), auth) as port:
        yield port


def ask(port: int, method: str, target: str, **headers: str) -> tuple[str | None, str | None]:
    """Return the service that answers, and the address that it saw."""
    with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=60)) as connection:
        given = {name.replace("_", "-"): value for name, value in headers.items()}
        connection.request(method, target, headers=given)
        answer = connection.getresponse()
        answer.read()
    return answer.headers["x-service"], answer.headers["x-asked"]


def an_example(pattern: str) -> str:
    return re.sub(r"\{\w+:\w+\}", "some/deep%2Fpath.json", re.sub(r"\{\w+\}", "some%20thing", pattern))


def test_every_method_and_path_goes_to_the_service_that_has_it(at_root: int, below: int) -> None:
    assert len(ENDPOINTS) > 200
    for method, pattern, service in ENDPOINTS:
        path = an_example(pattern)
        assert ask(at_root, method, path) == (service, path)
        assert ask(below, method, PREFIX + path) == (service, PREFIX + path)
        # A proxy that says what its own path is may keep it or take it away.
        assert ask(below, method, f"/own{path}", X_Forwarded_Prefix="/own") == (service, f"/own{path}")


@pytest.mark.parametrize(
    ("target", "service"),
    [
        ("//api/2.0/mlflow//runs/search", "query"),
        ("///api//2.0/mlflow/runs/log-batch?a=//b", "ingest"),
        ("/api/2.0/mlflow/runs/%6cog-batch", "ingest"),
        (f"{FILES}//etc/passwd", "artifact"),
        (f"/{FILES}/a//b", "artifact"),
        (f"{FILES}/../../mlflow/runs/search", "artifact"),
        (f"{FILES}/a%2F..%2Fb", "artifact"),
        (f"{FILES}/%E6%95%B0?x=1", "artifact"),
        (f"{FILES}/two%0Alines", "artifact"),
        ("/get-artifact?path=/api/2.0/mlflow/runs/search", "artifact"),
        ("/api/2.0/mlflow/logged-models/m-1/tags/a//b", "registry"),
        ("/docs", REST),
        ("/openapi.json", REST),
        ("/no/such/path", REST),
        (f"{PREFIX}/api/2.0/mlflow/runs/search", REST),
    ],
)
def test_an_address_arrives_as_it_came_at_the_service_it_means(
    at_root: int, target: str, service: str
) -> None:
    assert ask(at_root, "GET", target) == (service, target.partition("?")[0])


def test_what_is_not_below_the_path_is_for_any_service_to_refuse(below: int) -> None:
    assert ask(below, "GET", "/elsewhere/api/2.0/mlflow/runs/search")[0] == REST
    assert ask(below, "GET", f"//ml//trackhelm//{FILES}/a")[0] == "artifact"


def test_own_paths_are_answered_without_a_service_but_only_to_those_who_read(below: int) -> None:
    for path in ("/health", "/version", f"{PREFIX}/health"):
        for method in ("GET", "HEAD"):
            assert ask(below, method, path)[0] is None
        for method in ("POST", "OPTIONS"):
            assert ask(below, method, path)[0] == REST
    assert ask(below, "POST", "/ready")[0] == REST


def test_files_of_the_ui_are_served_in_the_form_that_a_caller_takes(
    urls: GatewaySettings, tmp_path: Path
) -> None:
    (tmp_path / "assets").mkdir()
    for name, content in {
        "index.html": "<title>Trackhelm</title>",
        "assets/app-1.js": "plain",
        "assets/app-1.js.gz": "as gzip",
        "assets/app-1.js.br": "as brotli",
        "secret.key": "not for anybody",
    }.items():
        (tmp_path / name).write_text(content)

    def get(port: int, path: str, **headers: str) -> tuple[int, dict[str, str], str]:
        with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=60)) as connection:
            connection.request("GET", path, headers=headers)
            answer = connection.getresponse()
            return answer.status, {name.lower(): v for name, v in answer.getheaders()}, answer.read().decode()

    settings = urls.model_copy(update={"ui_folder": tmp_path})
    with (
        serving_gateway(settings) as port,
        serving_gateway(settings, HttpSettings(path_prefix="/ml")) as below,
    ):
        for server, prefix in ((port, ""), (below, "/ml")):
            status, headers, body = get(server, f"{prefix}/")
            assert (status, body) == (200, "<title>Trackhelm</title>")
            assert headers["content-type"] == "text/html; charset=utf-8"
            assert headers["cache-control"] == "no-cache"
            assert "default-src 'self'" in headers["content-security-policy"]
            script = f"{prefix}/assets/app-1.js"
            for accepted, coding, content in (
                ("", None, "plain"),
                ("gzip, deflate", "gzip", "as gzip"),
                ("gzip, br", "br", "as brotli"),
                ("gzip;q=0, br;q=0", None, "plain"),
            ):
                status, headers, body = get(server, script, **{"Accept-Encoding": accepted})
                assert (status, body, headers.get("content-encoding")) == (200, content, coding)
                assert headers["content-type"] == "text/javascript; charset=utf-8"
                assert "immutable" in headers["cache-control"]
                assert headers["vary"] == "Accept-Encoding"
            assert get(server, f"{prefix}/assets/none.js")[1]["x-service"] == REST
            assert get(server, f"{prefix}/secret.key")[1]["x-service"] == REST
            # No file's name hides an endpoint.
            assert get(server, f"{prefix}{FILES}/assets/app-1.js")[1]["x-service"] == "artifact"
            assert ask(server, "POST", f"{prefix}/")[0] == REST
