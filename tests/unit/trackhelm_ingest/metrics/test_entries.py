"""Entries are read as they were packed, bit by bit; whatever else is read is refused as what it is."""

from contextlib import suppress
from random import Random

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.trackhelm_core.chunks import strategies
from trackhelm_core.chunks.points import Points
from trackhelm_ingest.metrics.entries import NARROW_POINTS, Entry, EntryFormatError, pack_entry, unpack_entry
from trackhelm_ingest.metrics.series import SeriesKey

points = strategies.points().filter(lambda made: len(made) > 0)
names = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
series = st.builds(SeriesKey, names, st.lists(st.tuples(names, names), max_size=3).map(tuple))


@given(names, st.dictionaries(series, points, min_size=1, max_size=5))
def test_an_entry_is_read_as_it_was_packed(run: str, points: dict[SeriesKey, Points]) -> None:
    read = unpack_entry(pack_entry(run, points))
    assert (read.run, list(read.points)) == (run, list(points))
    for name, part in points.items():
        assert np.array_equal(read.points[name].steps, part.steps)
        assert np.array_equal(read.points[name].timestamps, part.timestamps)
        assert read.points[name].values.tobytes() == part.values.tobytes()


EDGES = [-(2**63), 2**63 - 1]
WIDE = st.integers(*EDGES)


@given(
    WIDE,
    st.sampled_from([0, 1, 2**8 - 1, 2**8, 2**16 - 1, 2**16, 2**32 - 1, 2**32, 2**63, 2**64 - 1]),
    st.randoms(use_true_random=False),
)
def test_many_points_are_read_as_they_were_packed(least: int, span: int, random: Random) -> None:
    least = min(least, EDGES[1] - span) if span < 2**63 else max(EDGES[0], EDGES[1] - span)
    steps = [least, least + span] + [least + random.randint(0, span) for _ in range(NARROW_POINTS)]
    given = Points.of(steps, steps[::-1], [random.random() for _ in steps])
    packed = pack_entry("r", {SeriesKey("k"): given})
    read = unpack_entry(packed).points[SeriesKey("k")]
    assert np.array_equal(read.steps, given.steps)
    assert np.array_equal(read.timestamps, given.timestamps)
    assert np.array_equal(read.values, given.values)


def test_many_points_in_turn_take_half_their_width() -> None:
    steps = np.arange(1_000)
    packed = pack_entry("r", {SeriesKey("k"): Points.of(steps, 1_800_000_000_000 + steps * 60, steps / 3)})
    assert len(packed) == pytest.approx(1_000 * (2 + 2 + 8), abs=100)


@given(st.binary(max_size=200))
def test_any_bytes_are_an_entry_or_refused_as_none(data: bytes) -> None:
    for candidate in (data, b"\x01" + data, b"\x02" + data):
        with suppress(EntryFormatError):
            assert isinstance(unpack_entry(candidate), Entry)


ONE = b"\0" * 8


@pytest.mark.parametrize(
    ("message", "reason"),
    [
        (["r", [["k", [], 2]], ONE, ONE, ONE], "column of 8 bytes"),
        (["r", [["k", [], 1]], ONE, ONE, b""], "column of 0 bytes"),
        (["r", [["k", [], 0]], b"", b"", b""], "without points"),
        (["r", [], b"", b"", b""], "without points"),
        (["r", [["k", [], 2], ["l", [], -1]], ONE, ONE, ONE], "without points"),
        (["r", [["k", [], 1], ["k", [], 1]], ONE * 2, ONE * 2, ONE * 2], "twice"),
        (["r", [["k", [], "1"]], ONE, ONE, ONE], "cannot be read"),
        (["r", [["k", [], 1]], ONE, ONE, ONE, "more"], "cannot be read"),
    ],
)
def test_what_does_not_add_up_is_refused(message: object, reason: str) -> None:
    with pytest.raises(EntryFormatError, match=reason):
        unpack_entry(b"\x01" + msgspec.msgpack.encode(message))


@pytest.mark.parametrize(
    ("message", "reason"),
    [
        (["r", [["k", [], 1]], [0, b""], [0, b"1"], ONE], "column of 0 bytes"),
        (["r", [["k", [], 2]], [0, b"12"], [0, b"123"], ONE * 2], "column of 3 bytes"),
        (["r", [["k", [], 2]], [0, b"123456"], [0, b"12"], ONE * 2], "column of 6 bytes"),
        (["r", [["k", [], 1]], [0, b"1"], [0, b"1"], b""], "column of 0 bytes"),
        (["r", [["k", [], 0]], [0, b""], [0, b""], b""], "without points"),
        (["r", [["k", [], 1]], [0.5, b"1"], [0, b"1"], ONE], "cannot be read"),
        (["r", [["k", [], 1]], ONE, ONE, ONE], "cannot be read"),
    ],
)
def test_narrow_columns_that_do_not_add_up_are_refused(message: object, reason: str) -> None:
    with pytest.raises(EntryFormatError, match=reason):
        unpack_entry(b"\x02" + msgspec.msgpack.encode(message))


def test_an_entry_of_another_version_is_refused() -> None:
    with pytest.raises(EntryFormatError, match="0x03"):
        unpack_entry(b"\x03")


def test_the_form_of_an_entry_stays() -> None:
    # A worker reads what an ingest of the version before has queued.
    packed = pack_entry("r", {SeriesKey("k", (("a", "b"),)): Points.of([1], [2], [0.5])})
    assert packed.hex() == (
        "0195a1729193a16b9192a161a16201c4080100000000000000c4080200000000000000c408000000000000e03f"
    )


def test_the_form_of_an_entry_of_many_points_stays() -> None:
    steps = np.arange(NARROW_POINTS)
    packed = pack_entry("r", {SeriesKey("k"): Points.of(steps, steps * 300 - 1, np.zeros(NARROW_POINTS))})
    head = "0295a1729193a16b90cd01009200c50100"
    offsets = steps.astype("<u1").tobytes().hex(), (steps * 300).astype("<u4").tobytes().hex()
    values = "00" * 8 * NARROW_POINTS
    assert packed.hex() == f"{head}{offsets[0]}92ffc50400{offsets[1]}c50800{values}"
