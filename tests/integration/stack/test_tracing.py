"""One trace goes from a caller through the gateway and a service to a task, in a real stack."""

import secrets
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest
from typer.testing import CliRunner

from tests.fixtures.otlp import Collector, Seen, collecting
from tests.fixtures.waiting import wait_until
from tests.integration.stack.running import SERVICES, files_in, running_stack
from trackhelm_cli.main import app

pytestmark = pytest.mark.long

SERVER, CONSUMER = 2, 5
"""Kinds of spans, by their numbers in OTLP."""

API = "/api/2.0/mlflow"


@pytest.fixture(scope="module")
def collector() -> Iterator[Collector]:
    with collecting() as running:
        yield running


@pytest.fixture(scope="module")
def client(collector: Collector, tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx2.Client]:
    """Yield a client of the gateway of a stack whose processes send spans after a tenth of a second."""
    folder = tmp_path_factory.mktemp("traced")
    environment = files_in(folder / "files") | {
        "TRACKHELM_TRACES_URL": collector.url,
        "OTEL_BSP_SCHEDULE_DELAY": "100",
    }
    with (
        running_stack(folder / "data", environment=environment) as stack,
        httpx2.Client(base_url=stack.url, timeout=180) as client,
    ):
        yield client


def begun(*, sampled: bool = True) -> tuple[str, str, dict[str, str]]:
    """Return the ids of a caller's trace and span, and the header that passes them on."""
    trace, span = secrets.token_hex(16), secrets.token_hex(8)
    return trace, span, {"traceparent": f"00-{trace}-{span}-{'01' if sampled else '00'}"}


def new_run(client: httpx2.Client) -> str:
    body = {"experiment_id": "0", "start_time": 1}
    run: str = client.post(f"{API}/runs/create", json=body).json()["run"]["info"]["run_id"]
    return run


def seen(collector: Collector, trace: str, name: str) -> Seen:
    wait_until(lambda: name in collector.of(trace), seconds=60)
    return collector.of(trace)[name]


def test_a_metric_is_one_trace_from_the_caller_to_the_task_that_stores_it(
    client: httpx2.Client, collector: Collector
) -> None:
    run = new_run(client)
    trace, caller, headers = begun()
    point = {"run_id": run, "key": "loss", "value": 1.0, "timestamp": int(time.time() * 1000), "step": 1}
    answer = client.post(f"{API}/runs/log-metric", json=point, headers=headers)
    assert answer.status_code == 200

    request = seen(collector, trace, "POST /mlflow/runs/log-metric")
    assert (request.service, request.kind, request.parent) == ("trackhelm-ingest", SERVER, caller)
    assert request.attributes["http.response.status_code"] == 200
    assert request.attributes["trackhelm.request_id"] == answer.headers["x-request-id"]
    task = seen(collector, trace, "task trackhelm.ingest.drain")
    assert (task.service, task.kind, task.parent) == ("trackhelm-worker", CONSUMER, request.span)
    assert task.attributes["messaging.destination.name"] == "metrics"


def test_each_request_that_is_stored_with_others_is_found_in_its_own_trace(
    client: httpx2.Client, collector: Collector
) -> None:
    # The first wakes a drain, which stays for some seconds: the others are stored by that.
    run = new_run(client)
    point = {"run_id": run, "key": "loss", "value": 1.0, "timestamp": 1}
    traces = [begun() for _ in range(3)]
    for step, (_, _, headers) in enumerate(traces):
        assert client.post(f"{API}/runs/log-metric", json=point | {"step": step}, headers=headers).is_success
    unrecorded, _, headers = begun(sampled=False)
    assert client.post(f"{API}/runs/log-metric", json=point | {"step": 9}, headers=headers).is_success
    drains = set()
    for trace, _, _ in traces:
        stored = seen(collector, trace, "store metrics")
        request = seen(collector, trace, "POST /mlflow/runs/log-metric")
        assert (stored.service, stored.kind, stored.parent) == ("trackhelm-worker", CONSUMER, request.span)
        assert 0 <= stored.attributes["trackhelm.waited_seconds"] < 60
        drains |= set(stored.links)

    def tasks() -> set[str]:
        return {span.span for span in collector.spans if span.name == "task trackhelm.ingest.drain"}

    # A drain is recorded when it ends, and so is a link to it found then.
    assert drains
    wait_until(lambda: drains <= tasks(), seconds=60)
    assert not collector.of(unrecorded)


def test_the_end_of_a_run_is_one_trace_with_the_task_that_compacts_it(
    client: httpx2.Client, collector: Collector
) -> None:
    run = new_run(client)
    trace, caller, headers = begun()
    client.post(f"{API}/runs/update", json={"run_id": run, "status": "FINISHED"}, headers=headers)
    request = seen(collector, trace, "POST /mlflow/runs/update")
    task = seen(collector, trace, "task trackhelm.ingest.compact_run")
    assert (request.parent, task.parent) == (caller, request.span)


def test_a_refused_request_is_a_span_and_no_failure_of_the_server(
    client: httpx2.Client, collector: Collector
) -> None:
    trace, _, headers = begun()
    client.get(f"{API}/runs/get", params={"run_id": "0" * 32}, headers=headers)
    request = seen(collector, trace, "GET /mlflow/runs/get")
    assert (request.service, request.failed) == ("trackhelm-query", False)
    assert request.attributes["http.response.status_code"] == 404


def test_what_the_caller_does_not_record_is_not_recorded_and_probes_never_are(
    client: httpx2.Client, collector: Collector
) -> None:
    trace, _, headers = begun(sampled=False)
    client.get(f"{API}/experiments/get", params={"experiment_id": "0"}, headers=headers)
    probed, _, probing = begun()
    client.get("/version", headers=probing)
    after, _, later = begun()
    client.get(f"{API}/experiments/get", params={"experiment_id": "0"}, headers=later)
    seen(collector, after, "GET /mlflow/experiments/get")
    assert not collector.of(trace)
    assert not collector.of(probed)


def test_without_a_collector_nothing_of_what_sends_traces_is_imported() -> None:
    # The client of Redis imports a part of the SDK where it is installed.
    program = (
        "import sys, trackhelm_cli.ingest, trackhelm_cli.embedded, trackhelm_cli.worker;"
        "ours = ('trackhelm_core.telemetry.tracing', 'opentelemetry.exporter', 'opentelemetry.sdk.trace');"
        "print([name for name in sys.modules if name.startswith(ours)])"
    )
    command = [sys.executable, "-c", program]
    told = subprocess.run(command, capture_output=True, text=True, check=True, env={"PYTHONPATH": SERVICES})
    assert told.stdout == "[]\n"


def test_a_collector_without_the_packages_is_told(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setitem(sys.modules, "opentelemetry.sdk.resources", None)
    monkeypatch.delitem(sys.modules, "trackhelm_core.telemetry.tracing", raising=False)
    monkeypatch.setenv("TRACKHELM_TRACES_URL", "http://127.0.0.1:1")
    ended = CliRunner().invoke(app, ["embedded", "--port", "0", "--data", str(tmp_path / "data")])
    assert ended.exit_code == 2
    assert "pip install 'trackhelm-server[otel]'" in ended.stderr
