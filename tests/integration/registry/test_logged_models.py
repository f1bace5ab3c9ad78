"""Logged models as they are written and read one by one, over both databases."""

import json
import math
import re
import uuid
from typing import Any

import pytest
from sqlalchemy import insert, select

from tests.fixtures.api import API, Api
from tests.integration.registry.logged_models import Point, measure, new_model, runtime_of
from trackhelm_domain.tables import LoggedModel, LoggedModelTag, ModelVersion, RegisteredModel

INVALID = "INVALID_PARAMETER_VALUE"
MISSING = "RESOURCE_DOES_NOT_EXIST"


def test_a_new_model_is_pending_and_knows_where_its_files_go(api: Api) -> None:
    experiment_id = api.new_experiment()
    run_id = uuid.uuid4().hex
    answer = api.post(
        "logged-models",
        experiment_id=experiment_id,
        name="forest",
        model_type="classifier",
        source_run_id=run_id,
        params=[{"key": "lr", "value": "0.1"}, {"key": "depth"}],
        tags=[{"key": "team", "value": "a"}, {"key": "team", "value": "b"}],
    )
    info = answer["model"]["info"]
    assert re.fullmatch("m-[0-9a-f]{32}", info["model_id"])
    assert info["artifact_uri"] == f"mlflow-artifacts:/{experiment_id}/models/{info['model_id']}/artifacts"
    assert info["creation_timestamp_ms"] == info["last_updated_timestamp_ms"] > 0
    expected = {"experiment_id": experiment_id, "name": "forest", "status": "LOGGED_MODEL_PENDING"}
    assert expected.items() <= info.items()
    assert info["model_type"] == "classifier"
    assert info["source_run_id"] == run_id
    assert info["tags"] == [{"key": "team", "value": "b"}]
    assert answer["model"]["data"]["params"] == [
        {"key": "depth", "value": ""},
        {"key": "lr", "value": "0.1"},
    ]
    assert api.get(f"logged-models/{info['model_id']}") == answer


@pytest.mark.parametrize("message", [{}, {"name": ""}, {"name": None}])
def test_a_name_that_is_not_given_is_made_up(api: Api, message: dict[str, Any]) -> None:
    info = api.post("logged-models", experiment_id=api.new_experiment(), **message)["model"]["info"]
    assert re.fullmatch("[a-z]+-[a-z]+-[0-9]+", info["name"])
    assert "source_run_id" not in info
    assert "model_type" not in info


@pytest.mark.parametrize("name", ["a/b", "a:b", "a.b", "a%b", 'a"b', "a'b", "x" * 1_001, "a\0b", 3])
def test_a_name_that_is_not_allowed_is_refused(api: Api, name: object) -> None:
    api.refused("POST", "logged-models", INVALID, experiment_id=api.new_experiment(), name=name)


def test_a_model_needs_an_active_experiment(api: Api) -> None:
    api.refused("POST", "logged-models", INVALID)
    api.refused("POST", "logged-models", INVALID, experiment_id="x")
    api.refused("POST", "logged-models", MISSING, 404, experiment_id="999999999999999999")
    experiment_id = api.new_experiment()
    api.post("experiments/delete", experiment_id=experiment_id)
    message = api.refused("POST", "logged-models", INVALID, experiment_id=experiment_id)
    assert "must be in the 'active' state" in message


@pytest.mark.parametrize(
    "message",
    [
        {"source_run_id": "x" * 33},
        {"model_type": "x" * 1_001},
        {"params": [{"key": "x" * 251}]},
        {"params": [{"key": "a", "value": "x" * 100_001}]},
        {"params": [{"key": "a"}, {"key": "a"}]},
        {"params": [{"key": str(number)} for number in range(101)]},
        {"params": [{"value": "a"}]},
        {"params": [{"key": "a", "value": 3}]},
        {"tags": [{"key": "x" * 251}]},
        {"tags": [{"key": "a", "value": "x" * 100_001}]},
        {"tags": [{"key": "a\0"}]},
    ],
)
def test_what_no_column_holds_is_refused(api: Api, message: dict[str, object]) -> None:
    api.refused("POST", "logged-models", INVALID, experiment_id=api.new_experiment(), **message)


@pytest.mark.parametrize("status", ["LOGGED_MODEL_READY", 2, "2"])
def test_finalizing_sets_the_status(api: Api, status: object) -> None:
    model_id = new_model(api, api.new_experiment())
    model = api.call("PATCH", f"logged-models/{model_id}", model_id=model_id, status=status)["model"]
    assert model["info"]["status"] == "LOGGED_MODEL_READY"
    assert api.get(f"logged-models/{model_id}")["model"] == model


def test_a_failed_upload_is_told(api: Api) -> None:
    model_id = new_model(api, api.new_experiment())
    status = "LOGGED_MODEL_UPLOAD_FAILED"
    model = api.call("PATCH", f"logged-models/{model_id}", model_id=model_id, status=status)["model"]
    assert model["info"]["status"] == status


@pytest.mark.parametrize("status", ["READY", "", 0, 4, -1, True, 1.5, 10**30, None])
def test_an_unknown_status_is_refused(api: Api, status: object) -> None:
    model_id = new_model(api, api.new_experiment())
    path = f"logged-models/{model_id}"
    assert "'status'" in api.refused("PATCH", path, INVALID, model_id=model_id, status=status)


def test_path_and_body_must_name_one_model(api: Api) -> None:
    model_id = new_model(api, api.new_experiment())
    path = f"logged-models/{model_id}"
    api.refused("PATCH", path, INVALID, model_id="m-1", status="LOGGED_MODEL_READY")
    api.refused("PATCH", path, INVALID, status="LOGGED_MODEL_READY")
    api.refused("POST", f"{path}/params", INVALID, model_id="m-1")


def test_tags_are_set_and_deleted(api: Api) -> None:
    path = f"logged-models/{new_model(api, api.new_experiment(), tags=[{'key': 'a', 'value': '1'}])}"
    tags = [{"key": "b/c", "value": "2"}, {"key": "a", "value": "3"}, {"key": "a", "value": "4"}]
    assert api.call("PATCH", f"{path}/tags", tags=tags) == {}
    expected = [{"key": "a", "value": "4"}, {"key": "b/c", "value": "2"}]
    assert api.get(path)["model"]["info"]["tags"] == expected
    assert api.client.delete(f"{API}/{path}/tags/b/c").json() == {}
    assert api.get(path)["model"]["info"]["tags"] == expected[:1]
    api.refused("DELETE", f"{path}/tags/b/c", MISSING, 404)
    api.refused("DELETE", f"{path}/tags/%00", MISSING, 404)
    assert api.call("PATCH", f"{path}/tags", tags=[]) == {}


def test_params_are_added_and_never_change(api: Api) -> None:
    model_id = new_model(api, api.new_experiment(), params=[{"key": "a", "value": "1"}])
    path = f"logged-models/{model_id}"
    params = [{"key": "a", "value": "1"}, {"key": "b", "value": "2"}]
    for _ in range(2):
        assert api.post(f"{path}/params", model_id=model_id, params=params) == {}
    assert api.get(path)["model"]["data"]["params"] == params
    changed = [{"key": "c", "value": "3"}, {"key": "b", "value": "other"}]
    message = api.refused("POST", f"{path}/params", INVALID, model_id=model_id, params=changed)
    assert "Changing param values is not allowed" in message
    twice = [{"key": "c", "value": "3"}, {"key": "c", "value": "3"}]
    message = api.refused("POST", f"{path}/params", INVALID, model_id=model_id, params=twice)
    assert "Duplicate parameter keys" in message
    assert api.get(path)["model"]["data"]["params"] == params


def test_a_deleted_model_is_found_only_when_asked_for(api: Api) -> None:
    experiment_id = api.new_experiment()
    model_id = new_model(api, experiment_id)
    path = f"logged-models/{model_id}"
    assert api.call("DELETE", path, model_id=model_id) == {}
    assert api.client.delete(f"{API}/{path}").status_code == 200
    message = api.refused("GET", path, MISSING, 404)
    assert message == f"Logged model with ID '{model_id}' not found."
    assert api.get(path, allow_deleted="true")["model"]["info"]["model_id"] == model_id
    api.refused("GET", path, INVALID, allow_deleted="maybe")
    api.refused("PATCH", path, MISSING, 404, model_id=model_id, status="LOGGED_MODEL_READY")
    api.refused("PATCH", f"{path}/tags", MISSING, 404, tags=[{"key": "a"}])
    api.refused("POST", f"{path}/params", MISSING, 404, model_id=model_id, params=[{"key": "a"}])
    assert api.post("logged-models/search", experiment_ids=[experiment_id]) == {}


@pytest.mark.parametrize("model_id", ["m-0", "%00", "%ED%A0%80", "x" * 1_000, "%F0%9F%98%80"])
def test_a_model_that_is_not_there_is_not_found(api: Api, model_id: str) -> None:
    for method, path in (("GET", ""), ("DELETE", ""), ("PATCH", "/tags"), ("DELETE", "/tags/a")):
        api.refused(method, f"logged-models/{model_id}{path}", MISSING, 404)


def test_a_model_has_a_point_of_each_of_its_series(api: Api) -> None:
    model_id = new_model(api, api.new_experiment())
    plain = measure(api, model_id, "loss", Point(math.nan, step=3, timestamp=30))
    measured = measure(
        api,
        model_id,
        "acc",
        Point(0.5),
        Point(0.25, dataset=("iris", "d1")),
        Point(-math.inf, dataset=("x", "d")),
    )
    other = new_model(api, api.new_experiment())
    measure(api, other, "loss", Point(1.0))
    metrics = api.get(f"logged-models/{model_id}")["model"]["data"]["metrics"]
    by_dataset = {(metric["key"], metric.get("dataset_name")): metric for metric in metrics}
    assert len(metrics) == len(by_dataset) == 4
    common = {"model_id": model_id, "run_id": measured, "key": "acc", "step": 0, "timestamp": 1}
    assert by_dataset["acc", None] == common | {"value": 0.5}
    assert by_dataset["acc", "iris"] == common | {
        "value": 0.25, "dataset_name": "iris", "dataset_digest": "d1"
    }  # fmt: skip
    assert by_dataset["acc", "x"]["value"] == "-Infinity"
    assert by_dataset["loss", None] == {
        "model_id": model_id, "run_id": plain, "key": "loss", "value": "NaN", "step": 3, "timestamp": 30
    }  # fmt: skip


def test_a_model_names_the_versions_made_from_it(api: Api) -> None:
    model_id = new_model(api, api.new_experiment())
    name = uuid.uuid4().hex
    times = {"creation_timestamp": 0, "last_updated_timestamp": 0}
    with runtime_of(api).database.writing() as session:
        model = insert(RegisteredModel).values(name=name, description="", next_version=11, **times)
        registered = session.execute(model.returning(RegisteredModel.id)).scalar_one()
        for version in (10, 2):
            row = {
                "registered_model_id": registered,
                "version": version,
                "description": "",
                "current_stage": "None",
                "source": f"models:/{model_id}",
                "storage_location": "",
                "run_link": "",
                "model_id": model_id,
            }
            session.execute(insert(ModelVersion).values(row | times))
    registrations = api.get(f"logged-models/{model_id}")["model"]["info"]["registrations"]
    assert registrations == [{"name": name, "version": "2"}, {"name": name, "version": "10"}]


def test_a_version_is_listed_once_though_server_and_client_both_list_it(api: Api) -> None:
    model_id, name = new_model(api, api.new_experiment()), uuid.uuid4().hex
    api.post("registered-models/create", name=name)

    def listed() -> str:
        (tag,) = api.get(f"logged-models/{model_id}")["model"]["info"]["tags"]
        text: str = tag["value"]
        return text

    def registered_by_client(entry: str) -> None:
        """Append an entry as the client does when it has registered a version."""
        text = f"{listed()[:-1]}, {entry}]"
        message = {"tags": [{"key": "mlflow.modelVersions", "value": text}]}
        assert api.call("PATCH", f"logged-models/{model_id}/tags", **message) == {}

    entries = []
    for number in (1, 2):
        api.post("model-versions/create", name=name, source=f"models:/{model_id}", model_id=model_id)
        entries.append(f'{{"name": "{name}", "version": {number}}}')
        assert listed() == f"[{', '.join(entries)}]"
        registered_by_client(f'{{"name": "{name}", "version": "{number}"}}')
        assert listed() == f"[{', '.join(entries)}]"
    # The client comes first.
    entries.append(f'{{"name": "{name}", "version": 3}}')
    registered_by_client(f'{{"name": "{name}", "version": "3"}}')
    api.post("model-versions/create", name=name, source=f"models:/{model_id}", model_id=model_id)
    assert listed() == f"[{', '.join(entries)}]"


def test_entries_that_were_doubled_before_are_listed_once_when_the_next_comes(api: Api) -> None:
    name, experiment_id = uuid.uuid4().hex, api.new_experiment()
    model_id = new_model(api, experiment_id)
    doubled = json.dumps([{"name": name, "version": "1"}] * 2)
    with runtime_of(api).database.writing() as session:
        row = select(LoggedModel.id).where(LoggedModel.model_id == model_id).scalar_subquery()
        tag = {"logged_model_id": row, "key": "mlflow.modelVersions", "value": doubled}
        session.execute(insert(LoggedModelTag).values(tag))
    api.post("registered-models/create", name=name)
    api.post("model-versions/create", name=name, source=f"models:/{model_id}", model_id=model_id)
    (tag,) = api.get(f"logged-models/{model_id}")["model"]["info"]["tags"]
    assert tag["value"] == json.dumps([{"name": name, "version": 1}])


def test_tags_of_mlflow_have_room_for_what_clients_append(api: Api) -> None:
    model_id = new_model(api, api.new_experiment())
    prompts = json.dumps([{"name": "p" * 1_000, "version": str(number)} for number in range(500)])
    path = f"logged-models/{model_id}/tags"
    assert api.call("PATCH", path, tags=[{"key": "mlflow.linkedPrompts", "value": prompts}]) == {}
    (tag,) = api.get(f"logged-models/{model_id}")["model"]["info"]["tags"]
    assert tag["value"] == prompts
    for key, value in (("mlflow.linkedPrompts", "x" * 1_000_001), ("t", "x" * 100_001)):
        api.refused("PATCH", path, INVALID, tags=[{"key": key, "value": value}])
