"""A database or queue of a stack that hangs: every kind of request is told to come again, in bounded time."""

import os
import signal
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

import httpx2
import pytest

from tests.fixtures.waiting import wait_until
from tests.integration.stack.running import RunningStack, files_in, running_stack

pytestmark = [pytest.mark.timeout(720), pytest.mark.long]

LONGEST_SECONDS = 60
"""Patience, the greeting, a connection: and all of that on processors that others use, too."""


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningStack]:
    folder = tmp_path_factory.mktemp("hanging")
    with running_stack(folder / "data", environment=files_in(folder / "files")) as started:
        yield started


@contextmanager
def stopped(pids: list[int]) -> Iterator[None]:
    for pid in pids:
        os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        for pid in pids:
            os.kill(pid, signal.SIGCONT)


def metric_requests(run: str) -> list[tuple[str, str, dict[str, Any]]]:
    metric = {"key": "loss", "value": 1, "step": 1, "timestamp": 1}
    return [
        ("POST", "mlflow/runs/log-metric", {"run_id": run, **metric}),
        ("POST", "mlflow/runs/log-batch", {"run_id": run, "metrics": [metric]}),
    ]


def reading_requests(run: str) -> list[tuple[str, str, dict[str, Any]]]:
    return [
        ("GET", "mlflow/runs/get", {"run_id": run}),
        ("POST", "mlflow/runs/search", {"experiment_ids": ["0"], "filter": "metrics.loss > 0"}),
        ("GET", "mlflow/metrics/get-history", {"run_id": run, "metric_key": "loss"}),
        ("POST", "trackhelm/charts/buckets", {"run_ids": [run], "keys": ["loss"]}),
        ("POST", "trackhelm/series/list", {"run_ids": [run]}),
    ]


def other_requests(run: str) -> list[tuple[str, str, dict[str, Any]]]:
    return [
        ("POST", "mlflow/experiments/create", {"name": f"new-{time.monotonic_ns()}"}),
        ("GET", "mlflow/experiments/search", {"max_results": 5}),
        ("POST", "mlflow/runs/create", {"experiment_id": "0"}),
        ("POST", "mlflow/runs/update", {"run_id": run, "run_name": "renamed"}),
        ("POST", "mlflow/runs/log-parameter", {"run_id": run, "key": "lr", "value": "1"}),
        ("POST", "mlflow/runs/set-tag", {"run_id": run, "key": "team", "value": "a"}),
        ("POST", "mlflow/runs/log-batch", {"run_id": run, "params": [{"key": "lr", "value": "1"}]}),
        ("POST", "mlflow/registered-models/create", {"name": f"model-{time.monotonic_ns()}"}),
        ("GET", "mlflow/registered-models/search", {"max_results": 5}),
        ("GET", "mlflow/artifacts/list", {"run_id": run}),
    ]


def ask(stack: RunningStack, request: tuple[str, str, dict[str, Any]]) -> httpx2.Response:
    method, path, message = request
    url = f"{stack.url}/api/2.0/{path}"
    if method == "GET":
        return httpx2.get(url, params=message, timeout=180)
    return httpx2.post(url, json=message, timeout=180)


def answers_of(
    stack: RunningStack, requests: list[tuple[str, str, dict[str, Any]]]
) -> list[tuple[str, httpx2.Response]]:
    """Send all of them at once, and return each with its answer."""
    began = time.monotonic()
    with ThreadPoolExecutor(len(requests)) as threads:
        answers = list(threads.map(lambda request: ask(stack, request), requests))
    assert time.monotonic() - began < LONGEST_SECONDS
    return [(request[1], answer) for request, answer in zip(requests, answers, strict=True)]


def assert_come_again(answers: list[tuple[str, httpx2.Response]]) -> None:
    assert {path: answer.status_code for path, answer in answers} == {path: 503 for path, _ in answers}
    for path, answer in answers:
        assert answer.headers["retry-after"], path
        assert answer.json()["error_code"] == "TEMPORARILY_UNAVAILABLE", path


def run_with_a_metric(stack: RunningStack) -> str:
    run = stack.new_run()
    for request in metric_requests(run):
        assert ask(stack, request).status_code == 200
    return run


def test_a_database_that_hangs(stack: RunningStack) -> None:
    run = run_with_a_metric(stack)
    assert ask(stack, reading_requests(run)[0]).status_code == 200
    # One that ingest has not asked about before: whether it may be written to is in the database.
    new = stack.new_run()
    everything = [*metric_requests(new), *reading_requests(run), *other_requests(run)]
    with stopped(stack.family_of("postgres")):
        assert_come_again(answers_of(stack, everything))
        # Known to hang by now.
        assert_come_again(answers_of(stack, everything))
        assert httpx2.get(f"{stack.url}/ready", timeout=180).status_code == 503
    wait_until(
        lambda: all(ask(stack, request).status_code == 200 for request in other_requests(run)), seconds=180
    )
    wait_until(lambda: ask(stack, reading_requests(run)[2]).status_code == 200, seconds=180)


def test_a_queue_that_hangs(stack: RunningStack) -> None:
    run = run_with_a_metric(stack)
    wait_until(lambda: ask(stack, reading_requests(run)[0]).status_code == 200)
    with stopped([stack.process_of("redis")]):
        assert_come_again(answers_of(stack, [*metric_requests(run), *reading_requests(run)]))
        # What needs no queue goes on.
        others = answers_of(stack, other_requests(run))
        assert {path: answer.status_code for path, answer in others} == {path: 200 for path, _ in others}
        assert httpx2.get(f"{stack.url}/ready", timeout=180).status_code == 503
    wait_until(lambda: ask(stack, reading_requests(run)[2]).status_code == 200, seconds=180)
    assert all(ask(stack, request).status_code == 200 for request in metric_requests(run))
