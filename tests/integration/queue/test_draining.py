"""Entries of the queue become points of the database: each once, whatever happens in between."""

import threading
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from tests.fixtures.waiting import wait_until
from tests.integration.queue.conftest import Split
from trackhelm_core.chunks.points import Points
from trackhelm_core.queue.names import (
    COUNTS,
    IN_ALL,
    WAITING_BYTES,
    StreamId,
    accepted_of,
    drained_of,
    drainer_of,
    note_of,
    partition_of,
    stream_of,
)
from trackhelm_ingest.metrics import store as metrics_store
from trackhelm_ingest.metrics.dead_letters import DeadLetters
from trackhelm_ingest.metrics.drain import drainer
from trackhelm_ingest.metrics.drain.drainer import Ended, drain_slice
from trackhelm_ingest.metrics.drain.stream import STORED_NOTE_SECONDS, PartitionStream
from trackhelm_ingest.metrics.entries import pack_entry
from trackhelm_ingest.metrics.positions import draining_alone
from trackhelm_ingest.metrics.series import SeriesKey


def put(split: Split, run: str, *steps: int, key: str = "loss", partition: int | None = None) -> int:
    """Append an entry as ingest does, and return its partition."""
    points = {SeriesKey(key): Points.of(steps, steps, [float(step) for step in steps])}
    return put_bytes(split, run, pack_entry(run, points), partition)


def put_bytes(split: Split, run: str, data: bytes, partition: int | None = None) -> int:
    number = partition_of(run, 2) if partition is None else partition
    entry: Any = split.redis.client.xadd(stream_of(number), {"d": data})
    split.redis.client.set(note_of(run), f"{number}:{entry.decode()}")
    split.redis.client.set(accepted_of(number), entry)
    return number


def drain(split: Split, partition: int, linger: float = 0) -> Ended:
    return drain_slice(
        split.redis, split.runtime.database, partition, on_crowded=lambda _: None, linger_seconds=linger
    )


def waiting(split: Split, partition: int) -> int:
    return int(split.redis.client.xlen(stream_of(partition)))


def test_what_waits_is_stored_and_cut_off(split: Split) -> None:
    run = split.new_run()
    for step in range(5):
        partition = put(split, run, step)
    assert drain(split, partition) is Ended.IDLE
    assert split.steps(run) == [0, 1, 2, 3, 4]
    assert split.count(run) == 5
    assert waiting(split, partition) == 0
    assert 0 < int(split.redis.client.ttl(note_of(run))) <= STORED_NOTE_SECONDS
    assert not split.redis.client.exists(drainer_of(partition))


def test_series_are_reported_crowded_when_they_become_so_and_not_at_every_batch(
    split: Split, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(metrics_store, "CROWDED_CHUNKS", 3)
    run = split.new_run()
    reported: list[int] = []
    for step in range(7):
        partition = put(split, run, step, key="loss")
        put(split, run, step, key="accuracy")
        drain_slice(
            split.redis,
            split.runtime.database,
            partition,
            on_crowded=lambda metrics: reported.append(len(metrics)),
            linger_seconds=0,
        )
    assert reported == [2, 2]


def test_a_failure_before_the_commit_stores_nothing_and_the_next_drain_all(
    split: Split, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = split.new_run()
    partition = put(split, run, 1, 2)

    def fail(*_: Any, **__: Any) -> None:
        raise OperationalError("COMMIT", {}, Exception("the connection is lost"))

    with monkeypatch.context() as patch:
        patch.setattr(drainer, "move_position", fail)
        with pytest.raises(OperationalError):
            drain(split, partition)
    assert split.steps(run) == []
    assert waiting(split, partition) == 1
    drain(split, partition)
    assert (split.steps(run), split.count(run)) == ([1, 2], 2)


def test_a_crash_between_commit_and_cut_counts_nothing_twice(
    split: Split, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = split.new_run()
    partition = put(split, run, 1, 2)

    def fail(*_: Any) -> None:
        raise ConnectionError

    with monkeypatch.context() as patch:
        patch.setattr(PartitionStream, "acknowledge", fail)
        with pytest.raises(ConnectionError):
            drain(split, partition)
    assert waiting(split, partition) == 1
    put(split, run, 3)
    drain(split, partition)
    assert (split.steps(run), split.count(run)) == ([1, 2, 3], 3)


def test_bad_entries_become_dead_letters_and_stop_nobody(split: Split) -> None:
    run = split.new_run()
    partition = partition_of(run, 2)
    put(split, run, 1)
    put_bytes(split, "x", b"\x09nonsense", partition)
    put(split, "0" * 32, 1, partition=partition)
    # PostgreSQL holds no NUL in a text: the database itself refuses this one.
    put(split, run, 2, key="a\0b")
    put(split, run, 3)
    drain(split, partition)
    assert split.steps(run) == [1, 3]
    assert waiting(split, partition) == 0
    letters = list(DeadLetters(split.redis.client).all())
    assert len(letters) == 3
    reasons = " | ".join(letter.reason for letter in letters)
    for part in ("unknown version", f"there is no run {'0' * 32}", "cannot be stored"):
        assert part in reasons
    assert letters[0].data == b"\x09nonsense"


def test_a_redis_that_lost_everything_is_drained_from_its_beginning(split: Split) -> None:
    run = split.new_run()
    partition = partition_of(run, 2)
    # Its clock is behind: what it gives out now comes before what was stored.
    split.redis.client.xadd(stream_of(partition), {"d": b"?"}, id="99999999999999-0")
    drain(split, partition)
    split.redis.client.flushall()
    put(split, run, 7)
    drain(split, partition)
    assert split.steps(run) == [7]
    put(split, run, 8)
    drain(split, partition)
    assert split.steps(run) == [7, 8]


def test_what_came_to_a_lost_stream_before_its_ids_passed_the_position_is_not_taken_for_stored(
    split: Split,
) -> None:
    run = split.new_run()
    partition = partition_of(run, 2)
    split.redis.client.xadd(stream_of(partition), {"d": b"?"}, id="88888888888888-0")
    drain(split, partition)
    split.redis.client.flushall()
    # Its clock was behind and then caught up, while nobody drained.
    put(split, run, 7)
    late = pack_entry(run, {SeriesKey("loss"): Points.of([8], [8], [8.0])})
    split.redis.client.xadd(stream_of(partition), {"d": late}, id="88888888888888-5")
    drain(split, partition)
    assert split.steps(run) == [7, 8]


def test_a_copy_of_redis_that_lacks_the_last_entries_hides_none_of_the_new_ones(split: Split) -> None:
    run = split.new_run()
    partition = put(split, run, 1)
    drain(split, partition)
    known: Any = split.redis.client.get(drained_of(partition))
    # Entries up to here were stored, and the copy that took over has not heard of them.
    split.redis.client.xadd(stream_of(partition), {"d": b"?"}, id="99999999999999-0")
    drain(split, partition)
    split.redis.client.delete(stream_of(partition))
    split.redis.client.set(drained_of(partition), known)
    put(split, run, 2)
    late = pack_entry(run, {SeriesKey("loss"): Points.of([3], [3], [3.0])})
    split.redis.client.xadd(stream_of(partition), {"d": late}, id="99999999999999-5")
    drain(split, partition)
    assert split.steps(run) == [1, 2, 3]


def test_large_entries_are_stored_some_at_a_time(split: Split, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(drainer, "MOST_BATCH_BYTES", 10_000)
    run = split.new_run()
    for step in range(60):
        partition = put(split, run, step)
    steps = range(1_000, 2_000)
    for _ in range(40):
        put(split, run, *steps, key="large")
    drain(split, partition)
    assert split.steps(run) == list(range(60))
    assert split.steps(run, "large") == list(steps)
    stored = split.redis.client.hgetall(COUNTS)
    # The small ones with the first large one, then the large ones one by one.
    assert int(stored[b"batches"]) == 40
    assert waiting_bytes(split) == 0


def waiting_bytes(split: Split) -> int:
    counted = split.redis.client.hgetall(WAITING_BYTES)
    total = int(counted.pop(IN_ALL.encode(), b"0"))
    assert total == sum(map(int, counted.values()))
    return total


def test_the_bytes_that_wait_are_counted_right_again_after_a_crash(
    split: Split, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = split.new_run()

    def fail(*_: Any) -> None:
        raise ConnectionError

    partition = put(split, run, 1)
    # As of a version that did not count: there is more than is known of.
    split.redis.client.hset(WAITING_BYTES, mapping={str(partition): 5, IN_ALL: 5})
    with monkeypatch.context() as patch:
        patch.setattr(PartitionStream, "acknowledge", fail)
        with pytest.raises(ConnectionError):
            drain(split, partition)
    put(split, run, 2)
    drain(split, partition)
    assert split.steps(run) == [1, 2]
    assert waiting_bytes(split) == 0


def test_a_letter_that_is_queued_again_waits_like_any_other_entry(split: Split) -> None:
    letters = DeadLetters(split.redis.client)
    letters.add(0, StreamId(1, 0), "a reason", b"x" * 100)
    letters.retry(next(letters.all()))
    assert waiting_bytes(split) == 100
    drain(split, 0)
    assert (letters.count(), waiting_bytes(split)) == (1, 0)


def test_one_drains_and_the_other_leaves(split: Split) -> None:
    run = split.new_run()
    partition = put(split, run, 1)
    with draining_alone(split.runtime.database.engine, partition) as held:
        assert held is not None
        drain(split, partition)
        assert waiting(split, partition) == 1
    drain(split, partition)
    assert split.steps(run) == [1]


def test_a_lock_whose_session_is_killed_is_free(split: Split) -> None:
    engine = split.runtime.database.engine

    def lose_the_session() -> None:
        with draining_alone(engine, 0) as held:
            assert held is not None
            backend = held.execute(text("SELECT pg_backend_pid()")).scalar_one()
            with Session(engine) as session:
                session.execute(text("SELECT pg_terminate_backend(:backend)"), {"backend": backend})
            held.execute(text("SELECT 1"))

    with pytest.raises(OperationalError):
        lose_the_session()
    with draining_alone(engine, 0) as held:
        assert held is not None


def test_a_drain_lingers_for_what_comes_soon(split: Split) -> None:
    run = split.new_run()
    partition = put(split, run, 1)
    drains = threading.Thread(target=drain, args=(split, partition, 30))
    drains.start()
    wait_until(lambda: split.steps(run) == [1])
    assert split.redis.client.get(drainer_of(partition)) == b"drains"
    put(split, run, 2)
    wait_until(lambda: split.steps(run) == [1, 2])
    # Another partition waits for a worker: the one who only lingers makes room.
    split.redis.client.rpush("{trackhelm}:celery:metrics", "a task")
    drains.join(60)
    assert not drains.is_alive()
    assert not split.redis.client.exists(drainer_of(partition))
