"""Statements about the partitions of the queue: the lock of the drainer, and the position."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from sqlalchemy import Connection, Engine, select, text, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from trackhelm_core.queue.names import StreamId
from trackhelm_domain.tables import PartitionPosition

# The first half of the key of an advisory lock; the second is the partition.
_LOCK_CLASS: Final = 0x7472_6B71

# If a worker's machine vanishes, that is noticed after about 35 s instead of two hours, Linux's default.
_KEEPALIVES: Final = ("tcp_keepalives_idle = 20", "tcp_keepalives_interval = 5", "tcp_keepalives_count = 3")


class PositionMovedError(Exception):
    """Another process has stored entries of the partition, so this one must not."""


@contextmanager
def draining_alone(engine: Engine, partition: int) -> Iterator[Connection | None]:
    """Open a connection that holds the partition's lock, or yield None if another process has the lock.

    The lock lasts as long as the connection, so a killed process does not hold it any more.
    """
    with engine.connect() as connection:
        for setting in _KEEPALIVES:
            connection.execute(text(f"SET {setting}"))
        lock = {"class": _LOCK_CLASS, "partition": partition}
        taken = connection.execute(text("SELECT pg_try_advisory_lock(:class, :partition)"), lock).scalar_one()
        connection.commit()
        if not taken:
            yield None
            return
        try:
            yield connection
        except BaseException:
            # The connection is in an unknown state. It is closed, and not returned to the pool with the lock.
            connection.invalidate()
            raise
        connection.execute(text("SELECT pg_advisory_unlock(:class, :partition)"), lock)
        connection.commit()


def find_position(session: Session, partition: int) -> StreamId | None:
    """Return the id of the last entry that is stored, None if none ever was."""
    statement = select(PartitionPosition.milliseconds, PartitionPosition.sequence)
    row = session.execute(statement.where(PartitionPosition.partition == partition)).one_or_none()
    return None if row is None else StreamId(*row)


def known_partitions(session: Session) -> set[int]:
    """Return the partitions of which an entry was ever stored."""
    return set(session.scalars(select(PartitionPosition.partition)))


def move_position(session: Session, partition: int, *, before: StreamId | None, after: StreamId) -> None:
    """Move a partition's position.

    Raises:
        PositionMovedError: The position is not `before` (any more).
    """
    values = after._asdict()
    first = insert(PartitionPosition).values(partition=partition, **values).on_conflict_do_nothing()
    later = update(PartitionPosition).values(**values).where(PartitionPosition.partition == partition)
    if before is not None:
        later = later.where(
            PartitionPosition.milliseconds == before.milliseconds,
            PartitionPosition.sequence == before.sequence,
        )
    statement = (first if before is None else later).returning(PartitionPosition.partition)
    if session.execute(statement).one_or_none() is None:
        raise PositionMovedError(f"partition {partition} is not at {before}")
