"""Workspaces of a source: the same names stay apart, and each comes to the workspace that it should."""

import json
import sqlite3
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from tests.fixtures.programs import embedded_server
from tests.importer.conftest import CONTEXT, Command, stock
from tests.importer.making import make_source
from tests.importer.test_again import change
from trackhelm_core.db.unit_of_work import Database
from trackhelm_identity.workspaces.logic import create_workspace, delete_workspace
from trackhelm_importer import reading
from trackhelm_importer.digests import sums_by_run
from trackhelm_importer.exporting import export_sqlite
from trackhelm_importer.importing import Import
from trackhelm_importer.outcome import Outcome
from trackhelm_importer.placing import ImportRefusedError
from trackhelm_importer.records import Kind
from trackhelm_importer.sources import open_source
from trackhelm_importer.verification import Report, Verification

TEAM = """
INSERT INTO workspaces (name, description, default_artifact_root)
    VALUES ('default', '', NULL), ('team-a', 'the first team', 's3://bucket/a');
INSERT INTO experiments (experiment_id, name, artifact_location, lifecycle_stage, creation_time,
    last_update_time, workspace) VALUES (8, 'vision', '/files/8', 'active', 1, 2, 'team-a');
INSERT INTO runs (run_uuid, name, status, start_time, end_time, lifecycle_stage, artifact_uri,
    experiment_id, user_id) VALUES ('a0', 'of a', 'FINISHED', 10, 20, 'active', '/files/8/a0', 8, 'ann');
INSERT INTO tags VALUES ('mlflow.runName', 'of a', 'a0');
INSERT INTO registered_models (name, creation_time, last_updated_time, description, workspace)
    VALUES ('model', 1, 2, 'of a', 'team-a');
INSERT INTO model_versions (name, version, creation_time, last_updated_time, current_stage, source, run_id,
    status, storage_location, workspace)
    VALUES ('model', 3, 1, 2, 'None', '/files/8/a0/model', 'a0', 'READY', '/files/8/a0/model', 'team-a');
INSERT INTO registered_model_tags (name, key, value, workspace) VALUES ('model', 'of', 'a', 'team-a');
INSERT INTO registered_model_aliases (name, alias, version, workspace)
    VALUES ('model', 'champion', 3, 'team-a');
INSERT INTO model_version_tags (name, version, key, value, workspace)
    VALUES ('model', 3, 'of', 'a', 'team-a');
INSERT INTO webhooks (webhook_id, name, url, status, creation_timestamp, last_updated_timestamp, workspace)
    VALUES ('b7a0c0de', 'hook', 'https://93.184.215.14/', 'ACTIVE', 1, 2, 'team-a');
INSERT INTO webhook_events (webhook_id, entity, action)
    VALUES ('b7a0c0de', 'registered_model', 'created');
"""
"""A second workspace, with an experiment and a model of the names that are in the default one."""


def bring(
    target: Database, file: Path, *, remaps: bool = False, restores: bool = False, **workspaces: str
) -> tuple[Outcome, Report]:
    named = {name.replace("_", "-"): here for name, here in workspaces.items()}
    with closing(open_source(f"sqlite:///{file}")) as source:
        moving = Import(target, source, CONTEXT, remaps=remaps, restores=restores, workspaces=named)
        outcome = moving.run()
        return outcome, Verification(target, source, moving.translation).run()


def places(target: Database) -> tuple[set[tuple[int, str, str]], set[tuple[str, str]]]:
    """Return experiments by id, workspace and name, and models by workspace and name."""
    with target.reading() as session:
        experiments = {(each.id, each.workspace, each.name) for each in reading.read_experiments(session)}
        models = {(each.workspace, each.name) for each in reading.read_registered_models(session)}
    return experiments, models


@pytest.fixture
def file(tmp_path: Path) -> Path:
    made = make_source(tmp_path / "source.db", runs=2, metrics=1, points=3)
    with closing(sqlite3.connect(made)) as connection:
        connection.executescript(TEAM)
    return made


def test_the_same_names_stay_apart(target: Database, file: Path, tmp_path: Path) -> None:
    outcome, report = bring(target, file)
    assert report.is_equal, report.as_text()
    assert outcome.kinds[Kind.WORKSPACE].new == 1
    assert places(target) == (
        {(0, "default", "Default"), (7, "default", "vision"), (8, "team-a", "vision")},
        {("default", "model"), ("team-a", "model")},
    )
    with target.reading() as session:
        made = {each.name: each for each in reading.read_workspaces(session)}["team-a"]
        models = {each.workspace: each for each in reading.read_registered_models(session)}
        [hook] = reading.read_webhooks(session)
    assert (made.description, made.root) == ("the first team", "s3://bucket/a")
    assert [version.number for version in models["default"].versions] == [1]
    assert models["default"].tags == {}
    assert [version.number for version in models["team-a"].versions] == [3]
    assert models["team-a"].versions[0].tags == models["team-a"].tags == {"of": "a"}
    assert models["team-a"].aliases == {"champion": 3}
    assert hook.workspace == "team-a"
    again, _ = bring(target, file)
    assert again.writes == 0


def test_a_difference_in_one_workspace_is_found(target: Database, file: Path) -> None:
    bring(target, file)
    with target.writing() as session:
        [row] = reading.read_experiments(session, [8])
        assert row.workspace == "team-a"
    change(file, "UPDATE model_versions SET description = 'new' WHERE workspace = 'team-a'")
    with closing(open_source(f"sqlite:///{file}")) as source:
        moving = Import(target, source, CONTEXT)
        moving.plan()
        report = Verification(target, source, moving.translation).run()
    assert [(each.kind, each.key) for each in report.differences] == [(Kind.REGISTERED_MODEL, "team-a/model")]


def test_an_export_has_the_workspaces(target: Database, file: Path, tmp_path: Path) -> None:
    bring(target, file)
    back = tmp_path / "back.db"
    export_sqlite(target, back, lambda _done, _total: None)
    with (
        closing(open_source(f"sqlite:///{file}")) as before,
        closing(open_source(f"sqlite:///{back}")) as after,
    ):
        assert list(after.experiments()) == list(before.experiments())
        assert list(after.registered_models()) == list(before.registered_models())
        assert list(after.webhooks()) == [
            replace(each, uuid="b7a0c0de", has_secret=False) for each in before.webhooks()
        ]
        assert [each.name for each in after.workspaces()] == ["default", "team-a"]
    with closing(sqlite3.connect(back)) as connection:
        assert connection.execute("PRAGMA foreign_key_check").fetchall() == []


def test_a_server_comes_into_a_workspace_of_its_own(target: Database, tmp_path: Path) -> None:
    for number, name in ((7, "one"), (9, "two")):
        made = make_source(tmp_path / f"{name}.db", runs=2, metrics=1, points=2, number=number, prefix=name)
        outcome, report = bring(target, made, remaps=True, default=f"team-{name}")
        assert report.is_equal, report.as_text()
        assert outcome.kinds[Kind.WORKSPACE].new == 1
    experiments, models = places(target)
    # Every server has the experiment 0, so those of others get another id, and keep their name.
    assert {(workspace, name) for _, workspace, name in experiments} == {
        ("default", "Default"),
        *((f"team-{each}", name) for each in ("one", "two") for name in ("Default", "vision")),
    }
    assert {(7, "team-one", "vision"), (9, "team-two", "vision")} <= experiments
    assert models == {("team-one", "model"), ("team-two", "model")}
    # Without the option it stays where it came to.
    again, report = bring(target, tmp_path / "two.db")
    assert again.writes == 0
    assert report.is_equal, report.as_text()


def test_what_cannot_be_placed_is_refused_by_name(target: Database, file: Path) -> None:
    with pytest.raises(ImportRefusedError, match=r"no workspace 'other'; it has default, team-a"):
        bring(target, file, other="x-y")
    with pytest.raises(ImportRefusedError, match=r"'team-a': Workspace name 'A B' is invalid.*--workspace"):
        bring(target, file, team_a="A B")
    change(file, "UPDATE experiments SET workspace = 'Odd' WHERE experiment_id = 8")
    with pytest.raises(ImportRefusedError, match=r"'Odd' is invalid.* --workspace Odd=NAME gives it another"):
        bring(target, file)
    assert places(target) == ({(0, "default", "Default")}, set())
    with target.reading() as session:
        assert [each.name for each in reading.read_workspaces(session)] == ["default"]
    bring(target, file, Odd="team-b")
    with pytest.raises(ImportRefusedError, match=r"it was imported to 'team-b' before, and stays there"):
        bring(target, file, Odd="team-c")


def test_a_root_that_is_anothers_here_is_left_out_and_named(target: Database, file: Path) -> None:
    with target.writing() as session:
        create_workspace(session, "team-b", "", "s3://bucket/a/of-b", CONTEXT)
    outcome, report = bring(target, file)
    [said] = outcome.kinds[Kind.WORKSPACE].kept
    assert said.startswith("team-a: it is here without its artifact root: Invalid artifact location")
    with target.reading() as session:
        assert {each.name: each.root for each in reading.read_workspaces(session)}["team-a"] == ""
    assert report.is_equal, report.as_text()


def test_a_workspace_that_is_here_is_used_as_it_is(target: Database, file: Path) -> None:
    with target.writing() as session:
        create_workspace(session, "team-a", "ours", "", CONTEXT)
    outcome, report = bring(target, file)
    assert report.is_equal, report.as_text()
    assert (outcome.kinds[Kind.WORKSPACE].new, outcome.kinds[Kind.WORKSPACE].same) == (0, 2)
    with target.reading() as session:
        assert "ours" in {each.description for each in reading.read_workspaces(session)}


def test_nothing_comes_of_a_workspace_that_was_deleted_here(target: Database, file: Path) -> None:
    bring(target, file)
    with target.writing() as session:
        delete_workspace(session, "team-a", "CASCADE", CONTEXT)
    change(file, "UPDATE runs SET status = 'FAILED'")
    outcome, report = bring(target, file)
    [said] = outcome.kinds[Kind.WORKSPACE].kept
    assert said.startswith("team-a: it was deleted for good here since it was imported; --restore-deleted")
    assert outcome.kinds[Kind.RUN].changed == 2
    assert not report.is_equal
    assert {(each.kind, each.key) for each in report.differences} == {
        (Kind.WORKSPACE, "team-a"),
        (Kind.EXPERIMENT, "8"),
        (Kind.REGISTERED_MODEL, "team-a/model"),
    }
    assert {workspace for _, workspace, _ in places(target)[0]} == {"default"}


def test_options_that_say_nothing_clear_are_refused(tmp_path: Path, command: Command) -> None:
    file = make_source(tmp_path / "source.db", runs=1, metrics=1, points=1)
    asked = ("import", "mlflow", f"sqlite:///{file}", "--workspace")
    assert "expected THERE=HERE" in command(*asked, "team-a", code=2).stderr
    twice = command(*asked, "default=a1", "--workspace", "default=a2", code=2)
    assert "names 'default' twice" in twice.stderr
    done = command(*asked, "default=team-a", "--remap")
    assert "workspaces: 1 were new" in done.stdout


@pytest.mark.long
@pytest.mark.timeout(1200)
def test_a_stock_server_with_workspaces_comes_and_goes_back(tmp_path: Path, command: Command) -> None:
    generation, files = stock("mlflow3"), tmp_path / "server" / "artifacts"
    files.mkdir(parents=True)
    store = f"sqlite:///{tmp_path / 'server.db'}"
    with generation.serving(store, files, "--enable-workspaces") as address:
        seen = json.loads(generation.run("seed_workspaces.py", address).splitlines()[-1])
        assert sorted(seen) == ["default", "team-a"]
        assert seen["team-a"]["models"]["net"] != seen["default"]["models"]["net"]
        # From the live server and from its database comes the same.
        with closing(open_source(address)) as by_rest, closing(open_source(store)) as by_sql:
            assert [each.name for each in by_rest.workspaces()] == ["default", "team-a"]
            assert list(by_rest.experiments()) == list(by_sql.experiments())
            models = {each.key: each for each in by_sql.registered_models()}
            assert {each.key: each for each in by_rest.registered_models()} == models
            assert sorted(models) == ["net", "team-a/net"]
            uuids = [head.uuid for head in by_rest.run_heads()]
            assert by_rest.runs(sorted(uuids)) == by_sql.runs(uuids)
            assert sums_by_run(by_rest.points(uuids)).keys() == set(uuids)
            # What does not come is counted by both.
            assert by_rest.counts().left["trace_info"] == by_sql.counts().left["trace_info"] == 2
        command("import", "mlflow", address, "--verify")
    back = tmp_path / "back.db"
    with embedded_server(tmp_path, {}) as (_process, client):
        ours = json.loads(generation.run("seed_workspaces.py", str(client.base_url), "--dump"))
    assert {name: ours[name] for name in seen} == seen
    command("export", "mlflow-sqlite", str(back))
    with generation.serving(f"sqlite:///{back}", files, "--enable-workspaces") as address:
        after = json.loads(generation.run("seed_workspaces.py", address, "--dump"))
    assert {name: after[name] for name in seen} == seen
