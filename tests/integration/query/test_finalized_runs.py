"""Finalized and documented runs: shown as they were, found in the same order, and never stale."""

import random
import threading
from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import select, update

from tests.fixtures.api import Api
from tests.fixtures.factories import Factory
from tests.fixtures.sql import finalize_all
from tests.fixtures.waiting import wait_until
from trackhelm_core.db.unit_of_work import Database
from trackhelm_domain.runs.messages import VERSION
from trackhelm_domain.tables import Run, RunSnapshot, Series
from trackhelm_ingest.runs.logic import finalize_some, set_tags

pytestmark = [pytest.mark.over("sqlite", "postgresql", "queue"), pytest.mark.long]


@pytest.fixture
def database(api: Api) -> Database:
    app: Any = api.client.app
    database: Database = app.state.runtime.database
    return database


def is_finalized(database: Database, run_id: str) -> bool:
    with database.reading() as session:
        finalized: bool = session.execute(select(Run.finalized).where(Run.uuid == run_id)).scalar_one()
        return finalized


def is_documented(database: Database, run_id: str) -> bool:
    with database.reading() as session:
        documented: bool = session.execute(select(Run.documented).where(Run.uuid == run_id)).scalar_one()
        return documented


def document_of(database: Database, run_id: str) -> bytes | None:
    statement = select(RunSnapshot.document).join(Run, Run.id == RunSnapshot.run_id)
    with database.reading() as session:
        return session.scalar(statement.where(Run.uuid == run_id))


def has_document(database: Database, run_id: str) -> bool:
    return document_of(database, run_id) is not None


def reopen_all(database: Database) -> None:
    with database.writing() as session:
        session.execute(update(Run).values(finalized=False, documented=False))


def ended_run(api: Api, experiment_id: str) -> str:
    run_id = running_run(api, experiment_id)
    api.post("runs/update", run_id=run_id, status="FINISHED", end_time=9)
    return run_id


def running_run(api: Api, experiment_id: str) -> str:
    run_id = api.new_run(experiment_id, run_name="first", start_time=5)
    api.post(
        "runs/log-batch",
        run_id=run_id,
        params=[{"key": "depth", "value": "3"}, {"key": "note", "value": 'naïve "quotes"'}],
        tags=[{"key": "team", "value": "blue"}],
        metrics=[
            {"key": key, "value": value, "timestamp": 1, "step": 2}
            for key, value in (("loss", 0.5), ("nan", "NaN"), ("inf", "-Infinity"))
        ],
    )
    dataset = {"name": "iris", "digest": "d", "source_type": "local", "source": "{}"}
    use = {"dataset": dataset, "tags": [{"key": "mlflow.data.context", "value": "train"}]}
    api.post("runs/log-inputs", run_id=run_id, datasets=[use], models=[{"model_id": "m-1"}])
    api.post("runs/outputs", run_id=run_id, models=[{"model_id": "m-2", "step": 1}])
    api.get("runs/get", run_id=run_id)  # metrics that wait are stored by then
    return run_id


def found(api: Api, experiment_id: str, **message: Any) -> list[dict[str, Any]]:
    runs: list[dict[str, Any]] = []
    token = ""
    while True:
        page = api.post("runs/search", experiment_ids=[experiment_id], page_token=token, **message)
        runs += page.get("runs", [])
        if not (token := page.get("next_page_token", "")):
            return runs


def test_a_finalized_run_is_shown_as_it_was(api: Api, database: Database) -> None:
    experiment_id = api.new_experiment()
    run_id = ended_run(api, experiment_id)
    reopen_all(database)
    before = found(api, experiment_id)
    finalize_all(database)
    assert is_finalized(database, run_id)
    assert has_document(database, run_id)
    assert found(api, experiment_id) == before == [api.get("runs/get", run_id=run_id)["run"]]


def test_a_running_run_is_documented_and_shown_as_it_was(api: Api, database: Database) -> None:
    experiment_id = api.new_experiment()
    run_id = running_run(api, experiment_id)
    empty = api.new_run(experiment_id, run_name="empty")
    reopen_all(database)
    before = found(api, experiment_id)
    finalize_all(database)
    for each in (run_id, empty):
        assert is_documented(database, each)
        assert not is_finalized(database, each)
    assert found(api, experiment_id) == before
    assert before == [api.get("runs/get", run_id=each)["run"] for each in (run_id, empty)]


def test_a_documented_run_that_ends_finalizes_and_one_that_goes_on_again_is_documented(
    api: Api, database: Database
) -> None:
    experiment_id = api.new_experiment()
    run_id = running_run(api, experiment_id)
    for status in ("RUNNING", "FINISHED", "RUNNING", "FAILED"):
        api.post("runs/update", run_id=run_id, status=status)
        assert found(api, experiment_id) == [api.get("runs/get", run_id=run_id)["run"]]
        finalize_all(database)
        assert found(api, experiment_id) == [api.get("runs/get", run_id=run_id)["run"]]
        # What is logged reopens: a finalized run that goes on again keeps what was made until then.
        api.post("runs/log-metric", run_id=run_id, key="loss", value=0.5, timestamp=3, step=3)
        assert found(api, experiment_id) == [api.get("runs/get", run_id=run_id)["run"]]
        finalize_all(database)
        assert is_finalized(database, run_id) is (status != "RUNNING")
        assert is_documented(database, run_id) is (status == "RUNNING")
        assert found(api, experiment_id) == [api.get("runs/get", run_id=run_id)["run"]]


def test_last_points_that_a_version_before_has_not_written_are_added(api: Api, database: Database) -> None:
    experiment_id = api.new_experiment()
    run_id = running_run(api, experiment_id)
    with database.writing() as session:
        session.execute(update(Run).values(finalized=False, documented=False))
        session.execute(update(Series).values(last_json=None))
    finalize_all(database)
    assert found(api, experiment_id) == [api.get("runs/get", run_id=run_id)["run"]]


@pytest.mark.parametrize("metrics", [3, 200])
def test_the_last_points_of_many_metrics_are_shown_as_those_of_few(
    api: Api, database: Database, metrics: int
) -> None:
    experiment_id = api.new_experiment()
    run_id = running_run(api, experiment_id)
    finalize_all(database)
    for step in range(2):
        points = [
            {"key": f"{'long ' * 20}{index}", "value": index + step / 2, "timestamp": 1, "step": step}
            for index in range(metrics)
        ]
        api.post("runs/log-batch", run_id=run_id, metrics=points)
        assert found(api, experiment_id) == [api.get("runs/get", run_id=run_id)["run"]]
    with database.reading() as session:
        of_run = select(RunSnapshot.metrics).join(Run, Run.id == RunSnapshot.run_id).where(Run.uuid == run_id)
        joined = session.execute(of_run).scalar_one()
    # PostgreSQL has none, and SQLite none that is long.
    assert (joined is not None) is (database.is_sqlite and metrics < 200)


WRITES: dict[str, Callable[[Api, str], object]] = {
    "param": lambda api, run: api.post("runs/log-parameter", run_id=run, key="new", value="1"),
    "param of a known key": lambda api, run: api.post(
        "runs/log-parameter", run_id=run, key="known", value="1"
    ),
    "tag": lambda api, run: api.post("runs/set-tag", run_id=run, key="team", value="red"),
    "deleted tag": lambda api, run: api.post("runs/delete-tag", run_id=run, key="team"),
    "name by tag": lambda api, run: api.post("runs/set-tag", run_id=run, key="mlflow.runName", value="b"),
    "name": lambda api, run: api.post("runs/update", run_id=run, run_name="second"),
    "metric": lambda api, run: api.post(
        "runs/log-metric", run_id=run, key="loss", value=0.25, timestamp=2, step=3
    ),
    "new metric": lambda api, run: api.post(
        "runs/log-metric", run_id=run, key="accuracy", value=0.25, timestamp=2, step=3
    ),
    "batch": lambda api, run: api.post(
        "runs/log-batch",
        run_id=run,
        params=[{"key": "p", "value": "1"}],
        tags=[{"key": "t", "value": "1"}],
        metrics=[{"key": "loss", "value": 7, "timestamp": 2, "step": 3}],
    ),
    "input": lambda api, run: api.post("runs/log-inputs", run_id=run, models=[{"model_id": "m-9"}]),
    "output": lambda api, run: api.post("runs/outputs", run_id=run, models=[{"model_id": "m-9", "step": 4}]),
}


@pytest.mark.parametrize("kind", WRITES)
def test_what_is_logged_to_a_finalized_run_is_shown(api: Api, database: Database, kind: str) -> None:
    experiment_id = api.new_experiment()
    run_id = ended_run(api, experiment_id)
    finalize_all(database)
    document = document_of(database, run_id)
    (before,) = found(api, experiment_id)
    WRITES[kind](api, run_id)
    (after,) = found(api, experiment_id)
    assert after != before
    assert after == api.get("runs/get", run_id=run_id)["run"]
    # The server may have finalized it again meanwhile.
    assert not (is_finalized(database, run_id) and document_of(database, run_id) == document)
    finalize_all(database)
    assert is_finalized(database, run_id)
    assert found(api, experiment_id) == [after]


@pytest.mark.parametrize("kind", WRITES)
def test_what_is_logged_to_a_documented_run_is_shown(api: Api, database: Database, kind: str) -> None:
    api.post("runs/log-parameter", run_id=api.new_run(), key="known", value="1")
    experiment_id = api.new_experiment()
    run_id = running_run(api, experiment_id)
    finalize_all(database)
    document = document_of(database, run_id)
    (before,) = found(api, experiment_id)
    WRITES[kind](api, run_id)
    (after,) = found(api, experiment_id)
    assert after != before
    assert after == api.get("runs/get", run_id=run_id)["run"]
    # The server may have documented it again meanwhile.
    is_kept = is_documented(database, run_id) and document_of(database, run_id) == document
    assert is_kept is (kind in {"metric", "new metric"})
    finalize_all(database)
    assert is_documented(database, run_id)
    assert found(api, experiment_id) == [after]


def test_what_is_not_in_the_document_leaves_a_run_finalized(api: Api, database: Database) -> None:
    experiment_id = api.new_experiment()
    run_id = ended_run(api, experiment_id)
    finalize_all(database)
    api.post("runs/update", run_id=run_id, status="KILLED", end_time=12)
    api.post("runs/delete", run_id=run_id)
    assert is_finalized(database, run_id)
    assert found(api, experiment_id) == []
    (run,) = found(api, experiment_id, run_view_type="DELETED_ONLY")
    assert run == api.get("runs/get", run_id=run_id)["run"]
    assert (run["info"]["status"], run["info"]["end_time"]) == ("KILLED", 12)


ORDERS: tuple[list[str], ...] = (
    [],
    ["metrics.a"],
    ["metrics.a DESC"],
    ["metrics.a DESC", "params.p"],
    ["metrics.a", "metrics.b DESC"],
    ["metrics.a", "attributes.start_time"],
    ["metrics.a.max DESC"],
)
FILTERS = (
    "",
    "metrics.a > 1",
    "metrics.a <= 2 AND metrics.b > 0",
    "metrics.a = 1",
    "metrics.a != 1",
    "metrics.a >= 0 AND params.p = 'x'",
    "metrics.a < 3 OR params.p = 'y'",
    "NOT metrics.a < 2",
    "metrics.a = nan",
    "metrics.a IN (1, nan)",
    "metrics.b > 1",
    "params.p = 'x'",
    "parameter.p = 'x' AND tag.team = 'blue'",
    "tags.team = 'blue' AND metrics.a > 1 AND params.p = 'y'",
    "tags.team = 'blue' AND (params.p = 'x' OR metrics.a = 1) AND attributes.status = 'FINISHED'",
    "params.p = 'x' AND params.p = 'y'",
    "params.p != 'x' AND tags.team = ''",
    "params.p IN ('x') AND NOT tags.team = 'blue'",
    "params.team = 'blue'",
    "params.absent = 'x'",
)


PAGES = (
    {"run_view_type": "ACTIVE_ONLY", "max_results": 3},
    {"run_view_type": "ALL", "max_results": 50},
)


def test_runs_are_found_in_the_same_order_whichever_are_finalized(
    api: Api, database: Database, factory: Factory
) -> None:
    chance = random.Random(7)
    values = [float("nan"), float("inf"), float("-inf"), 0.0, 1.0, 1.0, 2.0, 3.0, None]
    experiment_id = api.new_experiment()
    for index in range(40):
        metrics = {key: chance.choice(values) for key in ("a", "b")}
        factory.run(
            experiment_id,
            metrics={key: value for key, value in metrics.items() if value is not None},
            params={"p": chance.choice("xy")},
            tags={"team": chance.choice(["blue", "", "blue "])},
            start_time=index // 2,
            status=chance.choice(["FINISHED", "RUNNING"]),
            lifecycle_stage=chance.choice(["active", "active", "deleted"]),
        )
    asked = [
        # Every order and every filter meets both pages, and every order every filter.
        {"order_by": order, "filter": text, **PAGES[(place + number) % 2]}
        for place, order in enumerate(ORDERS)
        for number, text in enumerate(FILTERS)
    ]
    reopen_all(database)
    expected = [found(api, experiment_id, **message) for message in asked]
    finalize_all(database)
    for message, runs in zip(asked, expected, strict=True):
        assert found(api, experiment_id, **message) == runs, message


def test_what_changes_after_a_run_finalized_is_what_it_is_found_by(api: Api, database: Database) -> None:
    experiment_id = api.new_experiment()
    run_id = ended_run(api, experiment_id)
    elsewhere = ended_run(api, api.new_experiment())
    finalize_all(database)
    assert is_finalized(database, elsewhere)
    blue, red = "params.depth = '3' AND tags.team = 'blue'", "params.depth = '3' AND tags.team = 'red'"
    assert [run["info"]["run_id"] for run in found(api, experiment_id, filter=blue)] == [run_id]
    api.post("runs/set-tag", run_id=run_id, key="team", value="red")
    for _ in range(2):
        assert found(api, experiment_id, filter=blue) == []
        assert [run["info"]["run_id"] for run in found(api, experiment_id, filter=red)] == [run_id]
        finalize_all(database)
    assert is_finalized(database, run_id)


@pytest.mark.parametrize("version", [VERSION - 1, VERSION + 1])
def test_a_document_of_another_version_is_not_looked_into(api: Api, database: Database, version: int) -> None:
    experiment_id = api.new_experiment()
    run_id = ended_run(api, experiment_id)
    finalize_all(database)
    with database.writing() as session:
        other = update(RunSnapshot).where(RunSnapshot.run_id.in_(select(Run.id).where(Run.uuid == run_id)))
        session.execute(other.values(version=version, document=b"?", pairs=None))
    by_pairs = {"filter": "tags.team = 'blue'"}
    expected = [api.get("runs/get", run_id=run_id)["run"]]
    assert found(api, experiment_id, **by_pairs) == found(api, experiment_id) == expected
    finalize_all(database)
    with database.reading() as session:
        now = session.scalar(
            select(RunSnapshot.version).join(Run, Run.id == RunSnapshot.run_id).where(Run.uuid == run_id)
        )
    # What an older one wrote is written anew, and what a newer one wrote is left to it.
    assert now == max(version, VERSION)
    assert found(api, experiment_id, **by_pairs) == expected


MARKS = {"finalized": (ended_run, is_finalized), "documented": (running_run, is_documented)}


@pytest.mark.parametrize("mark", MARKS)
def test_a_run_that_is_logged_to_at_this_moment_does_not_finalize(
    api: Api, database: Database, mark: str
) -> None:
    if database.is_sqlite:
        pytest.skip("SQLite has one writer: nobody logs while a run finalizes")
    new_run, is_marked = MARKS[mark]
    run_id = new_run(api, api.new_experiment())
    finalize_all(database)
    with database.writing() as session:
        set_tags(session, run_id, {"team": "red"})
        finalize_all(database)
        assert is_marked(database, run_id), "still, to all others"
    assert not is_marked(database, run_id)


@pytest.mark.parametrize("key", ["team", "new"])
@pytest.mark.parametrize("mark", MARKS)
def test_what_is_logged_while_a_run_finalizes_reopens_it(
    api: Api, database: Database, mark: str, key: str
) -> None:
    if database.is_sqlite:
        pytest.skip("SQLite has one writer: nobody logs while a run finalizes")
    new_run, is_marked = MARKS[mark]
    experiment_id = api.new_experiment()
    run_id = new_run(api, experiment_id)
    reopen_all(database)
    begun = threading.Event()

    def log() -> None:
        begun.set()
        api.post("runs/set-tag", run_id=run_id, key=key, value="red")

    writer = threading.Thread(target=log)
    with database.writing() as session:
        while finalize_some(session):
            pass
        writer.start()
        begun.wait()
        wait_until(lambda: _waits_for_a_lock(database))
    writer.join()
    assert not is_marked(database, run_id)
    (run,) = found(api, experiment_id)
    assert {"key": key, "value": "red"} in run["data"]["tags"]


def _waits_for_a_lock(database: Database) -> bool:
    """Asked in a transaction of its own: PostgreSQL shows one transaction the same activity to its end."""
    with database.writing() as session:
        waiting = session.connection().exec_driver_sql(
            "SELECT count(*) FROM pg_stat_activity"
            " WHERE datname = current_database() AND wait_event_type = 'Lock'"
        )
        return bool(waiting.scalar())


def test_a_write_that_is_refused_leaves_a_run_finalized(api: Api, database: Database) -> None:
    run_id = ended_run(api, api.new_experiment())
    finalize_all(database)
    api.refused(
        "POST", "runs/log-parameter", "INVALID_PARAMETER_VALUE", run_id=run_id, key="depth", value="4"
    )
    assert is_finalized(database, run_id)
