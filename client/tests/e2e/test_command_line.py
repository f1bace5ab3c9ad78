"""The command `trackhelm` as people call it, against a running server."""

import csv
import io
import json
import os
import stat
import subprocess
import sys
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import trackhelm as mlflow
from client.tests.e2e.conftest import run_python
from trackhelm import MlflowClient

Command = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def command(tracking: str, tmp_path: Path) -> Command:
    """Return what runs a command and returns how it ended; it must end well unless it is told otherwise."""

    def call(*arguments: str, code: int = 0, answer: str | None = None) -> subprocess.CompletedProcess[str]:
        ended = subprocess.run(
            [sys.executable, "-m", "trackhelm", "--tracking-uri", tracking, *arguments],
            cwd=tmp_path,
            env=os.environ | {"NO_COLOR": "1", "COLUMNS": "200"},
            input=answer,
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
        )
        assert ended.returncode == code, ended.stdout + ended.stderr
        return ended

    return call


@pytest.fixture
def printed(command: Command) -> Callable[..., Any]:
    """Return what runs a command with `--json` and returns what it printed."""
    return lambda *arguments, **options: json.loads(command(*arguments, "--json", **options).stdout)


@pytest.fixture
def two_runs(experiment: str) -> list[str]:
    ids = []
    for number in range(2):
        with mlflow.start_run(run_name=f"run {number}") as run:
            mlflow.log_params({"depth": number, "seed": 7})
            mlflow.log_metric("loss", 0.5 - number / 10)
            mlflow.log_text("a note", "notes/a.txt")
        ids.append(run.info.run_id)
    mlflow.flush_async_logging()
    return ids


def test_experiments(command: Command, printed: Callable[..., Any]) -> None:
    name = f"cli-{uuid.uuid4().hex[:8]}"
    experiment_id = command("experiments", "create", name).stdout.strip()
    assert printed("experiments", "show", name)["id"] == experiment_id
    assert [one["name"] for one in printed("experiments", "list", "--filter", f"name = '{name}'")] == [name]
    command("experiments", "rename", name, f"{name}-new")
    command("experiments", "delete", f"{name}-new", "--yes")
    assert experiment_id in [one["id"] for one in printed("experiments", "list", "--deleted")]
    command("experiments", "restore", f"{name}-new")
    assert printed("experiments", "show", experiment_id)["state"] == "active"
    ended = command("experiments", "show", "nothing", code=1)
    assert ended.stderr == "trackhelm: There is no experiment named 'nothing'\n"


def test_runs_are_listed_and_shown(
    command: Command, printed: Callable[..., Any], two_runs: list[str], experiment: str
) -> None:
    rows = printed(
        "runs", "list", "-e", experiment, "--order-by", "metrics.loss ASC", "-m", "loss", "-p", "depth"
    )
    assert [(row["id"], row["loss"], row["depth"]) for row in rows] == [
        (two_runs[1], 0.4, "1"),
        (two_runs[0], 0.5, "0"),
    ]
    table = command("runs", "list", "-e", experiment, "-m", "loss").stdout.splitlines()
    assert table[0].split() == ["id", "name", "status", "started", "took", "user", "loss"]
    assert len(table) == 3
    assert printed("runs", "show", two_runs[0])["params"] == {"depth": "0", "seed": "7"}


def test_runs_are_compared_and_exported(
    command: Command, printed: Callable[..., Any], two_runs: list[str], experiment: str
) -> None:
    rows = printed("runs", "compare", *two_runs, "--differences")
    assert [list(row.values()) for row in rows] == [["params.depth", "0", "1"], ["metrics.loss", 0.5, 0.4]]
    text = command("runs", "export", "-e", experiment, "--order-by", "params.depth ASC").stdout
    exported = list(csv.DictReader(io.StringIO(text)))
    assert [(row["run_id"], row["metrics.loss"], row["params.seed"]) for row in exported] == [
        (two_runs[0], "0.5", "7"),
        (two_runs[1], "0.4", "7"),
    ]


def test_runs_are_deleted_and_restored(command: Command, two_runs: list[str], client: MlflowClient) -> None:
    command("runs", "delete", two_runs[0], answer="n\n", code=1)
    assert client.get_run(two_runs[0]).info.lifecycle_stage == "active"
    command("runs", "delete", *two_runs, "--yes")
    assert client.get_run(two_runs[0]).info.lifecycle_stage == "deleted"
    command("runs", "restore", *two_runs)
    assert client.get_run(two_runs[1]).info.lifecycle_stage == "active"


def test_a_run_is_checked_for_what_it_lacks(
    command: Command, printed: Callable[..., Any], tmp_path: Path, tracking: str, experiment: str
) -> None:
    with mlflow.start_run(experiment_id="0") as run:
        pass
    mlflow.flush_async_logging()
    lacks = [row["lacks"] for row in printed("runs", "doctor", run.info.run_id, code=1)]
    assert "the default experiment" in lacks
    assert any(text.startswith("no data version") for text in lacks)
    repository = tmp_path / "repository"
    repository.mkdir()
    program = (
        "import trackhelm as mlflow\n"
        "with mlflow.start_run() as run:\n"
        "    mlflow.log_input(mlflow.data.from_path('data.csv'))\n"
        "    mlflow.log_param('depth', 3); mlflow.log_metric('loss', 1)\n"
        "print(run.info.run_id)\n"
    )
    (repository / "train.py").write_text(program)
    (repository / "data.csv").write_text("a,b\n")
    git = ["git", "-c", "user.name=a", "-c", "user.email=a@b", "-C", str(repository)]
    for arguments in (["init", "-q"], ["add", "."], ["commit", "-q", "-m", "first"]):
        subprocess.run([*git, *arguments], check=True)

    def train() -> str:
        told = {
            "MLFLOW_TRACKING_URI": tracking,
            "MLFLOW_EXPERIMENT_ID": experiment,
            "TRACKHELM_SPOOL_DIR": str(tmp_path / "spool"),
        }
        return run_python(sys.executable, "train.py", cwd=repository, variables=told).stdout.strip()

    first = train()
    assert printed("runs", "doctor", first) == []
    (repository / "train.py").write_text(program + "# changed\n")
    second = train()
    assert [row["lacks"] for row in printed("runs", "doctor", second, code=1)] == ["uncommitted changes"]
    found = mlflow.artifacts.load_dict(f"runs:/{second}/environment.json")
    assert "+# changed" in found["git"]["patch"]
    assert found["python"]["version"]
    assert "numpy" in found["packages"]


def test_artifacts_go_up_and_down(
    command: Command, printed: Callable[..., Any], two_runs: list[str], tmp_path: Path
) -> None:
    folder = tmp_path / "weights"
    (folder / "inner").mkdir(parents=True)
    (folder / "a.bin").write_bytes(b"123")
    (folder / "inner" / "b.bin").write_bytes(b"4")
    command("artifacts", "upload", two_runs[0], str(folder), "--path", "up")
    command("artifacts", "upload", two_runs[0], str(folder / "a.bin"))
    rows = printed("artifacts", "list", two_runs[0], "-r")
    assert {row["path"]: row["bytes"] for row in rows if row["path"] != "environment.json"} == {
        "a.bin": 3,
        "notes/a.txt": 6,
        "up/weights/a.bin": 3,
        "up/weights/inner/b.bin": 1,
    }
    place = command("artifacts", "download", two_runs[0], "up", "--to", str(tmp_path / "down")).stdout.strip()
    assert (Path(place) / "weights" / "inner" / "b.bin").read_bytes() == b"4"
    command("artifacts", "download", f"runs:/{two_runs[0]}/a.bin", "--to", str(tmp_path / "down"))
    assert (tmp_path / "down" / "a.bin").read_bytes() == b"123"


def test_models(command: Command, printed: Callable[..., Any], two_runs: list[str]) -> None:
    name = f"cli-{uuid.uuid4().hex[:8]}"
    for number in ("1", "2"):
        assert command("models", "register", f"runs:/{two_runs[0]}/notes", name).stdout.strip() == number
    command("models", "alias", name, "champion", "2")
    command("models", "stage", name, "1", "Production")
    assert [
        (row["version"], row["stage"], row["aliases"]) for row in printed("models", "versions", name)
    ] == [
        ("2", "None", "champion"),
        ("1", "Production", ""),
    ]
    assert printed("models", "show", name, "champion")["version"] == "2"
    assert [row["name"] for row in printed("models", "list", "--filter", f"name = '{name}'")] == [name]
    command("models", "alias", name, "champion")
    command("models", "delete", name, "1", "--yes")
    assert [row["version"] for row in printed("models", "versions", name)] == ["2"]
    command("models", "delete", name, "--yes")
    assert printed("models", "list", "--filter", f"name = '{name}'") == []


def test_login_writes_what_only_its_owner_reads(command: Command) -> None:
    file = Path.home() / ".mlflow" / "credentials"
    command("login", "--user", "ada", answer="pa%ss\n")
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert "mlflow_tracking_password = pa%ss" in file.read_text()
    command("login", "--token", answer="t0ken\n")
    assert "t0ken" in file.read_text()
    assert "pa%ss" not in file.read_text()


def test_the_doctor(command: Command, printed: Callable[..., Any]) -> None:
    assert {row["name"]: row["ok"] for row in printed("doctor")} == {
        "client": True,
        "tracking URI": True,
        "reachable": True,
        "server version": True,
        "clock": True,
        "access": True,
        "offers": True,
    }
    ended = command("--tracking-uri", "http://127.0.0.1:9", "doctor", code=1)
    assert "FAIL reachable" in ended.stdout


def test_a_wrong_call_ends_with_two(command: Command) -> None:
    command("runs", "show", code=2)
    command("nothing", code=2)


def test_the_command_line_is_completed(command: Command) -> None:
    ended = subprocess.run(
        [sys.executable, "-m", "trackhelm"],
        env=os.environ
        | {"_TRACKHELM_COMPLETE": "complete_bash", "COMP_WORDS": "trackhelm ru", "COMP_CWORD": "1"},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert ended.stdout.split() == ["runs"]


def test_without_typer_the_command_says_what_it_needs(tmp_path: Path) -> None:
    hide = "import sys; sys.modules['typer'] = None; from trackhelm.__main__ import main; main()"
    ended = run_python(sys.executable, "-c", hide, cwd=tmp_path, check=False)
    assert ended.returncode == 1
    assert "pip install 'trackhelm[cli]'" in ended.stderr
