"""The command as its user meets it: killed, followed, with files, and with a report."""

import json
import os
import random
import signal
import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path

import pytest

from tests.fixtures.waiting import wait_until
from tests.importer.conftest import ROOT, Command, Filled
from tests.importer.making import make_source
from trackhelm_domain.opening import open_database
from trackhelm_importer.reading import run_ids

KILLS = 12


def start(source: str, data: Path, *more: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "trackhelm_cli", "import", "mlflow", source, "--data", str(data), *more]
    return subprocess.Popen(
        command, cwd=ROOT / "services", stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )


def imported_runs(data: Path) -> int:
    database = open_database(f"sqlite:///{data}/trackhelm.db")
    try:
        with database.reading() as session:
            return len(run_ids(session))
    finally:
        database.close()


def wait_for_progress(process: subprocess.Popen[str], data: Path, before: int) -> None:
    wait_until(lambda: imported_runs(data) > before or process.poll() is not None)


@pytest.mark.long
@pytest.mark.timeout(1200)
def test_a_killed_import_goes_on_without_doubling(tmp_path: Path, command: Command) -> None:
    source = f"sqlite:///{make_source(tmp_path / 'source.db', runs=1_500, metrics=4, points=30)}"
    data = tmp_path / "data"
    chance = random.Random(20)
    killed = 0
    while killed < KILLS:
        process = start(source, data)
        wait_for_progress(process, data, imported_runs(data))
        time.sleep(chance.random() / 4)
        process.send_signal(signal.SIGKILL)
        process.communicate()
        if process.returncode == 0:
            break
        killed += 1
    assert killed >= 3
    done = command("import", "mlflow", source, "--verify", "--report", str(tmp_path / "report.json"))
    report = json.loads((tmp_path / "report.json").read_text(encoding="utf-8"))
    assert report["is_equal"], done.stdout
    assert report["rows"]["runs"] == {"source": 1_500, "here": 1_500}
    assert report["rows"]["metrics"] == {"source": 180_000, "here": 180_000}
    assert report["differences"] == []


@pytest.mark.long
@pytest.mark.timeout(1200)
def test_follow_brings_what_is_added_until_it_is_interrupted(tmp_path: Path, command: Command) -> None:
    file = make_source(tmp_path / "source.db", runs=2, metrics=1, points=3)
    data = tmp_path / "data"
    process = start(f"sqlite:///{file}", data, "--follow", "1", "--verify")
    wait_until(lambda: imported_runs(data) == 2)
    with closing(sqlite3.connect(file)) as connection, connection:
        connection.execute(
            "INSERT INTO runs (run_uuid, name, status, start_time, lifecycle_stage, artifact_uri, "
            "experiment_id) VALUES ('late', '', 'RUNNING', 5, 'active', '/files/7/late/artifacts', 7)"
        )
    wait_until(lambda: imported_runs(data) == 3)
    process.send_signal(signal.SIGINT)
    said, _ = process.communicate(timeout=120)
    assert process.returncode == 0, said
    assert "Everything is here, and is the same." in said
    events = command("audit", "export").stdout.splitlines()
    [event] = [json.loads(line) for line in events if '"imported"' in line]
    assert event["to"]["run"] == 3


def test_differences_are_told_by_the_exit_code(tmp_path: Path, command: Command) -> None:
    file = make_source(tmp_path / "source.db", runs=2, metrics=1, points=3)
    command("import", "mlflow", f"sqlite:///{file}")
    with closing(sqlite3.connect(file)) as connection, connection:
        connection.execute("UPDATE params SET value = 'other' WHERE run_uuid = 'run1'")
    done = command("import", "mlflow", f"sqlite:///{file}", "--dry-run", "--verify", code=1)
    assert "There are differences." in done.stdout
    assert "run run1: params differ: param0, param1" in done.stdout


@pytest.mark.long
@pytest.mark.timeout(1200)
def test_files_are_copied_with_checksums(filled_3: Filled, command: Command, tmp_path: Path) -> None:
    files = filled_3.folder / "artifacts"
    planned = command("import", "mlflow", filled_3.store, "--dry-run")
    assert "TRACKHELM_ARTIFACTS_URL has to name the folder or bucket" in planned.stdout
    refused = command("import", "mlflow", filled_3.store, "--artifacts", "copy", code=1)
    assert "its files are behind the old server" in refused.stderr
    copied = command(
        "import", "mlflow", filled_3.store, "--artifacts", "copy", "--artifacts-from", files.as_uri()
    )
    assert "1 files were copied" in copied.stdout
    [stored] = (tmp_path / "data" / "artifacts").rglob("отчёт 1.txt")
    assert stored.read_text(encoding="utf-8") == "what came of it\n"
    assert "0 findings" in command("artifacts", "verify").stdout
    again = command(
        "import", "mlflow", filled_3.store, "--artifacts", "copy", "--artifacts-from", files.as_uri()
    )
    assert "0 files were copied (0 bytes), 1 were here." in again.stdout


@pytest.mark.long
@pytest.mark.timeout(1200)
def test_files_are_copied_from_the_old_server(address_3: str, command: Command, tmp_path: Path) -> None:
    copied = command(
        "import", "mlflow", address_3, "--artifacts", "copy", "--artifact-rate", "50", "--verify"
    )
    assert "1 files were copied" in copied.stdout
    [stored] = (tmp_path / "data" / "artifacts").rglob("отчёт 1.txt")
    assert stored.read_text(encoding="utf-8") == "what came of it\n"
    assert "0 findings" in command("artifacts", "verify").stdout


def test_files_of_a_folder_are_copied_and_found_by_their_new_place(tmp_path: Path, command: Command) -> None:
    file = make_source(tmp_path / "source.db", runs=2, metrics=1, points=1)
    files = tmp_path / "files"
    for number in range(2):
        model = files / "7" / f"run{number}" / "artifacts" / "model"
        model.mkdir(parents=True)
        (model / "weights.bin").write_bytes(os.urandom(3_000_000))
    with closing(sqlite3.connect(file)) as connection, connection:
        for table, column in (
            ("experiments", "artifact_location"),
            ("runs", "artifact_uri"),
            ("model_versions", "source"),
            ("model_versions", "storage_location"),
        ):
            connection.execute(f"UPDATE {table} SET {column} = replace({column}, '/files/', '{files}/')")
    done = command("import", "mlflow", f"sqlite:///{file}", "--artifacts", "copy", "--verify")
    assert "2 files were copied (6,000,000 bytes)" in done.stdout
    store = tmp_path / "data" / "artifacts" / "7"
    assert (store / "run0" / "artifacts" / "model" / "weights.bin").stat().st_size == 3_000_000
    exported = tmp_path / "out.db"
    command("export", "mlflow-sqlite", str(exported))
    with closing(sqlite3.connect(exported)) as connection:
        [(source,)] = connection.execute("SELECT source FROM model_versions").fetchall()
        places = connection.execute("SELECT artifact_uri FROM runs ORDER BY run_uuid").fetchall()
    assert source == "mlflow-artifacts:/7/run0/artifacts/model"
    assert places[0] == ("mlflow-artifacts:/7/run0/artifacts",)
    changed = files / "7" / "run1" / "artifacts" / "model" / "weights.bin"
    changed.write_bytes(os.urandom(3_000_000))
    again = command("import", "mlflow", f"sqlite:///{file}", "--artifacts", "copy")
    assert "1 files were copied (3,000,000 bytes), 1 were here." in again.stdout
