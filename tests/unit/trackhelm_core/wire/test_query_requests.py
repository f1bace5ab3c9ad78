"""Requests from a query string are read as leniently as a JSON body."""

from typing import Annotated, Any

import pytest
from fastapi import FastAPI, Query
from starlette.testclient import TestClient

from trackhelm_core.problems import install_problem_handlers
from trackhelm_core.wire.requests import Int64, Repeated, Required, WireModel


class Asked(WireModel):
    metric_key: Required
    run_ids: Repeated = ()
    max_results: Int64 | None = None


@pytest.fixture(scope="module")
def client() -> TestClient:
    app = FastAPI()
    install_problem_handlers(app)

    @app.get("/asked")
    def asked(query: Annotated[Asked, Query()]) -> dict[str, Any]:
        return query.model_dump()

    return TestClient(app, raise_server_exceptions=False)


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("metric_key=a", {"run_ids": [], "max_results": None}),
        ("metricKey=a&maxResults=25000", {"run_ids": [], "max_results": 25_000}),
        ("metric_key=a&run_ids=1", {"run_ids": ["1"], "max_results": None}),
        ("metric_key=a&run_ids=1&run_ids=2", {"run_ids": ["1", "2"], "max_results": None}),
        ("metric_key=a&runIds=1", {"run_ids": ["1"], "max_results": None}),
        ("metric_key=a&runIds=1&runIds=2", {"run_ids": ["1", "2"], "max_results": None}),
        ("metric_key=a&unknown=1", {"run_ids": [], "max_results": None}),
    ],
)
def test_a_query_is_read_in_either_spelling(client: TestClient, query: str, expected: dict[str, Any]) -> None:
    answer = client.get(f"/asked?{query}")
    assert answer.status_code == 200, answer.text
    assert answer.json() == {"metric_key": "a", **expected}


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("", "'metric_key'"),
        ("metric_key=", "'metric_key'"),
        ("metric_key=a&metricKey=a", "Request specifies both 'metric_key' and 'metricKey'"),
        ("metricKey=a&metricKey=b", "'metric_key'"),
        ("metric_key=a&max_results=x", "'max_results'"),
        ("metric_key=a&max_results=", "'max_results'"),
        ("metric_key=a&max_results=99999999999999999999", "'max_results'"),
        ("metric_key=a%00", "NUL"),
        ("metric_key=a&run_ids=%00", "NUL"),
    ],
)
def test_a_query_that_is_not_allowed_is_refused(client: TestClient, query: str, said: str) -> None:
    answer = client.get(f"/asked?{query}")
    assert answer.status_code == 400, answer.text
    assert answer.json()["error_code"] == "INVALID_PARAMETER_VALUE"
    assert said in answer.json()["message"]
