"""Registered models as they are made, renamed, described and deleted, over both databases."""

import pytest

from tests.fixtures.api import Api
from tests.integration.registry.registry import Registry

MISSING = "RESOURCE_DOES_NOT_EXIST"
INVALID = "INVALID_PARAMETER_VALUE"


def test_a_new_model_has_its_description_and_tags(registry: Registry, name: str) -> None:
    tags = [{"key": "team", "value": "vision"}, {"key": "empty"}, {"key": "team", "value": "audio"}]
    made = registry.new_model(name, description="What is it?", tags=tags)
    assert made == registry.model(name)
    assert (made["name"], made["description"]) == (name, "What is it?")
    assert made["creation_timestamp"] == made["last_updated_timestamp"] > 0
    assert made["tags"] == [{"key": "empty", "value": ""}, {"key": "team", "value": "audio"}]
    assert "latest_versions" not in made
    assert "aliases" not in made


def test_a_name_is_free_once(registry: Registry, api: Api, name: str) -> None:
    registry.new_model(name)
    message = api.refused("POST", "registered-models/create", "RESOURCE_ALREADY_EXISTS", name=name)
    assert message == f"Registered Model (name={name}) already exists."


@pytest.mark.parametrize("bad", ["", "  ", "a/b", "a:b", ".", "..", "..a", "x" * 257, "a\0b"])
def test_a_name_that_is_not_allowed_is_refused(registry: Registry, api: Api, name: str, bad: str) -> None:
    api.refused("POST", "registered-models/create", INVALID, name=bad)
    registry.new_model(name)
    api.refused("POST", "registered-models/rename", INVALID, name=name, new_name=bad)


def test_a_name_of_256_characters_of_any_script_is_allowed(registry: Registry, name: str) -> None:
    long_name = name + "模" * (256 - len(name))
    registry.new_model(long_name)
    assert registry.model(long_name)["name"] == long_name


def test_what_is_too_long_is_refused(api: Api, name: str) -> None:
    for message in (
        {"description": "x" * 100_001},
        {"tags": [{"key": "x" * 251}]},
        {"tags": [{"key": "k", "value": "x" * 100_001}]},
        {"tags": [{"key": "../k"}]},
        {"tags": [{"value": "no key"}]},
    ):
        api.refused("POST", "registered-models/create", INVALID, name=name, **message)
    api.refused("GET", "registered-models/get", MISSING, 404, name=name)


def test_a_description_is_changed_and_cleared(registry: Registry, api: Api, name: str) -> None:
    before = registry.new_model(name, description="first")
    answer = api.call("PATCH", "registered-models/update", name=name, description="second")
    assert answer["registered_model"]["description"] == "second"
    assert answer["registered_model"]["last_updated_timestamp"] >= before["last_updated_timestamp"]
    api.call("PATCH", "registered-models/update", name=name)
    assert registry.model(name)["description"] == ""


def test_a_renamed_model_keeps_versions_tags_and_aliases(registry: Registry, api: Api, name: str) -> None:
    registry.new_model(name, tags=[{"key": "team", "value": "vision"}])
    registry.new_version(name, tags=[{"key": "checked", "value": "yes"}])
    api.post("registered-models/alias", name=name, alias="champion", version="1")
    new_name = f"{name}-renamed"
    answer = api.post("registered-models/rename", name=name, new_name=new_name)["registered_model"]
    assert answer == registry.model(new_name)
    assert answer["tags"] == [{"key": "team", "value": "vision"}]
    assert answer["aliases"] == [{"alias": "champion", "version": "1"}]
    version = registry.version(new_name, "1")
    assert version["name"] == new_name
    assert version["tags"] == [{"key": "checked", "value": "yes"}]
    assert version["last_updated_timestamp"] == answer["last_updated_timestamp"]
    api.refused("GET", "registered-models/get", MISSING, 404, name=name)


def test_a_taken_name_is_no_new_name_but_the_own_one_is(registry: Registry, api: Api, name: str) -> None:
    registry.new_model(name)
    registry.new_model(f"{name}-2")
    taken = "RESOURCE_ALREADY_EXISTS"
    api.refused("POST", "registered-models/rename", taken, name=name, new_name=f"{name}-2")
    api.post("registered-models/rename", name=name, new_name=name)
    api.refused("POST", "registered-models/rename", INVALID, name=name)
    api.refused("POST", "registered-models/rename", MISSING, 404, name=f"{name}-3", new_name=name)


def test_a_deleted_model_takes_everything_with_it(registry: Registry, api: Api, name: str) -> None:
    registry.new_model(name, tags=[{"key": "team", "value": "vision"}])
    registry.new_version(name)
    registry.move(name, "1", "Production")
    api.post("registered-models/alias", name=name, alias="champion", version="1")
    assert api.call("DELETE", "registered-models/delete", name=name) == {}
    api.refused("GET", "registered-models/get", MISSING, 404, name=name)
    api.refused("GET", "model-versions/get", MISSING, 404, name=name, version="1")
    api.refused("DELETE", "registered-models/delete", MISSING, 404, name=name)
    again = registry.new_model(name)
    assert not {"tags", "aliases", "latest_versions"} & set(again)
    assert registry.new_version(name)["version"] == "1"


def test_tags_are_set_overwritten_and_deleted(registry: Registry, api: Api, name: str) -> None:
    before = registry.new_model(name)
    api.post("registered-models/set-tag", name=name, key="team", value="vision")
    api.post("registered-models/set-tag", name=name, key="team", value="audio")
    api.post("registered-models/set-tag", name=name, key="stage")
    model = registry.model(name)
    assert model["tags"] == [{"key": "stage", "value": ""}, {"key": "team", "value": "audio"}]
    assert model["last_updated_timestamp"] == before["last_updated_timestamp"]
    for _ in range(2):
        api.call("DELETE", "registered-models/delete-tag", name=name, key="team")
    assert registry.model(name)["tags"] == [{"key": "stage", "value": ""}]
    api.refused("POST", "registered-models/set-tag", INVALID, name=name, key="k", value=3)
    api.refused("POST", "registered-models/set-tag", MISSING, 404, name=f"{name}-no", key="k", value="v")


def test_the_latest_version_of_each_stage_is_returned(registry: Registry, api: Api, name: str) -> None:
    registry.new_model(name)
    assert api.post("registered-models/get-latest-versions", name=name) == {}
    for _ in range(4):
        registry.new_version(name)
    registry.move(name, "1", "Production")
    registry.move(name, "2", "Production")
    api.post("registered-models/alias", name=name, alias="champion", version="2")

    def latest(method: str, **message: object) -> list[tuple[str, str]]:
        answer = api.call(method, "registered-models/get-latest-versions", name=name, **message)
        return [(version["current_stage"], version["version"]) for version in answer["model_versions"]]

    for method in ("POST", "GET"):
        assert latest(method) == [("Production", "2"), ("None", "4")]
        assert latest(method, stages=["production"]) == [("Production", "2")]
        assert latest(method, stages=["NONE", "Production"]) == [("Production", "2"), ("None", "4")]
        api.refused(method, "registered-models/get-latest-versions", INVALID, name=name, stages=["Canary"])
    api.refused("POST", "registered-models/get-latest-versions", MISSING, 404, name=f"{name}-no")
    assert [v["version"] for v in registry.model(name)["latest_versions"]] == ["2", "4"]
