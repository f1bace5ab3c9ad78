"""Buckets against a naive model that goes point by point, and what a chart relies on."""

from __future__ import annotations

import math
import zlib
from dataclasses import fields
from fractions import Fraction
from itertools import groupby
from typing import Any

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from trackhelm_core.chunks.buckets import ROUNDED_BITS, Buckets, level_of, rounded

from .strategies import FLOATS, INT64

X = st.one_of(INT64, st.integers(-3, 3), st.integers(1_760_000_000_000, 1_760_000_000_050))
ROWS = st.lists(st.tuples(X, FLOATS), max_size=40).map(lambda rows: sorted(rows, key=lambda row: row[0]))
LIMITS = st.integers(2, 40)

Row = tuple[int, float]


def buckets_of(rows: list[Row]) -> Buckets:
    return Buckets.of_points(
        np.array([x for x, _ in rows], np.int64), np.array([value for _, value in rows], np.float64)
    )


def naive_bucket(index: int, rows: list[Row]) -> dict[str, Any]:
    finite = [row for row in rows if math.isfinite(row[1])]
    low = min(finite, key=lambda row: row[1], default=(rows[0][0], math.nan))
    high = max(finite, key=lambda row: row[1], default=(rows[0][0], math.nan))
    return {
        "index": index,
        "x_first": rows[0][0],
        "first": rows[0][1],
        "x_last": rows[-1][0],
        "last": rows[-1][1],
        "x_min": low[0],
        "min": low[1],
        "x_max": high[0],
        "max": high[1],
        "mean": float(sum(Fraction(value) for _, value in finite) / len(finite)) if finite else math.nan,
        "count": len(rows),
        "nonfinite": len(rows) - len(finite),
    }


def naive(rows: list[Row], level: int) -> list[dict[str, Any]]:
    return [
        naive_bucket(index, list(inside)) for index, inside in groupby(rows, key=lambda row: row[0] >> level)
    ]


def assert_same(buckets: Buckets, expected: list[dict[str, Any]]) -> None:
    assert len(buckets) == len(expected)
    for name in (field.name for field in fields(Buckets)):
        column = getattr(buckets, name)
        model = np.array([row[name] for row in expected], column.dtype)
        if name == "mean":
            # What is added up is at most the largest value times a few roundings.
            size = np.fmax(np.abs([row["min"] for row in expected]), np.abs([row["max"] for row in expected]))
            both = np.isnan(column) & np.isnan(model)
            assert (both | (np.abs(column / 2 - model / 2) <= size * 1e-14 + 5e-324)).all()
        else:
            np.testing.assert_array_equal(column, model, err_msg=name)


@given(ROWS, LIMITS)
@example([(0, 1.7e308), (0, 1.7e308), (0, -1.7e308)], 2)
@example([(0, -1.7976931348623157e308)] * 3, 2)
@example([(-(2**63), 1.0), (2**63 - 1, 2.0)], 2)
@example([(5, math.nan)], 2)
def test_buckets_say_what_the_points_say(rows: list[Row], limit: int) -> None:
    level = level_of(rows[0][0], rows[-1][0], limit) if rows else 0
    buckets = buckets_of(rows).coarsen(level)
    assert len(buckets) <= limit
    assert_same(buckets, naive(rows, level))


@given(ROWS, st.integers(0, 31), st.integers(0, 32))
def test_coarser_buckets_are_those_of_the_points(rows: list[Row], level: int, more: int) -> None:
    assert_same(buckets_of(rows).coarsen(level).coarsen(more), naive(rows, level + more))


@given(ROWS.filter(bool), LIMITS, st.data())
def test_no_window_hides_an_extreme_or_an_end(rows: list[Row], limit: int, data: st.DataObject) -> None:
    begin = data.draw(st.integers(0, len(rows) - 1))
    end = data.draw(st.integers(begin + 1, len(rows)))
    inside = rows[begin:end]
    buckets = buckets_of(inside).coarsen(level_of(inside[0][0], inside[-1][0], limit))
    finite = [value for _, value in inside if math.isfinite(value)]
    known = buckets.max[~np.isnan(buckets.max)]
    assert max(finite, default=None) == (known.max() if len(known) else None)
    assert min(finite, default=None) == (np.nanmin(buckets.min) if len(known) else None)
    assert int(buckets.count.sum()) == len(inside)
    assert int(buckets.nonfinite.sum()) == len(inside) - len(finite)
    np.testing.assert_equal([buckets.x_first[0], buckets.first[0]], inside[0])
    np.testing.assert_equal([buckets.x_last[-1], buckets.last[-1]], inside[-1])
    assert ((buckets.mean >= buckets.min) & (buckets.mean <= buckets.max) | np.isnan(buckets.mean)).all()


@given(INT64, INT64, INT64, INT64, LIMITS)
def test_a_window_inside_another_has_no_wider_buckets(a: int, b: int, c: int, d: int, limit: int) -> None:
    first, inner_first, inner_last, last = sorted((a, b, c, d))
    level = level_of(first, last, limit)
    assert level_of(inner_first, inner_last, limit) <= level
    assert (last >> level) - (first >> level) < limit
    if level:
        assert (last >> level - 1) - (first >> level - 1) >= limit


@given(ROWS.filter(lambda rows: len(rows) > 1), LIMITS)
def test_appending_points_moves_no_edge(rows: list[Row], limit: int) -> None:
    level = level_of(rows[0][0], rows[-1][0], limit)
    before = buckets_of(rows[:-1]).coarsen(level)
    after = buckets_of(rows).coarsen(level)
    complete = len(before) - 1
    np.testing.assert_array_equal(after.index[: complete + 1], before.index)
    np.testing.assert_array_equal(after.max[:complete], before.max[:complete])


def test_a_spike_is_drawn_where_it_happened() -> None:
    x = np.arange(100_000)
    values = np.zeros(100_000)
    values[77_777], values[3] = 9.0, -9.0
    buckets = Buckets.of_points(x, values).coarsen(level_of(0, 99_999, 400))
    assert 200 < len(buckets) <= 400
    highest, lowest = buckets.max.argmax(), buckets.min.argmin()
    assert (buckets.x_max[highest], buckets.max[highest]) == (77_777, 9.0)
    assert (buckets.x_min[lowest], buckets.min[lowest]) == (3, -9.0)


@pytest.mark.parametrize("window", [(0, 1, 1), (1, 0, 5)])
def test_what_is_no_grid_is_refused(window: tuple[int, int, int]) -> None:
    with pytest.raises(ValueError, match=r"grid|window"):
        level_of(*window)


@given(st.lists(st.lists(st.tuples(X, FLOATS), min_size=1, max_size=60), max_size=3), st.integers(0, 4))
def test_rounded_values_enclose_the_exact_ones_and_are_within_a_millionth(
    lines: list[list[Row]], level: int
) -> None:
    exact = [buckets_of(sorted(rows, key=lambda row: row[0])).coarsen(level) for rows in lines]
    for was, now in zip(exact, rounded(exact), strict=True):
        for name in ("index", "x_first", "x_last", "x_min", "x_max", "count", "nonfinite"):
            assert np.array_equal(getattr(was, name), getattr(now, name))
        known = ~np.isnan(was.min)
        assert (now.min[known] <= was.min[known]).all()
        assert (now.max[known] >= was.max[known]).all()
        for name in ("first", "last", "min", "max", "mean"):
            before, after = getattr(was, name), getattr(now, name)
            numbers = np.isfinite(before)
            assert np.array_equal(before[~numbers], after[~numbers], equal_nan=True)
            with np.errstate(over="ignore"):
                off = np.abs(after[numbers] / 2 - before[numbers] / 2)
            assert (off <= np.abs(before[numbers]) * 2.0**-ROUNDED_BITS / 2).all()
            whole = numbers & (np.round(before) == before)
            assert np.array_equal(before[whole], after[whole])
        both = known & np.isfinite(was.last)
        assert ((now.min <= now.last) & (now.last <= now.max))[both].all()


@pytest.mark.parametrize("offset", [0.0, 1e6, -1e9])
@pytest.mark.parametrize("spike", [0.0, 60.0])
def test_rounding_sees_what_differs_far_from_zero_and_beside_a_spike(offset: float, spike: float) -> None:
    random = np.random.default_rng(1)
    values = offset + random.random(2_000) * 1e-2
    values[777] += spike
    exact = Buckets.of_points(np.arange(2_000), values).coarsen(3)
    (now,) = rounded([exact])
    assert np.abs(now.last - exact.last).max() <= 1e-2 * 2.0**-ROUNDED_BITS
    assert now.max.max() == pytest.approx(exact.max.max(), rel=2.0**-ROUNDED_BITS)
    if not offset:
        packed = [len(zlib.compress(each.last.tobytes())) for each in (exact, now)]
        assert packed[1] < 0.6 * packed[0]


def test_values_that_are_all_alike_stay_and_one_that_differs_is_seen() -> None:
    steps = np.arange(100)
    constant = Buckets.of_points(steps, np.full(100, 0.1)).coarsen(2)
    but_one = Buckets.of_points(steps, np.where(steps == 50, 1e6 + 0.3, 1e6 + 0.1)).coarsen(2)
    same, seen = rounded([constant, but_one])
    assert np.array_equal(same.last, constant.last)
    assert seen.max.max() - seen.min.min() == pytest.approx(0.2, rel=1e-5)
    assert rounded([]) == []
