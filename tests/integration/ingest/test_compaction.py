"""Merging chunks changes what a history costs, and of what is read only counts: they become exact."""

import threading
from typing import Any

import pytest
from sqlalchemy import func, select

from tests.fixtures.api import Api
from tests.fixtures.waiting import wait_until
from trackhelm_core.db.unit_of_work import Database
from trackhelm_domain.tables import Key, MetricChunk, Run, Series
from trackhelm_domain.tables.metrics import NO_LABELS_ID
from trackhelm_ingest.metrics import compaction
from trackhelm_ingest.metrics.compaction import compact_metric
from trackhelm_ingest.metrics.store import CROWDED_CHUNKS, Metric

pytestmark = pytest.mark.over("sqlite", "postgresql", "queue")


@pytest.fixture
def database(api: Api) -> Database:
    app: Any = api.client.app
    database: Database = app.state.runtime.database
    return database


def log(api: Api, run: str, *points: tuple[int, Any], model: str | None = None) -> None:
    labels = {"model_id": model} if model else {}
    metrics = [
        {"key": "loss", "step": step, "timestamp": step, "value": value, **labels} for step, value in points
    ]
    api.post("runs/log-batch", run_id=run, metrics=metrics)


def history(api: Api, run: str) -> list[tuple[int, Any]]:
    answer = api.get("metrics/get-history", run_id=run, metric_key="loss")
    return [(point["step"], point["value"]) for point in answer.get("metrics", [])]


def metric_of(database: Database, run: str) -> Metric:
    with database.reading() as session:
        row = session.execute(
            select(Series.run_id, Series.key_id)
            .join(Run, Run.id == Series.run_id)
            .join(Key, Key.id == Series.key_id)
            .where(Run.uuid == run, Key.name == "loss", Series.label_set_id == NO_LABELS_ID)
        ).one()
    return Metric(*row)


def counts(database: Database, metric: Metric) -> dict[str, tuple[int, int, int, int]]:
    """Return count, non-finite count, noted chunks and chunks of the series with and without labels."""
    found = {}
    with database.reading() as session:
        for row in session.scalars(select(Series).where(Series.run_id == metric.run_id)):
            chunks = session.scalar(select(func.count()).where(MetricChunk.series_id == row.id)) or 0
            label = "plain" if row.label_set_id == NO_LABELS_ID else "labelled"
            found[label] = (row.count, row.nonfinite_count, row.chunks, chunks)
    return found


def compact(database: Database, metric: Metric, *, whole: bool) -> None:
    with database.writing() as session:
        compact_metric(session, metric, whole=whole)


def test_counts_become_exact(api: Api, database: Database) -> None:
    run = api.new_run()
    log(api, run, (0, 1.0), (1, "NaN"))
    history(api, run)
    log(api, run, (0, 1.0), (1, "NaN"), (2, 3.0))
    history(api, run)
    log(api, run, (2, 3.0), (5, 1.0), model="m-1")
    history(api, run)
    log(api, run, (5, 1.0), model="m-1")
    before = history(api, run)
    metric = metric_of(database, run)
    compact(database, metric, whole=True)
    assert history(api, run) == before == [(0, 1.0), (1, "NaN"), (2, 3.0), (5, 1.0)]
    assert counts(database, metric) == {"plain": (4, 1, 1, 1), "labelled": (2, 0, 1, 1)}
    compact(database, metric, whole=True)
    assert counts(database, metric) == {"plain": (4, 1, 1, 1), "labelled": (2, 0, 1, 1)}


def test_merging_the_newest_chunks_counts_their_duplicates_once(api: Api, database: Database) -> None:
    run = api.new_run()
    for _ in range(3):
        log(api, run, (0, "NaN"), (1, 2.0))
        history(api, run)
    metric = metric_of(database, run)
    compact(database, metric, whole=False)
    assert counts(database, metric) == {"plain": (2, 1, 1, 1)}


def test_a_metric_too_long_to_be_merged_at_once_is_merged_in_part(
    api: Api, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(compaction, "WHOLE_POINTS", 5)
    run = api.new_run()
    log(api, run, *[(step, 0.0) for step in range(100)])
    history(api, run)
    for _ in range(3):
        log(api, run, (100, 1.0))
        history(api, run)
    metric = metric_of(database, run)
    compact(database, metric, whole=True)
    assert counts(database, metric) == {"plain": (101, 0, 2, 2)}
    assert len(history(api, run)) == 101


def test_a_run_that_ends_is_compacted(api: Api, database: Database) -> None:
    run = api.new_run()
    for step in range(3):
        log(api, run, (0, 0.0), (step, 0.0))
        history(api, run)
    api.post("runs/update", run_id=run, status="FINISHED")
    metric = metric_of(database, run)
    wait_until(lambda: counts(database, metric) == {"plain": (3, 0, 1, 1)})


def test_a_metric_of_many_chunks_is_compacted_while_it_grows(api: Api, database: Database) -> None:
    run = api.new_run()
    for step in range(CROWDED_CHUNKS):
        log(api, run, (step, 0.0))
        history(api, run)
    metric = metric_of(database, run)
    wait_until(lambda: counts(database, metric)["plain"][3] < CROWDED_CHUNKS)
    assert history(api, run) == [(step, 0.0) for step in range(CROWDED_CHUNKS)]


def test_readers_and_writers_go_on_while_chunks_are_merged(api: Api, database: Database) -> None:
    run = api.new_run()
    log(api, run, *[(step, 0.0) for step in range(100)])
    history(api, run)
    metric = metric_of(database, run)
    stop = threading.Event()

    def merge_all_the_time() -> None:
        while not stop.is_set():
            compact(database, metric, whole=True)

    merging = threading.Thread(target=merge_all_the_time)
    merging.start()
    try:
        for step in range(100, 130):
            log(api, run, (step, 0.0))
            assert len(history(api, run)) == step + 1
    finally:
        stop.set()
        merging.join()
    compact(database, metric, whole=True)
    assert counts(database, metric) == {"plain": (130, 0, 1, 1)}
