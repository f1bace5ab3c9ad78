"""Whose files a request means: ids have one spelling, and a version serves no files but its origin's."""

import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import httpx2
import pytest

from tests.fixtures.api import Api, api_of
from tests.fixtures.s3 import S3Server
from trackhelm_core.settings import StorageSettings

INVALID: Final = "INVALID_PARAMETER_VALUE"
MISSING: Final = "RESOURCE_DOES_NOT_EXIST"

SPELLINGS: Final = ("0{0}", "00{0}", "+{0}", "-{0}", " {0}", "{0} ", "{0}.0", "{0}e0", "0x{0}", "{0}\n", "٣")
"""What other readers of numbers would take for an id."""

NOBODYS: Final = "987654321"
"""An id that no experiment has."""

SEARCHES: Final = {"experiment_ids": [1]}

OTHER_FIELDS: Final[dict[str, dict[str, Any]]] = {
    "experiments/update": {"new_name": "stolen"},
    "experiments/set-experiment-tag": {"key": "k", "value": "stolen"},
    "experiments/delete-experiment-tag": {"key": "k"},
    "logged-models": {"name": "m"},
}
"""What requests need besides an experiment's id."""


def _operations(api: Api) -> Iterator[tuple[str, str, str]]:
    """Yield the method and path of each operation that takes an experiment's id, and its field."""
    document: dict[str, Any] = api.client.get("/openapi.json").json()
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            fields = {parameter["name"] for parameter in operation.get("parameters", ())}
            for content in operation.get("requestBody", {}).get("content", {}).values():
                schema = content["schema"]
                name = schema.get("$ref", "").rpartition("/")[2]
                fields |= document["components"]["schemas"].get(name, schema).get("properties", {}).keys()
            for field in fields & {"experiment_id", "experiment_ids"}:
                yield method.upper(), path, field


def _answer(api: Api, method: str, path: str, field: str, given: str) -> httpx2.Response:
    """Ask one operation about an experiment."""
    message = {field: [given] if field == "experiment_ids" else given}
    message |= OTHER_FIELDS.get(path.rpartition("mlflow/")[2], {})
    sent = {"params": message} if method == "GET" else {"json": message}
    return api.client.request(method, path, **sent)  # type: ignore[arg-type]


@pytest.mark.parametrize("spelling", SPELLINGS)
def test_no_service_knows_an_experiment_by_another_spelling_of_its_id(api: Api, spelling: str) -> None:
    experiment = api.new_experiment()
    api.post("experiments/set-experiment-tag", experiment_id=experiment, key="k", value="v")
    run = api.new_run(experiment)
    api.post("logged-models", experiment_id=experiment, name="m")
    before = api.get("experiments/get", experiment_id=experiment)
    given = spelling.format(experiment)
    operations = list(_operations(api))
    assert {path.rpartition("mlflow/")[2] for _, path, _ in operations} >= {
        *("experiments/get", "experiments/delete", "experiments/restore", "runs/create", "runs/search"),
        *("logged-models/search", "experiments/search-datasets", *OTHER_FIELDS),
    }
    for method, path, field in operations:
        answer = _answer(api, method, path, field, given)
        if answer.status_code == 200:
            assert field == "experiment_ids", f"{method} {path} takes {given!r}"
            of_nobody = _answer(api, method, path, field, NOBODYS)
            assert answer.text == of_nobody.text, f"{method} {path} finds something by {given!r}"
        else:
            assert answer.json()["error_code"] in {INVALID, MISSING}, f"{method} {path}: {answer.text}"
    assert api.get("experiments/get", experiment_id=experiment) == before
    (only,) = api.post("runs/search", experiment_ids=[experiment])["runs"]
    assert only["info"]["run_id"] == run


@pytest.mark.over("sqlite")
@pytest.mark.parametrize("field", ["run_uuid", "runUuid"])
def test_a_request_that_names_two_runs_is_refused_by_every_service(api: Api, field: str) -> None:
    mine, other = api.new_run(), api.new_run()
    for method, path, message in (
        ("POST", "runs/update", {"status": "FAILED"}),
        ("POST", "runs/set-tag", {"key": "k", "value": "v"}),
        ("POST", "runs/log-parameter", {"key": "k", "value": "v"}),
        ("POST", "runs/log-metric", {"key": "k", "value": 1.0, "timestamp": 1}),
        ("GET", "runs/get", {}),
        ("GET", "metrics/get-history", {"metric_key": "k"}),
        ("GET", "artifacts/list", {}),
        ("GET", "/get-artifact", {"path": "a.txt"}),
    ):
        for first, second in ((mine, other), (other, mine)):
            refusal = api.refused(method, path, INVALID, 400, run_id=first, **{field: second}, **message)
            assert "run_uuid" in refusal
    answer = api.client.post(
        f"/ajax-api/2.0/mlflow/upload-artifact?run_id={mine}&{field}={other}&path=a.txt", content=b"x"
    )
    assert answer.status_code == 400
    assert "files" not in api.get("artifacts/list", run_id=other)
    # The same run twice is what old clients send.
    api.get("runs/get", run_id=mine, **{field: mine})


# A server whose own bucket is among the locations that it serves by their URL.


@pytest.fixture(scope="module")
def bucket(tmp_path_factory: pytest.TempPathFactory, s3_server: S3Server) -> Iterator[tuple[Api, str]]:
    settings = s3_server.settings()
    url = settings.artifacts_url
    assert url
    settings = settings.model_copy(update={"artifact_locations": url})
    with api_of(StorageSettings(data=tmp_path_factory.mktemp("bucket")), artifacts=settings) as api:
        yield api, url.rstrip("/")


def _run_with_a_file(api: Api) -> tuple[str, str]:
    run = api.new_run()
    uri: str = api.get("runs/get", run_id=run)["run"]["info"]["artifact_uri"]
    path = uri.removeprefix("mlflow-artifacts:/")
    answer = api.client.put(f"/api/2.0/mlflow-artifacts/artifacts/{path}/secret.txt", content=b"secret")
    assert answer.status_code == 200
    return run, path


def test_the_url_of_the_servers_bucket_is_no_way_to_the_files_of_another_run(bucket: tuple[Api, str]) -> None:
    api, url = bucket
    _, victim = _run_with_a_file(api)
    mine, own = _run_with_a_file(api)
    name = f"model-{uuid.uuid4().hex}"
    api.post("registered-models/create", name=name)
    for source in (
        f"{url}/{victim}",
        f"s3a{url.removeprefix('s3')}/{victim}",
        f"{url}/{Path(victim).parts[0]}",
    ):
        for claimed in ({}, {"run_id": mine}):
            refusal = api.refused(
                "POST", "model-versions/create", INVALID, name=name, source=source, **claimed
            )
            assert refusal.startswith("Invalid model version source: ")
    found = api.get("registered-models/get", name=name)["registered_model"]
    assert "latest_versions" not in found
    # One's own files are found by this spelling, too.
    api.post("model-versions/create", name=name, source=f"{url}/{own}", run_id=mine)
    answer = api.client.get(
        "/model-versions/get-artifact", params={"name": name, "version": "1", "path": "secret.txt"}
    )
    assert answer.content == b"secret"
