"""The read wait: a read waits until the metrics that were accepted before it are stored.

A read waits only for runs and logged models with a note of their newest entry. To find that there is none
takes one look-up for any number of runs: in Redis, or in the memory of this process if metrics wait in a
journal.
"""

import time
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Final, Protocol

from prometheus_client import Histogram

from trackhelm_core.errors import UnavailableError
from trackhelm_core.queue.names import BEFORE_ALL, StreamId

_FIRST_PAUSE_SECONDS: Final = 0.002
_LONGEST_PAUSE_SECONDS: Final = 0.05

# Seconds, from the time of one look-up to the longest wait that can be set.
_WAIT_BUCKETS: Final = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 60.0)

Positions = Mapping[int, StreamId]
"""The id of an entry in each partition."""


class Backlog(Protocol):
    """Metrics that are accepted and not yet stored. Methods raise `UnavailableError` if that is unknown."""

    @property
    def patience_seconds(self) -> float:
        """How long a read waits at most."""
        ...

    @property
    def read_wait(self) -> Histogram:
        """The times for which reads have waited."""
        ...

    def newest(self, subjects: Sequence[str]) -> Positions:
        """Return the newest noted entry of runs and logged models in each partition that has one."""
        ...

    def accepted(self) -> Positions:
        """Return the newest entry that was accepted in each partition."""
        ...

    def stored(self, partitions: Iterable[int] | None = None) -> Positions:
        """Return the newest entry that is stored in each of these partitions, by default in every one."""
        ...

    def hurry(self, partitions: Iterable[int]) -> None:
        """Make the drainers of these partitions store at once what they are gathering."""
        ...

    def pause(self, seconds: float) -> None:
        """Wait for so long, or until something is stored."""
        ...


def new_read_wait() -> Histogram:
    """Return the histogram of the waits for a backlog."""
    return Histogram(
        "trackhelm_read_wait_seconds",
        "Time that a read waited for metrics accepted before it, to be stored or refused.",
        registry=None,
        buckets=_WAIT_BUCKETS,
    )


def wait_until_stored(backlog: Backlog, subjects: Collection[str]) -> None:
    """Wait until all metrics of these runs and logged models that were accepted before are stored.

    If two runs log metrics of one model at the same time, it waits for those of the run that logged last.
    Call this before the transaction that reads the metrics begins.

    Raises:
        UnavailableError: They are not stored in time, or it is unknown: no read is silently stale.
    """
    if subjects:
        _wait(backlog, backlog.newest(list(subjects)))


def wait_until_all_stored(backlog: Backlog) -> None:
    """Wait until all metrics that were accepted before this call are stored, of any run.

    For a read that selects runs by their metrics. Raises as `wait_until_stored` does.
    """
    _wait(backlog, backlog.accepted())


def stored_positions(backlog: Backlog) -> Positions:
    """Return the positions up to which metrics are stored, for a read that does not know its runs beforehand.

    Call this before the transaction begins, and `wait_for_missed` when it has ended and the runs are known.
    """
    return backlog.stored()


def wait_for_missed(backlog: Backlog, subjects: Collection[str], seen: Positions) -> bool:
    """Wait until the metrics that a read may have missed are stored; return whether there are any.

    If there are, read again. `seen` is what `stored_positions` returned before the read. Raises as
    `wait_until_stored` does.
    """
    if not subjects:
        return False
    newest = backlog.newest(list(subjects))
    missed = {part: entry for part, entry in newest.items() if seen.get(part, BEFORE_ALL) < entry}
    _wait(backlog, missed)
    return bool(missed)


def names_metrics(*texts: str) -> bool:
    """Return whether a search's filter or order may refer to metrics."""
    # Every name of the grammar for metrics contains it. If a value contains it, the search waits needlessly.
    return any("metric" in text.lower() for text in texts)


def _wait(backlog: Backlog, newest: Positions) -> None:
    if newest:
        with backlog.read_wait.time():
            _wait_for(backlog, newest)


def _wait_for(backlog: Backlog, newest: Positions) -> None:
    patience = backlog.patience_seconds
    deadline = time.monotonic() + patience
    pause = _FIRST_PAUSE_SECONDS
    while newest := _behind(backlog, newest):
        if time.monotonic() >= deadline:
            raise UnavailableError(
                "Metrics are accepted faster than they are stored: "
                f"some cannot be read after {patience:g} s. Send the request again."
            )
        backlog.hurry(newest)
        backlog.pause(pause)
        pause = min(pause * 2, _LONGEST_PAUSE_SECONDS)


def _behind(backlog: Backlog, newest: Positions) -> Positions:
    """Return the partitions that are not stored up to their entry yet."""
    if not newest:
        return {}
    stored = backlog.stored(newest)
    return {part: entry for part, entry in newest.items() if stored.get(part, BEFORE_ALL) < entry}
