"""The read wait: a read waits until the metrics that were accepted before it are stored.

Only runs and logged models whose newest entry is noted are waited for. To find that there is none costs one
question, whatever the number of runs: to Redis, or to this process's memory where metrics wait in a journal.

A read that waits holds no thread: the pool answers other requests meanwhile. One thread of its own asks for
all reads of the process that wait, and ends with the last of them.
"""

import asyncio
import threading
import time
from collections.abc import Callable, Collection, Generator, Iterable, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import Final, Generic, Protocol, TypeVar

from prometheus_client import Counter, Gauge, Histogram
from starlette.concurrency import run_in_threadpool

from trackhelm_core.errors import UnavailableError
from trackhelm_core.queue.names import BEFORE_ALL, StreamId

_FIRST_PAUSE_SECONDS: Final = 0.002
_LONGEST_PAUSE_SECONDS: Final = 0.05

# Each holds its connection and its request's memory.
_MOST_WAITING: Final = 1_000

# Each has the ids of a page, some 100 bytes a run.
_MOST_NOTED: Final = 100

# From one question to the longest patience that can be set, seconds.
_WAIT_BUCKETS: Final = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 60.0)

Positions = Mapping[int, StreamId]
"""The id of an entry in each partition."""

ReadType = TypeVar("ReadType")
FoundType = TypeVar("FoundType")

_Steps = Generator[Positions, None, ReadType]
"""A read on threads of the pool; what it yields is to be stored before it goes on."""


class Backlog(Protocol):
    """Metrics that are accepted and not yet stored. Methods raise `UnavailableError` if that is unknown."""

    @property
    def patience_seconds(self) -> float:
        """How long a read waits at most."""
        ...

    def newest(self, subjects: Sequence[str], seen: Positions | None = None) -> Positions:
        """Return the newest noted entry of runs and logged models in each partition that has one.

        Entries that are stored may be left out, except those stored since `seen` was returned by `stored`:
        a read that began before they were stored has missed them.
        """
        ...

    def accepted(self) -> Positions:
        """Return the newest entry that was accepted in each partition."""
        ...

    def stored(self, partitions: Iterable[int] | None = None) -> Positions:
        """Return the newest entry that is stored in each of these partitions, by default in every one."""
        ...

    def catch_up(self) -> None:
        """Store what waits in this thread, if this process drains it and that takes a moment only."""
        ...

    def flush(self, partitions: Iterable[int]) -> None:
        """Make the drainers of these partitions store at once what they are gathering."""
        ...

    def pause(self, seconds: float) -> None:
        """Wait for so long, or until something is stored."""
        ...


def names_metrics(*texts: str) -> bool:
    """Return whether a search's filter or order may refer to metrics."""
    # Every name of the grammar for metrics contains it. If a value contains it, the search waits needlessly.
    return any("metric" in text.lower() for text in texts)


@dataclass(frozen=True, slots=True)
class _Wait:
    """A read that waits for entries."""

    positions: Positions
    began: float = field(default_factory=time.monotonic)
    stored: Future[None] = field(default_factory=Future)

    def is_over(self, stored: Positions) -> bool:
        return all(stored.get(part, BEFORE_ALL) >= entry for part, entry in self.positions.items())


@dataclass(frozen=True, slots=True)
class _Result(Generic[ReadType]):
    """What a read has read."""

    value: ReadType


class ReadWaits:
    """The reads of one process, each after what was accepted before it is stored.

    What is read runs on a thread of the shared pool, and must open its transaction itself. Raised is, besides
    what it raises, `UnavailableError` where entries are not stored in time, or that cannot be known, or too
    many reads wait already: no read is silently stale.
    """

    def __init__(self, backlog: Backlog, *, most_waiting: int = _MOST_WAITING) -> None:
        self.seconds = Histogram(
            "trackhelm_read_wait_seconds",
            "Time that a read waited for metrics accepted before it, to be stored or refused.",
            registry=None,
            buckets=_WAIT_BUCKETS,
        )
        self.refused = Counter(
            "trackhelm_reads_refused",
            "Reads that were answered with 503: they waited too long (`late`), or too many others (`many`).",
            ("reason",),
            registry=None,
        )
        # A counter that begins at its first event shows no increase by it.
        self._late, self._many = self.refused.labels("late"), self.refused.labels("many")
        self._backlog = backlog
        self._most_waiting = most_waiting
        self._lock = threading.Lock()
        self._waiting: list[_Wait] = []
        # What searches found that had to be made again, by the hash of the request: a page that is polled
        # mostly shows what it did before. If it shows another run, or two requests have the same hash, that
        # costs a search or a wait, and never what was accepted.
        self._missed: dict[int, Sequence[str]] = {}
        self._is_watched = False
        self.waiting = Gauge(
            "trackhelm_reads_waiting", "Reads that wait for metrics accepted before them.", registry=None
        )
        self.waiting.set_function(lambda: len(self._waiting))

    async def read(self, subjects: Collection[str], read: Callable[[], ReadType]) -> ReadType:
        """Read when all metrics of these runs and logged models are stored that were accepted before.

        (Of a model whose metrics two runs log at once, those of the run that did so last.)
        """
        return await self._run(self._reading(subjects, read))

    async def search(
        self,
        search: Callable[[], tuple[FoundType, Collection[str]]],
        answer: Callable[[FoundType], ReadType],
        *,
        by_metrics: bool,
        request: bytes = b"",
    ) -> ReadType:
        """Read what says itself whose metrics it shows, and return `answer` of it.

        `search` returns what it found with its runs and models. It is called again if it may have missed
        metrics of theirs that were accepted before it ended. A search that chooses by metrics what it finds
        waits for those of every run first; one that had to be called again for the same `request` the last
        time waits first for those of what it found then.
        """
        steps = self._searching(search, answer, by_metrics=by_metrics, request=hash(request))
        return await self._run(steps)

    def _reading(self, subjects: Collection[str], read: Callable[[], ReadType]) -> _Steps[ReadType]:
        if subjects:
            yield self._backlog.newest(list(subjects))
        return read()

    def _searching(
        self,
        search: Callable[[], tuple[FoundType, Collection[str]]],
        answer: Callable[[FoundType], ReadType],
        *,
        by_metrics: bool,
        request: int,
    ) -> _Steps[ReadType]:
        if by_metrics:
            yield self._backlog.accepted()
        elif expected := self._missed.get(request):
            yield self._backlog.newest(expected)
        seen = self._backlog.stored()
        found, subjects = search()
        newest = self._backlog.newest(list(subjects), seen) if subjects else {}
        missed = {part: entry for part, entry in newest.items() if seen.get(part, BEFORE_ALL) < entry}
        if missed:
            yield missed
            found, subjects = search()
            if not by_metrics:
                self._note_missed(request, subjects)
        return answer(found)

    def _note_missed(self, request: int, subjects: Collection[str]) -> None:
        with self._lock:
            self._missed.pop(request, None)
            if len(self._missed) >= _MOST_NOTED:
                del self._missed[next(iter(self._missed))]
            self._missed[request] = tuple(subjects)

    async def _run(self, steps: _Steps[ReadType]) -> ReadType:
        while True:
            step = await run_in_threadpool(self._advance, steps)
            if isinstance(step, _Result):
                return step.value
            try:
                await asyncio.wrap_future(step.stored)
            finally:
                self.seconds.observe(time.monotonic() - step.began)

    def _advance(self, steps: _Steps[ReadType]) -> _Wait | _Result[ReadType]:
        """Go on with a read until it ends or has to wait."""
        while True:
            try:
                positions = next(steps)
            except StopIteration as end:
                return _Result(end.value)
            if not positions:
                continue
            wait = _Wait(positions)
            if not wait.is_over(self._backlog.stored(positions)):
                # In this thread: to call another one, and to be called back by way of the event loop, takes
                # as long as storing a batch of twenty metrics.
                self._backlog.catch_up()
                if not wait.is_over(self._backlog.stored(positions)):
                    self._backlog.flush(positions)
                    self._begin(wait)
                    return wait
            self.seconds.observe(time.monotonic() - wait.began)

    def _begin(self, wait: _Wait) -> None:
        with self._lock:
            if len(self._waiting) >= self._most_waiting:
                self._many.inc()
                raise UnavailableError(
                    f"Metrics are accepted faster than they are stored: {self._most_waiting} reads wait for "
                    "some already. Send the request again."
                )
            # A read that waits may be cancelled; its wait can then still be marked as over.
            wait.stored.set_running_or_notify_cancel()
            self._waiting.append(wait)
            if not self._is_watched:
                self._is_watched = True
                threading.Thread(target=self._watch, name="read-waits", daemon=True).start()

    # The thread that asks for all who wait.

    def _watch(self) -> None:
        while waiting := self._undecided():
            try:
                self._decide(waiting)
            except Exception as error:  # noqa: BLE001 - each read raises it
                for wait in waiting:
                    if not wait.stored.done():
                        wait.stored.set_exception(error)

    def _undecided(self) -> Sequence[_Wait]:
        with self._lock:
            self._waiting = [wait for wait in self._waiting if not wait.stored.done()]
            self._is_watched = bool(self._waiting)
            return tuple(self._waiting)

    def _decide(self, waiting: Sequence[_Wait]) -> None:
        """End the waits that are over, refuse those that took too long, and pause."""
        partitions = {partition for wait in waiting for partition in wait.positions}
        now = time.monotonic()
        stored = self._backlog.stored(partitions)
        patience = self._backlog.patience_seconds
        for wait in waiting:
            if wait.is_over(stored):
                wait.stored.set_result(None)
            elif now - wait.began >= patience:
                self._late.inc()
                wait.stored.set_exception(
                    UnavailableError(
                        "Metrics are accepted faster than they are stored: "
                        f"some cannot be read after {patience:g} s. Send the request again."
                    )
                )
        if behind := [wait for wait in waiting if not wait.stored.done()]:
            self._backlog.flush({partition for wait in behind for partition in wait.positions})
            # The longer all have waited, the longer it will take: so few questions are asked in vain.
            youngest = now - max(wait.began for wait in behind)
            self._backlog.pause(min(max(youngest, _FIRST_PAUSE_SECONDS), _LONGEST_PAUSE_SECONDS))
