"""Names in Redis: they must mean the same to every process and version."""

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from trackhelm_core.ids import new_run_id
from trackhelm_core.queue.names import Note, StreamId, partition_of

numbers = st.integers(0, 2**63 - 1)
ids = st.builds(StreamId, numbers, numbers)


def test_a_runs_partition_never_changes() -> None:
    # A worker of another version must look for a run's points in the same place.
    assert [partition_of(f"{number:032x}", 16) for number in range(8)] == [0, 6, 12, 10, 9, 15, 5, 3]


@given(st.text(max_size=40), st.integers(1, 1024))
def test_a_partition_is_one_of_them(run: str, partitions: int) -> None:
    assert 0 <= partition_of(run, partitions) < partitions


def test_runs_are_spread_evenly() -> None:
    counts = Counter(partition_of(new_run_id(), 16) for _ in range(16_000))
    assert max(counts.values()) < 1_300


@given(ids)
def test_an_id_is_read_as_it_is_written(entry: StreamId) -> None:
    assert StreamId.parse(str(entry).encode()) == entry
    assert entry < entry.next()


@given(st.integers(0, 1023), ids)
def test_a_note_is_read_as_it_is_written(partition: int, entry: StreamId) -> None:
    note = Note(partition, entry)
    assert Note.parse(str(note).encode()) == note
