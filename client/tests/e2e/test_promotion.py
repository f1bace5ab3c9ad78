"""From training to production and back: a model is registered, promoted, served, replaced and rolled back.

The serving process follows the stage, and no request is refused or cut while the version changes.
"""

import json
import threading
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

import trackhelm
from client.tests.e2e.test_serving import COLUMNS, Scoring, frame, serving
from tests.e2e.polling import wait_until

pytest.importorskip("sklearn")
pytest.importorskip("skops")
pytest.importorskip("uvicorn")


class Asking:
    """Asks a server on and on in threads, and keeps what it answers."""

    def __init__(self, server: Scoring, count: int = 3) -> None:
        self._server = server
        self._stop = threading.Event()
        self.answers: list[Any] = []
        self._threads = [threading.Thread(target=self._run) for _ in range(count)]

    def _run(self) -> None:
        body = {"dataframe_split": {"columns": COLUMNS, "data": [[1.0, 0.0, 0.0, 0.0]]}}
        while not self._stop.is_set():
            try:
                status, _, told = self._server.ask(body)
                answer = round(json.loads(told)["predictions"][0]) if status == 200 else (status, told)
            except OSError as error:
                answer = repr(error)
            self.answers.append(answer)

    def start(self) -> None:
        """Begin to ask."""
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """End when all that was asked is answered."""
        self._stop.set()
        for thread in self._threads:
            thread.join()


@contextmanager
def asked(server: Scoring) -> Iterator[Asking]:
    """Ask a server while the block runs."""
    asking = Asking(server)
    asking.start()
    try:
        yield asking
    finally:
        asking.stop()


def train(factor: int, name: str) -> str:
    """Train a model that multiplies the first column, log and register it, and return its version."""
    from sklearn.linear_model import LinearRegression

    data = frame()
    with trackhelm.start_run(run_name=f"times {factor}"):
        model = LinearRegression().fit(data, data["a"] * factor)
        trackhelm.log_param("factor", factor)
        trackhelm.log_metric("score", model.score(data, data["a"] * factor))
        info = trackhelm.sklearn.log_model(
            model, name="model", registered_model_name=name, input_example=data[:3]
        )
    return str(info.registered_model_version)


def rolled_back(tracking: str, name: str, stage: str) -> None:
    body = json.dumps({"name": name, "stage": stage, "comment": "it is worse"}).encode()
    url = f"{tracking}/api/2.0/trackhelm/rollbacks/stage"
    request = urllib.request.Request(url, body, {"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=60) as answer:
        assert answer.status == 200


def test_a_model_is_promoted_served_replaced_and_rolled_back(
    client: trackhelm.MlflowClient, tracking: str, experiment: str, tmp_path: Path
) -> None:
    name = f"promoted-{experiment}"
    first = train(2, name)
    for stage in ("Staging", "Production"):
        client.transition_model_version_stage(name, first, stage)
    uri = f"models:/{name}/Production"
    with (
        serving(
            uri, tmp_path, "--follow", "--follow-seconds", "0.2", variables={"MLFLOW_TRACKING_URI": tracking}
        ) as server,
        asked(server) as asking,
    ):
        wait_until(lambda: asking.answers.count(2) > 5, seconds=60, what="the first version")

        second = train(5, name)
        client.transition_model_version_stage(name, second, "Staging")
        client.transition_model_version_stage(name, second, "Production", archive_existing_versions=True)
        wait_until(lambda: asking.answers[-5:] == [5] * 5, seconds=120, what="the second version")
        assert client.get_model_version(name, first).current_stage == "Archived"
        assert json.loads(server.get(f"/v2/models/{name}")[1])["versions"] == [second]

        rolled_back(tracking, name, "Production")
        assert client.get_model_version(name, first).current_stage == "Production"
        wait_until(lambda: asking.answers[-5:] == [2] * 5, seconds=120, what="the first version again")
    assert set(asking.answers) == {2, 5}, "every request was answered by one of the versions"
    changes = [one for one, other in zip(asking.answers, asking.answers[1:], strict=False) if one != other]
    assert len(changes) >= 2


def test_an_alias_is_followed_and_what_cannot_be_loaded_is_not(
    client: trackhelm.MlflowClient, tracking: str, experiment: str, tmp_path: Path
) -> None:
    name = f"followed-{experiment}"
    first = train(2, name)
    client.set_registered_model_alias(name, "champion", first)
    options = ("--follow", "--follow-seconds", "0.2")
    with (
        serving(
            f"models:/{name}@champion", tmp_path, *options, variables={"MLFLOW_TRACKING_URI": tracking}
        ) as server,
        asked(server) as asking,
    ):
        wait_until(lambda: asking.answers.count(2) > 5, seconds=60, what="the first version")
        (tmp_path / "broken").mkdir()
        (tmp_path / "broken" / "MLmodel").write_text("flavors: {}\n")
        with trackhelm.start_run() as run:
            trackhelm.log_artifacts(str(tmp_path / "broken"), "broken")
        broken = trackhelm.register_model(f"runs:/{run.info.run_id}/broken", name)
        client.set_registered_model_alias(name, "champion", broken.version)
        wait_until(lambda: "cannot be followed" in server.log.read_text(), seconds=60, what="the refusal")
        client.set_registered_model_alias(name, "champion", train(7, name))
        wait_until(lambda: asking.answers[-5:] == [7] * 5, seconds=120, what="the next version")
    assert set(asking.answers) == {2, 7}
