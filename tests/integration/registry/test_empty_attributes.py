"""What the wire shows as empty is empty in search, too; and a number that is text there may be quoted."""

import uuid
from typing import Any

import pytest

from tests.fixtures.api import Api

INVALID = "INVALID_PARAMETER_VALUE"

#: What holds for an attribute, of two things that have it empty and as `x`: by its operator.
CASES = [
    ("= ''", {"empty"}),
    ("= 'x'", {"x"}),
    ("= 'y'", set()),
    ("!= ''", {"x"}),
    ("!= 'x'", {"empty"}),
    ("!= 'y'", {"empty", "x"}),
    ("IN ('')", {"empty"}),
    ("IN ('', 'x')", {"empty", "x"}),
    ("IN ('x')", {"x"}),
    ("NOT IN ('')", {"x"}),
    ("NOT IN ('x')", {"empty"}),
    ("NOT IN ('x', '')", set()),
    ("NOT IN ('y')", {"empty", "x"}),
    ("LIKE ''", {"empty"}),
    ("LIKE '%'", {"empty", "x"}),
    ("LIKE '_'", {"x"}),
    ("NOT LIKE 'x%'", {"empty"}),
    ("NOT LIKE '%'", set()),
    ("ILIKE ''", {"empty"}),
    ("ILIKE '%%'", {"empty", "x"}),
    ("ILIKE 'X'", {"x"}),
    ("NOT ILIKE 'X'", {"empty"}),
    ("IS NULL", {"empty"}),
    ("IS NOT NULL", {"x"}),
]


def check(found_by: Any, attribute: str, stored: str) -> None:
    for condition, expected in CASES:
        # A value of the attribute's own kind stands for `x`.
        spelt = condition.replace("'x", f"'{stored}").replace("'X", f"'{stored.upper()}")
        spelt = spelt.replace("'_'", f"'{'_' * len(stored)}'")
        assert found_by(f"{attribute} {spelt}") == expected, condition
        assert found_by(f"NOT ({attribute} {spelt})") == {"empty", "x"} - expected, condition


def test_versions_without_a_run(api: Api) -> None:
    name = uuid.uuid4().hex
    run_id = api.new_run()
    api.post("registered-models/create", name=name)
    for given in ({}, {"run_id": run_id}):
        api.post("model-versions/create", name=name, source="s3://bucket/x", **given)

    def found_by(condition: str) -> set[str]:
        answer = api.get("model-versions/search", filter=f"name = '{name}' AND {condition}")
        found = answer.get("model_versions", [])
        return {"x" if version["run_id"] else "empty" for version in found}

    assert found_by("version_number > 0") == {"empty", "x"}
    check(found_by, "run_id", run_id)


@pytest.mark.parametrize(("attribute", "stored"), [("model_type", "kind"), ("source_run_id", "a" * 32)])
def test_logged_models_of_no_type_and_no_run(api: Api, attribute: str, stored: str) -> None:
    experiment_id = api.new_experiment()
    for given in ({}, {attribute: stored}, {attribute: ""}):
        api.post("logged-models", experiment_id=experiment_id, name="m", **given)

    def found_by(condition: str) -> set[str]:
        answer = api.post("logged-models/search", experiment_ids=[experiment_id], filter=condition)
        found = [model["info"] for model in answer.get("models", [])]
        # Absent and empty are one: both are found, or neither.
        assert sum(not info.get(attribute) for info in found) in {0, 2}
        return {"x" if info.get(attribute) else "empty" for info in found}

    check(found_by, attribute, stored)


@pytest.mark.parametrize("ended", [False, True])
def test_runs_of_nobody(api: Api, ended: bool) -> None:  # noqa: FBT001 - a parameter of the test
    experiment_id = api.new_experiment()
    for given in ({}, {"user_id": "ann"}, {"user_id": ""}):
        run_id = api.new_run(experiment_id, **given)
        api.post("runs/log-metric", run_id=run_id, key="m", value=1, timestamp=1)
        if ended:
            api.post("runs/update", run_id=run_id, status="FINISHED", end_time=7)

    def found_by(condition: str) -> set[str]:
        by_order = []
        for order in (["start_time"], ["metrics.m DESC"]):
            answer = api.post("runs/search", experiment_ids=[experiment_id], filter=condition, order_by=order)
            by_order.append({"x" if run["info"]["user_id"] else "empty" for run in answer.get("runs", [])})
        assert by_order[0] == by_order[1]
        return by_order[0]

    check(found_by, "user_id", "ann")


def test_a_tag_or_param_that_is_not_there_is_not_an_empty_one(api: Api) -> None:
    experiment_id = api.new_experiment()
    without, empty = api.new_run(experiment_id), api.new_run(experiment_id, tags=[{"key": "t", "value": ""}])
    api.post("runs/log-parameter", run_id=empty, key="p")

    def found_by(condition: str) -> list[str]:
        answer = api.post("runs/search", experiment_ids=[experiment_id], filter=condition)
        return [run["info"]["run_id"] for run in answer.get("runs", [])]

    for field in ("tags.t", "params.p"):
        assert found_by(f"{field} = ''") == found_by(f"{field} != 'x'") == [empty]
        assert found_by(f"{field} NOT IN ('x')") == found_by(f"{field} LIKE ''") == [empty]
        assert found_by(f"{field} IS NULL") == [without]


@pytest.mark.parametrize(
    ("condition", "found"),
    [
        ("= '2'", [2]),
        ("= 2", [2]),
        ("!= '2'", [1, 3]),
        ("> '1'", [2, 3]),
        (">= '2'", [2, 3]),
        ("< '2'", [1]),
        ("<= '-1'", []),
        ("IN ('1', 3)", [1, 3]),
        ("NOT IN ('1', '2')", [3]),
        ("IS NOT NULL", [1, 2, 3]),
    ],
)
def test_the_number_of_a_version_may_be_quoted(api: Api, condition: str, found: list[int]) -> None:
    name = uuid.uuid4().hex
    api.post("registered-models/create", name=name)
    for _ in range(3):
        api.post("model-versions/create", name=name, source="s3://bucket/x")
    for field in ("version_number", "attribute.version_number", "`version_number`"):
        answer = api.get("model-versions/search", filter=f"name = '{name}' AND {field} {condition}")
        numbers = sorted(int(version["version"]) for version in answer.get("model_versions", []))
        assert numbers == found, field


@pytest.mark.parametrize(
    "text", ["", "x", "02", "+2", "2.0", "2.5", "2e0", " 2", "\u0662", str(2**63), "1" * 200]
)
def test_what_is_no_number_of_a_version_is_refused(api: Api, text: str) -> None:
    for condition in (f"= '{text}'", f"> '{text}'", f"IN ('1', '{text}')"):
        told = api.refused("GET", "model-versions/search", INVALID, filter=f"version_number {condition}")
        assert text in told or "whole number" in told


def test_what_is_a_number_on_the_wire_is_not_quoted(api: Api) -> None:
    asked = {"experiment_ids": [api.new_experiment()]}
    for path, message, field in (
        ("runs/search", asked, "start_time"),
        ("runs/search", asked, "metrics.m"),
        ("experiments/search", {"max_results": 1}, "creation_time"),
        ("logged-models/search", asked, "creation_timestamp"),
    ):
        told = api.refused("POST", path, INVALID, **message, filter=f"{field} > '1'")
        assert "without quotes" in told, path
