"""The names of keys in Redis. All share one hash tag, so that one script may use several of them.

| key | holds |
|---|---|
| `{trackhelm}:points:<partition>` | stream: entries accepted and not yet stored, each in the field `d` |
| `{trackhelm}:drainer:<partition>` | mark: a worker drains the partition, or a task was sent; it expires |
| `{trackhelm}:accepted:<partition>` | id of the newest entry that was accepted |
| `{trackhelm}:drained:<partition>` | id of the newest entry that is stored |
| `{trackhelm}:flush:<partition>` | channel: a read waits for what is accepted and not yet stored |
| `{trackhelm}:newest:<subject>` | note: `<partition>:<id>` of its newest entry, until that is stored |
| `{trackhelm}:partitions` | how many partitions there are: every process must be set to this number |
| `{trackhelm}:waiting-bytes` | hash: bytes of the entries in each partition's stream, and in `all` of them |
| `{trackhelm}:dead-letters` | stream: entries that could not be stored, with the reason |
| `{trackhelm}:runs-epoch` | how often runs were deleted |
| `{trackhelm}:deleted:<run>` | the epoch that its deletion began, while a process may cache the run |
| `{trackhelm}:all-deleted` | the same for runs that were deleted together; it names no run |
| `{trackhelm}:quota:<workspace>` | when all points that it logged are earned, in milliseconds; it expires |
| `{trackhelm}:failed-logins:<whose>` | how many logins have failed in the last minutes; it expires |
| `{trackhelm}:slice:<task>` | mark: a time slice of the task runs, or its next one is queued; it expires |
| `{trackhelm}:counts` | hash: what workers have done, for `/metrics` |
"""

import zlib
from typing import Final, NamedTuple, Self

_PREFIX: Final = "{trackhelm}:"

ENTRY_FIELD: Final = b"d"
TRACE_FIELD: Final = b"t"
"""The span of the request that an entry came with; only where that is recorded."""
DEAD_LETTERS: Final = f"{_PREFIX}dead-letters"
COUNTS: Final = f"{_PREFIX}counts"
GIVEN_UP: Final = "given_up_deliveries"
"""The field of `COUNTS` with the number of deliveries to webhooks that were given up."""
RUNS_EPOCH: Final = f"{_PREFIX}runs-epoch"
ALL_DELETED: Final = f"{_PREFIX}all-deleted"
PARTITIONS: Final = f"{_PREFIX}partitions"
WAITING_BYTES: Final = f"{_PREFIX}waiting-bytes"
IN_ALL: Final = "all"
"""The field of `WAITING_BYTES` that is the sum of the others."""


def partition_of(run: str, partitions: int) -> int:
    """Return the partition that a run's points go through: the same in every process and version."""
    return zlib.crc32(run.encode()) % partitions


def stream_of(partition: int) -> str:
    """Return the name of a partition's stream."""
    return f"{_PREFIX}points:{partition}"


def drainer_of(partition: int) -> str:
    """Return the name of the mark that says that a partition is being drained."""
    return f"{_PREFIX}drainer:{partition}"


def accepted_of(partition: int) -> str:
    """Return the name of a partition's newest accepted position."""
    return f"{_PREFIX}accepted:{partition}"


def drained_of(partition: int) -> str:
    """Return the name of a partition's drained position."""
    return f"{_PREFIX}drained:{partition}"


def flush_signal_of(partition: int) -> str:
    """Return the name of the channel on which the drainer of a partition receives flush signals."""
    return f"{_PREFIX}flush:{partition}"


def note_of(subject: str) -> str:
    """Return the name of the note with the newest entry of a run or logged model, by its public id."""
    return f"{_PREFIX}newest:{subject}"


def deleted_of(run: str) -> str:
    """Return the name of the mark that says that a run, by its public id, was deleted."""
    return f"{_PREFIX}deleted:{run}"


def quota_of(workspace_id: int) -> str:
    """Return the name of the bucket of a workspace's points, for its quota."""
    return f"{_PREFIX}quota:{workspace_id}"


def failed_logins_of(whose: str) -> str:
    """Return the name of the number of logins that have failed."""
    return f"{_PREFIX}failed-logins:{whose}"


def slice_mark_of(task: str) -> str:
    """Return the name of the mark that a time slice of a task holds, by the name of the task."""
    return f"{_PREFIX}slice:{task}"


class StreamId(NamedTuple):
    """The id of an entry of a stream. A later entry has a greater id."""

    milliseconds: int
    sequence: int

    @classmethod
    def parse(cls, text: bytes) -> Self:
        """Read an id as Redis writes it; raises `ValueError`."""
        milliseconds, sequence = text.split(b"-")
        return cls(int(milliseconds), int(sequence))

    def __str__(self) -> str:
        return f"{self.milliseconds}-{self.sequence}"

    def next(self) -> "StreamId":
        """Return the smallest id that is greater than this one."""
        return StreamId(self.milliseconds, self.sequence + 1)


BEFORE_ALL: Final = StreamId(0, 0)


class Note(NamedTuple):
    """The partition and the id of the newest entry of a run or logged model."""

    partition: int
    entry: StreamId

    @classmethod
    def parse(cls, text: bytes) -> Self:
        """Read a note; raises `ValueError`."""
        partition, entry = text.split(b":")
        return cls(int(partition), StreamId.parse(entry))

    def __str__(self) -> str:
        return f"{self.partition}:{self.entry}"
