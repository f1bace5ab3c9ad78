"""Metrics as columns, and runs with ids of the client's, over both databases and the queue."""

import struct
import threading
import uuid
from typing import Any

import pytest

from tests.fixtures.api import Api
from tests.unit.trackhelm_ingest.metrics.test_columns import Row, block_bytes, body_bytes
from trackhelm_ingest.metrics.columns import CONTENT_TYPE

pytestmark = pytest.mark.over("sqlite", "postgresql", "queue")

METRICS = "/api/2.0/trackhelm/metrics"
CREATE = "/api/2.0/trackhelm/runs/create"


def send(api: Api, body: bytes, expected: int = 200, content_type: str = CONTENT_TYPE) -> dict[str, Any]:
    response = api.client.post(METRICS, content=body, headers={"Content-Type": content_type})
    assert response.status_code == expected, response.text
    answer: dict[str, Any] = response.json()
    return answer


def history(api: Api, run_id: str, key: str) -> list[tuple[int, int, Any]]:
    answer = api.get("metrics/get-history", run_id=run_id, metric_key=key)
    return [(point["step"], point["timestamp"], point["value"]) for point in answer.get("metrics", [])]


def test_points_of_many_runs_come_back(api: Api) -> None:
    runs = [api.new_run() for _ in range(3)]
    rows: list[Row] = [(step, 1_000 + step, [step / 7, -step / 3]) for step in range(2_000)]
    body = body_bytes(*(block_bytes([run, ["loss", "acc"], []], rows) for run in runs), compressed=True)
    assert send(api, body) == {"acknowledged": 7}
    for run in runs:
        assert history(api, run, "loss") == [(step, at, values[0]) for step, at, values in rows]
        assert history(api, run, "acc") == [(step, at, values[1]) for step, at, values in rows]


def test_what_is_sent_twice_is_there_once(api: Api) -> None:
    run = api.new_run()
    body = body_bytes(block_bytes([run, ["loss"], []], [(0, 1, [0.5]), (1, 2, [0.25])]))
    for _ in range(3):
        send(api, body)
    api.post("runs/log-metric", run_id=run, key="loss", value=0.5, step=0, timestamp=1)
    assert history(api, run, "loss") == [(0, 1, 0.5), (1, 2, 0.25)]


def test_a_series_in_several_blocks_is_one(api: Api) -> None:
    run = api.new_run()
    labels = [["rank", "3"]]
    send(
        api,
        body_bytes(
            block_bytes([run, ["loss", "acc"], labels], [(0, 1, [0.1, 0.2])]),
            block_bytes([run, ["lr", "loss"], labels], [(1, 1, [0.3, 0.4])]),
            block_bytes([run, ["loss"], []], [(2, 1, [0.5])]),
        ),
    )
    assert history(api, run, "loss") == [(0, 1, 0.1), (1, 1, 0.4), (2, 1, 0.5)]
    found = api.post("/api/2.0/trackhelm/series/list", run_ids=[run], keys=["loss"])["series"]
    assert sorted((str(each.get("labels", {})), each["count"]) for each in found) == [
        ("{'rank': '3'}", 2),
        ("{}", 3),  # of all labels
    ]


def test_what_is_refused_is_named_and_the_rest_is_stored(api: Api) -> None:
    run, deleted = api.new_run(), api.new_run()
    api.post("runs/delete", run_id=deleted)
    missing = uuid.uuid4().hex
    rows: list[Row] = [(0, 1, [0.5])]
    answer = send(
        api,
        body_bytes(
            block_bytes([missing, ["loss"], []], rows),
            block_bytes([run, ["loss"], []], rows),
            block_bytes([deleted, ["loss"], []], rows),
            block_bytes([run, ["a\nb"], []], rows),
            block_bytes([run, ["acc"], []], [(0, 5, [0.5]), (1, -5, [0.5])]),
        ),
    )
    assert answer["acknowledged"] == 7
    refused = [(each["block"], each.get("row"), each["error_code"]) for each in answer["refused"]]
    assert refused == [
        (0, None, "RESOURCE_DOES_NOT_EXIST"),
        (2, None, "INVALID_PARAMETER_VALUE"),
        (3, None, "INVALID_PARAMETER_VALUE"),
        (4, 1, "INVALID_PARAMETER_VALUE"),
    ]
    assert history(api, run, "loss") == [(0, 1, 0.5)]
    assert history(api, run, "acc") == [(0, 5, 0.5)]


def test_a_body_of_another_kind_is_refused(api: Api) -> None:
    assert "does not begin" in send(api, b"{}", 400)["message"]
    good = body_bytes(block_bytes([api.new_run(), ["loss"], []], [(0, 1, [0.5])]))
    said = send(api, good, 400, "application/json")["message"]
    assert said == f"Bad Request. Content-Type must be '{CONTENT_TYPE}', got 'application/json'."
    assert "cut short" in send(api, good[:-3], 400)["message"]
    assert struct.unpack_from("<Q", good, 8) == (7,)


def test_the_server_says_what_it_offers(api: Api) -> None:
    info = api.get("/api/2.0/trackhelm/server-info")
    assert info["metrics_protocols"] == [1]
    assert info["metrics_compressions"] == ["none", "zstd"]
    assert info["labels"] is info["client_run_ids"] is True


def test_a_run_keeps_the_id_that_the_client_made(api: Api) -> None:
    experiment, run_id = api.new_experiment(), uuid.uuid4().hex
    message = {
        "run_id": run_id,
        "experiment_id": experiment,
        "run_name": "offline",
        "start_time": 1_234,
        "user_id": "ada",
        "tags": [{"key": "team", "value": "vision"}],
    }
    first = api.post(CREATE, **message)["run"]
    assert (first["info"]["run_id"], first["info"]["run_name"]) == (run_id, "offline")
    api.post("runs/set-tag", run_id=run_id, key="team", value="audio")
    api.post("runs/update", run_id=run_id, status="FINISHED", end_time=5_678)
    again = api.post(CREATE, **{**message, "run_name": "another"})["run"]
    assert (again["info"]["run_name"], again["info"]["status"]) == ("offline", "FINISHED")
    assert {tag["key"]: tag["value"] for tag in again["data"]["tags"]}["team"] == "audio"


def test_ranks_that_create_one_run_at_once_get_one(api: Api) -> None:
    experiment, run_id = api.new_experiment(), uuid.uuid4().hex
    found: list[int] = []

    def create() -> None:
        answer = api.client.post(CREATE, json={"run_id": run_id, "experiment_id": experiment})
        found.append(answer.status_code)

    threads = [threading.Thread(target=create) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [200] * 8
    assert len(api.post("runs/search", experiment_ids=[experiment])["runs"]) == 1


def test_an_id_that_cannot_be_taken_is_refused(api: Api) -> None:
    experiment, run_id = api.new_experiment(), uuid.uuid4().hex
    for wrong in (run_id.upper().replace("0", "A"), "short", f"{run_id}0", run_id[:-1] + "-"):
        said = api.refused("POST", CREATE, "INVALID_PARAMETER_VALUE", run_id=wrong, experiment_id=experiment)
        assert "32 hexadecimal digits" in said
    api.post(CREATE, run_id=run_id, experiment_id=experiment)
    other = api.new_experiment()
    said = api.refused("POST", CREATE, "RESOURCE_ALREADY_EXISTS", run_id=run_id, experiment_id=other)
    assert said == f"Run with id={run_id} exists in the experiment {experiment}, not in {other}."
    api.post("runs/delete", run_id=run_id)
    said = api.refused("POST", CREATE, "INVALID_PARAMETER_VALUE", run_id=run_id, experiment_id=experiment)
    assert "must be in the 'active' state" in said
