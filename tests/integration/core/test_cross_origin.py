"""Pages of other origins: which may call, what a browser is told beforehand, that failures can be read."""

from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest
from fastapi import FastAPI
from starlette.testclient import TestClient

from tests.fixtures.api import API
from tests.fixtures.gateway import services_at, serving_gateway
from tests.fixtures.live import serving
from trackhelm_cli.serving import at_the_edge
from trackhelm_core.settings import HttpSettings, StorageSettings
from trackhelm_embedded.app import embedded_app

LISTED = "https://ui.example.com"
DEVELOPED = "http://localhost:5173"
OTHER = "https://evil.example"
CREATE = f"{API}/experiments/create"
DIRECT = f"{API}/runs/log-batch"


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[FastAPI]:
    app = embedded_app(StorageSettings(data=tmp_path_factory.mktemp("data")))
    with TestClient(app):
        yield app


def client_of(app: FastAPI, origins: str) -> TestClient:
    edge = at_the_edge(app, HttpSettings(cors_origins=origins))
    return TestClient(edge, raise_server_exceptions=False, base_url="http://127.0.0.1")


@pytest.fixture
def closed(app: FastAPI) -> TestClient:
    return client_of(app, "")


@pytest.fixture
def listing(app: FastAPI) -> TestClient:
    return client_of(app, f"{LISTED},{DEVELOPED}")


@pytest.fixture
def to_any(app: FastAPI) -> TestClient:
    return client_of(app, "*")


def preflight(
    client: TestClient | httpx2.Client, origin: str, method: str = "POST", headers: str = "content-type"
) -> httpx2.Response:
    asked = {
        "Origin": origin,
        "Access-Control-Request-Method": method,
        "Access-Control-Request-Headers": headers,
    }
    answer: httpx2.Response = client.options(DIRECT, headers=asked)
    return answer


def allowed(answer: httpx2.Response) -> str | None:
    return answer.headers.get("access-control-allow-origin")


def test_by_default_no_other_origin_may_anything(closed: TestClient) -> None:
    answer = preflight(closed, LISTED)
    assert (answer.status_code, allowed(answer)) == (405, None)
    answer = closed.get("/version", headers={"Origin": LISTED})
    assert (answer.status_code, allowed(answer)) == (200, None)
    for path in (CREATE, DIRECT):
        answer = closed.post(path, json={}, headers={"Origin": LISTED})
        assert (answer.status_code, allowed(answer)) == (403, None)
        assert "TRACKHELM_CORS_ORIGINS" in answer.json()["message"]


@pytest.mark.parametrize("origin", [LISTED, DEVELOPED])
@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "PATCH", "DELETE"])
def test_a_browser_is_told_that_a_listed_page_may_call(listing: TestClient, origin: str, method: str) -> None:
    wanted = "authorization,content-type,x-mlflow-workspace,x-mlflow-client-version,range"
    answer = preflight(listing, origin, method, wanted)
    assert (answer.status_code, allowed(answer)) == (200, origin)
    assert method in answer.headers["access-control-allow-methods"]
    assert answer.headers["access-control-allow-headers"] == wanted
    assert answer.headers["access-control-allow-credentials"] == "true"
    assert answer.headers["access-control-max-age"] == "600"
    assert "Origin" in answer.headers["vary"]


@pytest.mark.parametrize(("origin", "method"), [(OTHER, "POST"), ("null", "POST"), (LISTED, "TRACE")])
def test_a_browser_is_told_that_another_may_not(listing: TestClient, origin: str, method: str) -> None:
    answer = preflight(listing, origin, method)
    assert (answer.status_code, answer.json()["error_code"]) == (403, "PERMISSION_DENIED")
    assert origin in answer.json()["message"]
    assert allowed(answer) == (LISTED if origin == LISTED else None)


def test_a_listed_page_writes_and_another_does_not(listing: TestClient) -> None:
    for path in (CREATE, DIRECT):
        # What is let through is refused for what it lacks: 400.
        answer = listing.post(path, json={}, headers={"Origin": LISTED, "Cookie": "session=1"})
        assert (answer.status_code, allowed(answer)) == (400, LISTED)
        answer = listing.post(path, json={}, headers={"Origin": OTHER})
        assert (answer.status_code, allowed(answer)) == (403, None)
        # The server's own pages, and programs, as ever.
        assert listing.post(path, json={}, headers={"Origin": "http://127.0.0.1"}).status_code == 400
        assert listing.post(path, json={}).status_code == 400


@pytest.mark.parametrize(
    ("method", "path", "headers", "status"),
    [
        ("GET", "/version", {}, 200),
        ("POST", DIRECT, {}, 400),
        ("GET", f"{API}/runs/get?run_id=none", {}, 404),
        ("GET", "/no/such/path", {}, 404),
        ("GET", DIRECT, {}, 405),
        ("POST", CREATE, {"Authorization": "Unknown scheme"}, 401),
        ("POST", DIRECT, {"Authorization": "Unknown scheme"}, 401),
        ("GET", "/ready", {"Host": "evil.example"}, 403),
        ("POST", "/api/3.0/mlflow/traces", {}, 501),
    ],
)
def test_a_listed_page_can_read_every_answer(
    listing: TestClient, method: str, path: str, headers: dict[str, str], status: int
) -> None:
    message: object = {} if method == "POST" else None
    answer = listing.request(method, path, json=message, headers={"Origin": LISTED, **headers})
    assert (answer.status_code, allowed(answer)) == (status, LISTED)
    assert answer.headers["access-control-allow-credentials"] == "true"
    exposed = answer.headers["access-control-expose-headers"].split(", ")
    assert {"X-Request-Id", "Retry-After", "ETag", "Content-Disposition"} <= set(exposed)


def test_a_cache_keeps_answers_to_different_origins_apart(listing: TestClient) -> None:
    assert "Origin" in listing.get("/version").headers["vary"]


def test_any_page_may_call_without_a_users_credentials(to_any: TestClient) -> None:
    answer = preflight(to_any, OTHER)
    assert (answer.status_code, allowed(answer)) == (200, "*")
    assert "access-control-allow-credentials" not in answer.headers
    for path in (CREATE, DIRECT):
        for headers in ({}, {"Authorization": "Bearer abc"}):
            answer = to_any.post(path, json={}, headers={"Origin": OTHER, **headers})
            assert (answer.status_code, allowed(answer)) == (400, "*")
            assert "access-control-allow-credentials" not in answer.headers
        for headers in ({"Cookie": "session=1"}, {"Authorization": "Basic bWU6eA=="}):
            assert to_any.post(path, json={}, headers={"Origin": OTHER, **headers}).status_code == 403


def test_any_page_of_the_internet_may_not_reach_a_private_network(
    listing: TestClient, to_any: TestClient
) -> None:
    asked = {"Access-Control-Request-Method": "GET", "Access-Control-Request-Private-Network": "true"}
    assert to_any.options("/version", headers={"Origin": OTHER, **asked}).status_code == 403
    assert listing.options("/version", headers={"Origin": LISTED, **asked}).status_code == 200


def test_a_gateway_and_its_services_say_it_once(tmp_path: Path) -> None:
    app = embedded_app(StorageSettings(data=tmp_path))
    http = HttpSettings(cors_origins=LISTED)
    behind = http.model_copy(update={"behind_gateway": True})
    with (
        serving(at_the_edge(app, behind)) as service,
        serving_gateway(services_at(service), http) as port,
        httpx2.Client(base_url=f"http://127.0.0.1:{port}", timeout=180) as client,
    ):
        assert preflight(client, LISTED).status_code == 200
        for path, status in ((DIRECT, 400), ("/no/such/path", 404)):
            answer = client.post(path, json={}, headers={"Origin": LISTED})
            assert answer.status_code == status
            assert answer.headers.get_list("access-control-allow-origin") == [LISTED]
        assert client.post(DIRECT, json={}, headers={"Origin": OTHER}).status_code == 403
