"""The ways in which SQLite finds a page of runs find the same runs, and by the indexes that they are for."""

import math
import random
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import text

from tests.fixtures.api import Api
from tests.fixtures.factories import Factory
from trackhelm_core.db.statements import Prepared
from trackhelm_query.runs import search_plan
from trackhelm_query.runs.indexed import FEW

if TYPE_CHECKING:
    from trackhelm_core.db.unit_of_work import Database

pytestmark = pytest.mark.over("sqlite")

LONG = "x" * 40
VALUES = ["", "7", "blue", "ä", LONG, LONG + "1", LONG + "2", "a", "it's"]
NUMBERS = [math.nan, math.inf, -math.inf, 0.0, 0.5, 1.0]

FILTERS = [
    "params.p = '7'",
    f"params.p = '{LONG}1'",
    "params.p = ''",
    "params.p = 'it''s'",
    "params.nowhere = '7'",
    "tags.t = 'ä' AND params.p = 'blue'",
    "tags.t = 'a' AND metrics.m > 0.2",
    "metrics.m = 0.5",
    "metrics.m >= 0.5 AND metrics.n < 1",
    "metrics.m > 0.9 AND metrics.m < 2",
    "metrics.m = nan AND params.p != '7'",
    "metrics.nowhere > 0",
    "metrics.m.max > 0.2 AND tags.t = 'blue'",
    "params.p = 'a' AND NOT (metrics.m > 0.2)",
    "params.p = 'a' OR metrics.m > 0.2",
]
ORDERS = [[], ["metrics.m DESC"], ["metrics.n", "params.p DESC"], ["tags.t", "start_time ASC"]]


@pytest.fixture
def experiments(api: Api, factory: Factory) -> list[str]:
    """Two experiments with runs of every value, some of them deleted."""
    chance = random.Random(14)
    made = [api.new_experiment(), api.new_experiment()]
    for number in range(120):
        columns: dict[str, Any] = {"start_time": number // 3}
        for kind, key in (("params", "p"), ("tags", "t")):
            if chance.random() < 0.8:
                columns[kind] = {key: chance.choice(VALUES)}
        columns["metrics"] = {key: chance.choice(NUMBERS) for key in "mn" if chance.random() < 0.8}
        if chance.random() < 0.1:
            columns["lifecycle_stage"] = "deleted"
        factory.run(chance.choice(made), **columns)
    return made


def found(api: Api, **asked: Any) -> list[str]:
    """Return the ids of all runs that a search finds, page by page."""
    pages: list[str] = []
    token = ""
    while True:
        page = api.post("runs/search", max_results=7, page_token=token, **asked)
        pages += [run["info"]["run_id"] for run in page.get("runs", [])]
        token = page.get("next_page_token", "")
        if not token:
            return pages


def test_runs_of_few_are_those_that_a_comparison_of_all_finds(
    api: Api, experiments: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for where in FILTERS:
        for order in ORDERS:
            for several, stage in ((experiments[:1], "ACTIVE_ONLY"), (experiments, "ALL")):
                asked = {
                    "experiment_ids": several,
                    "filter": where,
                    "order_by": order,
                    "run_view_type": stage,
                }
                ways = []
                for few in (-1, 5, FEW):
                    monkeypatch.setattr(search_plan, "FEW", few)
                    ways.append(found(api, **asked))
                assert ways[0] == ways[1] == ways[2], asked
    assert found(api, experiment_ids=experiments, filter="params.p = '7'")


@pytest.mark.parametrize(
    ("where", "index"),
    [
        ("params.p = '7'", "ix_run_param_value (key_id=? AND <expr>=?)"),
        ("tags.t = '7' AND status = 'RUNNING'", "ix_run_tag_value (key_id=? AND <expr>=?)"),
        ("metrics.m > 2 AND metrics.n < 5", "ix_series_indexed (indexed_in=? AND key_id=? AND indexed_value"),
    ],
)
def test_few_are_counted_and_looked_up_by_an_index_and_no_other_run_is_read(
    where: str, index: str, api: Api, experiments: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    app: Any = api.client.app
    database: Database = app.state.runtime.database
    ran: list[str] = []
    prepared = Prepared.rows

    def rows(self: Any, session: Any, parameters: Any) -> Any:
        driver = session.connection().connection.driver_connection
        driver.set_trace_callback(ran.append)
        try:
            return prepared(self, session, parameters)
        finally:
            driver.set_trace_callback(None)

    monkeypatch.setattr(Prepared, "rows", rows)
    api.post("runs/search", experiment_ids=experiments[:1], filter=where)
    with database.reading() as session:
        plans = [
            "\n".join(
                str(row) for row in session.execute(text("EXPLAIN QUERY PLAN " + each.replace(":", r"\:")))
            )
            for each in ran
        ]
    *counts, page = plans
    assert counts
    assert all("INDEX ix_" in count for count in counts), counts
    assert index in page
    assert "SEARCH run USING INTEGER PRIMARY KEY (rowid=?)" in page
    assert "ix_run_page" not in page


def test_what_more_than_a_few_meet_is_found_in_the_order_of_the_page(
    api: Api, factory: Factory, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(search_plan, "FEW", 3)
    experiment = api.new_experiment()
    for number in range(5):
        factory.run(experiment, name=str(number), start_time=number, params={"p": "7"})
    page = api.post("runs/search", experiment_ids=[experiment], filter="params.p = '7'")
    assert [run["info"]["run_name"] for run in page["runs"]] == list("43210")
