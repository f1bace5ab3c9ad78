"""The loop that drains a partition, and the search for partitions without a drainer."""

import time
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import closing, contextmanager
from enum import Enum, auto
from typing import Final

import structlog
from sqlalchemy import Connection
from sqlalchemy.orm import Session

from trackhelm_core.db.unit_of_work import Database
from trackhelm_core.queue.connection import RedisConnection
from trackhelm_core.queue.names import StreamId, drainer_of, stream_of
from trackhelm_core.queue.redis_backlog import FlushSignal
from trackhelm_core.queue.tasks import TaskQueue
from trackhelm_core.traces import Cause, bound_trace
from trackhelm_ingest.metrics.appending import CALLED_SECONDS
from trackhelm_ingest.metrics.dead_letters import DeadLetters
from trackhelm_ingest.metrics.drain.batch import (
    BATCH_ENTRIES,
    PACE_SECONDS,
    Outcome,
    RawEntry,
    Source,
    entries_to_read,
    store_batch,
)
from trackhelm_ingest.metrics.drain.stream import BLOCK_SECONDS, PartitionStream, Stored
from trackhelm_ingest.metrics.positions import draining_alone, find_position, known_partitions, move_position
from trackhelm_ingest.metrics.store import Metric

# The loop that drains a partition: read, store and remove entries, as long as there are some or soon may be.

log = structlog.get_logger(__name__)

MOST_BATCH_BYTES: Final = 16 * 1024 * 1024
"""For entries that are large because of labels: a batch takes several times as much of a worker's memory."""

LINGER_SECONDS: Final = 3.0
"""The linger: how long a drainer stays with a partition after its last entry. Training loops log at least
every few seconds."""

SLICE_SECONDS: Final = 20.0
"""The time slice of a drainer, after which a worker can stop even if entries keep coming."""

FAIR_SLICE_SECONDS: Final = 0.25
"""The time slice while other partitions wait: with 16 busy ones and 2 workers, each is drained every 2 s."""

CROWDED_PACE_SECONDS: Final = 0.02
"""`PACE_SECONDS` while other partitions wait for a worker."""


class Ended(Enum):
    """Why a time slice ended."""

    IDLE = auto()
    SLICE_OVER = auto()


class _Partition:
    """The source of a partition's batches, on the connection that holds its lock."""

    def __init__(self, connection: Connection, partition: int, dead_letters: DeadLetters) -> None:
        self._connection = connection
        self._partition = partition
        self._dead_letters = dead_letters

    @property
    def is_lost(self) -> bool:
        # When a connection is lost, its lock is lost, too.
        return self._connection.invalidated

    def bury(self, entry: RawEntry, reason: str) -> None:
        log.error("a dead letter", partition=self._partition, entry=str(entry.id), reason=reason)
        self._dead_letters.add(self._partition, entry.id, reason, entry.data)

    @contextmanager
    def writing(self) -> Iterator[Session]:
        with Session(self._connection, autoflush=False, expire_on_commit=False) as session:
            yield session
            session.commit()

    def move(self, session: Session, *, before: StreamId | None, after: StreamId) -> None:
        move_position(session, self._partition, before=before, after=after)


class Drainer:
    """Drains one partition for a time slice, on the connection that holds its lock."""

    def __init__(
        self,
        redis: RedisConnection,
        stream: PartitionStream,
        partition: int,
        calls: FlushSignal,
        *,
        linger_seconds: float = LINGER_SECONDS,
        on_crowded: Callable[[Collection[Metric]], None],
    ) -> None:
        self._stream = stream
        self._partition = partition
        self._calls = calls
        self._linger = linger_seconds
        self._redis = redis
        self._count = BATCH_ENTRIES
        self._on_crowded = on_crowded

    def run(self, connection: Connection) -> Ended:
        """Drain until no entry comes during the linger, or until the time slice is over."""
        with Session(connection) as session:
            position = find_position(session, self._partition)
        source = _Partition(connection, self._partition, DeadLetters(self._redis.client))
        self._stream.begin(position)
        began = warm = time.monotonic()
        while True:
            entries = self._stream.read(self._count, MOST_BATCH_BYTES, wait=False)
            if not entries and not self._others_wait():
                entries = self._stream.read(self._count, MOST_BATCH_BYTES, wait=True)
            now = time.monotonic()
            if entries:
                outcome = _stored_and_traced(source, position, entries)
                position = outcome.position
                warm = time.monotonic()
                size = sum(len(entry.data) for entry in entries)
                self._stream.acknowledge(
                    Stored(entries[-1].id, outcome.newest, len(entries), size, outcome.points, warm - now)
                )
                if outcome.crowded:
                    self._on_crowded(outcome.crowded)
                elapsed = time.monotonic() - began
                if elapsed >= SLICE_SECONDS or (elapsed >= FAIR_SLICE_SECONDS and self._others_wait()):
                    return Ended.SLICE_OVER
                if len(entries) < self._count and size < MOST_BATCH_BYTES:
                    # That was all that waited. While more waits, gathering would let the backlog grow.
                    pace = CROWDED_PACE_SECONDS if self._others_wait() else PACE_SECONDS
                    self._calls.wait(now + pace - time.monotonic())
                self._count = entries_to_read(size / len(entries))
            else:
                if now - warm >= self._linger or self._others_wait():
                    return Ended.IDLE
                self._stream.refresh_mark()

    def _others_wait(self) -> bool:
        return self._redis.tasks_waiting(TaskQueue.METRICS) > 0


def _stored_and_traced(source: Source, position: StreamId | None, entries: Sequence[RawEntry]) -> Outcome:
    """Store a batch, and record in the traces of its requests that it was stored, and when."""
    began = time.time_ns()
    outcome = store_batch(source, position, entries)
    if trace := bound_trace.get():
        causes = [Cause(entry.traceparent, entry.id.milliseconds) for entry in entries if entry.traceparent]
        trace.record("store metrics", causes, began)
    return outcome


def drain_slice(
    redis: RedisConnection,
    database: Database,
    partition: int,
    *,
    on_crowded: Callable[[Collection[Metric]], None],
    linger_seconds: float = LINGER_SECONDS,
) -> Ended:
    """Drain a partition for a time slice, unless another process drains it."""
    with closing(redis.blocking_client(BLOCK_SECONDS)) as blocking:
        stream = PartitionStream(redis, blocking, partition)
        while True:
            with draining_alone(database.engine, partition) as connection:
                if connection is None:
                    return Ended.IDLE
                # Subscribed only now, because it takes a connection, and many tasks find the lock taken.
                with FlushSignal(blocking, partition) as calls:
                    drainer = Drainer(
                        redis, stream, partition, calls, linger_seconds=linger_seconds, on_crowded=on_crowded
                    )
                    ended = drainer.run(connection)
            # Finished after the lock is released, so that a worker for an entry that comes now can take it.
            if ended is Ended.SLICE_OVER or stream.finish():
                return ended


# Partitions with a backlog and no drainer, because a worker was killed or a message was lost.

SWEEP_EVERY_SECONDS: Final = 5.0


def abandoned_partitions(redis: RedisConnection, database: Database) -> list[int]:
    """Return the partitions for which a task must be sent; each is marked as if it was sent."""
    with database.reading() as session:
        # Also partitions beyond the present number, which may have been larger before.
        partitions = sorted(known_partitions(session) | set(range(redis.settings.queue_partitions)))
    with redis.client.pipeline(transaction=False) as pipeline:
        for partition in partitions:
            pipeline.xlen(stream_of(partition))
        lengths = pipeline.execute()
    return [
        partition
        for partition, length in zip(partitions, lengths, strict=True)
        if length and redis.client.set(drainer_of(partition), "called", nx=True, ex=CALLED_SECONDS)
    ]
