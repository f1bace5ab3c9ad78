"""Addresses of a running server: doubled slashes, and a path that it is served below."""

import http.client
import json
import re
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urljoin

import pytest

from tests.fixtures.gateway import services_at, serving_gateway
from tests.fixtures.live import serving
from trackhelm_cli.serving import at_the_edge
from trackhelm_core.settings import AuthSettings, HttpSettings, StorageSettings
from trackhelm_embedded.app import embedded_app

FILES = "/api/2.0/mlflow-artifacts/artifacts"
AUTH = AuthSettings(trusted_proxies="127.0.0.0/8")


class Server:
    """Asks for addresses that no client library has touched."""

    def __init__(self, port: int) -> None:
        self._port = port

    def call(self, method: str, target: str, body: Any = None, **headers: str) -> tuple[int, Any]:
        with closing(http.client.HTTPConnection("127.0.0.1", self._port, timeout=180)) as connection:
            sent = body if isinstance(body, bytes) or body is None else json.dumps(body)
            given = {"Content-Type": "application/json"} | {
                name.replace("_", "-"): value for name, value in headers.items()
            }
            connection.request(method, target, sent, given)
            answer = connection.getresponse()
            text = answer.read()
        is_json = answer.headers.get("content-type") == "application/json"
        return answer.status, json.loads(text) if is_json else text


@contextmanager
def serving_with(http: HttpSettings, shape: str, folder: Path) -> Iterator[Server]:
    """Serve with these settings: a server, or a gateway that has it behind it."""
    app = embedded_app(StorageSettings(data=folder), auth=AUTH)
    if shape == "embedded":
        with serving(at_the_edge(app, http, AUTH)) as port:
            yield Server(port)
        return
    behind = http.model_copy(update={"behind_gateway": True})
    with (
        serving(at_the_edge(app, behind, AUTH)) as service,
        serving_gateway(services_at(service), http, AUTH) as port,
    ):
        yield Server(port)


class Servers(NamedTuple):
    at_root: Server
    below: Server


@pytest.fixture(scope="module", params=["embedded", "gateway"])
def servers(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Servers]:
    below = HttpSettings(path_prefix="/ml/trackhelm")
    with (
        serving_with(HttpSettings(), request.param, tmp_path_factory.mktemp("root")) as at_root,
        serving_with(below, request.param, tmp_path_factory.mktemp("below")) as below_path,
    ):
        yield Servers(at_root, below_path)


@pytest.fixture
def at_root(servers: Servers) -> Server:
    return servers.at_root


@pytest.fixture
def below(servers: Servers) -> Server:
    return servers.below


def use(server: Server, prefix: str, **headers: str) -> None:
    """Write and read by every kind of path: direct, with parameters, of files, at the root."""
    api = f"{prefix}/api/2.0/mlflow"

    def ask(method: str, target: str, body: Any = None) -> Any:
        status, answer = server.call(method, target, body, **headers)
        assert status == 200, (target, answer)
        return answer

    _, found = server.call("GET", f"{api}/experiments/get-by-name?experiment_name=x", **headers)
    experiment = found.get("experiment") or ask("POST", f"{api}/experiments/create", {"name": "x"})
    run = ask("POST", f"{api}/runs/create", {"experiment_id": experiment["experiment_id"]})
    run_id = run["run"]["info"]["run_id"]
    ask("POST", f"{api}/runs/log-batch", {"run_id": run_id, "params": [{"key": "a", "value": "1"}]})
    ask("POST", f"{api}/runs/set-tag", {"run_id": run_id, "key": "k", "value": "v"})
    assert ask("GET", f"{api}/runs/get?run_id={run_id}")["run"]["data"]["params"]
    root = run["run"]["info"]["artifact_uri"].removeprefix("mlflow-artifacts:/")
    ask("PUT", f"{prefix}/api/2.0/mlflow-artifacts/artifacts/{root}/d/f.txt", b"file")
    assert ask("GET", f"{prefix}/get-artifact?path=d/f.txt&run_uuid={run_id}") == b"file"
    model = ask("POST", f"{api}/logged-models", {"experiment_id": experiment["experiment_id"]})
    model_id = model["model"]["info"]["model_id"]
    tags = {"tags": [{"key": "a//b", "value": "1"}]}
    ask("PATCH", f"{api}/logged-models/{model_id}/tags", tags)
    ask("DELETE", f"{api}/logged-models/{model_id}/tags/a//b")
    assert "tags" not in ask("GET", f"{api}/logged-models/{model_id}")["model"]["info"]
    assert ask("GET", f"{prefix}/health") == b"OK"


@pytest.mark.parametrize("slashes", ["/", "///"])
def test_a_tracking_uri_may_end_in_slashes(at_root: Server, slashes: str) -> None:
    use(at_root, slashes)


def test_slashes_within_a_path_may_be_doubled(at_root: Server) -> None:
    assert at_root.call("GET", "/api//2.0/mlflow//experiments/get?experiment_id=0")[0] == 200
    assert at_root.call("POST", "//api/2.0/mlflow//runs/log-batch", {"run_id": "none"})[0] == 404


@pytest.mark.parametrize("start", ["", "/", "//"])
def test_a_name_of_a_file_keeps_its_slashes(at_root: Server, start: str) -> None:
    status, answer = at_root.call("GET", f"{start}{FILES}//etc/passwd")
    assert (status, answer["error_code"]) == (400, "INVALID_PARAMETER_VALUE")
    assert answer["message"].startswith('Invalid path "/etc/passwd"')


def test_a_server_works_below_its_path(below: Server) -> None:
    use(below, "/ml/trackhelm")
    use(below, "//ml//trackhelm//")


def test_a_server_below_a_path_is_not_at_the_root(below: Server) -> None:
    status, answer = below.call("GET", "/api/2.0/mlflow/experiments/get?experiment_id=0")
    assert (status, answer["error_code"]) == (404, "ENDPOINT_NOT_FOUND")
    assert "below /ml/trackhelm" in answer["message"]
    assert [below.call("GET", probe)[0] for probe in ("/health", "/ready", "/version")] == [200] * 3


def test_a_proxy_may_take_the_path_away_and_say_so(at_root: Server, below: Server) -> None:
    use(at_root, "", X_Forwarded_Prefix="/ml")
    use(below, "", X_Forwarded_Prefix="/ml/trackhelm")


def test_a_proxy_that_says_what_is_no_path_is_told(at_root: Server) -> None:
    status, answer = at_root.call("GET", f"{FILES}/x", X_Forwarded_Prefix="//evil.example")
    assert status == 400
    assert "//evil.example" in answer["message"]


def test_what_is_not_offered_is_said_below_a_path_too(below: Server) -> None:
    assert below.call("POST", "/ml/trackhelm//api/3.0/mlflow/traces", {})[0] == 501


def test_the_api_document_names_the_path(at_root: Server, below: Server) -> None:
    assert "servers" not in at_root.call("GET", "/openapi.json")[1]
    _, told = at_root.call("GET", "/openapi.json", X_Forwarded_Prefix="/stripped")
    assert told["servers"] == [{"url": "/stripped"}]
    _, kept = below.call("GET", "/ml/trackhelm/openapi.json")
    assert kept["servers"] == [{"url": "/ml/trackhelm"}]


def test_the_page_of_the_api_works_below_a_path(below: Server) -> None:
    """Each address that it names is relative to its own, `/ml/trackhelm/docs`."""
    status, page = below.call("GET", "/ml/trackhelm/docs")
    named = re.findall(r'(?:href|src)="([^"]+)"', page.decode())
    assert status == 200
    assert named
    for address in named:
        assert below.call("GET", urljoin("/ml/trackhelm/docs", address))[0] == 200
