"""Which points of a history are drawn."""

import pytest

from trackhelm_query.metrics.logic import sample_positions


@pytest.mark.parametrize(
    ("count", "limit", "expected"),
    [
        (0, 5, []),
        (1, 1, [0]),
        (5, 5, [0, 1, 2, 3, 4]),
        (5, 1, [4]),
        (5, 2, [0, 4]),
        (10, 3, [0, 4, 9]),
        (11, 4, [0, 3, 6, 10]),
    ],
)
def test_positions_are_even_and_keep_both_ends(count: int, limit: int, expected: list[int]) -> None:
    assert sample_positions(count, limit).tolist() == expected


@pytest.mark.parametrize("count", [2, 7, 100, 99_999])
@pytest.mark.parametrize("limit", [2, 3, 50, 2_500])
def test_positions_grow_and_are_as_many_as_allowed(count: int, limit: int) -> None:
    positions = sample_positions(count, limit).tolist()
    assert len(positions) == min(count, limit)
    assert positions == sorted(set(positions))
    assert (positions[0], positions[-1]) == (0, count - 1)
