"""Statements about the partitions of the queue: who drains one, and how far it is stored."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from sqlalchemy import Connection, Engine, select, text, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from trackhelm_core.queue.names import StreamId
from trackhelm_domain.tables import PartitionPosition

# The first half of an advisory lock's name; the second is the partition.
_LOCK_CLASS: Final = 0x7472_6B71

# A worker's machine that vanishes is noticed after some 35 s, and not after the two hours of Linux's default.
_KEEPALIVES: Final = ("tcp_keepalives_idle = 20", "tcp_keepalives_interval = 5", "tcp_keepalives_count = 3")


class PositionMovedError(Exception):
    """Another process stored entries of the partition: this one must not."""


@contextmanager
def draining_alone(engine: Engine, partition: int) -> Iterator[Connection | None]:
    """Open a connection that holds the partition's lock, or yield None where another process has it.

    The lock lives as long as the connection: a killed process holds it no longer.
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
            # In an unknown state: closed rather than given back to the pool with the lock.
            connection.invalidate()
            raise
        connection.execute(text("SELECT pg_advisory_unlock(:class, :partition)"), lock)
        connection.commit()


def find_position(session: Session, partition: int) -> StreamId | None:
    """Return the id of the last entry that is stored, None where none ever was."""
    statement = select(PartitionPosition.milliseconds, PartitionPosition.sequence)
    row = session.execute(statement.where(PartitionPosition.partition == partition)).one_or_none()
    return None if row is None else StreamId(*row)


def known_partitions(session: Session) -> set[int]:
    """Return the partitions of which entries were ever stored."""
    return set(session.scalars(select(PartitionPosition.partition)))


def move_position(session: Session, partition: int, *, before: StreamId | None, after: StreamId) -> None:
    """Move a partition's position.

    Raises:
        PositionMovedError: It is not `before` (any more).
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
