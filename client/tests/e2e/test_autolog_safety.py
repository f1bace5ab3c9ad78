"""A training is never broken by logging, and logs once, to its own run."""

import copy
import io
import logging
import pickle
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sklearn.datasets import load_iris
from sklearn.ensemble import BaggingClassifier, GradientBoostingClassifier, VotingClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import trackhelm
from client.tests.e2e.failing_proxy import FailingProxy
from tests.e2e.server import ServerProcess
from trackhelm.entities import Run

X, y = load_iris(return_X_y=True)
PLAIN = LogisticRegression.fit
EXPECTED = LogisticRegression(max_iter=1000).fit(X, y).predict(X)
# How long a training may wait for a server that is away or fails, on a machine that is three times slower.
LONGEST_SECONDS = 90


@pytest.fixture
def autolog() -> Iterator[Callable[..., None]]:
    yield trackhelm.sklearn.autolog
    trackhelm.sklearn.autolog(disable=True)


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TRACKHELM_LOG_ENVIRONMENT", "false")


def runs_of(experiment: str) -> list[Run]:
    found = trackhelm.search_runs([experiment], output_format="list")
    assert isinstance(found, list)
    return found


def fit(**params: Any) -> LogisticRegression:
    return LogisticRegression(**{"max_iter": 1000, **params}).fit(X, y)


# The server.


@pytest.fixture
def proxy(server: ServerProcess, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[FailingProxy]:
    monkeypatch.setenv("TRACKHELM_SPOOL_DIR", str(tmp_path / "spool"))
    # As by default, which would let each call try for minutes.
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "7")
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_BACKOFF_FACTOR", "2")
    with FailingProxy(server.url) as made:
        trackhelm.set_tracking_uri(made.url)
        yield made


@pytest.mark.parametrize("fault", ["away from the start", "away after the start", "500 after the start"])
def test_a_server_that_fails_stops_no_training(
    fault: str,
    proxy: FailingProxy,
    autolog: Callable[..., None],
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    name = f"safety-{time.time_ns()}"
    trackhelm.set_experiment(name)
    autolog()
    model = GradientBoostingClassifier(n_estimators=4, max_depth=1)

    def break_it(*_: Any) -> bool:
        """Called by scikit-learn after each stage."""
        if fault == "500 after the start":
            proxy.fails = True
        elif proxy._server is not None:
            proxy.stop()
        return False

    if fault == "away from the start":
        proxy.stop()
    began = time.monotonic()
    with caplog.at_level(logging.WARNING, "trackhelm"):
        assert model.fit(X, y, monitor=break_it) is model
    assert time.monotonic() - began < LONGEST_SECONDS
    assert model.score(X, y) > 0.9
    assert "Autologging of sklearn" in caplog.text
    assert trackhelm.active_run() is None

    # What needs no answer is there when the server is.
    proxy.fails = False
    if proxy._server is None:
        proxy.start()
    monkeypatch.setenv("TRACKHELM_FLUSH_TIMEOUT_SECONDS", "120")
    trackhelm.flush_async_logging()
    found = trackhelm.search_runs(experiment_names=[name], output_format="list")
    assert isinstance(found, list)
    (run,) = found
    assert run.info.status == "FINISHED"
    assert run.data.params["n_estimators"] == "4"
    assert run.data.metrics["training_score"] > 0.9
    assert run.data.tags["estimator_name"] == "GradientBoostingClassifier"


# What fails in the logging itself.

BEFORE = ("trackhelm.fluent.runs.start_run", "trackhelm.autologging.estimators.Recorder")
AROUND = (
    "trackhelm.autologging.sklearn.estimator_tags",
    "trackhelm.autologging.sklearn.dataset_of",
    "trackhelm.autologging.sklearn.Example",
)
AFTER = (
    "trackhelm.autologging.evaluation.metrics_of",
    "trackhelm.autologging.evaluation.write_files",
    "trackhelm.autologging.search.is_search",
    "trackhelm.autologging.post_training.remember_model",
    "trackhelm.fluent.runs.end_run",
    "trackhelm.sklearn.log_model",
    "trackhelm.client.MlflowClient.log_inputs",
    "trackhelm.client.MlflowClient.log_artifacts",
    "trackhelm.destinations.CheckedLog.params",
    "trackhelm.destinations.CheckedLog.metrics",
    "trackhelm.destinations.CheckedLog.tags",
)


@pytest.mark.parametrize("broken", [*BEFORE, *AROUND, *AFTER])
@pytest.mark.parametrize("error", [RuntimeError("of the test"), OSError(28, "No space left on device")])
def test_a_failure_of_the_logging_is_a_warning(
    broken: str,
    error: Exception,
    autolog: Callable[..., None],
    experiment: str,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    autolog()

    def fails(*_args: Any, **_kwargs: Any) -> None:
        raise error

    with monkeypatch.context() as patched, caplog.at_level(logging.WARNING, "trackhelm"):
        patched.setattr(broken, fails)
        assert np.array_equal(fit().predict(X), EXPECTED)
    assert str(error) in caplog.text
    while trackhelm.active_run() is not None:
        trackhelm.end_run()
    # The next training logs as ever.
    fit(C=0.25)
    assert "0.25" in [run.data.params.get("C") for run in runs_of(experiment)]


# What the training raises.


@pytest.mark.parametrize("error", [ValueError("of the user"), KeyboardInterrupt(), SystemExit(3)])
@pytest.mark.parametrize("own_run", [True, False])
def test_what_a_training_raises_is_the_users(
    error: BaseException, own_run: bool, autolog: Callable[..., None], experiment: str
) -> None:
    autolog()

    def stop(*_: Any) -> bool:
        raise error

    model = GradientBoostingClassifier(n_estimators=4)
    if own_run:
        with pytest.raises(type(error)) as raised, trackhelm.start_run():
            model.fit(X, y, monitor=stop)
    else:
        with pytest.raises(type(error)) as raised:
            model.fit(X, y, monitor=stop)
    assert raised.value is error
    assert trackhelm.active_run() is None
    (run,) = runs_of(experiment)
    assert run.info.status == "FAILED"
    assert run.data.params["n_estimators"] == "4"


# What is inside what.


@pytest.mark.parametrize(
    "model",
    [
        make_pipeline(StandardScaler(), LogisticRegression(max_iter=1000)),
        VotingClassifier(
            [("a", LogisticRegression(max_iter=1000)), ("b", LogisticRegression(C=2, max_iter=1000))]
        ),
        GridSearchCV(LogisticRegression(max_iter=1000), {"C": [1, 2]}, cv=2, refit=False),
    ],
    ids=["pipeline", "voting", "search"],
)
def test_a_training_inside_another_logs_no_run(
    model: Any, autolog: Callable[..., None], experiment: str
) -> None:
    autolog(log_models=False, max_tuning_runs=0)
    model.fit(X, y)
    (run,) = runs_of(experiment)
    assert run.data.tags["estimator_name"] == type(model).__name__


@pytest.mark.parametrize("backend", ["loky", "threading", "multiprocessing"])
def test_two_jobs_belong_to_one_training(backend: str, autolog: Callable[..., None], experiment: str) -> None:
    import joblib

    autolog(log_models=False)
    with joblib.parallel_backend(backend):
        model = VotingClassifier(
            [("a", LogisticRegression(max_iter=1000)), ("b", LogisticRegression(C=2, max_iter=1000))],
            n_jobs=2,
        ).fit(X, y)
        bags = BaggingClassifier(LogisticRegression(max_iter=1000), n_estimators=2, n_jobs=2).fit(X, y)
    assert model.score(X, y) > 0.9
    assert bags.score(X, y) > 0.9
    assert sorted(run.data.tags["estimator_name"] for run in runs_of(experiment)) == [
        "BaggingClassifier",
        "VotingClassifier",
    ]


def test_a_search_of_two_jobs(autolog: Callable[..., None], experiment: str) -> None:
    autolog(log_models=False)
    search = GridSearchCV(LogisticRegression(max_iter=1000), {"C": [1, 2]}, cv=2, n_jobs=2).fit(X, y)
    runs = runs_of(experiment)
    (parent,) = [run for run in runs if "mlflow.parentRunId" not in run.data.tags]
    children = [run for run in runs if run is not parent]
    assert {run.data.tags["mlflow.parentRunId"] for run in children} == {parent.info.run_id}
    assert sorted(run.data.params["C"] for run in children) == ["1", "2"]
    assert parent.data.params["best_C"] == str(search.best_params_["C"])


def test_threads_that_train_at_once_log_runs_of_their_own(
    autolog: Callable[..., None], experiment: str
) -> None:
    autolog(log_models=False)
    both = threading.Barrier(2, timeout=120)

    class Waiting(GradientBoostingClassifier):  # type: ignore[misc]  # the library has no types
        """Is trained at the same time as another."""

    def train(depth: int) -> Any:
        return Waiting(n_estimators=2, max_depth=depth).fit(X, y, monitor=lambda *_: both.wait() > 9)

    with ThreadPoolExecutor(2) as threads:
        models = [thread.result() for thread in [threads.submit(train, 1), threads.submit(train, 2)]]
    assert all(model.score(X, y) > 0.5 for model in models)
    runs = runs_of(experiment)
    assert sorted(run.data.params["max_depth"] for run in runs) == ["1", "2"]
    assert {run.info.status for run in runs} == {"FINISHED"}
    assert all("training_score" in run.data.metrics for run in runs)


# Pickles.

LOAD = """
import pickle, sys
loaded = pickle.load(sys.stdin.buffer)
print(loaded["model"].classes_, loaded["metric"]([1], [1]), "trackhelm" in sys.modules)
"""


def test_what_was_trained_is_loaded_where_this_client_is_not(
    autolog: Callable[..., None], experiment: str, tmp_path: Path
) -> None:
    import joblib

    autolog(log_models=False)
    import sklearn.metrics

    scorer = sklearn.metrics.make_scorer(sklearn.metrics.accuracy_score)
    model = fit()
    kept = {"model": model, "metric": sklearn.metrics.accuracy_score, "scorer": scorer, "fit": model.fit}
    pickled = pickle.dumps(kept)
    assert b"trackhelm" not in pickled
    ended = subprocess.run(
        [sys.executable, "-I", "-c", LOAD], input=pickled, capture_output=True, cwd=tmp_path, check=False
    )
    assert ended.returncode == 0, ended.stderr.decode()
    assert ended.stdout.decode().strip() == "[0 1 2] 1.0 False"
    stored = io.BytesIO()
    joblib.dump(model, stored)
    stored.seek(0)
    assert np.array_equal(joblib.load(stored).predict(X), EXPECTED)
    assert np.array_equal(copy.deepcopy(model).predict(X), EXPECTED)
    assert not [name for name in vars(model) if "mlflow" in name or "trackhelm" in name]


# On and off.


def test_it_is_turned_on_and_off(autolog: Callable[..., None], experiment: str) -> None:
    import sklearn.metrics

    plain_metric = sklearn.metrics.accuracy_score
    for number in range(3):
        autolog(log_models=False)
        autolog(log_models=False, extra_tags={"round": number})
        assert LogisticRegression.fit is not PLAIN
        fit()
        autolog(disable=True)
        assert LogisticRegression.fit is PLAIN
        assert sklearn.metrics.accuracy_score is plain_metric
        fit()
    assert sorted(run.data.tags["round"] for run in runs_of(experiment)) == ["0", "1", "2"]


def test_exclusive_keeps_it_from_the_users_runs(autolog: Callable[..., None], experiment: str) -> None:
    autolog(exclusive=True, log_models=False)
    with trackhelm.start_run(run_name="mine"):
        fit()
    (mine,) = runs_of(experiment)
    assert (mine.data.params, mine.data.metrics, mine.data.tags.get("estimator_name")) == ({}, {}, None)
    fit()
    (managed,) = [run for run in runs_of(experiment) if run.info.run_name != "mine"]
    assert managed.data.tags["mlflow.autologging"] == "sklearn"


def test_silent_says_nothing(
    autolog: Callable[..., None],
    experiment: str,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def fails(*_: Any, **__: Any) -> None:
        raise RuntimeError

    monkeypatch.setattr("trackhelm.autologging.evaluation.metrics_of", fails)
    autolog(silent=True, log_models=False)
    with caplog.at_level(logging.WARNING, "trackhelm"):
        fit()
    assert caplog.text == ""


def test_the_universal_switch_keeps_to_what_was_asked_for(
    autolog: Callable[..., None], experiment: str
) -> None:
    autolog(log_models=False, extra_tags={"by": "flavour"})
    trackhelm.autolog(extra_tags={"by": "all"})
    fit()
    autolog(disable=True)
    trackhelm.autolog(extra_tags={"by": "all"})
    fit()
    (run,) = runs_of(experiment)
    assert run.data.tags["by"] == "flavour"
    trackhelm.autolog(disable=True)


def test_estimators_are_those_of_scikit_learn(autolog: Callable[..., None]) -> None:
    from sklearn.utils import all_estimators

    listed = {kind for _, kind in all_estimators()}
    autolog()
    patched = {kind for kind in listed if hasattr(vars(kind).get("fit"), "__trackhelm_original__")}
    left_out = {kind.__module__.split(".")[1] for kind in listed - patched if hasattr(kind, "fit")}
    assert left_out <= {"preprocessing", "impute", "feature_extraction", "feature_selection", "compose"}
    assert {"ColumnTransformer"} == {
        kind.__name__ for kind in listed - patched if kind.__module__.startswith("sklearn.compose")
    }
    assert len(patched) > 120
