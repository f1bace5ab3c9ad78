"""Charts and series wait for what was accepted before them, too."""

from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

import httpx2
from sqlalchemy import text
from starlette.testclient import TestClient

from tests.fixtures.live import serving
from tests.fixtures.waiting import wait_until
from tests.integration.queue.conftest import Split
from tests.integration.queue.test_draining import drain, put
from trackhelm_core.http.app import build_app
from trackhelm_core.settings import RedisSettings, StorageSettings
from trackhelm_domain.opening import open_runtime
from trackhelm_query.service import SERVICE as QUERY

ROOT = "/api/2.0/trackhelm"
API = "/api/2.0/mlflow"


def test_no_chart_and_no_list_is_silently_stale(split: Split) -> None:
    client = TestClient(build_app([QUERY], split.runtime))
    run = split.new_run()
    put(split, run, 1)
    named = {"run_ids": [run], "keys": ["loss"]}
    with ThreadPoolExecutor(3) as threads:
        answers = [
            threads.submit(client.post, f"{ROOT}/charts/buckets", json=named),
            threads.submit(client.post, f"{ROOT}/series/list", json=named),
            threads.submit(client.get, f"{ROOT}/series/history", params={"run_id": run, "key": "loss"}),
        ]
        for answer in answers:
            response = answer.result(90)
            assert response.status_code == 503
            assert response.headers["retry-after"] == "1"
            assert response.json()["error_code"] == "TEMPORARILY_UNAVAILABLE"


def test_reads_that_wait_keep_no_other_request_waiting(
    split: Split, postgres_url: str, tmp_path: Path
) -> None:
    """A hundred reads wait for a run that nobody drains: more than the pool has threads."""
    run, other = split.new_run(), split.new_run()
    partition = put(split, run, 1)
    runtime = open_runtime(
        StorageSettings(data=tmp_path, database_url=postgres_url),
        RedisSettings(redis_url=split.redis.url, queue_partitions=2, read_wait_seconds=60),
    )

    def waiting() -> float | None:
        return runtime.metrics.get_sample_value("trackhelm_reads_waiting")

    with (
        serving(build_app([QUERY], runtime)) as port,
        httpx2.Client(base_url=f"http://127.0.0.1:{port}", timeout=60, limits=httpx2.Limits()) as client,
        ThreadPoolExecutor(100) as threads,
    ):
        reads = [threads.submit(client.get, f"{API}/runs/get", params={"run_id": run}) for _ in range(100)]
        try:
            wait_until(lambda: waiting() == 100)
            for path, query in (
                ("/ready", {}),
                ("/health", {}),
                ("/metrics", {}),
                (f"{API}/experiments/get", {"experiment_id": "0"}),
                (f"{API}/runs/get", {"run_id": other}),
            ):
                assert client.get(path, params=query, timeout=10).status_code == 200, path
            assert waiting() == 100, "all were answered while the others waited"
        finally:
            drain(split, partition)
        answers = [read.result(60) for read in reads]
    assert {answer.status_code for answer in answers} == {200}
    assert {answer.json()["run"]["data"]["metrics"][0]["value"] for answer in answers} == {1}
    assert waiting() == 0


def test_a_server_whose_threads_are_all_in_use_is_ready(split: Split) -> None:
    """What uses them here is a table that is locked."""
    with (
        serving(build_app([QUERY], split.runtime)) as port,
        httpx2.Client(base_url=f"http://127.0.0.1:{port}", timeout=60, limits=httpx2.Limits()) as client,
        ThreadPoolExecutor(40) as threads,
    ):
        with split.runtime.database.engine.begin() as locking:
            locking.execute(text("LOCK TABLE experiment IN ACCESS EXCLUSIVE MODE"))
            ask = partial(client.get, f"{API}/experiments/get", params={"experiment_id": "0"})
            held = [threads.submit(ask) for _ in range(40)]
            wait_until(lambda: _blocked(split) == 40)
            assert client.get("/ready", timeout=10).status_code == 200
        assert {answer.result(60).status_code for answer in held} == {200}


def _blocked(split: Split) -> int:
    statement = text(
        "SELECT count(*) FROM pg_stat_activity "
        "WHERE datname = current_database() AND wait_event_type = 'Lock'"
    )
    with split.runtime.database.reading_once() as session:
        return int(session.execute(statement).scalar_one())
