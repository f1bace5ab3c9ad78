"""A line is the same whether it is drawn in one piece or in many."""

import math
from dataclasses import fields
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from trackhelm_core.chunks.buckets import Buckets
from trackhelm_core.chunks.codec import encode
from trackhelm_core.chunks.pieces import BoundedChunk
from trackhelm_core.chunks.points import Points, merge
from trackhelm_query.charts import logic as charts_logic
from trackhelm_query.charts.logic import Axis, ChartRequest, Line, draw_line

POINT = st.tuples(
    st.integers(-5, 60), st.integers(0, 90), st.sampled_from([0.0, 1.0, -2.5, math.nan, math.inf, -math.inf])
)
# What a job logs: time goes on with the steps, unless it was started again.
PLAIN = st.integers(0, 200).map(lambda step: (step, 1_000 + 3 * step, math.sin(step)))
CHUNKS = st.lists(
    st.lists(PLAIN, min_size=1, max_size=12) | st.lists(POINT, min_size=1, max_size=4), max_size=10
)
BOUND = st.none() | st.integers(-10, 1_700)


def encoded(rows: list[tuple[int, int, float]]) -> BoundedChunk:
    points = Points.of(*zip(*rows, strict=True))
    return BoundedChunk(int(points.steps.min()), int(points.timestamps.min()), encode(points))


def whole(rows: list[list[tuple[int, int, float]]]) -> Points:
    return merge([Points.of(*zip(*part, strict=True)) for part in rows])


@given(
    rows=CHUNKS,
    size=st.integers(1, 20),
    axis=st.sampled_from(Axis),
    start_time=st.sampled_from([0, 1_000, 1_050]),
    window=st.tuples(BOUND, BOUND),
    limit=st.integers(2, 30),
)
def test_pieces_make_the_same_line(
    *,
    rows: list[list[Any]],
    size: int,
    axis: Axis,
    start_time: int,
    window: tuple[int | None, int | None],
    limit: int,
) -> None:
    asked = ChartRequest(
        run_ids=["r"], keys=["k"], axis=axis, buckets=limit, start=window[0], end=window[1], labels={},
        group_by=(),
    )  # fmt: skip
    line = Line("r", "k", {}, start_time)
    chunks = [encoded(part) for part in rows]
    expected = draw_line(asked, line, chunks)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(charts_logic, "PIECE_POINTS", size)
        drawn = draw_line(asked, line, chunks)
    if expected is None or drawn is None:
        assert drawn is expected
        return
    assert (drawn.exact, drawn.level, drawn.points) == (expected.exact, expected.level, expected.points)
    for field in fields(Buckets):
        found, wanted = getattr(drawn.buckets, field.name), getattr(expected.buckets, field.name)
        np.testing.assert_allclose(found, wanted, rtol=1e-12, atol=1e-12, err_msg=field.name)
    inside = [
        place
        for place in (whole(rows).steps if axis is Axis.STEP else whole(rows).timestamps).tolist()
        if axis is not Axis.RELATIVE
        and (window[0] is None or place >= window[0])
        and (window[1] is None or place <= window[1])
    ]
    assert axis is Axis.RELATIVE or drawn.points == len(inside)
    assert drawn.exact == (drawn.points <= limit)
