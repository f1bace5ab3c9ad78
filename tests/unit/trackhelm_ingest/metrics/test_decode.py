"""A metrics body is read by compiled code or by the model: always the same, or refused alike."""

import json
import math
from functools import partial
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.trackhelm_ingest.metrics.readings import in_python, outcome
from trackhelm_core.errors import InvalidParameterError
from trackhelm_ingest.metrics.reading import decode_batch, decode_metric
from trackhelm_ingest.metrics.series import SeriesKey

RUN = "0" * 32
INT64 = st.integers(-(2**63), 2**63 - 1)
KEYS = st.text("abz_-. 09", min_size=1, max_size=6).map(lambda text: f"k{text}")

LABEL_NAMES = st.from_regex(r"\A[A-Za-z_][A-Za-z0-9_.-]{0,5}\Z")
METRICS = st.fixed_dictionaries(
    {
        "key": KEYS,
        "value": st.floats(allow_nan=False, allow_infinity=False),
        "timestamp": st.integers(0, 2**63 - 1),
    },
    optional={
        "step": INT64,
        "model_id": st.sampled_from(["", "m-1", "m-2"]),
        "dataset_name": st.sampled_from(["", "train"]),
        "dataset_digest": st.just("abc"),
        "labels": st.dictionaries(LABEL_NAMES, st.text("az09 /:é", min_size=1, max_size=4), max_size=8),
    },
)
PAIRS = st.lists(
    st.fixed_dictionaries({"key": KEYS, "value": st.text(max_size=5)}),
    max_size=4,
    unique_by=lambda p: p["key"],
)
BATCHES = st.fixed_dictionaries(
    {"run_id": st.just(RUN), "metrics": st.lists(METRICS, max_size=8), "params": PAIRS, "tags": PAIRS}
)


@given(BATCHES)
def test_both_readers_agree(message: dict[str, Any]) -> None:
    body = json.dumps(message).encode()
    leniently = outcome(lambda: in_python(body))
    assert outcome(lambda: decode_batch(body)) == leniently
    # An unknown field makes the model read the same body.
    detour = json.dumps({**message, "unknown": 1}).encode()
    assert outcome(lambda: decode_batch(detour)) == leniently


@given(
    st.binary(max_size=60)
    | st.recursive(
        st.none() | st.booleans() | st.floats() | st.integers() | st.text(),
        lambda inner: (
            st.lists(inner)
            | st.dictionaries(
                st.sampled_from(
                    [
                        *("run_id", "runId", "metrics", "params", "tags"),
                        *("key", "value", "timestamp", "step", "labels", "rank"),
                    ]
                ),
                inner,
            )
        ),
    ).map(lambda data: json.dumps(data).encode())
)
def test_any_body_is_read_or_refused(body: bytes) -> None:
    for read in (decode_batch, decode_metric):
        outcome(partial(read, body))


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("NaN", math.nan),
        ("Infinity", math.inf),
        ("-Infinity", -math.inf),
        ("1.5", 1.5),
        (True, 1.0),
        (3, 3.0),
    ],
)
def test_a_value_may_be_text_or_a_number(value: object, expected: float) -> None:
    batch = decode_metric(json.dumps({"run_id": RUN, "key": "k", "value": value, "timestamp": 1}).encode())
    (stored,) = batch.points[SeriesKey("k")].values
    np.testing.assert_equal(stored, expected)


@pytest.mark.parametrize("body", [b'{"key": NaN}', b'{"run_id":"r","key":"k","value":NaN,"timestamp":1}'])
def test_the_bare_nan_of_python_scripts_is_read(body: bytes) -> None:
    if b"run_id" in body:
        assert math.isnan(decode_metric(body).points[SeriesKey("k")].values[0])
    else:
        with pytest.raises(InvalidParameterError, match="'run_id'"):
            decode_metric(body)


@pytest.mark.parametrize("more", [{}, {"params": [{"key": "p", "value": None}]}])
@pytest.mark.parametrize(
    ("field", "item", "words"),
    [
        ("metrics", {"key": "a;b", "value": 1, "timestamp": 1}, "'metrics[2].name' supplied: Names may only"),
        ("metrics", {"key": "a//b", "value": 1, "timestamp": 1}, "'metrics[2].name' supplied: Names may be"),
        ("params", {"key": "a;b", "value": "x"}, "'params[2].key' supplied: Names may only"),
        ("tags", {"key": "a;b", "value": "x"}, "'tags[2].key' supplied: Names may only"),
        ("tags", {"key": "k" * 251, "value": "x"}, "'tags[2].key' exceeds the maximum length of 250"),
        ("metrics", {"key": "", "value": 1, "timestamp": 1}, "required parameter 'metrics[2].key'"),
    ],
)
def test_a_key_is_refused_by_its_place_however_the_batch_is_read(
    field: str, item: dict[str, object], words: str, more: dict[str, object]
) -> None:
    good = [{**item, "key": key} for key in ("x", "y")]
    body = {**more, "run_id": RUN, field: [*good, item]}
    with pytest.raises(InvalidParameterError) as refusal:
        decode_batch(json.dumps(body).encode())
    assert words in refusal.value.message


@pytest.mark.parametrize(("field", "most"), [("metrics", 1_000), ("params", 100), ("tags", 100)])
def test_a_batch_of_too_many_is_refused_before_they_are_read(field: str, most: int) -> None:
    body = {"run_id": RUN, field: [{"key": 1}] * (most + 1)}
    with pytest.raises(InvalidParameterError, match=f"at most {most} {field}. Got {most + 1}"):
        decode_batch(json.dumps(body).encode())


def test_labels_tell_series_of_one_key_apart() -> None:
    point = {"key": "k", "value": 1, "timestamp": 1}
    body = {"run_id": RUN, "metrics": [point, {**point, "model_id": "m-1", "dataset_name": "d"}]}
    batch = decode_batch(json.dumps(body).encode())
    assert set(batch.points) == {
        SeriesKey("k"),
        SeriesKey("k", (("dataset_name", "d"), ("model_id", "m-1"))),
    }


@given(st.lists(METRICS, min_size=1, max_size=8))
def test_a_point_goes_to_the_series_of_its_labels(metrics: list[dict[str, Any]]) -> None:
    batch = decode_batch(json.dumps({"run_id": RUN, "metrics": metrics}).encode())
    fields = ("model_id", "dataset_name", "dataset_digest")
    expected: dict[SeriesKey, int] = {}
    for metric in metrics:
        labels = {name: metric[name] for name in fields if metric.get(name)} | metric.get("labels", {})
        series = SeriesKey(metric["key"], tuple(sorted(labels.items())))
        expected[series] = expected.get(series, 0) + 1
    assert {series: len(part) for series, part in batch.points.items()} == expected


POINT = {"key": "k", "value": 1, "timestamp": 1}


@pytest.mark.parametrize(
    ("labels", "told"),
    [
        ({f"l{number}": "x" for number in range(9)}, "at most 8 labels, not 9"),
        ({"": "x"}, "a label's name is a letter or '_', then"),
        ({"1st": "x"}, "a label's name is a letter or '_', then"),
        ({"räng": "x"}, "a label's name is a letter or '_', then"),
        ({"r" * 65: "x"}, "at most 64 characters"),
        ({"model_id": "m-1"}, "'model_id' is a field of the metric itself"),
        ({"dataset_name": "d"}, "'dataset_name' is a field of the metric itself"),
        ({"dataset_digest": "d"}, "'dataset_digest' is a field of the metric itself"),
        ({"rank": ""}, "the value of 'rank' has 0 characters, must have 1 to 250"),
        ({"rank": "x" * 251}, "the value of 'rank' has 251 characters, must have 1 to 250"),
        ({"rank": "a\0"}, "the value of 'rank' holds a control character"),
        ({"rank": "a\ud800"}, "the value of 'rank' holds a control character or half of a surrogate pair"),
        ({"rank": 3}, "Invalid value 3 for parameter '{at}labels.rank'"),
        ([1], "Invalid value [1] for parameter '{at}labels'"),
    ],
)
def test_labels_that_are_refused(labels: object, told: str) -> None:
    point = {**POINT, "labels": labels}
    for read, message, at in (
        (decode_metric, {"run_id": RUN, "run_uuid": RUN, **point}, ""),
        (decode_batch, {"run_id": RUN, "metrics": [POINT, point]}, "metrics[1]."),
    ):
        with pytest.raises(InvalidParameterError) as refusal:
            read(json.dumps(message).encode())
        assert told.format(at=at) in refusal.value.message
        assert f"for parameter '{at}labels" in refusal.value.message


@pytest.mark.parametrize("labels", [None, {}])
def test_no_labels_are_a_plain_point(labels: object) -> None:
    body = json.dumps({"run_id": RUN, "metrics": [{**POINT, "labels": labels}]}).encode()
    assert set(decode_batch(body).points) == {SeriesKey("k")}


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"run_id": ""}, "Missing value for required parameter 'run_id'"),
        ({"metrics": [{"value": 1, "timestamp": 1}]}, "parameter 'metrics[0].key'"),
        ({"metrics": [{"key": "a", "value": "x", "timestamp": 1}]}, "for parameter 'metrics[0].value'"),
        ({"metrics": [{"key": "a", "value": 1, "timestamp": -1}]}, "for parameter 'metrics[0].timestamp'"),
        (
            {"metrics": [{"key": "a", "value": 1, "timestamp": 1, "step": 2**63}]},
            "parameter 'metrics[0].step'",
        ),
        (
            {"metrics": [{"key": "a//b", "value": 1, "timestamp": 1}]},
            "\"a//b\" for parameter 'metrics[0].name' supplied",
        ),
        ({"metrics": [{"key": "a", "value": 1, "timestamp": 1}] * 1001}, "at most 1000 metrics. Got 1001"),
        ({"params": [{"key": "a", "value": "1"}] * 2}, "Duplicate parameter keys have been submitted: ['a']"),
        ({"params": [{"key": "a", "value": 3}]}, "Invalid value 3 for parameter 'params[0].value'"),
        ({"params": [{"key": "a", "value": "\0"}]}, "NUL"),
        ({"tags": [{"key": "x" * 251, "value": ""}]}, "exceeds the maximum length of 250 characters"),
    ],
)
def test_a_refusal_names_the_field_and_the_value(change: dict[str, Any], told: str) -> None:
    with pytest.raises(InvalidParameterError) as refusal:
        decode_batch(json.dumps({"run_id": RUN, **change}).encode())
    assert told in refusal.value.message


def test_a_message_that_was_encoded_twice_is_read() -> None:
    message = json.dumps({"run_id": RUN, "params": [{"key": "a", "value": "1"}]})
    assert decode_batch(json.dumps(message).encode()).params == {"a": "1"}
