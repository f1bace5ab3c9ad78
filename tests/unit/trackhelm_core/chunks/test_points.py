from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from trackhelm_core.chunks.points import Points, Summary, merge, summarise

from .strategies import colliding_points, points

Row = tuple[int, int, float | None]


def rows(given_points: Points) -> list[Row]:
    """Rows in which equal points are equal: None stands for every NaN, 0.0 for both zeros."""
    columns = zip(given_points.steps, given_points.timestamps, given_points.values, strict=True)
    return [
        (int(step), int(timestamp), None if math.isnan(value) else float(value) + 0.0)
        for step, timestamp, value in columns
    ]


def order(row: Row) -> tuple[int, int, bool, float]:
    step, timestamp, value = row
    return step, timestamp, value is None, value or 0.0


def naive_merge(parts: list[Points]) -> list[Row]:
    return sorted({row for part in parts for row in rows(part)}, key=order)


def naive_summary(given: list[Row]) -> Summary:
    def rank(row: Row) -> tuple[int, int, float, bool]:
        return row[0], row[1], row[2] or 0.0, row[2] is not None

    last = max(given, key=rank)
    finite = [value for _, _, value in given if value is not None and math.isfinite(value)]
    return Summary(
        last_step=last[0],
        last_timestamp=last[1],
        last_value=math.nan if last[2] is None else last[2],
        min=min(finite, default=None),
        max=max(finite, default=None),
        count=len(given),
        nonfinite=len(given) - len(finite),
        min_step=min(row[0] for row in given),
        max_step=max(row[0] for row in given),
        min_timestamp=min(row[1] for row in given),
        max_timestamp=max(row[1] for row in given),
    )


def assert_equal_summaries(left: Summary, right: Summary) -> None:
    assert math.isnan(left.last_value) == math.isnan(right.last_value)
    if math.isnan(left.last_value):
        left, right = replace(left, last_value=0.0), replace(right, last_value=0.0)
    assert repr(left) == repr(right)  # repr tells -0.0 from 0.0


def assert_identical(left: Points, right: Points) -> None:
    assert left.steps.tolist() == right.steps.tolist()
    assert left.timestamps.tolist() == right.timestamps.tolist()
    assert left.values.view(np.int64).tolist() == right.values.view(np.int64).tolist()


any_points = st.one_of(points(max_size=20), colliding_points())


@given(st.lists(any_points, max_size=4))
def test_merge_is_the_union_of_sets(parts: list[Points]) -> None:
    merged = merge(parts)
    assert rows(merged) == naive_merge(parts)
    assert not any(math.copysign(1, value) < 0 for value in merged.values if value == 0)


@given(any_points)
def test_merge_is_idempotent(part: Points) -> None:
    once = merge([part])
    assert_identical(merge([once]), once)
    assert_identical(merge([part, part]), once)


@given(any_points, any_points)
def test_merge_is_commutative(left: Points, right: Points) -> None:
    assert_identical(merge([left, right]), merge([right, left]))


@given(any_points, any_points, any_points)
def test_merge_is_associative(first: Points, second: Points, third: Points) -> None:
    together = merge([first, second, third])
    assert_identical(merge([merge([first, second]), third]), together)
    assert_identical(merge([first, merge([second, third])]), together)


def test_merge_of_nothing_is_empty() -> None:
    assert len(merge([])) == 0
    assert len(merge([Points.empty(), Points.empty()])) == 0


def test_all_nans_are_one_value_signalling_ones_included() -> None:
    bits = np.array([0x7FF0_0000_0000_0001, 0xFFF8_0000_0000_0000, 0x7FF8_0000_0000_0000], np.uint64)
    merged = merge([Points.of([0, 0, 0], [0, 0, 0], bits.view(np.float64))])
    assert merged.values.view(np.uint64).tolist() == [0x7FF8_0000_0000_0000]


@pytest.mark.parametrize("count", [1, 2])
def test_a_signalling_nan_is_summarised_as_any_other(count: int) -> None:
    values = np.full(count, 0x7FF0_0000_0000_0001, np.uint64).view(np.float64)
    summary = summarise(Points.of(range(count), [0] * count, values))
    assert (math.isnan(summary.last_value), summary.min, summary.nonfinite) == (True, None, count)


def test_merge_leaves_its_parts_alone() -> None:
    part = Points.of([1, 0], [0, 0], [-0.0, math.nan])
    merge([part])
    assert part.steps.tolist() == [1, 0]
    assert math.copysign(1, part.values[0]) == -1


@given(any_points.filter(len))
def test_summary_equals_the_naive_one(given_points: Points) -> None:
    merged = merge([given_points])
    assert_equal_summaries(summarise(merged), naive_summary(rows(merged)))


@given(any_points.filter(len), any_points.filter(len))
def test_summary_of_a_union_follows_from_the_summaries_of_its_parts(left: Points, right: Points) -> None:
    whole = summarise(merge([left, right]))
    parts = [summarise(merge([left])), summarise(merge([right]))]
    lasts = Points.of(
        [part.last_step for part in parts],
        [part.last_timestamp for part in parts],
        [part.last_value for part in parts],
    )
    last = summarise(lasts)
    assert (whole.last_step, whole.last_timestamp) == (last.last_step, last.last_timestamp)
    assert repr(whole.last_value) == repr(last.last_value)
    assert whole.min == min((part.min for part in parts if part.min is not None), default=None)
    assert whole.max == max((part.max for part in parts if part.max is not None), default=None)
    assert whole.min_step == min(part.min_step for part in parts)
    assert whole.max_step == max(part.max_step for part in parts)
    assert whole.min_timestamp == min(part.min_timestamp for part in parts)
    assert whole.max_timestamp == max(part.max_timestamp for part in parts)
    assert whole.count <= sum(part.count for part in parts)


@pytest.mark.parametrize(
    ("values", "last"),
    [
        ([math.nan, 1.0], 1.0),
        ([1.0, math.nan], 1.0),
        ([math.nan, -1.0], math.nan),
        ([-1.0, math.nan], math.nan),
        ([math.nan, 0.0], 0.0),
        ([-0.0, math.nan], 0.0),
        ([math.nan, math.inf], math.inf),
        ([-math.inf, math.nan], math.nan),
        ([-2.0, -1.0], -1.0),
        ([math.nan], math.nan),
        ([-0.0], 0.0),
    ],
)
def test_nan_counts_as_zero_among_values_of_one_step_and_timestamp(values: list[float], last: float) -> None:
    summary = summarise(Points.of([5] * len(values), [9] * len(values), values))
    assert repr(summary.last_value) == repr(last)


def test_summary_has_no_extremes_without_a_finite_value() -> None:
    summary = summarise(Points.of([1, 2, 3], [0, 0, 0], [math.nan, math.inf, -math.inf]))
    assert (summary.min, summary.max, summary.count, summary.nonfinite) == (None, None, 3, 3)


def test_summary_of_no_points_is_refused() -> None:
    with pytest.raises(ValueError, match="no points"):
        summarise(Points.empty())


@pytest.mark.parametrize(
    ("steps", "timestamps", "values"),
    [([1], [1, 2], [1.0]), ([1], [1], []), ([], [], [1.0]), ([[1]], [[1]], [[1.0]])],
)
def test_columns_of_other_shapes_are_refused(
    steps: list[int], timestamps: list[int], values: list[float]
) -> None:
    with pytest.raises(ValueError, match="one-dimensional and of one length"):
        Points.of(steps, timestamps, values)


def test_a_step_beyond_64_bits_is_refused() -> None:
    with pytest.raises(OverflowError):
        Points.of([2**63], [0], [0.0])
