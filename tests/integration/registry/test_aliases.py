"""Aliases of versions, over both databases."""

import pytest

from tests.fixtures.api import Api
from tests.integration.registry.registry import Registry

MISSING = "RESOURCE_DOES_NOT_EXIST"
INVALID = "INVALID_PARAMETER_VALUE"
ALIAS = "registered-models/alias"


@pytest.fixture(autouse=True)
def two_versions(registry: Registry, name: str) -> None:
    registry.new_model(name)
    for _ in range(2):
        registry.new_version(name)


def test_an_alias_moves_when_it_is_set_again(registry: Registry, api: Api, name: str) -> None:
    api.post(ALIAS, name=name, alias="champion", version="1")
    assert api.get(ALIAS, name=name, alias="champion")["model_version"]["version"] == "1"
    api.post(ALIAS, name=name, alias="champion", version="2")
    version = api.get(ALIAS, name=name, alias="champion")["model_version"]
    assert (version["version"], version["aliases"]) == ("2", ["champion"])
    assert "aliases" not in registry.version(name, "1")
    assert registry.model(name)["aliases"] == [{"alias": "champion", "version": "2"}]


def test_a_version_may_have_many_aliases(registry: Registry, api: Api, name: str) -> None:
    for alias in ("b", "a", "ä-Ω_9"):
        api.post(ALIAS, name=name, alias=alias, version="1")
    assert set(registry.version(name, "1")["aliases"]) == {"a", "b", "ä-Ω_9"}


def test_an_unknown_alias_is_refused_with_the_code_clients_expect(api: Api, name: str) -> None:
    message = api.refused("GET", ALIAS, INVALID, name=name, alias="champion")
    assert message == "Registered model alias champion not found."
    api.refused("GET", ALIAS, MISSING, 404, name=f"{name}-no", alias="champion")


def test_deleting_an_alias_twice_is_no_failure(api: Api, name: str) -> None:
    api.post(ALIAS, name=name, alias="champion", version="1")
    for _ in range(2):
        assert api.call("DELETE", ALIAS, name=name, alias="champion") == {}
    api.refused("GET", ALIAS, INVALID, name=name, alias="champion")
    api.refused("DELETE", ALIAS, MISSING, 404, name=f"{name}-no", alias="champion")


@pytest.mark.parametrize("alias", ["Latest", "v1", "V22", "a b", "a.b", "a/b", "", "x" * 256])
def test_an_alias_that_is_not_allowed_is_refused(api: Api, name: str, alias: str) -> None:
    api.refused("POST", ALIAS, INVALID, name=name, alias=alias, version="1")


def test_latest_is_the_newest_version_whatever_its_stage(registry: Registry, api: Api, name: str) -> None:
    registry.move(name, "1", "Production")
    assert api.get(ALIAS, name=name, alias="LATEST")["model_version"]["version"] == "2"
    registry.move(name, "2", "Archived")
    assert api.get(ALIAS, name=name, alias="latest")["model_version"]["version"] == "2"
    for version in ("1", "2"):
        api.call("DELETE", "model-versions/delete", name=name, version=version)
    api.refused("GET", ALIAS, MISSING, 404, name=name, alias="latest")
