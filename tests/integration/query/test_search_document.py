"""`docs/search.md` against the server: its tables and its example hold, over both databases."""

import re
from pathlib import Path
from typing import Any

import pytest

from tests.fixtures.api import Api
from trackhelm_query.experiments import store as experiments_store
from trackhelm_query.runs.fields import run_search

DOCUMENT = (Path(__file__).parents[3] / "docs" / "search.md").read_text(encoding="utf-8")


def table(first_cell: str) -> list[list[str]]:
    """Read the table whose header begins with a text: its rows, the header first."""
    start = DOCUMENT.index(f"| {first_cell}")
    lines = DOCUMENT[start : DOCUMENT.index("\n\n", start)].splitlines()
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines if "|---" not in line]


@pytest.fixture(scope="module")
def metric_runs(api: Api) -> str:
    """Log what the table of absence says, a run a row."""
    experiment_id = api.new_experiment()
    for value, *_ in table("runs: `metrics.m` is")[1:]:
        run_id = api.new_run(experiment_id, run_name=value)
        if value != "absent":
            logged = {"NaN": "NaN", "inf": "Infinity"}.get(value, value)
            api.post("runs/log-metric", run_id=run_id, key="m", value=logged, timestamp=1)
    return experiment_id


@pytest.mark.parametrize("column", range(1, 6))
def test_absence_and_nan_are_as_the_table_says(api: Api, metric_runs: str, column: int) -> None:
    header, *rows = table("runs: `metrics.m` is")
    page = api.post("runs/search", experiment_ids=[metric_runs], filter=header[column].strip("`"))
    found = {run["info"]["run_name"] for run in page.get("runs", [])}
    assert found == {row[0] for row in rows if row[column] == "yes"}


def test_the_table_names_every_field_of_what_the_query_service_searches() -> None:
    rows = {row[0]: " ".join(row[1:]) for row in table("entity")[1:]}
    runs = run_search({})
    for name, entity in (("runs", runs), ("experiments", experiments_store.SEARCH)):
        named = set(re.findall(r"`([\w ]+)[.`]", rows[name]))
        assert named >= entity.attributes.keys() | entity.collections.keys()


@pytest.mark.parametrize("entity", ["experiments", "registered models", "model versions", "logged models"])
def test_every_field_of_the_table_can_be_searched(api: Api, entity: str) -> None:
    _, texts, numbers, ids, keyed = next(row for row in table("entity") if row[0] == entity)

    def names(cell: str) -> list[str]:
        return re.findall(r"`([^`]+)`", cell)

    filters = [
        *(f"`{name}` IN ('LOGGED_MODEL_READY')" for name in names(texts)),
        *(f"`{name}` >= 1" for name in names(numbers)),
        *(f"`{name}` IN ('1')" for name in names(ids)),
        *(f"{prefix}k {'> 1' if prefix == 'metrics.' else 'LIKE ' + repr('a%')}" for prefix in names(keyed)),
    ]
    assert filters
    for where in filters:
        search(api, entity, where)


def search(api: Api, entity: str, where: str) -> Any:
    match entity:
        case "experiments":
            return api.post("experiments/search", max_results=1, filter=where)
        case "logged models":
            return api.post("logged-models/search", experiment_ids=["0"], filter=where)
    return api.get(f"{entity.replace(' ', '-')}/search", filter=where)
