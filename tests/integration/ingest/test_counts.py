"""`/metrics`: what was accepted, how the queue is, how requests were answered."""

import pytest

from tests.fixtures.api import Api
from tests.fixtures.waiting import wait_until

pytestmark = pytest.mark.over("sqlite", "postgresql", "queue")


def counted(api: Api) -> dict[str, float]:
    response = api.client.get("/metrics")
    assert response.status_code == 200
    assert response.headers["content-type"].startswith("text/plain")
    lines = [line for line in response.text.splitlines() if not line.startswith("#")]
    return {name: float(value) for name, value in (line.rsplit(" ", 1) for line in lines)}


def test_what_is_accepted_and_refused_is_counted(api: Api) -> None:
    before = counted(api)
    run = api.new_run()
    points = [{"key": "k", "value": 1, "timestamp": 1, "step": step} for step in range(5)]
    api.post("runs/log-batch", run_id=run, metrics=points)
    api.refused("POST", "runs/log-batch", "RESOURCE_DOES_NOT_EXIST", 404, run_id="0" * 32, metrics=points)
    after = counted(api)

    def grew(name: str) -> float:
        return after[name] - before.get(name, 0)

    assert grew("trackhelm_metrics_accepted_requests_total") == 1
    assert grew("trackhelm_metrics_accepted_points_total") == 5
    assert grew('trackhelm_metrics_refused_requests_total{status="404"}') == 1
    if "trackhelm_queue_up" in after:
        drained = before["trackhelm_queue_drained_points_total"] + 5
        wait_until(lambda: counted(api)["trackhelm_queue_drained_points_total"] >= drained)
        wait_until(lambda: counted(api)['trackhelm_queue_waiting_requests{partition="0"}'] == 0)


def test_requests_are_counted_by_route_and_never_by_path(api: Api) -> None:
    name = 'trackhelm_http_request_seconds_count{method="GET",route="%s",status="%s"}'
    before = counted(api)
    api.get("runs/get", 404, run_id="0" * 32)
    api.client.get("/no/such/path")
    after = counted(api)
    routed = name % ("/mlflow/runs/get", 404)
    assert after[routed] == before.get(routed, 0) + 1
    unrouted = name % ("none", 404)
    assert after[unrouted] == before.get(unrouted, 0) + 1
    assert not any("/no/such/path" in key for key in after)
