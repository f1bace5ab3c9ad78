"""Searching models and versions: filters, orders, pages and prompts, over both databases."""

from typing import Any

import pytest

from tests.fixtures.api import Api
from tests.fixtures.sql import CountStatements
from tests.integration.registry.registry import Registry
from trackhelm_registry.registered_models import search_store

INVALID = "INVALID_PARAMETER_VALUE"
MODELS = "registered-models/search"
VERSIONS = "model-versions/search"
PROMPT = [{"key": "mlflow.prompt.is_prompt", "value": "true"}]


def names(api: Api, text: str, **message: object) -> list[str]:
    found = api.get(MODELS, filter=text, **message).get("registered_models", [])
    return [model["name"] for model in found]


def numbers(api: Api, text: str, **message: object) -> list[str]:
    found = api.get(VERSIONS, filter=text, **message).get("model_versions", [])
    return [version["version"] for version in found]


@pytest.fixture
def models(registry: Registry, name: str) -> list[str]:
    made = [f"{name}-{letter}" for letter in "bca"]
    for model in made:
        registry.new_model(model, tags=[{"key": "letter", "value": model[-1]}])
    return sorted(made)


def test_models_are_found_by_name_and_tag(api: Api, models: list[str], name: str) -> None:
    assert names(api, f"name = '{models[0]}'") == models[:1]
    assert names(api, f"name LIKE '{name}-%'") == models
    assert names(api, f"name ILIKE '{name.upper()}-%' AND name != '{models[0]}'") == models[1:]
    assert names(api, f"name IN ('{models[0]}', '{models[2]}')") == [models[0], models[2]]
    assert names(api, f"name LIKE '{name}%' AND tags.letter = 'b'") == models[1:2]
    assert names(api, f"name LIKE '{name}%' AND tag.`letter` != 'b'") == [models[0], models[2]]
    assert names(api, f"name LIKE '{name}%' AND tags.missing != 'b'") == []


def test_models_are_sorted_as_asked(api: Api, registry: Registry, models: list[str], name: str) -> None:
    every = f"name LIKE '{name}-%'"
    assert names(api, every, order_by=["name DESC"]) == models[::-1]
    api.call("PATCH", "registered-models/update", name=models[1], description="changed last")
    by_time = names(api, every, order_by=["timestamp DESC", "name ASC"])
    times = [(-registry.model(model)["last_updated_timestamp"], model) for model in models]
    assert by_time == [model for _, model in sorted(times)]
    assert sorted(names(api, every, order_by=["last_updated_timestamp"])) == models


@pytest.mark.parametrize(
    "order_by", [[], ["name DESC"], ["timestamp DESC"], ["last_updated_timestamp ASC", "name DESC"]]
)
def test_pages_together_are_the_whole(api: Api, models: list[str], name: str, order_by: list[str]) -> None:
    query = {"filter": f"name LIKE '{name}-%'", "order_by": order_by}
    whole = names(api, query["filter"], order_by=order_by)  # type: ignore[arg-type]
    paged, token = [], ""
    for _ in models:
        page = api.get(MODELS, **query, max_results=1, page_token=token)
        paged += [model["name"] for model in page["registered_models"]]
        token = page.get("next_page_token", "")
    assert (paged, token) == (whole, "")


def test_a_page_goes_on_where_the_last_ended_though_models_came_and_went(
    api: Api, registry: Registry, models: list[str], name: str
) -> None:
    query = {"filter": f"name LIKE '{name}-%'", "max_results": 2}
    token = api.get(MODELS, **query)["next_page_token"]
    api.call("DELETE", "registered-models/delete", name=models[0])
    registry.new_model(f"{name}-0")
    assert names(api, f"name LIKE '{name}-%'", max_results=2, page_token=token) == models[2:]


def test_a_token_belongs_to_its_query(api: Api, registry: Registry, models: list[str], name: str) -> None:
    every = f"name LIKE '{name}-%'"
    token = api.get(MODELS, filter=every, max_results=1)["next_page_token"]
    for message in (
        {"filter": f"name LIKE '{name}%'"},
        {"filter": every, "order_by": ["name DESC"]},
    ):
        assert "page_token" in api.refused("GET", MODELS, INVALID, **message, page_token=token)
    api.refused("GET", VERSIONS, INVALID, filter=every, page_token=token)
    for bad in ("x", "e30", "bnVsbA", token[:-4], "%00", "é"):
        api.refused("GET", MODELS, INVALID, filter=every, page_token=bad)


@pytest.mark.parametrize(
    ("path", "message"),
    [
        (MODELS, {"max_results": 0}),
        (MODELS, {"max_results": 1001}),
        (MODELS, {"max_results": "x"}),
        (MODELS, {"max_results": 10**30}),
        (MODELS, {"filter": "nope = 'x'"}),
        (MODELS, {"filter": "name > 'x'"}),
        (MODELS, {"filter": "name = 'a' OR"}),
        (MODELS, {"filter": "name = 'a\0'"}),
        (MODELS, {"order_by": ["nope"]}),
        (MODELS, {"order_by": ["tags.letter"]}),
        (MODELS, {"order_by": ["name", "name DESC"]}),
        (MODELS, {"order_by": ["timestamp", "last_updated_timestamp"]}),
        (MODELS, {"order_by": [""]}),
        (VERSIONS, {"max_results": 0}),
        (VERSIONS, {"max_results": 200_001}),
        (VERSIONS, {"filter": "version_number = '01'"}),
        (VERSIONS, {"order_by": ["run_id"]}),
        (VERSIONS, {"order_by": ["source_path"]}),
    ],
)
def test_a_search_that_makes_no_sense_is_refused(api: Api, path: str, message: dict[str, object]) -> None:
    api.refused("GET", path, INVALID, **message)


def test_versions_are_found_by_what_they_come_from(api: Api, registry: Registry, name: str) -> None:
    registry.new_model(name)
    registry.new_version(name, "s3://bucket/one", run_id="run-1", tags=[{"key": "ok", "value": "no"}])
    registry.new_version(name, "s3://bucket/two", run_id="run-2", tags=[{"key": "ok", "value": "yes"}])
    registry.new_version(name, "s3://bucket/three")
    mine = f"name = '{name}'"
    assert set(numbers(api, mine)) == {"1", "2", "3"}
    assert numbers(api, f"{mine} AND run_id = 'run-1'") == ["1"]
    assert set(numbers(api, f"{mine} AND run_id IN ('run-1', 'run-2')")) == {"1", "2"}
    assert numbers(api, f"{mine} AND source_path LIKE '%/two'") == ["2"]
    assert numbers(api, f"{mine} AND tags.ok = 'yes'") == ["2"]
    assert set(numbers(api, f"{mine} AND version_number >= 2")) == {"2", "3"}
    assert numbers(api, f"{mine} AND version_number = 9223372036854775807") == []
    ascending = {"order_by": ["version_number ASC"]}
    assert numbers(api, mine, **ascending) == ["1", "2", "3"]
    assert numbers(api, mine, order_by=["name", "creation_timestamp ASC", "version_number"])[0] == "1"
    first = api.get(VERSIONS, filter=mine, max_results=2, **ascending)
    rest = numbers(api, mine, max_results=2, page_token=first["next_page_token"], **ascending)
    assert rest == ["3"]


def test_the_version_changed_last_comes_first(api: Api, registry: Registry, name: str) -> None:
    registry.new_model(name)
    for _ in range(3):
        registry.new_version(name)
    found = api.get(VERSIONS, filter=f"name = '{name}'")["model_versions"]
    keys = [(version["last_updated_timestamp"], int(version["version"])) for version in found]
    assert keys == sorted(keys, reverse=True)


def test_prompts_are_found_only_when_asked_for(api: Api, registry: Registry, name: str) -> None:
    registry.new_model(f"{name}-model")
    registry.new_version(f"{name}-model")
    registry.new_model(f"{name}-prompt", tags=PROMPT)
    registry.new_version(f"{name}-prompt", "dummy-source", tags=PROMPT)
    every, tag = f"name LIKE '{name}-%'", "tag.`mlflow.prompt.is_prompt`"
    model, prompt = [f"{name}-model"], [f"{name}-prompt"]
    for path, key in ((MODELS, "registered_models"), (VERSIONS, "model_versions")):
        for condition, expected in (
            ("", model),
            (f" AND {tag} != 'true'", model),
            (f" AND {tag} = 'false'", model),
            (f" AND {tag} = 'true'", prompt),
            (f" AND {tag} != 'false'", prompt),
            (f" AND ({tag} = 'true' OR {tag} != 'true')", model + prompt),
        ):
            found = api.get(path, filter=every + condition, order_by=["name"])[key]
            assert [item["name"] for item in found] == expected, condition


def test_a_page_costs_the_same_statements_whatever_its_length(
    api: Api, registry: Registry, name: str, count_statements: CountStatements
) -> None:
    for number in range(5):
        model = registry.new_model(f"{name}-{number}", tags=[{"key": "k", "value": "v"}])
        for stage in ("Staging", "Production"):
            version = registry.new_version(model["name"], tags=[{"key": "k", "value": "v"}])["version"]
            registry.move(model["name"], version, stage)
            api.post("registered-models/alias", name=model["name"], alias=f"the-{stage}", version=version)
    every = f"name LIKE '{name}-%'"
    for path, most in ((MODELS, 8), (VERSIONS, 4)):
        costs = []
        for max_results in (1, 5):
            with count_statements() as statements:
                api.get(path, filter=every, max_results=max_results)
            costs.append(len(statements))
        assert costs[0] == costs[1] <= most, costs
    found = api.get(MODELS, filter=every)["registered_models"]
    assert [len(model["latest_versions"]) for model in found] == [2] * 5
    assert found[0]["latest_versions"][0]["aliases"] == ["the-Staging"]


def test_versions_are_told_apart_by_the_end_of_a_long_value(registry: Registry, api: Api, name: str) -> None:
    registry.new_model(name)
    values = ["ä" * 100 + end for end in ("1", "2")] + ["ä" * 100]
    for value in values:
        registry.new_version(name, tags=[{"key": "long", "value": value}])
    for number, value in enumerate(values, 1):
        found = api.get("model-versions/search", filter=f"name = '{name}' AND tags.long = '{value}'")
        assert [version["version"] for version in found["model_versions"]] == [str(number)]


@pytest.mark.parametrize(
    ("condition", "count"),
    [
        ("name = '{0}' AND name = '{0}'", 1),
        ("name = '{0}' AND name = '{0}-no'", 0),
        ("name = '{0}-no'", 0),
        ("name = '{0}' OR name = '{0}-no'", 1),
        ("NOT name = '{0}-no' AND name LIKE '{0}%'", 1),
        ("name = '{0}' AND tags.name = '{0}'", 1),
        ("name = '{0}' AND tags.name = 'x'", 0),
        ("tag.name = '{0}'", 1),
    ],
)
def test_a_name_is_a_condition_like_any_other(
    registry: Registry, api: Api, name: str, condition: str, count: int
) -> None:
    registry.new_model(name)
    registry.new_version(name, tags=[{"key": "name", "value": name}])
    found = api.get("model-versions/search", filter=condition.format(name))
    assert len(found.get("model_versions", [])) == count


@pytest.mark.parametrize("few", [0, 2, 1_000])
def test_versions_are_found_by_tags_whether_few_have_them_or_many(
    registry: Registry, api: Api, name: str, few: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    app: Any = api.client.app
    if not app.state.runtime.database.is_sqlite:
        pytest.skip("PostgreSQL's planner knows how many have a tag")
    monkeypatch.setattr(search_store, "_FEW", few)
    registry.new_model(name)
    for number in range(1, 6):
        tags = [{"key": f"{name}-parity", "value": str(number % 2)}, {"key": "all", "value": "yes"}]
        registry.new_version(name, tags=tags)
    order = ["version_number"]
    assert numbers(api, f"tags.`{name}-parity` = '1'", order_by=order) == ["1", "3", "5"]
    both = f"name = '{name}' AND tags.all = 'yes' AND tags.`{name}-parity` = '0'"
    assert numbers(api, both, order_by=order, max_results=5) == ["2", "4"]
