"""Versions as they are registered, moved, described and deleted, over both databases."""

import pytest

from tests.fixtures.api import Api
from tests.integration.registry.registry import Registry

MISSING = "RESOURCE_DOES_NOT_EXIST"
INVALID = "INVALID_PARAMETER_VALUE"


@pytest.fixture(autouse=True)
def model(registry: Registry, name: str) -> None:
    registry.new_model(name)


def test_a_new_version_is_ready_and_what_is_unset_is_empty(registry: Registry, name: str) -> None:
    version = registry.new_version(name)
    assert version == registry.version(name, "1")
    times = {"creation_timestamp", "last_updated_timestamp"}
    assert {key: value for key, value in version.items() if key not in times} == {
        "name": name,
        "version": "1",
        "current_stage": "None",
        "description": "",
        "source": "s3://bucket/model",
        "run_id": "",
        "run_link": "",
        "status": "READY",
    }
    assert registry.model(name)["last_updated_timestamp"] == version["creation_timestamp"]


def test_a_version_keeps_what_it_was_registered_with(registry: Registry, name: str) -> None:
    tags = [{"key": "b", "value": "2"}, {"key": "a", "value": "1"}]
    version = registry.new_version(
        name, run_id="elsewhere", run_link="https://runs.example/1", description="first", tags=tags
    )
    assert (version["run_id"], version["run_link"]) == ("elsewhere", "https://runs.example/1")
    assert version["description"] == "first"
    assert version["tags"] == sorted(tags, key=lambda tag: tag["key"])


@pytest.mark.parametrize(
    "message",
    [
        {"run_id": "x" * 65},
        {"model_id": "x" * 65},
        {"run_link": "x" * 4097},
        {"source": "s3://bucket/" + "x" * 4097},
        {"description": "x" * 100_001},
        {"tags": [{"key": "k", "value": "x" * 100_001}]},
        {"tags": [{"key": "x" * 251}]},
        {"description": "a\0b"},
        {"source": ""},
    ],
)
def test_what_is_too_long_or_not_storable_is_refused(
    registry: Registry, api: Api, name: str, message: dict[str, object]
) -> None:
    api.refused("POST", "model-versions/create", INVALID, **{"name": name, "source": "s3://b/m"} | message)
    assert registry.new_version(name)["version"] == "1"


@pytest.mark.parametrize("version", ["2", "0", "-1", "9999999999", "9" * 5000])
def test_a_version_that_is_not_there_is_404_everywhere(api: Api, name: str, version: str) -> None:
    named = {"name": name, "version": version}
    api.refused("GET", "model-versions/get", MISSING, 404, **named)
    api.refused("GET", "model-versions/get-download-uri", MISSING, 404, **named)
    api.refused("PATCH", "model-versions/update", MISSING, 404, **named)
    api.refused("DELETE", "model-versions/delete", MISSING, 404, **named)
    api.refused("POST", "model-versions/transition-stage", MISSING, 404, **named, stage="Staging")
    api.refused("POST", "model-versions/set-tag", MISSING, 404, **named, key="k", value="v")
    api.refused("DELETE", "model-versions/delete-tag", MISSING, 404, **named, key="k")
    api.refused("POST", "registered-models/alias", MISSING, 404, **named, alias="champion")


@pytest.mark.parametrize("version", ["", "x", "1.0", "1 ", "\u0661", "1e3"])
def test_a_version_that_is_no_number_is_refused(api: Api, name: str, version: str) -> None:
    api.refused("GET", "model-versions/get", INVALID, name=name, version=version)


def test_a_version_must_be_text(api: Api, name: str) -> None:
    api.refused("PATCH", "model-versions/update", INVALID, name=name, version=1)


def test_a_version_of_an_unknown_model_is_404(api: Api, name: str) -> None:
    unknown = f"{name}-no"
    api.refused("POST", "model-versions/create", MISSING, 404, name=unknown, source="s3://bucket/model")
    message = api.refused("GET", "model-versions/get", MISSING, 404, name=unknown, version="1")
    assert message == f"Model Version (name={unknown}, version=1) not found"


def test_a_stage_is_understood_in_any_case(registry: Registry, api: Api, name: str) -> None:
    registry.new_version(name)
    for given, stage in (("staging", "Staging"), ("PRODUCTION", "Production"), ("none", "None")):
        assert registry.move(name, "1", given)["current_stage"] == stage
    message = api.refused(
        "POST", "model-versions/transition-stage", INVALID, name=name, version="1", stage="Canary"
    )
    assert "None, Staging, Production, Archived" in message


def test_moving_in_archives_the_others_only_when_asked(registry: Registry, name: str) -> None:
    for number in ("1", "2", "3"):
        registry.new_version(name)
        registry.move(name, number, "Production")
    moved = registry.move(name, "3", "Production", archive_existing_versions=True)
    stages = [registry.version(name, number) for number in ("1", "2", "3")]
    assert [version["current_stage"] for version in stages] == ["Archived", "Archived", "Production"]
    changed = {version["last_updated_timestamp"] for version in stages}
    assert changed == {moved["last_updated_timestamp"]}
    assert registry.model(name)["last_updated_timestamp"] == moved["last_updated_timestamp"]


@pytest.mark.parametrize("stage", ["None", "Archived"])
def test_only_an_active_stage_has_versions_to_archive(
    registry: Registry, api: Api, name: str, stage: str
) -> None:
    registry.new_version(name)
    move = {"name": name, "version": "1", "stage": stage}
    message = api.refused(
        "POST", "model-versions/transition-stage", INVALID, **move, archive_existing_versions=True
    )
    assert "Staging and Production" in message
    assert registry.move(name, "1", stage, archive_existing_versions=False)["current_stage"] == stage


def test_a_description_is_changed_and_cleared(registry: Registry, api: Api, name: str) -> None:
    registry.new_version(name, description="first")
    model = registry.model(name)
    named = {"name": name, "version": "1"}
    answer = api.call("PATCH", "model-versions/update", **named, description="second")["model_version"]
    assert answer["description"] == "second"
    api.call("PATCH", "model-versions/update", **named)
    assert registry.version(name, "1")["description"] == ""
    assert registry.model(name)["last_updated_timestamp"] == model["last_updated_timestamp"]


def test_tags_are_set_overwritten_and_deleted(registry: Registry, api: Api, name: str) -> None:
    registry.new_version(name)
    named = {"name": name, "version": "1"}
    api.post("model-versions/set-tag", **named, key="checked", value="no")
    api.post("model-versions/set-tag", **named, key="checked", value="yes")
    assert registry.version(name, "1")["tags"] == [{"key": "checked", "value": "yes"}]
    for _ in range(2):
        api.call("DELETE", "model-versions/delete-tag", **named, key="checked")
    assert "tags" not in registry.version(name, "1")
    api.refused("POST", "model-versions/set-tag", INVALID, **named, key="k", value="x" * 100_001)


def test_a_deleted_version_goes_with_its_aliases_and_its_number(
    registry: Registry, api: Api, name: str
) -> None:
    registry.new_version(name)
    registry.new_version(name, tags=[{"key": "k", "value": "v"}])
    api.post("registered-models/alias", name=name, alias="champion", version="2")
    api.post("registered-models/alias", name=name, alias="stable", version="1")
    assert api.call("DELETE", "model-versions/delete", name=name, version="2") == {}
    api.refused("GET", "model-versions/get", MISSING, 404, name=name, version="2")
    assert registry.model(name)["aliases"] == [{"alias": "stable", "version": "1"}]
    assert registry.new_version(name)["version"] == "3"
