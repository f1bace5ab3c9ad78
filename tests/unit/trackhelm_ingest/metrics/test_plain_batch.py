"""Compiled code reads what Python reads, bit for bit, and nothing else."""

import json
import shutil
import sysconfig
from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tests.unit.trackhelm_ingest.metrics.readings import in_python, outcome
from trackhelm_core.limits import BATCH_METRICS
from trackhelm_ingest.metrics import reading
from trackhelm_ingest.metrics.reading import decode_batch, read_compiled
from trackhelm_ingest.metrics.series import SeriesKey

RUN = "0" * 32
NAMES = st.text("abz_-. 09/", min_size=1, max_size=6).map(lambda text: f"k{text}")
DIGITS = st.text("0123456789", min_size=1, max_size=25)
#: Numbers as they may be spelled, and some as they may not: zeros in front, no digits at all.
NUMBERS = st.one_of(
    st.floats(allow_nan=False, allow_infinity=False).map(repr),
    st.floats(-1e6, 1e6).map(repr),
    st.integers(-(2**70), 2**70).map(str),
    st.builds(
        "{}{}{}{}".format,
        st.sampled_from(["", "-", "+", "--"]),
        DIGITS | st.just("0") | st.just(""),
        st.builds(".{}".format, DIGITS | st.just("") | st.text("05", min_size=1, max_size=30)) | st.just(""),
        st.builds(
            "{}{}{}".format,
            st.sampled_from("eE"),
            st.sampled_from(["", "-", "+"]),
            st.integers(0, 330).map(str) | DIGITS,
        )
        | st.just(""),
    ),
)
#: The same as text, as R sends every scalar.
TEXTS = NUMBERS.map('"{}"'.format)
SPACE = st.text(" \n\r\t", max_size=2)
VALUES = (
    st.floats(allow_nan=False, allow_infinity=False)
    | st.integers(-(10**17), 10**17)
    | st.sampled_from(["NaN", "Infinity", "-Infinity"])
)


def message_of(points: Sequence[tuple[str, object, int, int | None]]) -> dict[str, Any]:
    """Return a message whose fields come as the stock client's do, those of 2.x and 3.x alike."""
    metrics = [
        {"key": key, "value": value, "timestamp": timestamp} | ({} if step is None else {"step": step})
        for key, value, timestamp, step in points
    ]
    return {"run_id": RUN, "metrics": metrics}


PLAIN_BATCHES = st.lists(
    st.tuples(NAMES, VALUES, st.integers(0, 10**18 - 1), st.none() | st.integers(1 - 10**18, 10**18 - 1)),
    min_size=1,
    max_size=12,
).map(message_of)
RESTS = st.fixed_dictionaries(
    {},
    optional={
        "model_id": st.sampled_from(["m-1", "m-2"]),
        "dataset_name": st.sampled_from(["train", "test set"]),
        "dataset_digest": st.just("abc"),
        "labels": st.dictionaries(
            st.sampled_from(["rank", "node", "_a.b-c"]),
            st.text("az09 /:", min_size=1, max_size=4),
            max_size=3,
        ),
    },
)
LABELLED_BATCHES = st.builds(
    lambda message, rests: {
        **message,
        "metrics": [
            {**point, **rests[number % len(rests)]} for number, point in enumerate(message["metrics"])
        ],
    },
    PLAIN_BATCHES,
    st.lists(RESTS, min_size=1, max_size=3),
)
POINT = b'{"key":"k","value":1.5,"timestamp":7,"step":3}'

compiled = pytest.mark.skipif(not reading.IS_COMPILED, reason="there is no C compiler")


def body_of(*points: bytes, run: str = RUN) -> bytes:
    return b'{"run_id":"%s","metrics":[%s]}' % (run.encode(), b",".join(points))


def point_of(key: str = "k", value: str = "1", timestamp: str = "1", step: str = "1") -> bytes:
    return f'{{"key":"{key}","value":{value},"timestamp":{timestamp},"step":{step}}}'.encode()


def check_both_agree(body: bytes) -> None:
    assert outcome(lambda: decode_batch(body)) == outcome(lambda: in_python(body))


def test_where_there_is_a_compiler_the_reader_is_compiled() -> None:
    compiler = str(sysconfig.get_config_var("CC")).split()[0]
    assert reading.IS_COMPILED or shutil.which(compiler) is None


@compiled
def test_compiled_code_takes_a_whole_batch_and_no_more() -> None:
    assert read_compiled(body_of(*[POINT] * BATCH_METRICS)) is not None
    assert read_compiled(body_of(*[POINT] * (BATCH_METRICS + 1))) is None
    check_both_agree(body_of(*[POINT] * (BATCH_METRICS + 1)))


@compiled
@pytest.mark.parametrize("body", [None, "", bytearray(b"{}"), memoryview(b"{}")])
def test_compiled_code_reads_bytes_alone(body: Any) -> None:
    with pytest.raises(TypeError, match="a body is bytes"):
        read_compiled(body)


@compiled
@given(PLAIN_BATCHES, st.sampled_from([(",", ":"), (", ", ": ")]), st.sampled_from([None, 1]))
def test_what_training_loops_send_is_read_by_compiled_code(
    message: dict[str, Any], separators: tuple[str, str], indent: int | None
) -> None:
    body = json.dumps(message, separators=separators, indent=indent).encode()
    keys = [point["key"] for point in message["metrics"]]
    if not any(
        "//" in key or "/./" in key or key.startswith("/") or key.endswith(("/", "/.", ".")) for key in keys
    ):
        read = read_compiled(body)
        assert read is not None, body
        assert read[0] == RUN
        assert [series.key for series in read[1]] == list(dict.fromkeys(keys))
    check_both_agree(body)


@compiled
@given(LABELLED_BATCHES, st.sampled_from([(",", ":"), (", ", ": ")]), st.sampled_from([None, 1]))
def test_points_of_models_datasets_and_ranks_are_read_alike(
    message: dict[str, Any], separators: tuple[str, str], indent: int | None
) -> None:
    check_both_agree(json.dumps(message, separators=separators, indent=indent).encode())


@compiled
@pytest.mark.parametrize("indent", [None, 1])
def test_points_of_models_datasets_and_ranks_are_read_by_compiled_code(indent: int | None) -> None:
    point = {"key": "k", "value": 1, "timestamp": 1}
    rests: list[dict[str, object]] = [
        {},
        {"model_id": "m-1"},
        {"model_id": "m-1", "dataset_name": "d", "dataset_digest": "abc"},
        {"labels": {"rank": "3", "node": "a:1"}},
        {"model_id": "m-1", "labels": {"rank": "3"}},
    ]
    metrics = [point | step | rest for step in ({}, {"step": 7}) for rest in rests]
    read = read_compiled(json.dumps({"run_id": RUN, "metrics": metrics}, indent=indent).encode())
    assert read is not None
    assert {series.labels: part.steps.tolist() for series, part in read[1].items()} == {
        (): [0, 7],
        (("model_id", "m-1"),): [0, 7],
        (("dataset_digest", "abc"), ("dataset_name", "d"), ("model_id", "m-1")): [0, 7],
        (("node", "a:1"), ("rank", "3")): [0, 7],
        (("model_id", "m-1"), ("rank", "3")): [0, 7],
    }


@pytest.mark.parametrize(
    "rest",
    [
        '"labels":{"rank":"3"},"labels":{"rank":"4"}',
        '"labels":{"rank":"3","rank":"4"}',
        '"labels":{"rank":{"a":"b"}}',
        '"labels":{"rank" "3"}',
        '"labels":{"rank":"3"',
        '"labels":{"rank":"3"}}',
        '"labels":{"rank":"3",}',
        '"labels":{},',
        ',"labels":{}',
        '"labels":{"rank":""}',
        '"labels":{"model_id":"m"}',
        '"labels":{"rank":"\\u0033"}',
        '"labels":{"rank":"\x00"}',
        '"labels":{"rank":"' + "x" * 251 + '"}',
        '"labels":{"a":"' + "x" * 250 + '","b":"' + "x" * 250 + '","c":"' + "x" * 250 + '","d":"x"}',
        '"labels":"rank"',
        '"labels":{"rank":3}',
        '"labels":null',
        '"model_id":""',
        '"model_id":{}',
        '"modelId":"m"',
        '"modelId":"m","model_id":"m"',
        '"model_ids":"m"',
        '"unknown":"m"',
        '"unknown":{"a":{"b":"c"}}',
        '"dataset_digest":"' + "x" * 37 + '"',
        '"key":"l"',
        '"step":"4"',
        '"model_id":"m","step":4',
        '"labels":{"rank":"3"} , "model_id":"m"',
        "{}",
        "}",
        '"',
        ":",
    ],
)
def test_the_last_fields_of_a_point_are_taken_or_refused_alike(rest: str) -> None:
    step = '{"key":"k","value":1,"timestamp":7,"step":3,'
    none = '{"key":"k","value":1,"timestamp":7,'
    for points in (
        [step + rest + "}"],
        [none + rest + "}"],
        [POINT.decode(), step + rest + "}", none + '"labels":{"rank":"3"}}'],
        [step + rest + "}", step + " " + rest + "}"],
        [step + rest + "}", step + '"model_id":"m","labels":{"rank":"3"}}'],
    ):
        check_both_agree(body_of(*(point.encode() for point in points)))


@given(NUMBERS | TEXTS)
@example('"1e+05"')
@example('"-0"')
@example('"-0.0"')
@example('"01"')
@example('"1.7976931348623159e308"')
@example('"1')
@example('1"')
@example('""')
@example("9007199254740993")  # 2^53 + 1: half way between two doubles
@example("9007199254740993.000000000000000000000000000001")
@example("0.1")
@example("1.7976931348623157e308")
@example("1.7976931348623159e308")  # infinite
@example("2.2250738585072011e-308")  # the largest that is not normal
@example("5e-324")
@example("2e-324")  # zero
@example("1e-30000000000000000000000")
@example("1e30000000000000000000000")
@example("0e30000000000000000000000")
@example("-0")
@example("-0.0")
@example("0.00000000000000000000000000000001")
@example("1" * 400)
@example("0." + "0" * 500 + "1e500")
@example("0." + "1" * 500)
@example("123456789012345678.9")
@example("1234567890123456789.9")
@example("9999999999999999999")
@example("18446744073709551615")
@example("0.18446744073709551615")
@example("8.988465674311582e307")
def test_a_value_is_read_to_the_last_bit(number: str) -> None:
    check_both_agree(body_of(point_of(value=number)))


@compiled
@given(st.floats(allow_nan=False, allow_infinity=False), st.integers(1, 9), st.integers(0, 17))
def test_what_r_sends_is_read_by_compiled_code(value: float, digit: int, zeros: int) -> None:
    number = f'"{digit}e+{zeros:02}"'
    read = read_compiled(body_of(point_of(value=f'"{value!r}"', timestamp=number, step=number)))
    assert read is not None
    points = read[1][SeriesKey("k")]
    assert points.steps.tolist() == points.timestamps.tolist() == [digit * 10**zeros]
    assert points.values.tolist() == [value]


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_a_value_that_was_written_shortest_is_read_back(value: float) -> None:
    (stored,) = decode_batch(body_of(point_of(value=repr(value)))).points[SeriesKey("k")].values.tolist()
    assert stored.hex() == value.hex()


@given(st.integers(2**52, 2**53 - 1), st.integers(0, 80), st.integers(-1, 1))
def test_values_next_to_half_way_are_rounded_right(mantissa: int, shift: int, beside: int) -> None:
    # (2 * mantissa + 1) / 2^shift lies half way between two doubles. To four binary places 19 digits
    # hold it exactly.
    fits = (decimals for decimals in range(27, -1, -1) if (2**54 * 10**decimals) >> shift < 10**19)
    decimals = next(fits)
    digits = ((2 * mantissa + 1) * 10**decimals >> shift) + beside
    check_both_agree(body_of(point_of(value=f"{digits}e-{decimals}")))


@given(NUMBERS | TEXTS, NUMBERS | TEXTS)
@example('"1e+05"', '"1E5"')
@example("1e5", "-1.5e1")
@example('"1.50e2"', '"-150.00e-1"')
@example('"1.5"', '"1e-1"')
@example('"0e9999"', '"-0.0e-9999"')
@example('"1e17"', '"1e18"')
@example('"9.223372036854775807e18"', '"-9.223372036854775808e18"')
@example("9.223372036854775807e18", "-9.223372036854775808e18")
@example('"9.223372036854775808e18"', '"1e999999999"')
@example('"+7"', '"007"')
@example('"7.', '"7')
@example('"7."', '".7e1"')
@example('""', '" 7"')
@example("-0", "-0")
@example("-1", "-1")
@example("00", "01")
@example("1.0", "1.0")
@example("9" * 18, "-" + "9" * 18)
@example(str(2**63 - 1), str(-(2**63)))
@example(str(2**63), str(-(2**63) - 1))
def test_times_and_steps_are_read_alike(timestamp: str, step: str) -> None:
    check_both_agree(body_of(point_of(timestamp=timestamp, step=step)))


@given(st.lists(NAMES, min_size=1, max_size=5), st.integers(1, 6), st.randoms())
def test_names_may_come_in_any_order(names: list[str], rounds: int, random: Any) -> None:
    keys = names * rounds
    for arrange in (lambda: None, keys.sort, lambda: random.shuffle(keys)):
        arrange()
        check_both_agree(
            body_of(*(point_of(key, str(step), "7", str(step)) for step, key in enumerate(keys)))
        )


@pytest.mark.parametrize("length", [1, 3, 100])
def test_as_many_names_as_points(length: int) -> None:
    keys = [f"{number:0{length}}" for number in range(BATCH_METRICS)]
    body = body_of(*(point_of(key, str(step)) for step, key in enumerate(keys)))
    check_both_agree(body)
    assert len(decode_batch(body).points) == len(set(keys))


@pytest.mark.parametrize(
    "key",
    [
        "",
        "a" * 250,
        "a" * 251,
        "é",
        "\\u00e9",
        "\\u0041",
        "a\\n",
        "\x7f",
        "\x00",
        "a/b",
        "../a",
        "a//b",
        "/a",
        "%",
    ],
)
def test_a_key_is_taken_or_refused_alike(key: str) -> None:
    check_both_agree(body_of(point_of("good"), point_of(key)))


@pytest.mark.parametrize("run", ["", "r", "é", "\\u0030", "0" * 32, "x" * 300, "a b", "a/b", "\x00"])
def test_a_run_is_taken_or_refused_alike(run: str) -> None:
    check_both_agree(body_of(POINT, run=run))


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"[]",
        b"null",
        b'""',
        b'{"run_id":"r"}',
        b'{"run_id":"r","metrics":[]}',
        b'{"run_id":"r","metrics":[],"params":[],"tags":[]}',
        b'{"run_id":"r","metrics":[%s],}' % POINT,
        b'{"run_id":"r","metrics":[%s,]}' % POINT,
        b'{"run_id":"r","metrics":[%s]}}' % POINT,
        b'{"run_id":"r","metrics":[%s]}\0' % POINT,
        b'\xef\xbb\xbf{"run_id":"r","metrics":[%s]}' % POINT,
        b'{"run_id":"r","run_id":"s","metrics":[%s]}' % POINT,
        b'{"metrics":[%s],"run_id":"r"}' % POINT,
        b'{"run_id":"r","metrics":[%s],"params":[{"key":"a","value":"b"}]}' % POINT,
        b'{"run_id":"r","metrics":[%s],"unknown":1}' % POINT,
        b'{"run_id":"r","metrics":[{"value":1,"key":"k","step":2,"timestamp":3}]}',
        b'{"run_id":"r","metrics":[{"key":"k","key":"l","value":1,"timestamp":3}]}',
        b'{"run_id":"r","metrics":[{"key":"k","value":"-NaN","timestamp":3,"step":0}]}',
        b'{"run_id":"r","metrics":[{"key":"k","value":"nan","timestamp":3,"step":0}]}',
        b'{"run_id":"r","metrics":[{"key":"k","value":"1.5","timestamp":3,"step":0}]}',
        b'{"run_id":"r","metrics":[{"key":"k","value":NaN,"timestamp":3,"step":0}]}',
        b'{"run_id":"r","metrics":[{"key":"k","value":-Infinity,"timestamp":3,"step":0}]}',
        b'{"run_id":"r","metrics":[{"key":"k","value":null,"timestamp":3,"step":0}]}',
        b'{"run_id":"r","metrics":[{"key":"k","value":1,"timestamp":3,"step":null}]}',
        b'{"run_id":"r","metrics":[{"key":"k","value":1,"timestamp":3,"step":0,"model_id":"m"}]}',
        b'{"run_id":"r","metrics":[{"key":"k","value":1,"timestamp":3,"model_id":"m"}]}',
        b'{"run_id":"r","metrics":[{"key":"k","value":1,"timestamp":3},{"key":"k"}]}',
        b'{"run_id":"r","metrics":[{"key":"k","value":0x10,"timestamp":3}]}',
        b'{"run_id":"r","metrics":[{"key":"k","value":1_0,"timestamp":3}]}',
        b'{"run_id":"r","metrics":[{"key":"k","value":1f,"timestamp":3}]}',
    ],
)
def test_other_forms_are_left_to_python(body: bytes) -> None:
    check_both_agree(body)


@given(PLAIN_BATCHES | LABELLED_BATCHES, st.data())
def test_a_body_that_was_changed_or_cut_is_read_alike(message: dict[str, Any], data: st.DataObject) -> None:
    body = json.dumps(message, separators=(",", ":")).encode()
    for _ in range(data.draw(st.integers(1, 3))):
        place = data.draw(st.integers(0, len(body)))
        length = data.draw(st.sampled_from([0, 1, 1, 2, 8, len(body)]))
        new = data.draw(
            st.binary(max_size=2)
            | st.sampled_from([b'"', b"{", b"}", b",", b":", b" ", b"\\", b"0", b"\0", b"-", b"e9"])
        )
        body = body[:place] + new + body[place + length :]
    check_both_agree(body)


@given(st.lists(SPACE, min_size=5, max_size=5))
def test_space_may_be_anywhere_between_tokens(spaces: list[str]) -> None:
    tokens = [
        *("{", '"run_id"', ":", f'"{RUN}"', ",", '"metrics"', ":", "["),
        *("{", '"key"', ":", '"k"', ",", '"value"', ":", "1", ",", '"timestamp"', ":", "2", "}"),
        *("]", "}"),
    ]
    body = "".join(token + spaces[number % 5] for number, token in enumerate(tokens))
    check_both_agree(f"{spaces[0]}{body}".encode())
