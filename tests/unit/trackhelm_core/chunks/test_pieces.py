"""Pieces are the points of all chunks, each once and in order, and hold no more of them than they must."""

import math
from collections.abc import Iterator
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trackhelm_core.chunks.codec import encode
from trackhelm_core.chunks.pieces import BoundedChunk, Order, in_order, join, pieces
from trackhelm_core.chunks.points import Points, merge

Row = tuple[int, int, float]
POINT = st.tuples(st.integers(-3, 9), st.integers(0, 9), st.sampled_from([0.0, 1.0, math.nan, math.inf]))
# What a job logs: time goes on with the steps, unless it was started again.
PLAIN = st.integers(0, 200).map(lambda step: (step, 1_000 + 3 * step, math.sin(step)))
CHUNKS = st.lists(
    st.lists(PLAIN, min_size=1, max_size=12) | st.lists(POINT, min_size=1, max_size=4), max_size=10
)


def bounded(rows: list[Row]) -> BoundedChunk:
    points = Points.of(*zip(*rows, strict=True))
    return BoundedChunk(int(points.steps.min()), int(points.timestamps.min()), encode(points))


def listed(points: Points) -> list[tuple[int, int, str]]:
    columns = (points.steps.tolist(), points.timestamps.tolist(), map(repr, points.values.tolist()))
    return list(zip(*columns, strict=True))


@given(CHUNKS, st.integers(1, 20), st.sampled_from(Order))
def test_pieces_are_all_points_once_and_in_order(rows: list[list[Row]], size: int, order: Order) -> None:
    chunks = sorted(map(bounded, rows), key=lambda chunk: chunk.begin(order))
    found = list(pieces(chunks, order, size))
    whole = in_order(merge([Points.of(*zip(*part, strict=True)) for part in rows]), order)
    assert listed(join(found)) == listed(whole)
    assert all(len(piece) for piece in found)
    # No point of a later piece is at a place of an earlier one.
    index = (0, 1) if order is Order.STEP else (1, 0)
    for before, after in pairwise(found):
        last, first = listed(before)[-1], listed(after)[0]
        assert [last[each] for each in index] < [first[each] for each in index]


@pytest.mark.parametrize("order", Order)
@pytest.mark.parametrize("is_constant", [False, True])
def test_no_more_is_held_than_a_piece_and_a_chunk(order: Order, *, is_constant: bool) -> None:
    # The other column decides where one is the same for all.
    def row(number: int) -> Row:
        if not is_constant:
            return number, number, 0.5
        return (7, number, 0.5) if order is Order.STEP else (number, 7, 0.5)

    taken = 0

    def chunks() -> Iterator[BoundedChunk]:
        nonlocal taken
        for begin in range(0, 1_000, 10):
            taken += 10
            yield bounded([row(number) for number in range(begin, begin + 10)])

    passed = 0
    for piece in pieces(chunks(), order, 50):
        passed += len(piece)
        assert len(piece) == 50
        assert taken - passed <= 10
    assert passed == 1_000
