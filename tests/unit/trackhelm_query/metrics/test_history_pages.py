"""A page of history reads the chunks it needs and no more."""

from collections.abc import Iterator, Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trackhelm_core.chunks.codec import encode
from trackhelm_core.chunks.pieces import BoundedChunk, Order, in_order
from trackhelm_core.chunks.points import Points, merge
from trackhelm_query.metrics.logic import After, read_page, read_token

Point = tuple[int, int, float]


def encoded(parts: Sequence[Sequence[Point]], read: list[int]) -> Iterator[BoundedChunk]:
    """Yield chunks as the store does, the earliest first, and note those that are taken."""
    chunks = []
    for part in parts:
        points = Points.of(*zip(*part, strict=True))
        chunks.append(BoundedChunk(int(points.steps.min()), int(points.timestamps.min()), encode(points)))
    for position, chunk in enumerate(sorted(chunks, key=lambda chunk: chunk.begin(Order.TIME))):
        read.append(position)
        yield chunk


def triples(points: Points) -> list[tuple[int, int, float]]:
    columns = (points.timestamps.tolist(), points.steps.tolist(), points.values.tolist())
    return list(zip(*columns, strict=True))


@pytest.mark.parametrize(("size", "chunks"), [(5, 2), (9, 2), (10, 3), (35, 5)])
def test_chunks_behind_a_page_are_not_read(size: int, chunks: int) -> None:
    parts = [[(step, step * 10, 0.5) for step in range(begin, begin + 10)] for begin in range(0, 100, 10)]
    read: list[int] = []
    points, token = read_page(encoded(parts, read), None, size, "digest")
    assert len(read) == chunks
    assert len(points) == size
    assert token


points_of_chunk = st.lists(
    st.tuples(st.integers(0, 4), st.integers(0, 20), st.sampled_from([0.0, 1.0])), min_size=1, max_size=8
)


@given(
    st.lists(points_of_chunk, min_size=1, max_size=8),
    st.integers(1, 12),
    st.none() | st.tuples(st.integers(0, 20), st.integers(0, 4), st.sampled_from([0.0, 1.0])),
)
def test_a_page_is_the_same_as_of_the_whole_history(
    parts: list[list[Point]], size: int, after: After | None
) -> None:
    whole = triples(in_order(merge([Points.of(*zip(*part, strict=True)) for part in parts]), Order.TIME))
    expected = [point for point in whole if after is None or point > after]
    found, token = read_page(encoded(parts, []), after, size, "digest")
    assert triples(found) == expected[:size]
    assert bool(token) == (len(expected) > size)
    if token:
        assert read_token(token, "digest") == expected[size - 1]
