"""Entries are read as they were packed, bit by bit; whatever else is read is refused as what it is."""

from contextlib import suppress

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.trackhelm_core.chunks import strategies
from trackhelm_core.chunks import Points
from trackhelm_ingest.entries import Entry, EntryFormatError, pack_entry, unpack_entry
from trackhelm_ingest.series import SeriesKey

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


@given(st.binary(max_size=200))
def test_any_bytes_are_an_entry_or_refused_as_none(data: bytes) -> None:
    for candidate in (data, b"\x01" + data):
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


def test_an_entry_of_another_version_is_refused() -> None:
    with pytest.raises(EntryFormatError, match="0x02"):
        unpack_entry(b"\x02")


def test_the_form_of_an_entry_stays() -> None:
    # A worker reads what an ingest of the version before has queued.
    packed = pack_entry("r", {SeriesKey("k", (("a", "b"),)): Points.of([1], [2], [0.5])})
    assert packed.hex() == (
        "0195a1729193a16b9192a161a16201c4080100000000000000c4080200000000000000c408000000000000e03f"
    )
