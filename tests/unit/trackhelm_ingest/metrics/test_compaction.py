"""Which chunks are merged: enough to keep their number small, and seldom enough to be cheap."""

import math

from hypothesis import given
from hypothesis import strategies as st

from trackhelm_ingest.metrics.compaction import FULL_CHUNK, tail_to_merge


def merged(counts: list[int]) -> tuple[list[int], int]:
    """Return the chunks after a merge, and how many points it wrote."""
    taken = tail_to_merge(counts)
    total = sum(counts[len(counts) - taken :])
    return [*counts[: len(counts) - taken], *([total] if taken else [])], total


@given(st.lists(st.integers(1, 100), min_size=200, max_size=400))
def test_a_series_that_grows_keeps_few_chunks_and_writes_few_points_again(arrivals: list[int]) -> None:
    chunks: list[int] = []
    written = 0
    for count in arrivals:
        chunks.append(count)
        if len(chunks) >= 64:
            chunks, wrote = merged(chunks)
            written += wrote
    points = sum(arrivals)
    assert sum(chunks) == points
    assert len(chunks) < 64 + 1
    assert written <= points * (math.log2(points) + 1)


def test_full_chunks_are_left_alone() -> None:
    assert tail_to_merge([FULL_CHUNK, 1, 1]) == 2
    assert tail_to_merge([FULL_CHUNK]) == 0
    assert tail_to_merge([]) == 0


def test_equal_chunks_become_one() -> None:
    assert merged([1] * 64) == ([64], 64)
    assert merged([64, *[1] * 63]) == ([64, 63], 63)
    assert merged([64, 63, *[1] * 64]) == ([191], 191)
