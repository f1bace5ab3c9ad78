"""Arguments of a GET, in its query string or its JSON body: never dropped where they are not understood."""

import json
import uuid
from typing import Any

import pytest

from tests.fixtures.api import API, Api

INVALID = "INVALID_PARAMETER_VALUE"


def get(api: Api, path: str, body: Any = None, expected: int = 200, query: str = "") -> dict[str, Any]:
    """Send a GET with a body, as older and foreign clients do."""
    url = path if path.startswith("/") else f"{API}/{path}"
    content = body if isinstance(body, bytes) else b"" if body is None else json.dumps(body).encode()
    headers = {"Content-Type": "application/json"}
    response = api.client.request("GET", f"{url}{query}", content=content, headers=headers)
    assert response.status_code == expected, f"GET {path} {body}: {response.status_code} {response.text}"
    answer: dict[str, Any] = response.json()
    return answer


def refused(api: Api, path: str, body: Any = None, query: str = "") -> str:
    answer = get(api, path, body, 400, query)
    assert answer["error_code"] == INVALID
    message: str = answer["message"]
    return message


@pytest.fixture(scope="module")
def made(api: Api) -> dict[str, str]:
    """Make one of everything that a GET can name."""
    name = f"arguments {uuid.uuid4().hex}"
    experiment = api.new_experiment(name=name)
    run = api.new_run(experiment)
    for step in (1, 2, 3):
        api.post("runs/log-metric", run_id=run, key="loss", value=step, timestamp=step, step=step)
    model = api.post("logged-models", experiment_id=experiment, name="m")["model"]["info"]["model_id"]
    api.post("registered-models/create", name=name)
    api.post("model-versions/create", name=name, source="s3://bucket/x")
    api.post("registered-models/alias", name=name, alias="best", version="1")
    return {"name": name, "experiment": experiment, "run": run, "model": model}


def requests(made: dict[str, str]) -> list[tuple[str, dict[str, Any]]]:
    """Return each GET with arguments that narrow down what it answers."""
    name, run = made["name"], made["run"]
    version = {"name": name, "version": "1"}
    root = f"{made['experiment']}/{run}/artifacts"
    return [
        ("runs/get", {"run_id": run}),
        ("experiments/get", {"experiment_id": made["experiment"]}),
        ("experiments/get-by-name", {"experiment_name": name}),
        ("experiments/search", {"max_results": 5, "filter": f"name = '{name}'", "order_by": ["name DESC"]}),
        ("metrics/get-history", {"run_uuid": run, "metricKey": "loss", "max_results": 2}),
        (
            "/ajax-api/2.0/mlflow/metrics/get-history-bulk",
            {"run_id": [run], "metric_key": "loss", "max_results": 2},
        ),
        (
            "metrics/get-history-bulk-interval",
            {"run_ids": [run], "metric_key": "loss", "start_step": 2, "end_step": 3},
        ),
        ("artifacts/list", {"run_id": run, "path": ""}),
        ("/api/2.0/mlflow-artifacts/artifacts", {"path": root}),
        (f"logged-models/{made['model']}", {"allow_deleted": True}),
        (f"logged-models/{made['model']}/artifacts/directories", {"artifact_directory_path": ""}),
        ("registered-models/get", {"name": name}),
        ("registered-models/search", {"filter": f"name = '{name}'", "max_results": 1}),
        ("registered-models/get-latest-versions", {"name": name, "stages": ["None"]}),
        ("registered-models/alias", {"name": name, "alias": "best"}),
        ("model-versions/get", version),
        ("model-versions/get-download-uri", version),
        ("model-versions/search", {"filter": f"name = '{name}'"}),
        ("webhooks", {"max_results": 1}),
        ("/api/2.0/trackhelm/series/history", {"run_id": run, "key": "loss", "max_results": 2}),
        ("/api/2.0/trackhelm/lineage/graph", {"run_id": run}),
        ("/api/2.0/trackhelm/audit/events", {"model_name": name, "max_results": 1}),
        ("/api/2.0/trackhelm/audit/stages", {"name": name}),
        ("/api/2.0/trackhelm/approvals/list", {"model_name": name}),
        ("/api/2.0/trackhelm/protections/list", {"name": name}),
    ]


def test_the_body_of_a_get_counts_as_its_query_string_does(api: Api, made: dict[str, str]) -> None:
    for path, message in requests(made):
        url = path if path.startswith("/") else f"{API}/{path}"
        by_query = api.call("GET", url, **message)
        assert get(api, path, message) == by_query, path
        # Old clients encode a body twice.
        assert get(api, path, json.dumps(message)) == by_query, path
        # Both may say the same, or each a part of it.
        query = api.client.build_request("GET", url, params=message).url.query.decode()
        assert get(api, path, message, query=f"?{query}") == by_query, path
        first, *rest = query.split("&")
        name = first.partition("=")[0]
        others = {key: value for key, value in message.items() if key != name}
        repeated = "&".join([first, *(part for part in rest if part.startswith(f"{name}="))])
        assert get(api, path, others, query=f"?{repeated}") == by_query, path


def test_every_get_with_arguments_is_among_these(api: Api, made: dict[str, str]) -> None:
    document = api.client.get("/openapi.json").json()
    taking = {
        path
        for path, item in document["paths"].items()
        if any(parameter["in"] == "query" for parameter in item.get("get", {}).get("parameters", []))
    }
    tried = {
        (path if path.startswith("/") else f"{API}/{path}").replace(made["model"], "{model_id}")
        for path, _ in requests(made)
    }
    # They answer files, or need an id that is made elsewhere.
    others = {
        "/get-artifact",
        "/model-versions/get-artifact",
        "/api/2.0/mlflow/logged-models/{model_id}/artifacts/files",
        "/api/2.0/trackhelm/artifacts/archive",
        "/api/2.0/trackhelm/approvals/get",
        *(f"/api/2.0/trackhelm/views/{path}" for path in ("get", "list")),
        "/api/2.0/trackhelm/webhooks",
        "/api/2.0/trackhelm/webhooks/{webhook_id}/deliveries",
        # Of users, how they log in and what they may do: tests/integration/access.
        *(f"/api/2.0/trackhelm/oidc/{path}" for path in ("begin", "callback")),
        "/api/2.0/trackhelm/grants/list",
        "/api/2.0/trackhelm/devices/get",
        *(f"/api/2.0/mlflow/{noun}/permissions/get" for noun in ("experiments", "registered-models")),
        *("/api/2.0/mlflow/users/get", "/api/2.0/trackhelm/tokens/list"),
        *(f"/api/3.0/mlflow/roles/{path}" for path in ("get", "list", "permissions/list", "users/list")),
        "/api/3.0/mlflow/users/roles/list",
        *(f"/api/3.0/mlflow/users/permissions/{path}" for path in ("get", "list")),
        "/api/3.0/mlflow/workspace-permissions",
    }
    assert taking - others == {path for path in tried if path in taking}
    assert taking - others - tried == set()


def test_a_file_is_found_by_a_body_too(api: Api, made: dict[str, str]) -> None:
    root = f"/api/2.0/mlflow-artifacts/artifacts/{made['experiment']}/{made['run']}/artifacts/a.txt"
    assert api.client.put(root, content=b"text").status_code == 200
    body = json.dumps({"run_id": made["run"], "path": "a.txt"}).encode()
    assert api.client.request("GET", "/get-artifact", content=body).content == b"text"


def test_numbers_may_have_any_form_in_a_query(api: Api, made: dict[str, str]) -> None:
    query = f"?run_id={made['run']}&metric_key=loss"
    for number in ("1e%2B00", "1e+00", "1.0", "10e-1"):
        found = get(api, "metrics/get-history", query=f"{query}&max_results={number}")
        assert len(found["metrics"]) == 1, number
    assert get(api, "/api/2.0/mlflow-artifacts/artifacts", query="?path=none&max_results=1e%2B02") == {}
    assert "1e19" in refused(api, "metrics/get-history", query=f"{query}&max_results=1e19")
    assert "1.5" in refused(api, "metrics/get-history", query=f"{query}&max_results=1.5")


@pytest.mark.parametrize(
    ("query", "body", "said"),
    [
        ("?max_results=5", {"max_results": 6}, "'max_results' is given more than once"),
        ("?max_results=5&max_results=6", None, "'max_results' is given more than once"),
        ("?max_results=5&maxResults=6", None, "'max_results' is given more than once"),
        (
            "?max_results=5&order_by=name",
            {"order_by": ["experiment_id"]},
            "'order_by' is given more than once",
        ),
        ("?max_results=5&filter_string=a", None, "'filter_string' is not taken here"),
        ("?max_results=5", {"filter_string": "a"}, "'filter_string' is not taken here"),
        ("?max_results=5", {"filter": ["a"]}, "'filter'"),
        ("?max_results=5", {"filter": {"a": 1}}, "'filter'"),
        ("", [1], "must be a JSON object"),
        ("", 7, "must be a JSON object"),
    ],
)
def test_what_is_not_understood_is_refused(api: Api, query: str, body: Any, said: str) -> None:
    assert said in refused(api, "experiments/search", body, query)


@pytest.mark.parametrize("raw", [b"filter=x", b"{", b"\xff", b"<xml/>"])
def test_a_body_that_is_no_json_is_refused(api: Api, raw: bytes) -> None:
    assert "not valid JSON" in refused(api, "experiments/search", body=raw, query="?max_results=5")


@pytest.mark.parametrize("raw", [b"null", b"{}", b'{"unheard_of": [{}]}', b'{"filter": null}'])
def test_a_body_that_says_nothing_changes_nothing(api: Api, raw: bytes) -> None:
    assert get(api, "experiments/search", body=raw, query="?max_results=5")["experiments"]


def test_a_path_that_is_said_twice_must_be_the_same(api: Api, made: dict[str, str]) -> None:
    path = f"logged-models/{made['model']}"
    assert get(api, path, {"model_id": made["model"]})["model"]["info"]["model_id"] == made["model"]
    assert "'model_id'" in refused(api, path, {"model_id": "m-other"})
    assert "'model_id'" in api.refused("DELETE", path, INVALID, model_id="m-other")


@pytest.mark.parametrize(
    ("path", "query", "said"),
    [
        ("runs/search", "filter=x", "'filter'"),
        ("runs/search", "runViewType=ALL", "'run_view_type'"),
        ("experiments/search", "max_results=5", "'max_results'"),
        ("runs/log-batch", "run_id=x", "'run_id'"),
        ("runs/set-tag", "key=x", "'key'"),
    ],
)
def test_a_query_string_is_not_where_a_post_is_read_from(api: Api, path: str, query: str, said: str) -> None:
    response = api.client.post(f"{API}/{path}?{query}", json={})
    assert response.status_code == 400
    assert said in response.json()["message"]
    assert "JSON body" in response.json()["message"]


@pytest.mark.parametrize(
    ("path", "message", "said"),
    [
        ("runs/search", {"experiment_id": "1"}, "'experiment_id' is not taken here. Allowed: experiment_ids"),
        ("runs/search", {"experiment_names": ["a"]}, "'experiment_names'"),
        ("runs/search", {"viewType": "ALL"}, "'view_type'"),
        ("logged-models/search", {"experiment_ids": ["1"], "filter_string": "a"}, "'filter_string'"),
        ("runs/log-batch", {"run_id": "r", "metric": []}, "'metric'"),
        ("registered-models/get-latest-versions", {"name": "a", "stage": "None"}, "'stage'"),
    ],
)
def test_a_name_that_is_nearly_right_is_refused(
    api: Api, path: str, message: dict[str, Any], said: str
) -> None:
    assert said in api.refused("POST", path, INVALID, **message)


def test_what_newer_clients_may_add_is_ignored(api: Api, made: dict[str, str]) -> None:
    assert api.get("runs/get", run_id=made["run"], run_uuid=made["run"], unheard_of="1")
    api.post(
        "runs/set-tag", run_id=made["run"], run_uuid=made["run"], key="a", value="b", unheard_of={"a": 1}
    )
