"""What Trackhelm does not offer is refused at once and clearly, and code that traces runs on."""

import ast
import os
import re
import subprocess
import sys
from pathlib import Path

import mlflow
import pytest
from mlflow.entities import Experiment
from mlflow.tracking import MlflowClient

from tests.contract.clients.conftest import GENERATION
from tests.e2e.refusal import refused
from tests.e2e.server import ServerProcess

TRACING = """
import mlflow

@mlflow.trace
def double(x):
    return 2 * x

mlflow.set_experiment("traced")
with mlflow.start_run():
    with mlflow.start_span("outer") as span:
        span.set_inputs({"x": 1})
        span.set_outputs(double(1))
    mlflow.log_metric("m", double(2))
    run = mlflow.active_run()
mlflow.flush_trace_async_logging()
print(mlflow.get_run(run.info.run_id).data.metrics)
"""
RETRIES = ("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "MLFLOW_HTTP_REQUEST_BACKOFF_FACTOR")
# Named by what they are about; `docs/api.md` says why Trackhelm does not offer them.
NOT_OFFERED = re.compile(
    "trace|span|workspace|mcp_|skill|assessment|dataset(?!.*input)|prompt|start_trace|tracking_uri"
)
ELSEWHERE = {"log_figure"}
"""Needs a plotting library: the end-to-end suite calls it."""


def run_script(script: str, server: ServerProcess, **variables: str) -> "subprocess.CompletedProcess[str]":
    """Run a program as a user would, with the client's own patience: up to four minutes of retries."""
    inherited = {name: value for name, value in os.environ.items() if name not in RETRIES}
    return subprocess.run(
        [sys.executable, "-c", script],
        env=inherited | {"MLFLOW_TRACKING_URI": server.url} | variables,
        capture_output=True,
        text=True,
        check=False,
        timeout=180,
    )


def test_a_script_that_traces_runs_to_its_end(server: ServerProcess) -> None:
    ended = run_script(TRACING, server)
    assert ended.returncode == 0, ended.stderr
    assert "{'m': 4" in ended.stdout
    if GENERATION >= 3:
        assert "Trackhelm does not offer traces" in ended.stderr


def test_searching_traces_is_refused(client: MlflowClient, experiment: Experiment) -> None:
    places = "locations" if GENERATION >= 3 else "experiment_ids"
    for search in (client.search_traces, mlflow.search_traces):
        with refused("NOT_IMPLEMENTED", "Trackhelm does not offer traces"):
            search(**{places: [experiment.experiment_id]})


@pytest.mark.since_3
@pytest.mark.parametrize(
    ("method", "arguments"),
    [
        ("search_datasets", ()),
        ("search_mcp_servers", ()),
    ],
)
def test_other_parts_are_refused(client: MlflowClient, method: str, arguments: tuple[str, ...]) -> None:
    with refused("NOT_IMPLEMENTED", "Trackhelm does not offer"):
        getattr(client, method)(*arguments)


def test_every_method_of_the_client_is_called_in_this_suite_or_not_offered() -> None:
    called = {
        node.attr
        for file in Path(__file__).parent.glob("test_*.py")
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8")))
        if isinstance(node, ast.Attribute)
    }
    methods = {name for name in dir(MlflowClient) if not name.startswith("_")}
    missed = {name for name in methods - called - ELSEWHERE if not NOT_OFFERED.search(name)}
    assert missed == set()
