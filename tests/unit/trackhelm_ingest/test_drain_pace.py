"""How large batches become, and how they follow one another."""

import pytest

from trackhelm_ingest.drain.drainer import (
    BATCH_BYTES,
    BATCH_ENTRIES,
    LONGEST_PACE_SECONDS,
    MOST_BATCH_ENTRIES,
    PACE_SECONDS,
    entries_to_read,
    pause_after,
)


@pytest.mark.parametrize(
    ("took", "pause"),
    [
        (0.001, PACE_SECONDS - 0.001),
        (0.05, 0.05),
        (0.2, LONGEST_PACE_SECONDS - 0.2),
        (2 * LONGEST_PACE_SECONDS, 0),
    ],
)
def test_a_batch_is_followed_by_a_pause_as_long(took: float, pause: float) -> None:
    assert pause_after(took) == pytest.approx(pause)


@pytest.mark.parametrize(
    ("mean", "entries"),
    [
        (0, MOST_BATCH_ENTRIES),
        (80, MOST_BATCH_ENTRIES),
        (BATCH_BYTES / 1_000, 1_000),
        (100_000, BATCH_ENTRIES),
    ],
)
def test_a_batch_has_more_entries_when_they_are_small(mean: float, entries: int) -> None:
    assert entries_to_read(mean) == entries
