"""What `/metrics` says of the queue, and what `/ready` says of Redis."""

import asyncio
import re

from starlette.testclient import TestClient

from tests.integration.queue.conftest import Split
from tests.integration.queue.test_draining import drain, put, put_bytes
from trackhelm_core.http.app import build_app
from trackhelm_core.queue.names import PARTITIONS, partition_of
from trackhelm_ingest.service import SERVICE as INGEST

API = "/api/2.0/mlflow/runs"


def test_each_number_of_the_queue_is_what_happened(split: Split) -> None:
    run = split.new_run()
    partition = partition_of(run, 2)
    with TestClient(build_app([INGEST], split.runtime)) as client:

        def numbers() -> dict[str, float]:
            text = client.get("/metrics").text
            return {
                name: float(value)
                for name, value in re.findall(r"^(trackhelm_\S+) (\S+)$", text, re.MULTILINE)
            }

        metrics = [{"key": "loss", "value": 1, "step": step, "timestamp": 1} for step in range(3)]
        assert client.post(f"{API}/log-batch", json={"run_id": run, "metrics": metrics}).status_code == 200
        assert client.post(f"{API}/log-metric", json={"run_id": run, **metrics[0]}).status_code == 200
        put_bytes(split, run, b"nonsense", partition)
        before = numbers()
        drain(split, partition)
        after = numbers()
        split.server.hang()
        try:
            hanging = client.get("/metrics").text
            not_ready = client.get("/ready")
        finally:
            split.server.go_on()
        assert client.get("/ready").status_code == 200

    assert before["trackhelm_metrics_accepted_requests_total"] == 2
    assert before["trackhelm_metrics_accepted_points_total"] == 4
    assert before["trackhelm_queue_up"] == 1
    assert before[f'trackhelm_queue_waiting_requests{{partition="{partition}"}}'] == 3
    # Two entries of 24 bytes a point and their names; what was put in by hand is not counted.
    assert 4 * 24 < before["trackhelm_queue_waiting_bytes"] < 4 * 24 + 200
    assert 0 < before[f'trackhelm_queue_oldest_seconds{{partition="{partition}"}}'] < 30
    assert before["trackhelm_queue_drained_requests_total"] == 0

    assert after[f'trackhelm_queue_waiting_requests{{partition="{partition}"}}'] == 0
    assert after["trackhelm_queue_waiting_bytes"] == 0
    assert after[f'trackhelm_queue_oldest_seconds{{partition="{partition}"}}'] == 0
    assert after["trackhelm_queue_drained_requests_total"] == 3
    assert after["trackhelm_queue_drained_points_total"] == 4
    assert after["trackhelm_queue_drain_seconds_count"] == 1
    assert 0 < after["trackhelm_queue_drain_seconds_sum"] < 30
    assert after["trackhelm_queue_dead_letters"] == 1
    assert after["trackhelm_queue_buried_requests_total"] == 1

    assert "trackhelm_queue_up 0.0" in hanging
    assert not_ready.status_code == 503
    assert "Redis is away" in not_ready.json()["message"]


def test_the_wait_of_a_read_is_counted(split: Split) -> None:
    def waits() -> float:
        count = split.runtime.metrics.get_sample_value("trackhelm_read_wait_seconds_count")
        assert count is not None
        return count

    run = split.new_run()
    asyncio.run(split.runtime.reads.read([run], lambda: None))
    assert waits() == 0, "nothing was accepted: nothing is waited for"
    drain(split, put(split, run, 1))
    asyncio.run(split.runtime.reads.read([run], lambda: None))
    assert waits() == 1


def test_a_process_that_is_set_to_other_partitions_than_the_queue_has_is_not_ready(split: Split) -> None:
    with TestClient(build_app([INGEST], split.runtime)) as client:
        assert client.get("/ready").status_code == 200
        assert split.runtime.redis is not None
        split.runtime.redis.client.set(PARTITIONS, 16)
        not_ready = client.get("/ready")
        split.runtime.redis.client.delete(PARTITIONS)
        assert client.get("/ready").status_code == 200
        assert split.runtime.redis.client.get(PARTITIONS) == b"2"
    assert not_ready.status_code == 503
    assert "has 16 partitions, and this process is set to 2" in not_ready.json()["message"]
