"""The form of segments: what is written is read again, and a torn or damaged end hides nothing before it."""

import math
import struct
from zlib import crc32

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from trackhelm.log.segments import (
    MAGIC,
    ROW,
    DamagedError,
    Entry,
    Rows,
    SegmentReader,
    ShapeKey,
    columns_of,
    define,
    entry_record,
    numbers_of,
    record,
    row_struct,
    shape_record,
)

# Making texts takes a second the first time, on a machine that does other work.
on_slow_machines = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])

texts = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=12)
integers = st.integers(-(2**63), 2**63 - 1)
times = st.integers(0, 2**63 - 1)
shapes = st.builds(
    ShapeKey,
    st.uuids().map(lambda found: found.hex),
    st.lists(texts, min_size=1, max_size=5, unique=True).map(tuple),
    st.dictionaries(texts, texts, max_size=3).map(lambda labels: tuple(sorted(labels.items()))),
)
calls = st.lists(
    st.one_of(
        st.tuples(st.integers(0, 3), integers, times, st.lists(st.floats(), min_size=5, max_size=5)),
        st.dictionaries(texts, texts, max_size=3),
    ),
    max_size=30,
)

Point = tuple[ShapeKey, int, int, tuple[bytes, ...]]


def segment(
    known: list[ShapeKey], wanted: list[object]
) -> tuple[bytes, list[int], list[Point | dict[str, str]]]:
    """A segment with calls, where each record ends, and what was logged."""
    data, ends = MAGIC, []
    logged: list[Point | dict[str, str]] = []
    defined: set[int] = set()
    for call in wanted:
        if isinstance(call, dict):
            data += entry_record({"kind": "tags", "run": "r", "tags": call})
            logged.append(call)
        else:
            assert isinstance(call, tuple)
            index, step, timestamp, values = call
            index %= len(known)
            if index not in defined:
                data += shape_record(index, define(known[index]))
                defined.add(index)
            values = values[: len(known[index].keys)]
            pack = row_struct(len(known[index].keys)).pack
            data += record(pack(ROW, index, step, timestamp, *values))
            logged.append(
                (known[index], step, timestamp, tuple(struct.pack("<d", value) for value in values))
            )
        ends.append(len(data))
    return data, ends, logged


def read_all(data: bytes, pieces: list[int]) -> list[Point | dict[str, str]]:
    """What a reader finds that gets the segment in pieces of such sizes, as an uploader reads it."""
    reader, position, found = SegmentReader(), 0, []
    sizes = iter(pieces)
    end = 0
    while end < len(data):
        end = min(len(data), end + next(sizes, len(data)))
        records, taken = reader.read(data[position:end])
        position += taken
        found += records
    points: list[Point | dict[str, str]] = []
    for one in found:
        if isinstance(one, Entry):
            points.append(dict(one.fields["tags"]))
        else:
            points += [
                (one.shape.key, step, timestamp, tuple(struct.pack("<d", value) for value in values))
                for step, timestamp, values in numbers_of(one)
            ]
    return points


def in_order_of_shapes(logged: list[Point | dict[str, str]]) -> list[object]:
    """What was logged, with rows of one shape together where no entry lies between them."""
    ordered: list[object] = []
    group: dict[ShapeKey, list[Point]] = {}
    for one in [*logged, {}]:
        if isinstance(one, dict):
            ordered += [point for points in group.values() for point in points]
            ordered.append(one)
            group.clear()
        else:
            group.setdefault(one[0], []).append(one)
    return ordered[:-1]


@on_slow_machines
@given(st.lists(shapes, min_size=1, max_size=4, unique=True), calls)
def test_what_is_written_is_read_again(known: list[ShapeKey], wanted: list[object]) -> None:
    data, _, logged = segment(known, wanted)
    assert read_all(data, []) == in_order_of_shapes(logged)


@on_slow_machines
@given(st.lists(shapes, min_size=1, max_size=4, unique=True), calls, st.lists(st.integers(1, 200)))
def test_pieces_of_any_size_lose_and_double_nothing(
    known: list[ShapeKey], wanted: list[object], pieces: list[int]
) -> None:
    data, _, logged = segment(known, wanted)
    found = read_all(data, pieces)
    assert sorted(map(repr, found)) == sorted(map(repr, logged))


@on_slow_machines
@given(st.lists(shapes, min_size=1, max_size=4, unique=True), calls, st.data())
def test_a_torn_end_hides_nothing_before_it(
    known: list[ShapeKey], wanted: list[object], data: st.DataObject
) -> None:
    whole, ends, logged = segment(known, wanted)
    cut = data.draw(st.integers(len(MAGIC), len(whole)))
    complete = sum(end <= cut for end in ends)
    found = read_all(whole[:cut], [])
    assert sorted(map(repr, found)) == sorted(map(repr, logged[:complete]))


@on_slow_machines
@given(st.lists(shapes, min_size=1, max_size=4, unique=True), calls, st.data())
def test_zeros_after_the_end_or_after_a_torn_record_are_no_damage(
    known: list[ShapeKey], wanted: list[object], data: st.DataObject
) -> None:
    whole, ends, logged = segment(known, wanted)
    cut = data.draw(st.integers(len(MAGIC), len(whole)))
    # A record of which only zeros are missing is whole.
    complete = sum(not whole[cut:end].strip(b"\0") for end in ends)
    reserved = whole[:cut] + bytes(data.draw(st.sampled_from([200, 5_000])))
    assert sorted(map(repr, read_all(reserved, []))) == sorted(map(repr, logged[:complete]))


@settings(
    on_slow_machines,
    phases=[Phase.explicit, Phase.reuse, Phase.generate],  # shrinking takes minutes
)
@given(st.lists(shapes, min_size=1, max_size=4, unique=True), calls.filter(bool), st.data())
def test_a_changed_byte_is_found_and_hides_nothing_before_it(
    known: list[ShapeKey], wanted: list[object], data: st.DataObject
) -> None:
    whole, ends, _ = segment(known, wanted)
    place = data.draw(st.integers(len(MAGIC), len(whole) - 1))
    changed = bytearray(whole)
    changed[place] ^= data.draw(st.integers(1, 255))
    complete = sum(end <= place for end in ends)
    reader, position, count = SegmentReader(), 0, 0
    while True:
        try:
            records, taken = reader.read(bytes(changed[position:]))
        except DamagedError:
            break
        count += sum(one.number if isinstance(one, Rows) else 1 for one in records)
        position += taken
        if not taken:
            break
    # A changed length may make the rest look as if it were still to come; nothing wrong is ever read.
    assert count == complete


def test_a_length_that_no_record_has_is_damage_and_not_the_rest_of_the_file() -> None:
    reader = SegmentReader()
    reader.read(MAGIC)
    good = entry_record({"kind": "tags", "run": "r", "tags": {}})
    with pytest.raises(DamagedError):
        reader.read(good[:3] + b"\x02" + good[4:])


def test_a_file_of_something_else_is_no_segment() -> None:
    with pytest.raises(DamagedError, match="does not begin as a segment"):
        SegmentReader().read(b"PK\x03\x04 something else")


def test_a_row_without_its_shape_is_damaged() -> None:
    reader = SegmentReader()
    assert reader.read(MAGIC)[1] == len(MAGIC)
    with pytest.raises(DamagedError, match="a row of 24 bytes"):
        reader.read(record(row_struct(1).pack(ROW, 7, 1, 2, 0.5)))


def test_a_record_of_a_later_version_is_damaged() -> None:
    reader = SegmentReader()
    reader.read(MAGIC)
    body = b"\x09something new"
    with pytest.raises(DamagedError, match="unknown kind 9"):
        reader.read(struct.pack("<II", len(body), crc32(body)) + body)


def test_columns_are_the_transposed_rows() -> None:
    rows = [row_struct(2).pack(ROW, 1, step, step + 100, step / 2, math.nan)[5:] for step in range(3)]
    steps, times, first, second = (bytes(column) for column in columns_of(rows, 2))
    assert struct.unpack("<3q", steps) == (0, 1, 2)
    assert struct.unpack("<3q", times) == (100, 101, 102)
    assert struct.unpack("<3d", first) == (0.0, 0.5, 1.0)
    assert all(map(math.isnan, struct.unpack("<3d", second)))
