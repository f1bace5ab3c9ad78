from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from trackhelm_core.chunks import columns
from trackhelm_core.chunks.codec import MAX_POINTS, decode, encode
from trackhelm_core.chunks.points import Points

from .strategies import points

EXTREMES = [-(2**63), 2**63 - 1, 0, -1, 1]


def assert_same_bits(left: Points, right: Points) -> None:
    assert left.steps.tolist() == right.steps.tolist()
    assert left.timestamps.tolist() == right.timestamps.tolist()
    assert left.values.view(np.int64).tolist() == right.values.view(np.int64).tolist()
    assert [c.dtype.str for c in (left.steps, left.timestamps, left.values)] == ["<i8", "<i8", "<f8"]


@given(given_points=points(), tight=st.booleans())
def test_decoding_gives_back_every_bit_in_order(given_points: Points, *, tight: bool) -> None:
    assert_same_bits(decode(encode(given_points, tight=tight)), given_points)


@given(given_points=points(max_size=8), times=st.integers(2, 300), tight=st.booleans())
def test_repeats_survive_at_sizes_that_compress(given_points: Points, times: int, *, tight: bool) -> None:
    repeated = Points(
        np.tile(given_points.steps, times),
        np.tile(given_points.timestamps, times),
        np.tile(given_points.values, times),
    )
    assert_same_bits(decode(encode(repeated, tight=tight)), repeated)


@pytest.mark.parametrize("tight", [False, True])
@pytest.mark.parametrize("count", [0, 1, 2, 3, 8, 9, 10, 31, 32, 33, 128, 129, 255, 256, 1000])
def test_integer_extremes_survive_at_every_layout(count: int, *, tight: bool) -> None:
    rng = np.random.default_rng(count)
    given_points = Points.of(
        rng.choice(EXTREMES, count),
        rng.choice(EXTREMES, count),
        rng.choice([0.0, -0.0, np.nan, np.inf], count),
    )
    assert_same_bits(decode(encode(given_points, tight=tight)), given_points)


@pytest.mark.parametrize("tight", [False, True])
@pytest.mark.parametrize("width", [0, 1, 2, 4, 8])
def test_offsets_survive_at_the_ends_of_each_width(width: int, *, tight: bool) -> None:
    for largest in (0, 256**width // 2, 256**width - 1):
        for least in (-(2**63), -1 - largest // 2, 2**63 - 1 - largest):
            steps = [least, *[least + largest] * 10]
            given_points = Points.of(steps, steps[::-1], [0.5] * 11)
            assert_same_bits(decode(encode(given_points, tight=tight)), given_points)


@pytest.mark.parametrize("tight", [False, True])
@pytest.mark.parametrize("count", [1, 20, 2000])
def test_any_float_bits_survive(count: int, *, tight: bool) -> None:
    bits = np.random.default_rng(count).integers(0, 2**64, count, np.uint64)
    given_points = Points.of(np.arange(count), np.arange(count), bits.view(np.float64))
    assert_same_bits(decode(encode(given_points, tight=tight)), given_points)


@pytest.mark.parametrize("tight", [False, True])
@pytest.mark.parametrize("payload", [0x7FF0_0000_0000_0001, 0x7FF8_0000_0000_0001, 0xFFF8_0000_0000_0000])
def test_nan_payloads_survive_among_float32_values(payload: int, *, tight: bool) -> None:
    values = np.full(50, 0.5)
    values.view(np.uint64)[7] = payload
    given_points = Points.of(np.arange(50), np.arange(50), values)
    assert_same_bits(decode(encode(given_points, tight=tight)), given_points)


def test_a_decimal_that_appears_late_is_not_rounded_away() -> None:
    values = np.zeros(1000)
    values[501], values[777] = 0.25, 0.123456
    given_points = Points.of(np.arange(1000), np.arange(1000), values)
    assert_same_bits(decode(encode(given_points)), given_points)


def test_strided_columns_are_encoded_as_their_elements() -> None:
    steps, values = np.arange(200), np.random.default_rng(0).normal(size=200)
    given_points = Points(steps[::2], steps[::-2], values[::2])
    for tight in (False, True):
        assert_same_bits(decode(encode(given_points, tight=tight)), given_points)


def test_encoding_is_deterministic() -> None:
    values = np.random.default_rng(0).normal(size=500)
    given_points = Points.of(np.arange(500), np.arange(500), values)
    assert encode(given_points) == encode(given_points)


def test_more_points_than_a_chunk_may_hold_are_refused() -> None:
    column = np.zeros(MAX_POINTS + 1, np.int64)
    with pytest.raises(ValueError, match="at most 1048576 points, not 1048577"):
        encode(Points(column, column, column.astype(np.float64)))


def test_the_largest_chunk_round_trips() -> None:
    column = np.arange(MAX_POINTS)
    given_points = Points.of(column, column, column)
    data = encode(given_points)
    assert len(data) < 40
    assert_same_bits(decode(data), given_points)


@given(
    st.integers(-(2**63), 2**63 - 1),
    st.integers(-(2**63), 2**63 - 1) | st.integers(-2, 2),
    st.integers(9, 60),
)
def test_a_steady_column_is_encoded_as_any_other(first: int, pace: int, count: int) -> None:
    steps = (np.uint64(first % 2**64) + np.arange(count, dtype=np.uint64) * np.uint64(pace % 2**64)).view(
        np.int64
    )
    steady = Points(steps, np.full(count, first), np.arange(count) / 7)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(columns, "_append_steady", lambda *_: False)
        expected = encode(steady, tight=True)
    assert encode(steady, tight=True) == expected
    assert_same_bits(decode(expected), steady)
