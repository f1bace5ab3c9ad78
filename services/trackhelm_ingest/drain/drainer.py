"""The loop that drains a partition: read, store, cut off, while there is something or soon may be."""

import time
from collections.abc import Callable
from contextlib import closing
from enum import Enum, auto
from typing import Final

import structlog
from sqlalchemy import Connection
from sqlalchemy.orm import Session

from trackhelm_core.db.unit_of_work import Database
from trackhelm_core.queue.connection import RedisConnection
from trackhelm_core.queue.tasks import TaskQueue
from trackhelm_ingest.dead_letters import DeadLetters
from trackhelm_ingest.drain.batch import store_batch
from trackhelm_ingest.drain.stream import BLOCK_SECONDS, PartitionStream, RawEntry, Stored
from trackhelm_ingest.store.points import Metric
from trackhelm_ingest.store.positions import draining_alone, find_position

log = structlog.get_logger(__name__)

BATCH_ENTRIES: Final = 256
"""At most 256,000 points: some 6 MB of columns, and a transaction of well under a second."""

BATCH_BYTES: Final = 16 * 1024 * 1024
"""Where entries are large, by their labels: a batch takes several times as much of a worker's memory."""

LINGER_SECONDS: Final = 3.0
"""How long a partition is warm after its last entry: training loops log every few seconds at the least."""

TURN_SECONDS: Final = 20.0
"""After so long a worker lets the partition go to the next: one that stops need not wait for quiet."""

FAIR_TURN_SECONDS: Final = 0.25
"""The same while other partitions wait for a worker: 16 of them, all busy, get their turn every 2 s of 2."""

PACE_SECONDS: Final = 0.02
"""Least time from one transaction to the next: what comes meanwhile shares a chunk."""


class Ended(Enum):
    """Why a turn ended."""

    IDLE = auto()
    TURN_OVER = auto()


class Drainer:
    """Drains one partition for a turn, on the connection that holds its lock."""

    def __init__(
        self,
        redis: RedisConnection,
        stream: PartitionStream,
        partition: int,
        *,
        linger_seconds: float = LINGER_SECONDS,
        on_crowded: Callable[[Metric], None],
    ) -> None:
        self._stream = stream
        self._partition = partition
        self._linger = linger_seconds
        self._redis = redis
        self._dead_letters = DeadLetters(redis.client)
        self._on_crowded = on_crowded

    def run(self, connection: Connection) -> Ended:
        """Drain until nothing comes, or until it is another's turn."""
        with Session(connection) as session:
            position = find_position(session, self._partition)
        self._stream.begin(position)
        began = warm = time.monotonic()
        while True:
            entries = self._stream.read(BATCH_ENTRIES, BATCH_BYTES, wait=False)
            if not entries and not self._others_wait():
                entries = self._stream.read(BATCH_ENTRIES, BATCH_BYTES, wait=True)
            now = time.monotonic()
            if entries:
                outcome = store_batch(connection, self._partition, position, entries, self._bury)
                position = outcome.position
                warm = time.monotonic()
                size = sum(len(entry.data) for entry in entries)
                self._stream.settle(
                    Stored(entries[-1].id, outcome.newest, len(entries), size, outcome.points, warm - now)
                )
                for metric in outcome.crowded:
                    self._on_crowded(metric)
                time.sleep(max(0.0, PACE_SECONDS - (time.monotonic() - now)))
            else:
                if now - warm >= self._linger or self._others_wait():
                    return Ended.IDLE
                self._stream.refresh_mark()
            turn = time.monotonic() - began
            if turn >= TURN_SECONDS or (turn >= FAIR_TURN_SECONDS and self._others_wait()):
                return Ended.TURN_OVER

    def _others_wait(self) -> bool:
        return self._redis.tasks_waiting(TaskQueue.METRICS) > 0

    def _bury(self, entry: RawEntry, reason: str) -> None:
        log.error("a dead letter", partition=self._partition, entry=str(entry.id), reason=reason)
        self._dead_letters.add(self._partition, entry.id, reason, entry.data)


def drain_turn(
    redis: RedisConnection,
    database: Database,
    partition: int,
    *,
    on_crowded: Callable[[Metric], None],
    linger_seconds: float = LINGER_SECONDS,
) -> Ended:
    """Drain a partition for a turn, unless another process does."""
    with closing(redis.blocking_client(BLOCK_SECONDS)) as blocking:
        stream = PartitionStream(redis, blocking, partition)
        drainer = Drainer(redis, stream, partition, linger_seconds=linger_seconds, on_crowded=on_crowded)
        while True:
            with draining_alone(database.engine, partition) as connection:
                if connection is None:
                    return Ended.IDLE
                ended = drainer.run(connection)
            # Finished without the lock: whoever is called by an entry that comes now finds it free.
            if ended is Ended.TURN_OVER or stream.finish():
                return ended
