"""Searching logged models, over both databases."""

import base64
import json
import math
from dataclasses import dataclass
from typing import Any

import pytest

from tests.fixtures.api import Api
from tests.fixtures.sql import CountStatements
from tests.integration.registry.logged_models import (
    Point,
    found_names,
    measure,
    new_model,
)

INVALID = "INVALID_PARAMETER_VALUE"
SEARCH = "logged-models/search"


@dataclass(frozen=True)
class Models:
    """An experiment with three models, each known by its name."""

    experiment_id: str
    ids: dict[str, str]


@pytest.fixture(scope="module")
def models(api: Api) -> Models:
    experiment_id = api.new_experiment()
    run_id = "0123456789abcdef" * 2
    ids = {
        "forest": new_model(
            api,
            experiment_id,
            name="forest",
            model_type="tree",
            source_run_id=run_id,
            params=[{"key": "lr", "value": "0.1"}],
            tags=[{"key": "team", "value": "vision"}],
        ),
        "Linear": new_model(api, experiment_id, name="Linear", tags=[{"key": "team", "value": "text"}]),
        "empty": new_model(api, experiment_id, name="empty", model_type="none"),
    }
    measure(api, ids["forest"], "acc", Point(0.9, dataset=("iris", "d1")), Point(0.2, dataset=("iris", "d2")))
    measure(api, ids["Linear"], "acc", Point(0.5, dataset=("wine", "w1")), Point(0.7))
    measure(api, ids["Linear"], "val loss", Point(math.nan))
    api.call("PATCH", f"logged-models/{ids['forest']}", model_id=ids["forest"], status="LOGGED_MODEL_READY")
    return Models(experiment_id, ids)


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("name = 'forest'", {"forest"}),
        ("name LIKE 'l%'", set()),
        ("attributes.name ilike 'l%'", {"Linear"}),
        ("name IN ('forest', 'empty')", {"forest", "empty"}),
        ("name NOT IN ('forest', 'empty')", {"Linear"}),
        ("model_type = 'tree'", {"forest"}),
        ("model_type != 'tree'", {"Linear", "empty"}),
        ("model_type NOT IN ('tree', 'none')", {"Linear"}),
        ("source_run_id = '0123456789abcdef0123456789abcdef'", {"forest"}),
        ("status = 'READY'", {"forest"}),
        ("status = 'LOGGED_MODEL_READY'", {"forest"}),
        ("status != 'READY'", {"Linear", "empty"}),
        ("attributes.status IN ('PENDING', 'UPLOAD_FAILED')", {"Linear", "empty"}),
        ("creation_time > 0 AND creation_timestamp_ms > 0 AND last_updated_timestamp > 0", None),
        ("creation_timestamp < 1000", set()),
        ("params.lr = '0.1'", {"forest"}),
        ("tags.team != 'vision'", {"Linear"}),
        ("tags.team IS NULL", {"empty"}),
        ("metrics.acc > 0.6", {"forest", "Linear"}),
        ("metrics.acc > 0.6 AND tags.team = 'text'", {"Linear"}),
        ("metrics.acc < 0.3 OR name = 'empty'", {"forest", "empty"}),
        ("metrics.`val loss` != 1", {"Linear"}),
        ("metrics.`val loss` < 1", set()),
        ("metrics.other > 0", set()),
        ("", None),
    ],
)
def test_a_filter_finds(api: Api, models: Models, text: str, names: set[str] | None) -> None:
    expected = set(models.ids) if names is None else names
    assert set(found_names(api, models.experiment_id, filter=text)) == expected


@pytest.mark.parametrize(
    ("datasets", "text", "names"),
    [
        ([("iris", "")], "", {"forest"}),
        ([("iris", "d2")], "", {"forest"}),
        ([("iris", "d3")], "", set()),
        ([("iris", "d1"), ("wine", "")], "", {"forest", "Linear"}),
        ([("iris", "d1")], "metrics.acc > 0.6", {"forest"}),
        ([("iris", "d2")], "metrics.acc > 0.6", set()),
        ([("iris", "")], "metrics.acc > 0.6 AND metrics.acc < 0.3", {"forest"}),
        ([("wine", "")], "metrics.acc > 0.6", set()),
        ([("wine", "")], "name = 'forest'", set()),
        ([("wine", "")], "name = 'forest' OR metrics.acc > 0.4", {"forest", "Linear"}),
        ([("wi'ne\"\\", "")], "", set()),
    ],
)
def test_datasets_say_which_metrics_count(
    api: Api, models: Models, datasets: list[tuple[str, str]], text: str, names: set[str]
) -> None:
    given = [{"dataset_name": name, "dataset_digest": digest} for name, digest in datasets]
    assert set(found_names(api, models.experiment_id, filter=text, datasets=given)) == names


def test_ids_are_found_too(api: Api, models: Models) -> None:
    forest = models.ids["forest"]
    assert found_names(api, models.experiment_id, filter=f"model_id = '{forest}'") == ["forest"]
    text = f"experiment_id = '{models.experiment_id}' AND artifact_uri LIKE '%{forest}%'"
    assert found_names(api, models.experiment_id, filter=text) == ["forest"]
    assert found_names(api, api.new_experiment()) == []


@pytest.mark.parametrize(
    "message",
    [
        {"filter": "nothing = 'a'"},
        {"filter": "last_updated_time > 0"},
        {"filter": "name ="},
        {"filter": "name > 'a'"},
        {"filter": "status = 'DONE'"},
        {"filter": "metrics.acc = 'high'"},
        {"filter": "datasets.name = 'iris'"},
        {"filter": "name = 'a\0'"},
        {"filter": "creation_time > 1e400"},
        {"filter": 3},
        {"order_by": [{"field_name": "nothing"}]},
        {"order_by": [{"field_name": "tags.team"}]},
        {"order_by": [{"field_name": "params.lr"}]},
        {"order_by": [{"field_name": ""}]},
        {"order_by": [{"ascending": True}]},
        {"order_by": ["name"]},
        {"order_by": [{"field_name": "name"}] * 33},
        {"datasets": [{"dataset_digest": "d"}]},
        {"datasets": [{"dataset_name": "d"}] * 21},
        {"max_results": -1},
        {"max_results": 50_001},
        {"max_results": 10**30},
        {"page_token": "x"},
        {"page_token": "é"},
        {"page_token": base64.b64encode(b"[]").decode()},
        {"experiment_ids": []},
        {"experiment_ids": ["x"]},
        {"experiment_ids": [1]},
        {"experiment_ids": ["1" * 19]},
        {"experiment_ids": ["0"] * 2_001},
    ],
)
def test_a_search_that_is_not_allowed_is_refused(api: Api, models: Models, message: dict[str, Any]) -> None:
    api.refused("POST", SEARCH, INVALID, **({"experiment_ids": [models.experiment_id]} | message))


def test_a_page_of_no_size_has_the_default_size(api: Api, models: Models) -> None:
    assert len(found_names(api, models.experiment_id, max_results=0)) == len(models.ids)


def test_experiment_ids_must_be_given(api: Api) -> None:
    assert "'experiment_ids'" in api.refused("POST", SEARCH, INVALID)


@pytest.mark.parametrize(
    ("order", "names"),
    [
        ([], ["empty", "Linear", "forest"]),
        ([{"field_name": "creation_time"}], ["forest", "Linear", "empty"]),
        (
            [{"field_name": "attributes.creation_timestamp", "ascending": False}],
            ["empty", "Linear", "forest"],
        ),
        ([{"field_name": "model_type"}], ["empty", "forest", "Linear"]),
        ([{"field_name": "model_type", "ascending": False}], ["forest", "empty", "Linear"]),
        (
            [{"field_name": "metrics.val loss"}, {"field_name": "creation_time"}],
            ["Linear", "forest", "empty"],
        ),
        ([{"field_name": "metrics.`val loss`", "ascending": False}], ["Linear", "empty", "forest"]),
        ([{"field_name": "metrics.acc", "dataset_name": "wine"}], ["Linear", "empty", "forest"]),
        (
            [{"field_name": "metrics.acc", "dataset_name": "iris", "dataset_digest": "d1"}],
            ["forest", "empty", "Linear"],
        ),
    ],
)
def test_an_order_sorts_and_what_has_no_value_comes_last(
    api: Api, models: Models, order: list[dict[str, Any]], names: list[str]
) -> None:
    assert found_names(api, models.experiment_id, order_by=order) == names


@pytest.fixture(scope="module")
def ranked(api: Api) -> str:
    """Return an experiment of models named after their place by the metric, ascending."""
    experiment_id = api.new_experiment()
    values = {"1": -math.inf, "2": -1.5, "3": 0.0, "4": 1e300, "5": math.inf, "6": math.nan}
    for name, value in values.items():
        measure(api, new_model(api, experiment_id, name=name), "m.max", Point(value))
    new_model(api, experiment_id, name="7")
    return experiment_id


@pytest.mark.parametrize(("ascending", "names"), [(True, "1234567"), (False, "5432167")])
@pytest.mark.parametrize("size", [1, 2, 3, 7])
def test_pages_go_on_where_the_one_before_ended(
    api: Api, ranked: str, size: int, names: str, *, ascending: bool
) -> None:
    query = {"order_by": [{"field_name": "metrics.m.max", "ascending": ascending}]}
    found, token = "", None
    while token != "":
        page = api.post(SEARCH, experiment_ids=[ranked], max_results=size, page_token=token, **query)
        assert 1 <= len(page["models"]) <= size
        found += "".join(model["info"]["name"] for model in page["models"])
        token = page.get("next_page_token", "")
    assert found == names


def test_the_newest_point_is_sorted_by(api: Api) -> None:
    experiment_id = api.new_experiment()
    improved, spoilt = (new_model(api, experiment_id, name=name) for name in ("improved", "spoilt"))
    measure(api, improved, "acc", Point(0.1, timestamp=10, step=9))
    measure(api, improved, "acc", Point(0.9, timestamp=20, step=1))
    measure(api, spoilt, "acc", Point(0.8, timestamp=10, step=1, dataset=("a", "1")))
    measure(api, spoilt, "acc", Point(0.2, timestamp=10, step=2, dataset=("b", "1")))
    assert found_names(api, experiment_id, order_by=[{"field_name": "metrics.acc"}]) == ["spoilt", "improved"]
    on_a = [{"field_name": "metrics.acc", "ascending": False, "dataset_name": "a"}]
    assert found_names(api, experiment_id, order_by=on_a) == ["spoilt", "improved"]


def test_a_model_made_between_two_pages_moves_no_other(api: Api) -> None:
    experiment_id = api.new_experiment()
    for number in range(4):
        new_model(api, experiment_id, name=str(number))
    first = api.post(SEARCH, experiment_ids=[experiment_id], max_results=2)
    new_model(api, experiment_id, name="late")
    token = first["next_page_token"]
    second = api.post(SEARCH, experiment_ids=[experiment_id], max_results=2, page_token=token)
    assert [model["info"]["name"] for model in second["models"]] == ["1", "0"]
    assert "next_page_token" not in second


@pytest.mark.parametrize(
    "change",
    [
        {"filter": "name != 'a'"},
        {"order_by": [{"field_name": "name"}]},
        {"datasets": [{"dataset_name": "iris"}]},
        {"experiment_ids": ["0"]},
    ],
)
def test_a_token_is_for_its_own_query(api: Api, models: Models, change: dict[str, Any]) -> None:
    query: dict[str, Any] = {"experiment_ids": [models.experiment_id]}
    token = api.post(SEARCH, max_results=1, **query)["next_page_token"]
    api.post(SEARCH, max_results=2, page_token=token, **query)
    message = api.refused("POST", SEARCH, INVALID, **(query | change), page_token=token)
    assert "page_token" in message


@pytest.mark.parametrize(
    "values",
    [["x", "y"], [None, None], [1.5, "y"], [2**63, "y"], [True, "y"], [1, "\0"], [1], [1, "y", 2], {}],
)
def test_a_forged_token_is_refused(api: Api, models: Models, values: object) -> None:
    query: dict[str, Any] = {"experiment_ids": [models.experiment_id]}
    token = api.post(SEARCH, max_results=1, **query)["next_page_token"]
    payload = json.loads(base64.urlsafe_b64decode(token + "=" * (-len(token) % 4)))
    text = json.dumps(payload | {"after": values})
    forged = base64.urlsafe_b64encode(text.encode()).decode()
    api.refused("POST", SEARCH, INVALID, **query, page_token=forged)


def test_the_largest_numbers_in_a_forged_token_do_no_harm(api: Api, ranked: str) -> None:
    query: dict[str, Any] = {"experiment_ids": [ranked], "order_by": [{"field_name": "metrics.m.max"}]}
    token = api.post(SEARCH, max_results=1, **query)["next_page_token"]
    payload = json.loads(base64.urlsafe_b64decode(token + "=" * (-len(token) % 4)))
    for value in (0.0, math.nan, math.inf, 1e308):
        text = json.dumps(payload | {"after": [2**63 - 1, value, -(2**63), "m"]})
        forged = base64.urlsafe_b64encode(text.encode()).decode()
        assert api.post(SEARCH, **query, page_token=forged) == {}


def test_the_largest_search_is_answered(api: Api, models: Models) -> None:
    clauses = [f"metrics.m{number} > {number}" for number in range(199)]
    ids = ", ".join(f"'{number}'" for number in range(19_000))
    datasets = [{"dataset_name": f"n{number}", "dataset_digest": "d"} for number in range(20)]
    order = [{"field_name": f"metrics.m{number}", **datasets[0]} for number in range(32)]
    page = api.post(
        SEARCH,
        experiment_ids=[str(number) for number in range(2_000)],
        filter=" AND ".join([*clauses, f"model_id NOT IN ({ids})"]),
        datasets=datasets,
        order_by=order,
    )
    assert page == {}


def test_a_page_takes_as_many_statements_as_one_model(api: Api, count_statements: CountStatements) -> None:
    experiment_id = api.new_experiment()
    for number in range(12):
        model_id = new_model(
            api, experiment_id, params=[{"key": "a"}], tags=[{"key": "a"}, {"key": str(number)}]
        )
        measure(api, model_id, "acc", Point(number), Point(number, dataset=("iris", "d")))
    order = [{"field_name": "metrics.acc"}]
    counts = []
    for size in (1, 12):
        with count_statements() as statements:
            page = api.post(SEARCH, experiment_ids=[experiment_id], max_results=size, order_by=order)
        assert len(page["models"]) == size
        counts.append(len(statements))
    assert counts[0] == counts[1] <= 8
