"""How large batches become, and how fast they follow one another."""

import pytest

from trackhelm_ingest.metrics.drain.batch import (
    BATCH_BYTES,
    BATCH_ENTRIES,
    MOST_BATCH_ENTRIES,
    PACE_SECONDS,
    entries_to_read,
)
from trackhelm_ingest.metrics.drain.journal import LONGEST_PACE_SECONDS, pace


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


@pytest.mark.parametrize(("took", "paced"), [(0.01, PACE_SECONDS), (0.5, 2.5), (60, LONGEST_PACE_SECONDS)])
def test_a_batch_that_took_long_is_followed_later(took: float, paced: float) -> None:
    assert pace(took) == paced
