"""A server that is killed keeps what it acknowledged, and scripts go on once it is back."""

import os
import random
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import mlflow
import pytest
from mlflow.entities import Experiment
from mlflow.tracking import MlflowClient

from tests.e2e.journal import Promises, assert_kept_exactly_once, read_journal
from tests.e2e.polling import wait_until
from tests.e2e.server import ServerProcess

# Several starts of a server a test, on machines that may be busy.
pytestmark = pytest.mark.timeout(900)

SCRIPT = Path(__file__).parent / "scripts" / "logs_steadily.py"
CALLS_AN_EPOCH = 6
# A restart takes seconds. The client's own default waits longer in all, but between two tries too.
PATIENT = {"MLFLOW_HTTP_REQUEST_MAX_RETRIES": "8", "MLFLOW_HTTP_REQUEST_BACKOFF_FACTOR": "1"}


@pytest.fixture(scope="module")
def victim(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    process = ServerProcess(tmp_path_factory.mktemp("victim") / "data")
    yield process
    process.stop()


@pytest.fixture
def server(victim: ServerProcess) -> ServerProcess:
    """A server of this module's own, to be killed. It runs again whatever the test before did to it."""
    if not victim.running:
        victim.start()
    return victim


class Training:
    """`logs_steadily.py` under way, with the journal of what it was promised."""

    def __init__(self, run_id: str, epochs: int, folder: Path) -> None:
        self.folder = folder
        self.journal = folder / "journal.jsonl"
        self.journal.touch()
        self._errors = folder / "script.log"
        with self._errors.open("wb") as errors:
            self._process = subprocess.Popen(
                [sys.executable, SCRIPT, run_id, self.journal, str(epochs)],
                stdout=errors,
                stderr=errors,
                env=os.environ | PATIENT,
            )

    def promises(self) -> Promises:
        return read_journal(self.journal)

    def wait_for_calls(self, calls: int) -> None:
        def reached() -> bool:
            assert self._process.poll() in {None, 0}, self._errors.read_text()
            return self.promises().calls >= calls

        wait_until(reached, seconds=180, what=f"{calls} acknowledged calls")

    def finish(self) -> None:
        assert self._process.wait(timeout=270) == 0, self._errors.read_text()

    def kill(self) -> None:
        if self._process.poll() is None:
            self._process.kill()
            self._process.wait(timeout=60)


@pytest.fixture
def train(tmp_path: Path) -> Iterator[Callable[[str, int], Training]]:
    """Start a training; whatever becomes of the test, the script does not outlive it."""
    started: list[Training] = []

    def start(run_id: str, epochs: int) -> Training:
        folder = tmp_path / f"training-{len(started)}"
        folder.mkdir()
        started.append(Training(run_id, epochs, folder))
        return started[-1]

    yield start
    for training in started:
        training.kill()


@pytest.fixture
def run_id(experiment: Experiment, client: MlflowClient) -> str:
    return client.create_run(experiment.experiment_id).info.run_id


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_what_was_acknowledged_before_a_kill_is_there_once_after_it(
    seed: int,
    server: ServerProcess,
    train: Callable[[str, int], Training],
    run_id: str,
    client: MlflowClient,
) -> None:
    training = train(run_id, 2_000)
    training.wait_for_calls(random.Random(seed).randint(30, 150))
    server.kill()
    training.kill()
    promises = training.promises()
    server.restart()
    assert_kept_exactly_once(promises, client, run_id, training.folder / "back")


def test_a_script_goes_on_through_two_kills_and_loses_nothing(
    server: ServerProcess,
    train: Callable[[str, int], Training],
    run_id: str,
    client: MlflowClient,
) -> None:
    epochs = 120
    moments = random.Random(7)
    training = train(run_id, epochs)
    for first, last in ((30, 150), (250, 400)):
        training.wait_for_calls(moments.randint(first, last))
        server.kill()
        promises = training.promises()
        server.restart()
        assert_kept_exactly_once(promises, client, run_id, training.folder / f"back-{first}")
    training.finish()

    promises = training.promises()
    assert promises.calls == epochs * CALLS_AN_EPOCH
    assert_kept_exactly_once(promises, client, run_id, training.folder / "back")
    assert len(client.get_metric_history(run_id, "loss")) == epochs
    assert client.get_run(run_id).info.status == "FINISHED"


def test_experiments_and_models_outlive_a_kill(
    server: ServerProcess, experiment: Experiment, client: MlflowClient, model_name: str
) -> None:
    with mlflow.start_run(run_name="before") as run:
        mlflow.log_metric("loss", 0.5)
    client.create_registered_model(model_name, description="kept")
    server.kill()
    server.restart()
    assert client.get_experiment_by_name(experiment.name).experiment_id == experiment.experiment_id
    assert client.get_run(run.info.run_id).info.run_name == "before"
    assert client.get_registered_model(model_name).description == "kept"


def test_a_server_that_is_stopped_in_order_keeps_everything_too(
    server: ServerProcess, experiment: Experiment, client: MlflowClient
) -> None:
    with mlflow.start_run() as run:
        for step in range(50):
            mlflow.log_metric("loss", step / 2, step=step)
    server.stop()
    server.restart()
    history = client.get_metric_history(run.info.run_id, "loss")
    assert [(point.step, point.value) for point in history] == [(step, step / 2) for step in range(50)]
