"""Dead letters: entries of metrics that could not be stored, kept until an operator decides.

They are where the entries waited: in Redis, or without it in the journal.
"""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Final, NamedTuple, Protocol

from trackhelm_core.db.unit_of_work import Database
from trackhelm_core.queue.names import (
    COUNTS,
    DEAD_LETTERS,
    ENTRY_FIELD,
    IN_ALL,
    WAITING_BYTES,
    StreamId,
    stream_of,
)
from trackhelm_ingest.metrics.journal_store import (
    DeadEntry,
    dead_entries,
    drop_entry,
    find_dead_entry,
    retry_entry,
)

if TYPE_CHECKING:
    from redis import Redis

_PAGE: Final = 100
_DIGITS: Final = 18
"""Of an id in the journal, which has 64 bits."""


class DeadLetter(NamedTuple):
    """An entry that could not be stored."""

    id: str
    reason: str
    data: bytes
    time: int | None = None
    """When it became a dead letter, in milliseconds since 1970; the journal does not hold it."""
    partition: int | None = None
    """The partition in Redis; the journal has none."""


class Letters(Protocol):
    """All dead letters of a deployment, wherever they are."""

    def all(self) -> Iterator[DeadLetter]:
        """Yield all dead letters, the oldest first, with one page at a time in memory."""
        ...

    def find(self, letter_id: str) -> DeadLetter | None:
        """Return a letter, None if there is none with this id. Raises `ValueError` if it is no id."""
        ...

    def retry(self, letter: DeadLetter) -> None:
        """Make a letter wait to be stored again, which is tried within seconds while the server runs."""
        ...

    def drop(self, letter: DeadLetter) -> None:
        """Delete a letter."""
        ...


class DeadLetters:
    """The stream of dead letters in Redis, oldest first."""

    def __init__(self, client: "Redis") -> None:
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
        """Yield all dead letters; see `Letters.all`."""
        begin = "-"
        while page := self._client.xrange(DEAD_LETTERS, min=begin, count=_PAGE):
            letters = [_letter(entry) for entry in page]
            yield from letters
            begin = str(StreamId.parse(letters[-1].id.encode()).next())

    def find(self, letter_id: str) -> DeadLetter | None:
        """Return a letter; see `Letters.find`."""
        try:
            wanted = str(StreamId.parse(letter_id.encode()))
        except ValueError as error:
            raise ValueError("an id is two numbers, as in 1795451629418-0") from error
        found: Any = self._client.xrange(DEAD_LETTERS, min=wanted, max=wanted)
        return _letter(found[0]) if found else None

    def retry(self, letter: DeadLetter) -> None:
        """Put a letter back into its partition; beat sends a task to drain it within seconds."""
        assert letter.partition is not None
        with self._client.pipeline() as pipeline:
            pipeline.xadd(stream_of(letter.partition), {ENTRY_FIELD: letter.data})
            for field in (str(letter.partition), IN_ALL):
                pipeline.hincrby(WAITING_BYTES, field, len(letter.data))
            pipeline.xdel(DEAD_LETTERS, letter.id)
            pipeline.execute()

    def drop(self, letter: DeadLetter) -> None:
        """Delete a letter."""
        self._client.xdel(DEAD_LETTERS, letter.id)


def _letter(entry: Any) -> DeadLetter:
    letter_id, fields = entry
    found = StreamId.parse(letter_id)
    return DeadLetter(
        id=str(found),
        reason=fields[b"reason"].decode(),
        data=fields[ENTRY_FIELD],
        # Its id was given when it became a dead letter.
        time=found.milliseconds,
        partition=int(fields[b"partition"]),
    )


class JournalDeadLetters:
    """The dead letters of the journal, oldest first."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def all(self) -> Iterator[DeadLetter]:
        """Yield all dead letters; see `Letters.all`."""
        after = 0
        while True:
            with self._database.reading_once() as session:
                page = dead_entries(session, after=after, limit=_PAGE)
            if not page:
                return
            yield from map(_letter_of, page)
            after = page[-1].id

    def find(self, letter_id: str) -> DeadLetter | None:
        """Return a letter; see `Letters.find`."""
        if not (letter_id.isascii() and letter_id.isdigit() and len(letter_id) <= _DIGITS):
            raise ValueError("an id is a number, as in 17")
        with self._database.reading_once() as session:
            entry = find_dead_entry(session, int(letter_id))
        return None if entry is None else _letter_of(entry)

    def retry(self, letter: DeadLetter) -> None:
        """Make a letter wait again: a server that runs finds it within seconds, any other when it starts."""
        with self._database.writing() as session:
            retry_entry(session, int(letter.id))

    def drop(self, letter: DeadLetter) -> None:
        """Delete a letter."""
        with self._database.writing() as session:
            drop_entry(session, int(letter.id))


def _letter_of(entry: DeadEntry) -> DeadLetter:
    return DeadLetter(str(entry.id), entry.reason, entry.data)
