"""The columnar body: the examples that the client's tests read, too, and any blocks and bytes."""

import json
import struct
from collections import defaultdict
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st

from trackhelm_core.errors import ApiError, InvalidParameterError
from trackhelm_ingest.metrics.columns import MOST_BLOCKS, MOST_REFUSED, Block, points_of, read_columns
from trackhelm_ingest.metrics.series import SeriesKey

PAYLOADS = json.loads(
    (Path(__file__).parents[3] / "contract" / "payloads" / "metrics-v1.json").read_text(encoding="utf-8")
)
RUN = "0123456789abcdef0123456789abcdef"
Row = tuple[int, int, list[float]]


def block_bytes(definition: object, rows: list[Row]) -> bytes:
    text = definition if isinstance(definition, bytes) else json.dumps(definition).encode()
    columns = zip(*((step, at, *values) for step, at, values in rows), strict=True)
    kinds = "qq" + "d" * (len(rows[0][2]))
    packed = b"".join(
        struct.pack(f"<{len(rows)}{kind}", *column) for kind, column in zip(kinds, columns, strict=True)
    )
    return struct.pack("<II", len(text), len(rows)) + text + packed


def body_bytes(*blocks: bytes, compressed: bool = False) -> bytes:
    head = struct.pack("<4sBBHQI", b"TRKM", 1, int(compressed), 1, 7, len(blocks)) + b"w"
    joined = b"".join(blocks)
    return head + (zstandard.compress(joined) if compressed else joined)


def blocks_of(data: bytes) -> list[Block]:
    return [block for blocks in read_columns(data).runs.values() for block in blocks]


@pytest.mark.parametrize("case", PAYLOADS["read"], ids=lambda case: case["name"])
@pytest.mark.parametrize("compressed", [False, True])
def test_the_examples_say_what_they_say(case: dict[str, Any], *, compressed: bool) -> None:
    data = bytes.fromhex(case["body"])
    if compressed:
        begin = 20 + len(case["writer"])
        data = data[:5] + b"\x01" + data[6:begin] + zstandard.compress(data[begin:])
    body = read_columns(data)
    assert (body.writer, body.sequence, body.refused) == (case["writer"], case["sequence"], [])
    found = sorted(
        (block for blocks in body.runs.values() for block in blocks), key=lambda block: block.number
    )
    assert len(found) == len(case["blocks"])
    for block, said in zip(found, case["blocks"], strict=True):
        labels = tuple((name, value) for name, value in said["labels"])
        assert block.definition.run == said["run"]
        assert block.definition.series == tuple(SeriesKey(key, labels) for key in said["keys"])
        assert block.steps.tolist() == said["steps"]
        assert block.timestamps.tolist() == said["timestamps"]
        expected = np.array([float(value) for column in said["values"] for value in column])
        np.testing.assert_array_equal(block.values, expected)


@pytest.mark.parametrize("case", PAYLOADS["malformed"], ids=lambda case: case["name"])
def test_the_examples_of_what_is_malformed_are_refused_in_these_words(case: dict[str, Any]) -> None:
    with pytest.raises(InvalidParameterError) as caught:
        read_columns(bytes.fromhex(case["body"]))
    assert caught.value.message.startswith(case["begins"])


@pytest.mark.parametrize(
    ("blocks", "fault"),
    [
        ([block_bytes([RUN, ["k"], []], [(0, -1, [0.0])] * (MOST_REFUSED + 1))], "refused"),
        ([block_bytes([RUN, ["k"], []], [(0, -1, [0.0])] * (MOST_REFUSED // 2 + 1))] * 2, "refused"),
        ([block_bytes(["no run", ["k"], []], [(0, 0, [0.0])])] * (MOST_REFUSED + 1), "refused"),
        ([block_bytes([RUN, ["k"], []], [(0, 0, [0.0])])] * (MOST_BLOCKS + 1), "blocks"),
    ],
    ids=["rows", "rows of blocks", "bad blocks", "blocks"],
)
def test_some_bytes_that_would_take_seconds_to_answer_are_refused(blocks: list[bytes], fault: str) -> None:
    data = body_bytes(*blocks, compressed=True)
    assert len(data) < 10_000
    with pytest.raises(ApiError, match=fault) as caught:
        read_columns(data)
    assert caught.value.status == 413


def test_as_many_refusals_as_an_answer_names_are_named() -> None:
    rows = [(0, -1, [0.0])] * MOST_REFUSED + [(0, 0, [1.0])]
    body = read_columns(body_bytes(block_bytes([RUN, ["k"], []], rows)))
    assert len(body.refused) == MOST_REFUSED
    assert [len(block.steps) for block in body.runs[RUN]] == [1]


keys = st.sampled_from(["loss", "acc", "lr", "a/b", "grad norm"])
integers = st.integers(-(2**63), 2**63 - 1)
drawn_blocks = st.lists(
    st.tuples(
        st.sampled_from([RUN, "f" * 32]),
        st.lists(keys, min_size=1, max_size=4, unique=True),
        st.dictionaries(st.sampled_from(["rank", "node", "model_id"]), st.sampled_from(["0", "1"])),
        st.lists(
            st.tuples(integers, st.integers(0, 2**63 - 1), st.lists(st.floats(), min_size=4, max_size=4)),
            min_size=1,
            max_size=5,
        ),
    ),
    max_size=6,
)


@given(drawn=drawn_blocks, compressed=st.booleans())
def test_blocks_become_the_points_of_their_series(drawn: list[Any], *, compressed: bool) -> None:
    expected: defaultdict[tuple[str, SeriesKey], list[tuple[int, int, bytes]]] = defaultdict(list)
    encoded = []
    for run, names, labels, rows in drawn:
        cut = [(step, at, values[: len(names)]) for step, at, values in rows]
        encoded.append(block_bytes([run, names, list(labels.items())], cut))
        for step, at, values in cut:
            for name, value in zip(names, values, strict=True):
                series = SeriesKey(name, tuple(sorted(labels.items())))
                expected[run, series].append((step, at, struct.pack("<d", value)))
    body = read_columns(body_bytes(*encoded, compressed=compressed))
    found = {}
    for run, blocks in body.runs.items():
        for series, points in points_of(blocks).parts():
            columns = zip(points.steps.tolist(), points.timestamps.tolist(), points.values, strict=True)
            found[run, series] = [(step, at, struct.pack("<d", value)) for step, at, value in columns]
    assert found == expected


@given(drawn_blocks.filter(bool), st.data())
def test_bytes_that_were_changed_are_read_or_refused(drawn: list[Any], data: st.DataObject) -> None:
    encoded = [
        block_bytes([run, names, list(labels.items())], [(s, t, v[: len(names)]) for s, t, v in rows])
        for run, names, labels, rows in drawn
    ]
    whole = bytearray(body_bytes(*encoded))
    for _ in range(data.draw(st.integers(1, 3))):
        whole[data.draw(st.integers(0, len(whole) - 1))] = data.draw(st.integers(0, 255))
    cut = data.draw(st.integers(0, len(whole)))
    for changed in (bytes(whole), bytes(whole[:cut])):
        try:
            body = read_columns(changed)
        except ApiError:
            continue
        for blocks in body.runs.values():
            points_of(blocks)


@pytest.mark.parametrize(
    ("definition", "begins"),
    [
        (["", ["loss"], []], "Invalid value"),
        (["no run/", ["loss"], []], "Invalid value"),
        ([RUN, ["../loss"], []], "Invalid value"),
        ([RUN, ["k" * 251], []], "'Metric name' exceeds"),
        ([RUN, ["loss", "loss"], []], "A block names a key or a label twice"),
        ([RUN, ["loss"], [["rank", "1"], ["rank", "2"]]], "A block names a key or a label twice"),
        ([RUN, ["loss"], [["no name", "1"]]], "Invalid value"),
        ([RUN, ["loss"], [["rank", ""]]], "Invalid value"),
        ([RUN, ["loss"], [["model_id", "m" * 1_000]]], "Invalid value"),
    ],
)
def test_a_block_that_breaks_a_rule_is_refused_alone(definition: list[Any], begins: str) -> None:
    rows: list[Row] = [(0, 1, [0.5] * len(definition[1]))]
    body = read_columns(
        body_bytes(block_bytes(definition, rows), block_bytes([RUN, ["good"], []], [(0, 1, [0.5])]))
    )
    [refused] = body.refused
    assert (refused.block, refused.row) == (0, None)
    assert refused.error.message.startswith(begins)
    assert [block.number for block in body.runs[RUN]] == [1]


def test_a_row_with_a_negative_time_is_refused_alone() -> None:
    rows: list[Row] = [(0, 1, [0.1, 0.2]), (1, -1, [0.3, 0.4]), (2, 3, [0.5, 0.6])]
    body = read_columns(body_bytes(block_bytes([RUN, ["loss", "acc"], []], rows)))
    [refused] = body.refused
    assert (refused.block, refused.row) == (0, 1)
    assert "timestamp" in refused.error.message
    points = points_of(body.runs[RUN])
    assert points[SeriesKey("loss")].steps.tolist() == [0, 2]
    assert points[SeriesKey("acc")].values.tolist() == [0.2, 0.6]


def test_a_compressed_body_that_would_fill_the_memory_is_refused() -> None:
    huge = zstandard.compress(b"\x00" * (64 * 1024 * 1024))
    head = struct.pack("<4sBBHQI", b"TRKM", 1, 1, 0, 7, 1)
    with pytest.raises(InvalidParameterError, match="at most 33554432 bytes"):
        read_columns(head + huge)
    streamed = zstandard.ZstdCompressor(write_content_size=False).compress(b"x" * 100)
    with pytest.raises(InvalidParameterError, match="must say their size"):
        read_columns(head + streamed)
