"""Reading one's own writes: a read waits until what was accepted before it is stored.

Only runs and logged models whose newest entry is noted are waited for. To find that there is none costs one
question, whatever the number of runs: to Redis, or to this process's memory where metrics wait in a journal.
"""

import time
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Final, Protocol

from prometheus_client import Histogram

from trackhelm_core.errors import UnavailableError
from trackhelm_core.queue.names import BEFORE_ALL, StreamId

_FIRST_PAUSE_SECONDS: Final = 0.002
_LONGEST_PAUSE_SECONDS: Final = 0.05

# From one question to the longest patience that can be set, seconds.
_WAIT_BUCKETS: Final = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 60.0)

Positions = Mapping[int, StreamId]
"""An entry of each partition."""


class Backlog(Protocol):
    """Metrics that are accepted and not yet stored. Asking raises `UnavailableError` where nobody knows."""

    @property
    def patience_seconds(self) -> float:
        """How long a read waits at the most."""
        ...

    @property
    def read_wait(self) -> Histogram:
        """The times that reads waited."""
        ...

    def newest(self, subjects: Sequence[str]) -> Positions:
        """Return the newest noted entry of runs and logged models in each partition that has one."""
        ...

    def accepted(self) -> Positions:
        """Return the newest entry that was accepted in each partition."""
        ...

    def stored(self, partitions: Iterable[int] | None = None) -> Positions:
        """Return the newest entry that is stored in each of these partitions, or in each there is."""
        ...

    def hurry(self, partitions: Iterable[int]) -> None:
        """Have what waits in these partitions stored at once."""
        ...

    def pause(self, seconds: float) -> None:
        """Wait for so long, or until something was stored."""
        ...


def new_read_wait() -> Histogram:
    """Return the histogram of a backlog's waits."""
    return Histogram(
        "trackhelm_read_wait_seconds",
        "Time that a read waited for metrics accepted before it, to be stored or refused.",
        registry=None,
        buckets=_WAIT_BUCKETS,
    )


def wait_until_stored(backlog: Backlog, subjects: Collection[str]) -> None:
    """Wait until all metrics of these runs and logged models are stored that were accepted before this call.

    (Of a model whose metrics two runs log at once, those of the run that did so last.) Call it before the
    transaction begins that reads them.

    Raises:
        UnavailableError: They are not stored in time, or that cannot be known: no read is silently stale.
    """
    if subjects:
        _wait(backlog, backlog.newest(list(subjects)))


def wait_until_all_stored(backlog: Backlog) -> None:
    """Wait until all metrics are stored that were accepted before this call, whatever run they belong to.

    For a read that chooses by metrics what it shows. Raises as `wait_until_stored`.
    """
    _wait(backlog, backlog.accepted())


def stored_positions(backlog: Backlog) -> Positions:
    """Return how far everything is stored: for a read that learns from its answer whose metrics it shows.

    Call it before the transaction begins, and `wait_for_missed` when it has ended.
    """
    return backlog.stored()


def wait_for_missed(backlog: Backlog, subjects: Collection[str], seen: Positions) -> bool:
    """Wait until metrics are stored that a read may have missed, and return whether there are any.

    If there are, read again. `seen` is how far was stored when the read began. Raises as `wait_until_stored`.
    """
    if not subjects:
        return False
    newest = backlog.newest(list(subjects))
    missed = {part: entry for part, entry in newest.items() if seen.get(part, BEFORE_ALL) < entry}
    _wait(backlog, missed)
    return bool(missed)


def names_metrics(*texts: str) -> bool:
    """Return whether a search's filter or order may speak of metrics."""
    # Each name that the grammar has for them begins so; a value that says it costs a moment's waiting.
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
    """Return those partitions that are not stored up to the entry that is waited for."""
    if not newest:
        return {}
    stored = backlog.stored(newest)
    return {part: entry for part, entry in newest.items() if stored.get(part, BEFORE_ALL) < entry}
