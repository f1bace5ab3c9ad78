"""What may be written to a run, at the limits and beyond, over both databases."""

from typing import Any

import pytest

from tests.fixtures.api import Api

INVALID = "INVALID_PARAMETER_VALUE"
WRITES: dict[str, tuple[str, dict[str, Any]]] = {
    "metric": ("runs/log-metric", {"value": 1.0, "timestamp": 1}),
    "param": ("runs/log-parameter", {"value": "v"}),
    "tag": ("runs/set-tag", {"value": "v"}),
    "experiment tag": ("experiments/set-experiment-tag", {"value": "v"}),
}
# A key is looked at before anything is stored, and what is allowed is stored another way over the queue.
over_queue = pytest.mark.over("sqlite", "postgresql", "queue")
kinds = pytest.mark.parametrize("kind", WRITES)


def write(api: Api, kind: str, key: str) -> Any:
    path, message = WRITES[kind]
    target = {"experiment_id": "0"} if kind == "experiment tag" else {"run_id": api.new_run()}
    return path, {**target, **message, "key": key}


@over_queue
@kinds
@pytest.mark.parametrize("key", ["a", "a/b", "a.b-c_d e:f", "k" * 250, "été/損失", ".a", "a..b", "0", " "])
def test_a_key_that_is_allowed(api: Api, kind: str, key: str) -> None:
    path, message = write(api, kind, key)
    assert api.post(path, **message) == {}


@kinds
@pytest.mark.parametrize(
    ("key", "told"),
    [
        ("", "Missing value for required parameter 'key'"),
        ("k" * 251, "exceeds the maximum length of 250 characters"),
        ("a$b", "Names may only contain alphanumerics"),
        ("a\nb", "Names may only contain alphanumerics"),
        ("a//b", "Names may be treated as files in certain cases, and must not resolve to other names"),
        ("a/", "Names may be treated as files"),
        ("./a", "Names may be treated as files"),
        (".", "Names may be treated as files"),
        ("../a", "Names may be treated as files"),
        ("..a", "Names may be treated as files"),
        ("/a", "Names may be treated as files"),
    ],
)
def test_a_key_that_is_not_allowed(api: Api, kind: str, key: str, told: str) -> None:
    path, message = write(api, kind, key)
    assert told in api.refused("POST", path, INVALID, **message)


def test_a_run_is_created_with_tags_of_any_key(api: Api) -> None:
    run_id = api.new_run(tags=[{"key": "a;b $//", "value": "1"}])
    tags = api.get("runs/get", run_id=run_id)["run"]["data"]["tags"]
    assert {"key": "a;b $//", "value": "1"} in tags
    message = api.refused(
        "POST", "runs/create", INVALID, experiment_id="0", tags=[{"key": "k" * 251, "value": ""}]
    )
    assert "250 characters" in message


def items(kind: str, number: int) -> list[dict[str, Any]]:
    if kind == "metrics":
        return [{"key": "m", "value": 1, "timestamp": index} for index in range(number)]
    return [{"key": f"{kind}{index}", "value": "1"} for index in range(number)]


@over_queue
@pytest.mark.parametrize(("kind", "limit"), [("metrics", 1_000), ("params", 100), ("tags", 100)])
def test_a_batch_is_as_large_as_the_stock_client_makes_it(api: Api, kind: str, limit: int) -> None:
    run_id = api.new_run()
    api.post("runs/log-batch", run_id=run_id, **{kind: items(kind, limit)})
    message: dict[str, Any] = {kind: items(kind, limit + 1)}
    told = api.refused("POST", "runs/log-batch", INVALID, run_id=run_id, **message)
    assert f"A batch logging request can contain at most {limit} {kind}. Got {limit + 1} {kind}." in told


@over_queue
def test_a_batch_has_a_thousand_items_in_all(api: Api) -> None:
    run_id = api.new_run()
    message = {"params": items("params", 100), "tags": items("tags", 100)}
    api.post("runs/log-batch", run_id=run_id, metrics=items("metrics", 800), **message)
    told = api.refused("POST", "runs/log-batch", INVALID, run_id=run_id, metrics=items("metrics", 801),
                       **message)  # fmt: skip
    assert "at most 1000 metrics, params, and tags. Got 1001" in told


def test_a_param_may_come_once_in_a_batch_and_a_tag_several_times(api: Api) -> None:
    run_id = api.new_run()
    twice = [{"key": "k", "value": "1"}, {"key": "k", "value": "1"}]
    told = api.refused("POST", "runs/log-batch", INVALID, run_id=run_id, params=twice)
    assert told.startswith("Duplicate parameter keys have been submitted: ['k']")
    api.post("runs/log-batch", run_id=run_id, tags=[*twice, {"key": "k", "value": "2"}])
    assert {"key": "k", "value": "2"} in api.get("runs/get", run_id=run_id)["run"]["data"]["tags"]


@over_queue
@pytest.mark.parametrize("run_id", ["../x", "a/b", "-a", "x" * 257, "a b"])
def test_a_batch_for_what_can_be_no_run_is_refused(api: Api, run_id: str) -> None:
    assert "'run_id'" in api.refused("POST", "runs/log-batch", INVALID, run_id=run_id)


@over_queue
@pytest.mark.parametrize(
    ("message", "field"),
    [
        ({"metrics": [{"value": 1, "timestamp": 1}]}, "metrics[0].key"),
        ({"metrics": [{"key": "m", "timestamp": 1}]}, "metrics[0].value"),
        ({"metrics": [{"key": "m", "value": 1}]}, "metrics[0].timestamp"),
        ({"params": [{"value": "1"}]}, "params[0].key"),
        ({"tags": [{"key": "a", "value": "1"}, {"value": "1"}]}, "tags[1].key"),
    ],
)
def test_what_is_missing_in_a_batch_is_named(api: Api, message: dict[str, Any], field: str) -> None:
    told = api.refused("POST", "runs/log-batch", INVALID, run_id=api.new_run(), **message)
    assert told.startswith(f"Missing value for required parameter '{field}'.")


@over_queue
@pytest.mark.parametrize(
    ("message", "value"),
    [({"value": "1.5"}, 1.5), ({"value": True}, 1.0), ({"value": 7, "step": "3", "timestamp": "5"}, 7.0)],
)
def test_numbers_are_read_as_leniently_as_protobuf_reads_them(
    api: Api, message: dict[str, Any], value: float
) -> None:
    run_id = api.new_run()
    api.post("runs/log-metric", run_id=run_id, **({"key": "m", "timestamp": 0} | message))
    (point,) = api.get("metrics/get-history", run_id=run_id, metric_key="m")["metrics"]
    assert point["value"] == value
    assert point["step"] == int(message.get("step", 0))
    assert point["timestamp"] == int(message.get("timestamp", 0))


@over_queue
@pytest.mark.parametrize(
    "message",
    [
        {"value": "abc"},
        {"value": None},
        {"timestamp": -1},
        {"timestamp": 1.5},
        {"step": 2**63},
        {"step": 0.5},
    ],
)
def test_a_point_is_never_rounded_or_made_up(api: Api, message: dict[str, Any]) -> None:
    point: dict[str, Any] = {"key": "m", "value": 1, "timestamp": 1} | message
    api.refused("POST", "runs/log-metric", INVALID, run_id=api.new_run(), **point)


@pytest.mark.parametrize("status", [0, 99, -1])
def test_a_status_by_an_unknown_number_is_refused(api: Api, status: int) -> None:
    told = api.refused("POST", "runs/update", INVALID, run_id=api.new_run(), status=status)
    assert "3 (FINISHED)" in told
