"""Charts and series wait for what was accepted before them, too."""

from concurrent.futures import ThreadPoolExecutor

from starlette.testclient import TestClient

from tests.integration.queue.conftest import Split
from tests.integration.queue.test_draining import put
from trackhelm_core.http.app import build_app
from trackhelm_query.service import SERVICE as QUERY

ROOT = "/api/2.0/trackhelm"


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
