"""What was imported and then deleted for good here: it stays deleted until somebody asks for it."""

from pathlib import Path

import pytest
from sqlalchemy import delete, select

from tests.importer.making import make_source
from tests.importer.test_again import change, compare, plan, runs_of
from tests.importer.test_workspaces import bring, places
from trackhelm_core.db.unit_of_work import Database
from trackhelm_core.ids import new_run_id
from trackhelm_domain.tables import RegisteredModel, Run
from trackhelm_importer.records import Kind
from trackhelm_ingest.deletion.store import mark_experiment_purged, mark_purged

SAID = "it was deleted for good here since it was imported; --restore-deleted brings it back"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return make_source(tmp_path / "source.db", runs=3, metrics=2, points=4)


def purge_runs(target: Database, *uuids: str) -> None:
    """Mark runs as deleted for good, as the first phase of their deletion does."""
    with target.writing() as session:
        rows = session.scalars(select(Run.id).where(Run.uuid.in_(uuids)))
        mark_purged(session, {row_id: new_run_id() for row_id in rows})


@pytest.mark.parametrize(
    ("statements", "counts"), [((), (0, 0, 2)), (("UPDATE runs SET status = 'FAILED'",), (0, 2, 0))]
)
def test_a_run_stays_deleted_and_is_named(
    target: Database, file: Path, statements: tuple[str, ...], counts: tuple[int, int, int]
) -> None:
    bring(target, file)
    purge_runs(target, "run1")
    change(file, *statements)
    outcome, report = bring(target, file)
    tally = outcome.kinds[Kind.RUN]
    assert tally.kept == [f"run1: {SAID}"]
    assert (tally.new, tally.changed, tally.same) == counts
    assert set(runs_of(target)) == {"run0", "run2"}
    assert [(each.key, each.what) for each in report.differences] == [("run1", "it is not here")]
    assert plan(target, file).kinds[Kind.RUN].kept == tally.kept


def test_a_run_comes_back_if_somebody_asks_for_it(target: Database, file: Path) -> None:
    bring(target, file)
    purge_runs(target, "run0", "run1")
    outcome, report = bring(target, file, restores=True)
    assert (outcome.kinds[Kind.RUN].new, outcome.kinds[Kind.RUN].same) == (2, 1)
    assert report.is_equal, report.as_text()
    again, _ = bring(target, file)
    assert (again.writes, again.kinds[Kind.RUN].same) == (0, 3)


def test_nothing_comes_of_an_experiment_that_was_deleted(target: Database, file: Path) -> None:
    bring(target, file)
    purge_runs(target, "run0", "run1", "run2")
    with target.writing() as session:
        mark_experiment_purged(session, 7, "a name that nobody has")
    change(
        file,
        "INSERT INTO runs (run_uuid, name, status, start_time, lifecycle_stage, artifact_uri, experiment_id) "
        "VALUES ('late', 'late', 'RUNNING', 5, 'active', '/files/7/late/artifacts', 7)",
    )
    outcome, report = bring(target, file)
    assert outcome.kinds[Kind.EXPERIMENT].kept == [f"7: {SAID}. Nothing of it comes"]
    # The experiment says it for all of its runs.
    assert outcome.kinds[Kind.RUN].kept == []
    assert outcome.writes == 0
    assert runs_of(target) == {}
    assert [(each.key, each.what) for each in report.differences] == [
        ("7", "it is not here: it, or its workspace, was deleted here since it was imported"),
        ("7", "so its 4 runs are not here either"),
    ]


def test_a_model_stays_deleted_until_somebody_asks_for_it(target: Database, file: Path) -> None:
    bring(target, file)
    with target.writing() as session:
        session.execute(delete(RegisteredModel))
    change(file, "UPDATE registered_models SET description = 'other'")
    outcome, report = bring(target, file)
    assert outcome.kinds[Kind.REGISTERED_MODEL].kept == [f"model: {SAID}"]
    assert places(target)[1] == set()
    assert not report.is_equal
    restored, report = bring(target, file, restores=True)
    assert restored.kinds[Kind.REGISTERED_MODEL].new == 1
    assert report.is_equal, report.as_text()
    assert compare(target, file).is_equal
