"""An endpoint that is called directly answers as it does by the framework's routing."""

from collections.abc import Iterator

import pytest
from fastapi import FastAPI
from httpx2 import Response
from sqlalchemy.exc import OperationalError
from starlette.testclient import TestClient

from tests.fixtures.api import API, Api
from trackhelm_core.errors import UnavailableError
from trackhelm_core.settings import StorageSettings
from trackhelm_core.wire.routes import DirectApplication
from trackhelm_embedded.app import embedded_app
from trackhelm_ingest.metrics import routes as metrics_routes

JSON = {"Content-Type": "application/json"}
RUN = "0" * 32
REQUESTS = [
    ("log-batch", JSON, b'{"run_id":"%b","metrics":[{"key":"loss","value":1,"timestamp":1,"step":1}]}'),
    ("log-metric", JSON, b'{"run_id":"%b","run_uuid":"%b","key":"loss","value":1,"timestamp":1}'),
    ("log-batch", JSON, b'{"run_id":"%b","params":[{"key":"lr","value":"1"}]}'),
    ("log-batch", JSON, b'"{\\"run_id\\":\\"%b\\"}"'),
    ("log-batch", JSON | {"Content-Type": "application/json; charset=utf-8"}, b'{"run_id":"%b"}'),
    ("log-batch", JSON, b""),
    ("log-batch", JSON, b"{"),
    ("log-batch", JSON, b'{"run_id":"%b","metrics":[{"key":"loss"}]}'),
    ("log-metric", {}, b"{}"),
    ("log-metric", {"Content-Type": "text/plain"}, b"{}"),
    ("log-batch", JSON, b'{"run_id":"missing","metrics":[{"key":"loss","value":1,"timestamp":1}]}'),
    ("log-batch/", JSON, b"{}"),
    ("log-parameter", JSON, b'{"run_id":"%b","key":"lr","value":"1"}'),
    ("log-parameter", JSON, b'{"run_id":"%b","value":"1"}'),
    ("set-tag", JSON, b'{"runId":"%b","key":"team","value":7}'),
    ("set-tag", JSON, b'{"run_id":"missing","key":"team"}'),
    ("search", JSON, b'{"experiment_ids":["0"],"filter":"tags.team = \'nobody\'"}'),
    ("search", JSON, b'{"experiment_ids":["0"],"filter":"tags.team = "}'),
    ("search", JSON, b'{"experiment_ids":["0"],"max_results":"many"}'),
    ("search", JSON, b'{"experiment_ids":["0"],"page_token":"forged"}'),
    ("search", JSON, b"[]"),
]
FAILURES = [
    UnavailableError("The queue does not answer.", retry_after_seconds=3),
    OperationalError("statement", {}, Exception("connection refused")),
    RuntimeError("a defect"),
]


@pytest.fixture(scope="module")
def clients(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[TestClient, TestClient]]:
    """Yield the same server twice: as it is, and without direct routes."""
    storage = StorageSettings(data=tmp_path_factory.mktemp("data"))
    with client_of(embedded_app(storage)) as direct:
        app = embedded_app(storage)
        assert isinstance(app, DirectApplication)
        assert app.direct
        app.direct = {}
        with client_of(app) as routed:
            yield direct, routed


def client_of(app: FastAPI) -> TestClient:
    return TestClient(app, raise_server_exceptions=False, base_url="http://127.0.0.1")


def check_alike(direct: Response, routed: Response) -> None:
    for read in (lambda answer: (answer.status_code, answer.text), lambda answer: sorted(answer.headers)):
        assert read(direct) == read(routed)


@pytest.mark.parametrize("index", range(len(REQUESTS)))
@pytest.mark.parametrize("prefix", ["/api/2.0", "/ajax-api/2.0"])
def test_a_request_is_answered_alike(clients: tuple[TestClient, TestClient], index: int, prefix: str) -> None:
    path, headers, body = REQUESTS[index]
    body = body.replace(b"%b", Api(clients[0]).new_run().encode())
    check_alike(
        *(client.post(f"{prefix}/mlflow/runs/{path}", content=body, headers=headers) for client in clients)
    )


def test_another_method_is_refused_alike(clients: tuple[TestClient, TestClient]) -> None:
    check_alike(*(client.get(f"{API}/runs/log-batch") for client in clients))


@pytest.mark.parametrize("error", FAILURES, ids=lambda error: type(error).__name__)
def test_a_failure_is_answered_alike(
    clients: tuple[TestClient, TestClient], monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    def fail(body: bytes) -> None:
        raise error

    monkeypatch.setattr(metrics_routes, "decode_batch", fail)
    check_alike(*(client.post(f"{API}/runs/log-batch", content=b"{}", headers=JSON) for client in clients))


def test_a_request_is_counted_by_its_route(clients: tuple[TestClient, TestClient]) -> None:
    for client in clients:
        client.post(f"{API}/runs/log-metric", content=b"{}", headers=JSON)
        counted = client.get("/metrics").text
        assert 'count{method="POST",route="/mlflow/runs/log-metric",status="400"}' in counted
