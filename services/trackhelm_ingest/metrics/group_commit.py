"""The metric sink of one process: requests that arrive together share one transaction.

A commit to disk takes as long for one point as for a hundred thousand. While one transaction commits, the
requests that come in wait as the next group; each is answered after the commit of its own.
"""

import asyncio
import threading
from collections import deque
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Final, Self

import structlog
from sqlalchemy.exc import SQLAlchemyError

from trackhelm_core.chunks.points import Points
from trackhelm_core.db.failures import database_failure
from trackhelm_core.db.unit_of_work import Database
from trackhelm_core.errors import ApiError, ErrorCode, UnavailableError
from trackhelm_domain.keys import keys_of
from trackhelm_domain.tables.runs import RUN_ID_LENGTH
from trackhelm_ingest.metrics.series import SeriesKey, SeriesPoints
from trackhelm_ingest.metrics.store import write_points, write_series
from trackhelm_ingest.runs.logic import check_active
from trackhelm_ingest.runs.store import runs_to_log_to
from trackhelm_ingest.upkeep import Upkeep

log = structlog.get_logger(__name__)

GROUP_POINTS: Final = 200_000
"""Points in one transaction: some 50 ms of work, so that other writers get their turn."""

WAITING_POINTS: Final = 5_000_000
"""Points that may wait, at 24 bytes each: beyond it the caller is told to come back."""


@dataclass(slots=True)
class _Request:
    run: str
    points: SeriesPoints
    size: int
    answered: asyncio.Future[None]
    loop: asyncio.AbstractEventLoop

    def answer(self, error: Exception | None) -> None:
        def finalize() -> None:
            if self.answered.done():
                return  # The caller has gone; its points are stored all the same.
            if error is None:
                self.answered.set_result(None)
            else:
                self.answered.set_exception(error)

        # A server that is told twice to stop closes its loop while we write: then nobody waits any more.
        with suppress(RuntimeError):
            self.loop.call_soon_threadsafe(finalize)


class GroupCommit:
    """A thread that writes what waits, group by group. Acknowledged means committed."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._waiting: deque[_Request] = deque()
        self._waiting_points = 0
        self._changed = threading.Condition()
        self._stopping = False
        self._upkeep = Upkeep(database)
        self._thread = threading.Thread(target=self._run, name="group-commit", daemon=True)

    def start(self) -> Self:
        """Start writing."""
        self._thread.start()
        return self

    def stop(self) -> None:
        """Write what still waits, then end."""
        with self._changed:
            self._stopping = True
            self._changed.notify()
        self._thread.join()

    async def append(self, run: str, points: Mapping[SeriesKey, Points]) -> None:
        """Store points in the next group; see `MetricSink.append`."""
        loop = asyncio.get_running_loop()
        packed = SeriesPoints.of(points)
        size = len(packed.columns)
        request = _Request(run, packed, size, loop.create_future(), loop)
        with self._changed:
            if self._stopping:
                raise _stopping()
            if self._waiting_points + size > WAITING_POINTS:
                raise ApiError(
                    ErrorCode.REQUEST_LIMIT_EXCEEDED,
                    f"{self._waiting_points} metric points wait to be stored. Send the request again later.",
                    retry_after_seconds=1,
                )
            self._waiting.append(request)
            self._waiting_points += size
            self._changed.notify()
        await request.answered

    def run_ended(self, run: str) -> None:
        """Compact the run's metrics when nobody waits; see `MetricSink.run_ended`."""
        with self._changed:
            self._upkeep.add_run(run)
            self._changed.notify()

    def runs_deleted(self, run: str | None = None) -> None:
        """Do nothing: each group looks its runs up in the transaction that stores it."""

    def _run(self) -> None:
        group: list[_Request] = []
        try:
            while not self._is_over():
                group = self._next_group()
                if group:
                    for request, refusal in zip(group, self._store(group), strict=True):
                        request.answer(refusal)
                elif self._upkeep:
                    self._upkeep.do_next()
        finally:
            self._end(group)

    def _is_over(self) -> bool:
        with self._changed:
            return self._stopping and not self._waiting

    def _end(self, unanswered: list[_Request]) -> None:
        """Take no more requests: one that waited for a thread that has ended would wait for ever."""
        with self._changed:
            self._stopping = True
            unanswered += self._waiting
            self._waiting.clear()
            self._waiting_points = 0
        for request in unanswered:
            request.answer(_stopping())

    def _next_group(self) -> list[_Request]:
        """Wait for requests and return as many as one transaction takes; none when there is other work."""
        with self._changed:
            while not (self._waiting or self._upkeep or self._stopping):
                self._changed.wait(self._upkeep.seconds_until_look())
            group: list[_Request] = []
            size = 0
            while self._waiting and (not group or size + self._waiting[0].size <= GROUP_POINTS):
                group.append(self._waiting.popleft())
                size += group[-1].size
            self._waiting_points -= size
            return group

    def _store(self, group: list[_Request]) -> list[Exception | None]:
        """Write a group, and return what each request is refused for, if it is. Raises nothing."""
        try:
            return self._write(group)
        except Exception as error:
            if _is_away(error):
                log.exception("metric points could not be stored", requests=len(group))
                # One each: an exception that several raise gathers the tracebacks of all.
                return [_unavailable() for _ in group]
            if len(group) > 1:
                # One request must not take down the others of its group.
                return [refusal for request in group for refusal in self._store([request])]
            # The request's own fault or a defect: told to its caller, the thread lives on.
            log.exception("a metrics request could not be stored")
            return [error]

    def _write(self, group: list[_Request]) -> list[Exception | None]:
        """Write a group in one transaction, and return what each request is refused for, if it is."""
        if len(group) == 1 and self._write_series(group[0]):
            return [None]
        errors: list[Exception | None] = []
        accepted: list[tuple[int, SeriesPoints]] = []
        with self._database.writing() as session:
            runs = runs_to_log_to(session, {request.run for request in group})
            for request in group:
                try:
                    run = check_active(runs.get(request.run), request.run)
                except ApiError as error:
                    errors.append(error)
                else:
                    errors.append(None)
                    accepted.append((run.id, request.points))
            crowded = write_points(session, accepted)
        for metric in crowded:
            self._upkeep.add(metric)
        return errors

    def _write_series(self, request: _Request) -> bool:
        """Write a request for one plain series by one statement; False where that is not possible.

        A client alone logs point by point, and waits for each: its latency is made of round trips. What is
        not stored here (a new key, a run that is not active) goes the way of groups, which says why.
        """
        if self._database.is_sqlite or len(request.points) != 1 or len(request.run) != RUN_ID_LENGTH:
            return False
        ((series, points),) = request.points.parts()
        if series.labels or not request.run.isalnum():
            return False
        with self._database.autocommit() as session:
            key_id = keys_of(session).known_ids([series.key]).get(series.key)
            if key_id is None:
                return False
            stored = write_series(session, request.run, key_id, points)
        if stored and stored.is_crowded:
            self._upkeep.add(stored.metric)
        return stored is not None


def _stopping() -> UnavailableError:
    return UnavailableError("The server is stopping. Send the request again.")


def _unavailable() -> UnavailableError:
    return UnavailableError("The database is not available. Send the request again.")


def _is_away(error: Exception) -> bool:
    return isinstance(error, SQLAlchemyError) and isinstance(database_failure(error), UnavailableError)
