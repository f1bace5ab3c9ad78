"""However a program ends, its runs say how; and runs of threads, forks and resumed programs are their own."""

import multiprocessing
import pickle
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest

import trackhelm as mlflow
from client.tests.e2e.conftest import SOURCE, run_python
from tests.e2e.polling import wait_until
from trackhelm import MlflowClient
from trackhelm.exceptions import MlflowException

BEGIN = "import trackhelm as mlflow; run = mlflow.start_run(); mlflow.log_metric('loss', 0.5);"
PRINT = "print(run.info.run_id, flush=True);"


@pytest.fixture(autouse=True)
def into_the_experiment(experiment: str) -> None:
    """Let programs that a test starts log to its experiment; `set_experiment` told them by a variable."""


def ended(program: str, tmp_path: Path, tracking: str, experiment: str) -> subprocess.CompletedProcess[str]:
    return run_python(
        sys.executable,
        "-c",
        program,
        cwd=tmp_path,
        check=False,
        variables={
            "MLFLOW_TRACKING_URI": tracking,
            "MLFLOW_EXPERIMENT_ID": experiment,
            "TRACKHELM_SPOOL_DIR": str(tmp_path / "spool"),
        },
    )


@pytest.mark.parametrize(
    ("end", "status"),
    [
        ("", "FINISHED"),
        ("mlflow.end_run('KILLED')", "KILLED"),
        ("raise ValueError('no images')", "FAILED"),
        ("import sys; sys.exit(3)", "FINISHED"),
    ],
)
def test_a_run_that_nobody_ended(
    end: str, status: str, tmp_path: Path, tracking: str, experiment: str, client: MlflowClient
) -> None:
    printed = ended(BEGIN + PRINT + end, tmp_path, tracking, experiment)
    run = client.get_run(printed.stdout.strip())
    assert run.info.status == status
    assert run.info.end_time is not None
    assert run.data.metrics == {"loss": 0.5}


def test_a_block_that_raises(client: MlflowClient) -> None:
    with (
        pytest.raises(ValueError, match="no images"),
        mlflow.start_run() as outer,
        mlflow.start_run(nested=True) as inner,
    ):
        raise ValueError("no images")
    assert [client.get_run(run.info.run_id).info.status for run in (outer, inner)] == ["FAILED", "FAILED"]
    assert mlflow.active_run() is None


def killed(program: str, tmp_path: Path, tracking: str, experiment: str) -> tuple[str, int]:
    """Start a program, send it SIGTERM once it printed its run, and return the run and the exit code."""
    with subprocess.Popen(
        [sys.executable, "-c", program],
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        text=True,
        env={
            "PATH": "/usr/bin:/bin",
            "HOME": str(tmp_path),
            "PYTHONPATH": str(SOURCE),
            "MLFLOW_TRACKING_URI": tracking,
            "MLFLOW_EXPERIMENT_ID": experiment,
            "TRACKHELM_SPOOL_DIR": str(tmp_path / "spool"),
        },
    ) as process:
        assert process.stdout is not None
        run_id = process.stdout.readline().strip()
        process.send_signal(signal.SIGTERM)
        return run_id, process.wait(timeout=120)


def status_when_ended(run_id: str, client: MlflowClient) -> str:
    """Return the status of a run once the server knows its end; a killed program does not wait for it."""

    def has_ended() -> bool:
        return client.get_run(run_id).info.end_time is not None

    wait_until(has_ended, seconds=120, what="the end of the run at the server")
    return client.get_run(run_id).info.status


def test_sigterm(tmp_path: Path, tracking: str, experiment: str, client: MlflowClient) -> None:
    wait = "import threading\nwhile True: threading.Event().wait(0.05)"
    run_id, code = killed(BEGIN + PRINT + wait, tmp_path, tracking, experiment)
    assert code == -signal.SIGTERM
    assert status_when_ended(run_id, client) == "KILLED"


def test_sigterm_with_a_handler_of_the_programs_own(
    tmp_path: Path, tracking: str, experiment: str, client: MlflowClient
) -> None:
    handle = "import signal, sys; signal.signal(signal.SIGTERM, lambda *_: sys.exit(7));"
    wait = "import threading\nwhile True: threading.Event().wait(0.05)"
    run_id, code = killed(handle + BEGIN + PRINT + wait, tmp_path, tracking, experiment)
    assert code == 7
    assert status_when_ended(run_id, client) == "KILLED"


def test_a_run_is_resumed_once(
    experiment: str, client: MlflowClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    with mlflow.start_run(run_name="first") as first:
        mlflow.log_metric("loss", 1, step=1)
    monkeypatch.setenv("MLFLOW_RUN_ID", first.info.run_id)
    with mlflow.start_run() as again:
        mlflow.log_metric("loss", 2, step=2)
        assert client.get_run(first.info.run_id).info.status == "RUNNING"
    assert again.info.run_id == first.info.run_id
    assert [point.step for point in client.get_metric_history(first.info.run_id, "loss")] == [1, 2]
    with mlflow.start_run() as other:
        assert other.info.run_id != first.info.run_id


def test_a_second_run_must_be_nested(client: MlflowClient) -> None:
    with mlflow.start_run() as outer:
        with pytest.raises(Exception, match=f"Run with UUID {outer.info.run_id} is already active"):
            mlflow.start_run()
        with mlflow.start_run(nested=True) as inner:
            assert mlflow.active_run() == inner
        assert mlflow.active_run() == outer
    parent = mlflow.get_parent_run(inner.info.run_id)
    assert parent is not None
    assert parent.info.run_id == outer.info.run_id
    assert mlflow.get_parent_run(outer.info.run_id) is None


def test_each_thread_has_its_own_run(client: MlflowClient) -> None:
    seen: list[str] = []

    def train(value: int) -> None:
        assert mlflow.active_run() is None
        with mlflow.start_run() as run:
            mlflow.log_metric("value", value)
            seen.append(run.info.run_id)

    with mlflow.start_run():
        threads = [threading.Thread(target=train, args=(value,)) for value in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert sorted(client.get_run(run_id).data.metrics["value"] for run_id in seen) == [0, 1, 2, 3]


def _in_child(run_id: str) -> None:
    assert mlflow.active_run() is None
    mlflow.log_metric("child", 2, run_id=run_id)
    mlflow.flush_async_logging()


@pytest.mark.filterwarnings("ignore:.*multi-threaded, use of fork.*:DeprecationWarning")
def test_a_forked_child_logs_to_its_parents_run_and_ends_it_not(client: MlflowClient) -> None:
    with mlflow.start_run() as run:
        mlflow.log_metric("parent", 1)
        child = multiprocessing.get_context("fork").Process(target=_in_child, args=(run.info.run_id,))
        child.start()
        child.join(120)
        assert child.exitcode == 0
        found = client.get_run(run.info.run_id)
        assert found.info.status == "RUNNING"
        assert found.data.metrics == {"parent": 1, "child": 2}


def test_a_run_can_be_pickled() -> None:
    with mlflow.start_run(run_name="pickled") as run:
        again = pickle.loads(pickle.dumps(run))
    assert again.info == run.info
    assert again.stats()["rejected"] == 0


def test_a_param_that_contradicts_is_refused_here_and_told_of_the_server(
    client: MlflowClient, experiment: str
) -> None:
    run = client.create_run(experiment)
    client.log_param(run.info.run_id, "depth", 3, synchronous=True)
    with mlflow.start_run(run.info.run_id) as active:
        mlflow.log_param("rate", 1)
        with pytest.raises(MlflowException, match="Changing param values is not allowed"):
            mlflow.log_param("rate", 2)
        with pytest.raises(MlflowException, match="Changing param values is not allowed"):
            mlflow.log_param("depth", 4, synchronous=True)
        # Only the server knows the first value.
        mlflow.log_param("depth", 5)
        mlflow.flush_async_logging()
        assert "depth" in str(active.rejected())
        assert active.stats()["rejected"] == 1
        with pytest.raises(MlflowException, match="refused 1 records"):
            mlflow.end_run(strict=True)
    assert client.get_run(run.info.run_id).data.params == {"depth": "3", "rate": "1"}
