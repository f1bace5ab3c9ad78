"""What a second import does: what is the same, what has changed there, and what has changed here."""

import shutil
import sqlite3
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from tests.importer.conftest import CONTEXT
from tests.importer.making import make_source
from trackhelm_core.db.unit_of_work import Database
from trackhelm_domain.tables import AuditEvent
from trackhelm_importer import reading, store
from trackhelm_importer.importing import Import
from trackhelm_importer.outcome import Outcome
from trackhelm_importer.placing import ImportRefusedError
from trackhelm_importer.records import Kind, Run
from trackhelm_importer.sources import open_source
from trackhelm_importer.verification import Report, Verification


def bring(target: Database, file: Path, *, remaps: bool = False) -> Outcome:
    source = open_source(f"sqlite:///{file}")
    try:
        return Import(target, source, CONTEXT, remaps=remaps).run()
    finally:
        source.close()


def plan(target: Database, file: Path, *, remaps: bool = False) -> Outcome:
    source = open_source(f"sqlite:///{file}")
    try:
        return Import(target, source, CONTEXT, remaps=remaps).plan()
    finally:
        source.close()


def compare(target: Database, file: Path, *, remaps: bool = False) -> Report:
    source = open_source(f"sqlite:///{file}")
    try:
        moving = Import(target, source, CONTEXT, remaps=remaps)
        moving.plan()
        return Verification(target, source, moving.translation).run()
    finally:
        source.close()


def change(file: Path, *statements: str) -> None:
    with closing(sqlite3.connect(file)) as connection, connection:
        for statement in statements:
            connection.execute(statement)


def runs_of(target: Database) -> dict[str, Run]:
    with target.reading() as session:
        return {run.uuid: run for run in reading.read_runs(session, reading.run_ids(session))}


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return make_source(tmp_path / "source.db", runs=3, metrics=2, points=4)


def test_a_second_import_finds_everything_here(target: Database, file: Path) -> None:
    first = bring(target, file)
    second = bring(target, file)
    assert first.kinds[Kind.RUN].new == 3
    assert second.writes == 0
    assert {tally.same for kind, tally in second.kinds.items() if kind is Kind.RUN} == {3}
    assert second.points == 0


def test_a_dry_run_says_the_same_and_writes_nothing(target: Database, file: Path) -> None:
    planned = plan(target, file)
    assert not runs_of(target)
    with target.reading() as session:
        assert store.find_source(session, f"sqlite:///{file}") is None
    brought = bring(target, file)
    assert planned.kinds == brought.kinds


def test_what_has_changed_there_is_brought(target: Database, file: Path) -> None:
    bring(target, file)
    change(
        file,
        "UPDATE runs SET status = 'FAILED', name = 'renamed' WHERE run_uuid = 'run0'",
        "UPDATE tags SET value = 'renamed' WHERE run_uuid = 'run0' AND key = 'mlflow.runName'",
        "INSERT INTO metrics (key, value, timestamp, run_uuid, step, is_nan) "
        "VALUES ('metric0', 9.5, 99, 'run1', 99, 0)",
        "UPDATE latest_metrics SET value = 9.5, timestamp = 99, step = 99 "
        "WHERE run_uuid = 'run1' AND key = 'metric0'",
        "INSERT INTO runs (run_uuid, name, status, start_time, lifecycle_stage, artifact_uri, experiment_id) "
        "VALUES ('run9', 'late', 'RUNNING', 5, 'active', '/files/7/run9/artifacts', 7)",
        "UPDATE registered_models SET description = 'other' WHERE name = 'model'",
        "INSERT INTO model_versions (name, version, creation_time, last_updated_time, current_stage, source, "
        "status) VALUES ('model', 2, 1, 1, 'None', '/files/other', 'READY')",
        "UPDATE experiments SET lifecycle_stage = 'deleted' WHERE experiment_id = 7",
    )
    outcome = bring(target, file)
    assert (outcome.kinds[Kind.RUN].new, outcome.kinds[Kind.RUN].changed) == (1, 2)
    assert outcome.kinds[Kind.EXPERIMENT].changed == 1
    assert outcome.kinds[Kind.REGISTERED_MODEL].changed == 1
    report = compare(target, file)
    assert report.is_equal, report.as_text()
    assert runs_of(target)["run0"].name == "renamed"


def test_what_has_changed_here_is_left_and_named(target: Database, file: Path) -> None:
    bring(target, file)
    with target.writing() as session:
        [run] = reading.read_runs(session, ["run0"])
        store.delete_runs(session, ["run0"])
        store.insert_runs(session, [replace(run, tags={"ours": "yes"})])
    change(file, "UPDATE runs SET status = 'FAILED' WHERE run_uuid IN ('run0', 'run1')")
    outcome = bring(target, file)
    assert outcome.kinds[Kind.RUN].kept == ["run0: it was changed here since it was imported"]
    assert outcome.kinds[Kind.RUN].changed == 1
    assert runs_of(target)["run0"].tags == {"ours": "yes"}
    report = compare(target, file)
    assert not report.is_equal
    [said] = [each.what for each in report.differences if each.what.startswith("tags")]
    assert "ours" in said


def test_every_difference_is_found(target: Database, file: Path) -> None:
    bring(target, file)
    assert compare(target, file).is_equal
    for statement, kind, said in (
        ("UPDATE params SET value = 'x' WHERE run_uuid = 'run0'", "run0", "params differ: param0"),
        (
            "UPDATE metrics SET value = value + 1e-9 WHERE run_uuid = 'run1' AND step = 2",
            "run1",
            "points differ: metric0",
        ),
        (
            "UPDATE metrics SET timestamp = timestamp + 1 WHERE run_uuid = 'run1' AND step = 2",
            "run1",
            "metric0, metric1",
        ),
        ("UPDATE latest_metrics SET step = 1 WHERE run_uuid = 'run2'", "run2", "the last value of 'metric0'"),
        ("DELETE FROM metrics WHERE run_uuid = 'run2' AND step = 0", "run2", "points differ"),
        ("UPDATE runs SET end_time = 77 WHERE run_uuid = 'run0'", "run0", "end_time"),
        ("UPDATE model_versions SET current_stage = 'Archived'", "model", "versions"),
        ("UPDATE registered_model_aliases SET version = 9", "model", "aliases"),
        ("UPDATE experiments SET name = 'other' WHERE experiment_id = 7", "7", "name"),
    ):
        changed = file.with_name("changed.db")
        shutil.copy(file, changed)
        change(changed, statement)
        source = open_source(f"sqlite:///{changed}")
        moving = Import(target, source, CONTEXT)
        moving.translation.workspaces["default"] = "default"
        for experiment in source.experiments():
            moving.translation.place(experiment, experiment.id, experiment.name)
        report = Verification(target, source, moving.translation).run()
        source.close()
        assert not report.is_equal, statement
        assert any(each.key == kind and said in each.what for each in report.differences), report.as_text()


def test_a_taken_id_is_refused_and_named(target: Database, file: Path) -> None:
    other = make_source(
        file.with_name("other.db"), runs=1, metrics=1, points=1, experiment="another", prefix="o"
    )
    bring(target, other)
    before = runs_of(target)
    with pytest.raises(ImportRefusedError) as refused:
        bring(target, file)
    assert "experiment 7 ('vision'): the id 7 is taken here by experiment 'another'" in str(refused.value)
    assert runs_of(target) == before


def test_remap_gives_another_id_and_name(target: Database, file: Path) -> None:
    other = make_source(file.with_name("other.db"), runs=2, metrics=1, points=1, prefix="o")
    bring(target, other)
    outcome = bring(target, file, remaps=True)
    assert outcome.kinds[Kind.RUN].new == 3
    with target.reading() as session:
        names = {each.id: each.name for each in reading.read_experiments(session)}
        models = [model.name for model in reading.read_registered_models(session)]
    assert sorted(names.values()) == ["Default", "vision", "vision (imported)"]
    assert sorted(models) == ["model", "model (imported)"]
    report = compare(target, file, remaps=True)
    assert report.is_equal, report.as_text()
    again = bring(target, file, remaps=True)
    assert again.writes == 0


def test_a_run_of_a_taken_id_is_left_and_named(target: Database, file: Path) -> None:
    other = make_source(
        file.with_name("other.db"), runs=1, metrics=1, points=1, experiment="another", number=8
    )
    bring(target, other)
    outcome = bring(target, file)
    assert outcome.kinds[Kind.RUN].kept == ["run0: there is a run of this id, which came from elsewhere"]
    assert outcome.kinds[Kind.RUN].new == 2


def test_one_event_says_what_was_imported(target: Database, file: Path) -> None:
    source = open_source(f"sqlite:///{file}")
    moving = Import(target, source, CONTEXT)
    moving.note_in_audit(moving.run())
    source.close()
    with target.reading() as session:
        [event] = session.query(AuditEvent).all()
    assert (event.entity_type, event.action, event.actor) == ("import", "imported", "mover")
    assert event.after is not None
    assert '"points":24' in event.after
    assert '"run":3' in event.after
