"""Dead letters of the queue: entries that could not be stored, kept until an operator decides."""

from collections.abc import Iterator
from typing import Any, Final, NamedTuple

from redis import Redis

from trackhelm_core.queue.names import (
    COUNTS,
    DEAD_LETTERS,
    ENTRY_FIELD,
    IN_ALL,
    WAITING_BYTES,
    StreamId,
    stream_of,
)

_PAGE: Final = 100


class DeadLetter(NamedTuple):
    """An entry that could not be stored. Its id contains the time at which it became a dead letter."""

    id: StreamId
    partition: int
    origin: str
    reason: str
    data: bytes


class DeadLetters:
    """The stream of dead letters, oldest first."""

    def __init__(self, client: Redis) -> None:
        self._client = client

    def add(self, partition: int, origin: StreamId, reason: str, data: bytes) -> None:
        """Add a letter; a crash before its batch is stored may add it again."""
        with self._client.pipeline() as pipeline:
            pipeline.xadd(
                DEAD_LETTERS,
                {ENTRY_FIELD: data, "partition": partition, "origin": str(origin), "reason": reason},
            )
            pipeline.hincrby(COUNTS, "dead_letters", 1)
            pipeline.execute()

    def count(self) -> int:
        """Return the number of dead letters."""
        return int(self._client.xlen(DEAD_LETTERS))

    def all(self) -> Iterator[DeadLetter]:
        """Yield all dead letters, with one page at a time in memory."""
        begin = "-"
        while page := self._client.xrange(DEAD_LETTERS, min=begin, count=_PAGE):
            letters = [_letter(entry) for entry in page]
            yield from letters
            begin = str(letters[-1].id.next())

    def find(self, letter_id: StreamId) -> DeadLetter | None:
        """Return a letter, None if there is none with this id."""
        found: Any = self._client.xrange(DEAD_LETTERS, min=str(letter_id), max=str(letter_id))
        return _letter(found[0]) if found else None

    def retry(self, letter: DeadLetter) -> None:
        """Put a letter back into its partition; beat sends a task to drain it within seconds."""
        with self._client.pipeline() as pipeline:
            pipeline.xadd(stream_of(letter.partition), {ENTRY_FIELD: letter.data})
            for field in (str(letter.partition), IN_ALL):
                pipeline.hincrby(WAITING_BYTES, field, len(letter.data))
            pipeline.xdel(DEAD_LETTERS, str(letter.id))
            pipeline.execute()

    def drop(self, letter_id: StreamId) -> bool:
        """Delete a letter and return whether there was one."""
        return bool(self._client.xdel(DEAD_LETTERS, str(letter_id)))


def _letter(entry: Any) -> DeadLetter:
    letter_id, fields = entry
    return DeadLetter(
        id=StreamId.parse(letter_id),
        partition=int(fields[b"partition"]),
        origin=fields[b"origin"].decode(),
        reason=fields[b"reason"].decode(),
        data=fields[ENTRY_FIELD],
    )
