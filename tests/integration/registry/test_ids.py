"""Ids that nothing has are not found, however they look; an id has one spelling."""

import uuid
from typing import Any

import pytest

from tests.fixtures.api import Api

MISSING = "RESOURCE_DOES_NOT_EXIST"
INVALID = "INVALID_PARAMETER_VALUE"

NOBODYS = ("-1337", "999999999999999999", "-0")
NO_NUMBERS = ("1.0", "1e0", "+1", " 1", "\u0661", "abc")


def spelt_otherwise(number: str) -> tuple[str, ...]:
    return f"0{number}", f"00{number}"


def experiment_requests(experiment_id: str) -> list[tuple[str, str, dict[str, Any]]]:
    """Return every request about one experiment."""
    asked = {"experiment_id": experiment_id}
    return [
        ("GET", "experiments/get", asked),
        ("POST", "experiments/delete", asked),
        ("POST", "experiments/restore", asked),
        ("POST", "experiments/update", asked | {"new_name": uuid.uuid4().hex}),
        ("POST", "experiments/set-experiment-tag", asked | {"key": "k", "value": "v"}),
        ("POST", "experiments/delete-experiment-tag", asked | {"key": "k"}),
        ("POST", "runs/create", asked),
        ("POST", "logged-models", asked | {"name": "m"}),
    ]


def test_an_experiment_is_found_by_its_one_id_alone(api: Api) -> None:
    experiment_id = api.new_experiment()
    api.post("experiments/set-experiment-tag", experiment_id=experiment_id, key="k", value="v")
    for text in (*NOBODYS, *spelt_otherwise(experiment_id)):
        for method, path, message in experiment_requests(text):
            told = api.refused(method, path, MISSING, 404, **message)
            assert text in told, path
    for text in (*NO_NUMBERS, f"{experiment_id}.0", f"+{experiment_id}", f" {experiment_id}"):
        for method, path, message in experiment_requests(text):
            assert "Invalid experiment ID" in api.refused(method, path, INVALID, **message), path
    found = api.get("experiments/get", experiment_id=experiment_id)["experiment"]
    assert (found["lifecycle_stage"], found["tags"]) == ("active", [{"key": "k", "value": "v"}])


def test_searches_find_nothing_in_experiments_that_are_not_there(api: Api) -> None:
    experiment_id = api.new_experiment()
    api.new_run(experiment_id)
    api.post("logged-models", experiment_id=experiment_id, name="m")
    datasets = "/ajax-api/2.0/mlflow/experiments/search-datasets"
    for text in (*NOBODYS, *spelt_otherwise(experiment_id)):
        for path in ("runs/search", "logged-models/search", datasets):
            assert api.post(path, experiment_ids=[text]) == {}, path
        query = f"experiment_id = '{text}'"
        assert api.post("experiments/search", filter=query, max_results=5) == {}
        assert api.post("logged-models/search", experiment_ids=[experiment_id], filter=query) == {}
    for text in NO_NUMBERS:
        for path in ("runs/search", "logged-models/search", datasets):
            assert "Invalid experiment ID" in api.refused("POST", path, INVALID, experiment_ids=[text])


def version_requests(name: str, version: str) -> list[tuple[str, str, dict[str, Any]]]:
    """Return every request about one version."""
    asked = {"name": name, "version": version}
    return [
        ("GET", "model-versions/get", asked),
        ("GET", "model-versions/get-download-uri", asked),
        ("PATCH", "model-versions/update", asked | {"description": "d"}),
        ("POST", "model-versions/transition-stage", asked | {"stage": "Staging"}),
        ("POST", "model-versions/set-tag", asked | {"key": "k", "value": "v"}),
        ("DELETE", "model-versions/delete-tag", asked | {"key": "k"}),
        ("POST", "registered-models/alias", asked | {"alias": "best"}),
        ("GET", "/model-versions/get-artifact", asked | {"path": "f"}),
        ("GET", "/api/2.0/trackhelm/lineage/graph", {"model_name": name, "version": version}),
        ("DELETE", "model-versions/delete", asked),
    ]


def test_a_version_is_found_by_its_one_number_alone(api: Api) -> None:
    name = uuid.uuid4().hex
    api.post("registered-models/create", name=name)
    api.post("model-versions/create", name=name, source="s3://bucket/x")
    for text in ("01", "-1337", "0", "2", "9" * 20):
        for method, path, message in version_requests(name, text):
            api.refused(method, path, MISSING, 404, **message)
    for text in NO_NUMBERS:
        for method, path, message in version_requests(name, text):
            assert "'version'" in api.refused(method, path, INVALID, **message), path
    copied = {"name": name, "source": f"models:/{name}/01"}
    assert "version=01" in api.refused("POST", "model-versions/create", MISSING, 404, **copied)
    assert api.get("model-versions/get", name=name, version="1")["model_version"]["current_stage"] == "None"


def test_other_ids_are_not_found_either(api: Api) -> None:
    run_id = api.new_run()
    unknown = ("-1337", "nosuch", run_id.upper(), f" {run_id}", "a/b")
    for text in unknown:
        api.refused("GET", "runs/get", MISSING, 404, run_id=text)
        api.refused("GET", "artifacts/list", MISSING, 404, run_id=text)
        api.refused("GET", "/get-artifact", MISSING, 404, run_id=text, path="f")
        api.refused("POST", "runs/set-tag", MISSING, 404, run_id=text, key="k", value="v")
        api.refused("POST", "runs/update", MISSING, 404, run_id=text, run_name="n")
        api.refused("POST", "runs/log-metric", MISSING, 404, run_id=text, key="k", value=1, timestamp=1)
        api.refused("POST", "runs/delete", MISSING, 404, run_id=text)
    for text in ("-1337", "m-nosuch", "%20", "M-1"):
        api.refused("GET", f"logged-models/{text}", MISSING, 404)
        api.refused("GET", f"logged-models/{text}/artifacts/directories", MISSING, 404)
        api.refused("DELETE", f"logged-models/{text}", MISSING, 404)
        api.refused("GET", f"webhooks/{text}", MISSING, 404)
    approval = "/api/2.0/trackhelm/approvals"
    for text in ("-1337", "999999"):
        api.refused("GET", f"{approval}/get", MISSING, 404, id=text)
        api.refused("POST", f"{approval}/withdraw", MISSING, 404, id=text)
    for text in ("01", "+1", " 1", "1.0", "1e0"):
        assert "'id'" in api.refused("GET", f"{approval}/get", INVALID, id=text)


@pytest.mark.parametrize("model_id", ["m-1", "m-01"])
def test_a_model_that_is_not_there_has_no_files(api: Api, model_id: str) -> None:
    api.refused("GET", f"logged-models/{model_id}/artifacts/files", MISSING, 404, artifact_file_path="f")
