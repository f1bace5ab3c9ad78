"""A page of history reads the chunks it needs and no more."""

from collections.abc import Iterator, Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trackhelm_core.chunks.codec import encode
from trackhelm_core.chunks.points import Points, merge
from trackhelm_query.metrics.logic import After, by_time, read_points

Point = tuple[int, int, float]


def encoded(parts: Sequence[Sequence[Point]], read: list[int]) -> Iterator[tuple[int, bytes]]:
    """Yield chunks as the store does, the earliest first, and note those that are taken."""
    chunks = [Points.of(*zip(*part, strict=True)) for part in parts]
    for position, chunk in enumerate(sorted(chunks, key=lambda chunk: int(chunk.timestamps.min()))):
        read.append(position)
        yield int(chunk.timestamps.min()), encode(chunk)


def triples(points: Points) -> list[tuple[int, int, float]]:
    columns = (points.timestamps.tolist(), points.steps.tolist(), points.values.tolist())
    return list(zip(*columns, strict=True))


@pytest.mark.parametrize(("size", "chunks"), [(5, 2), (9, 2), (10, 3), (35, 5), (None, 10)])
def test_chunks_behind_a_page_are_not_read(size: int | None, chunks: int) -> None:
    parts = [[(step, step * 10, 0.5) for step in range(begin, begin + 10)] for begin in range(0, 100, 10)]
    read: list[int] = []
    points = read_points(encoded(parts, read), None, size)
    assert len(read) == chunks
    assert len(points) >= 100 if size is None else len(points) > size


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
    whole = triples(by_time(merge([Points.of(*zip(*part, strict=True)) for part in parts])))
    expected = [point for point in whole if after is None or point > after]
    found = triples(read_points(encoded(parts, []), after, size))
    assert found[:size] == expected[:size]
    assert (len(found) > size) == (len(expected) > size)
