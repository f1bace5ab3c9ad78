"""How large batches become."""

import pytest

from trackhelm_ingest.metrics.drain.drainer import (
    BATCH_BYTES,
    BATCH_ENTRIES,
    MOST_BATCH_ENTRIES,
    entries_to_read,
)


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
