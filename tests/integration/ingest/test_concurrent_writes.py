"""Many clients at once: no deadlock, no 500, the right winner, over both databases."""

import uuid
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor, wait
from typing import Any

import pytest

from tests.fixtures.api import API, Api
from trackhelm_domain.experiments import active_location

pytestmark = pytest.mark.over("sqlite", "postgresql", "queue")

CLIENTS = 32


def at_once(api: Api, path: str, message: Callable[[int], dict[str, Any]]) -> Counter[tuple[int, str]]:
    """Send a message from each client at once; count the answers by status and error code."""

    def send(client: int) -> tuple[int, str]:
        response = api.client.post(f"{API}/{path}", json=message(client))
        return response.status_code, response.json().get("error_code", "")

    with ThreadPoolExecutor(CLIENTS) as clients:
        return Counter(clients.map(send, range(CLIENTS)))


def test_one_of_many_creates_an_experiment(api: Api) -> None:
    name = uuid.uuid4().hex
    answers = at_once(api, "experiments/create", lambda _: {"name": name})
    assert answers == {(200, ""): 1, (400, "RESOURCE_ALREADY_EXISTS"): CLIENTS - 1}


def test_the_same_param_is_logged_by_all(api: Api) -> None:
    run_id = api.new_run()
    message = {"run_id": run_id, "key": f"p{uuid.uuid4().hex}", "value": "1"}
    assert at_once(api, "runs/log-parameter", lambda _: message) == {(200, ""): CLIENTS}


def test_one_of_many_values_of_a_param_wins(api: Api) -> None:
    run_id, key = api.new_run(), f"p{uuid.uuid4().hex}"
    answers = at_once(
        api, "runs/log-batch", lambda n: {"run_id": run_id, "params": [{"key": key, "value": str(n)}]}
    )
    assert answers == {(200, ""): 1, (400, "INVALID_PARAMETER_VALUE"): CLIENTS - 1}


def test_batches_with_keys_in_any_order_do_not_deadlock(api: Api) -> None:
    run_id, prefix = api.new_run(), uuid.uuid4().hex

    def batch(client: int) -> dict[str, Any]:
        keys = [f"{prefix}{number}" for number in range(20)]
        keys = keys[client % 20 :] + keys[: client % 20]
        tags = [{"key": key, "value": str(client)} for key in keys]
        metrics = [{"key": key, "value": client, "timestamp": client, "step": client} for key in keys]
        return {
            "run_id": run_id,
            "tags": tags,
            "metrics": metrics,
            "params": [{"key": k, "value": "1"} for k in keys],
        }

    assert at_once(api, "runs/log-batch", batch) == {(200, ""): CLIENTS}
    data = api.get("runs/get", run_id=run_id)["run"]["data"]
    assert {metric["step"] for metric in data["metrics"]} == {CLIENTS - 1}
    assert len(data["metrics"]) == len(data["params"]) == 20


def test_new_keys_of_params_and_of_tags_do_not_deadlock(api: Api) -> None:
    runs = [api.new_run() for _ in range(CLIENTS)]
    prefix = uuid.uuid4().hex
    halves = [[f"{prefix}{half}{number}" for number in range(50)] for half in "az"]

    def batch(client: int) -> dict[str, Any]:
        params, tags = halves if client % 2 else reversed(halves)
        return {
            "run_id": runs[client],
            "params": [{"key": key, "value": "1"} for key in params],
            "tags": [{"key": key, "value": "1"} for key in tags],
        }

    assert at_once(api, "runs/log-batch", batch) == {(200, ""): CLIENTS}


def test_a_run_renamed_by_many_keeps_name_and_tag_in_step(api: Api) -> None:
    run_id = api.new_run()
    assert at_once(api, "runs/update", lambda n: {"run_id": run_id, "run_name": f"name {n}"}) == {
        (200, ""): CLIENTS
    }
    run = api.get("runs/get", run_id=run_id)["run"]
    assert {"key": "mlflow.runName", "value": run["info"]["run_name"]} in run["data"]["tags"]


def test_an_experiment_that_is_added_to_is_deleted_afterwards(api: Api) -> None:
    database = api.client.app.state.runtime.database  # type: ignore[attr-defined]
    experiment_id = api.new_experiment()
    with ThreadPoolExecutor(1) as other:
        with database.writing() as session:
            active_location(session, int(experiment_id))
            deleting = other.submit(api.post, "experiments/delete", experiment_id=experiment_id)
            # Long enough for a deletion that waits for nobody.
            assert not wait([deleting], timeout=0.5).done
        deleting.result()
