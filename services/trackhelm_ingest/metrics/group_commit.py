"""Group commit, the metric sink of the embedded shape: requests that arrive together share one transaction.

It writes the requests to the journal as entries; `drain.journal` stores them as chunks in another thread. A
commit to disk takes as long for one request as for a thousand. While one transaction commits, new requests
are gathered for the next group. Each request is answered after the commit of its own group.
"""

import asyncio
import threading
from collections import defaultdict, deque
from collections.abc import Collection, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Final, Self

import structlog

from trackhelm_core.chunks.points import Points
from trackhelm_core.db.engine import may_pass
from trackhelm_core.db.unit_of_work import Database
from trackhelm_core.errors import OUTAGE_RETRY_SECONDS, ApiError, ErrorCode, UnavailableError
from trackhelm_core.rates import Buckets
from trackhelm_domain.journal_backlog import Accepted, JournalBacklog
from trackhelm_ingest.metrics.entries import pack_entry
from trackhelm_ingest.metrics.journal_store import add_entries
from trackhelm_ingest.metrics.quotas import Charge, too_many_points
from trackhelm_ingest.metrics.series import SeriesKey, subjects_of
from trackhelm_ingest.metrics.upkeep import Upkeep
from trackhelm_ingest.runs.logic import check_stage
from trackhelm_ingest.runs.store import stages_of

log = structlog.get_logger(__name__)

GROUP_BYTES: Final = 4 * 1024 * 1024
"""The bytes of entries in one transaction: about 10 ms of work, so that other writers do not wait long."""

WAITING_BYTES: Final = 64 * 1024 * 1024
"""The bytes of entries that may wait for their transaction. Beyond them a request is answered 429."""

_LOOK_SECONDS: Final = 0.5


@dataclass(slots=True)
class _Request:
    run: str
    subjects: Collection[str]
    data: bytes
    answered: asyncio.Future[None]
    loop: asyncio.AbstractEventLoop

    def answer(self, error: Exception | None) -> None:
        if self.answered.done():
            return  # The caller has disconnected; its points are stored anyway.
        if error is None:
            self.answered.set_result(None)
        else:
            self.answered.set_exception(error)


class GroupCommit:
    """A thread that writes waiting requests, group by group. Acknowledged means committed."""

    def __init__(self, database: Database, backlog: JournalBacklog, upkeep: Upkeep) -> None:
        self._database = database
        self._backlog = backlog
        self._waiting: deque[_Request] = deque()
        self._waiting_bytes = 0
        self._changed = threading.Condition()
        self._stopping = False
        self._upkeep = upkeep
        self._buckets = Buckets()
        self._thread = threading.Thread(target=self._run, name="group-commit", daemon=True)

    def start(self) -> Self:
        """Start writing."""
        self._thread.start()
        return self

    def stop(self) -> None:
        """Write the requests that still wait, then end the thread."""
        with self._changed:
            self._stopping = True
            self._changed.notify()
        self._thread.join()

    async def append(
        self, run: str, points: Mapping[SeriesKey, Points], charge: Charge | None = None
    ) -> None:
        """Store points in the next group; see `MetricSink.append`."""
        if charge is not None:
            seconds = self._buckets.take(charge.workspace_id, charge.rate, charge.points)
            if seconds:
                raise too_many_points(charge.rate, seconds)
        loop = asyncio.get_running_loop()
        data = pack_entry(run, points)
        request = _Request(run, subjects_of(run, points), data, loop.create_future(), loop)
        with self._changed:
            if self._stopping:
                raise _stopping()
            if self._waiting_bytes + len(data) > WAITING_BYTES:
                raise ApiError(
                    ErrorCode.REQUEST_LIMIT_EXCEEDED,
                    f"{len(self._waiting)} requests with metrics wait already. Send the request again later.",
                    retry_after_seconds=1,
                )
            self._waiting.append(request)
            self._waiting_bytes += len(data)
            self._changed.notify()
        await request.answered

    def run_ended(self, run: str) -> None:
        """Compact the run's metrics when there is nothing to store; see `MetricSink.run_ended`."""
        self._upkeep.add_run(run)
        # Flushed first, so that all points are compacted.
        self._backlog.flush(())
        self._backlog.call()

    def runs_deleted(self, run: str | None = None) -> None:
        """Do nothing, because each group looks its runs up in its own transaction."""

    def _run(self) -> None:
        group: list[_Request] = []
        try:
            while not self._is_over():
                # While too much is not stored yet, no request is taken, and senders wait.
                if self._backlog.wait_for_room(_LOOK_SECONDS) or self._stopping:
                    group = self._next_group()
                    _answer(group, self._store(group))
        finally:
            self._end(group)

    def _is_over(self) -> bool:
        with self._changed:
            return self._stopping and not self._waiting

    def _end(self, unanswered: list[_Request]) -> None:
        """Refuse all further requests, which would wait for ever for a thread that has ended."""
        with self._changed:
            self._stopping = True
            unanswered += self._waiting
            self._waiting.clear()
            self._waiting_bytes = 0
        _answer(unanswered, [_stopping() for _ in unanswered])

    def _next_group(self) -> list[_Request]:
        """Wait for requests and return as many as one transaction takes; none when the thread must end."""
        with self._changed:
            while not (self._waiting or self._stopping):
                self._changed.wait()
            group: list[_Request] = []
            size = 0
            while self._waiting and (not group or size + len(self._waiting[0].data) <= GROUP_BYTES):
                group.append(self._waiting.popleft())
                size += len(group[-1].data)
            self._waiting_bytes -= size
            return group

    def _store(self, group: list[_Request]) -> list[Exception | None]:
        """Write a group, and return the error of each request, or None. It never raises."""
        try:
            return self._write(group)
        except Exception as error:
            if may_pass(error):
                log.exception("metric points could not be stored", requests=len(group))
                # One exception for each, because one that is raised several times gathers all their
                # tracebacks.
                return [_unavailable() for _ in group]
            if len(group) > 1:
                # One request must not make the others of its group fail.
                return [refusal for request in group for refusal in self._store([request])]
            # The fault of the request or a defect: the caller gets the error, and the thread goes on.
            log.exception("a metrics request could not be stored")
            return [error]

    def _write(self, group: list[_Request]) -> list[Exception | None]:
        """Write a group in one transaction, and return the error of each request, or None."""
        errors: list[Exception | None] = []
        accepted: list[_Request] = []
        ids: list[int] = []
        with self._database.writing() as session:
            stages = stages_of(session, {request.run for request in group})
            for request in group:
                try:
                    check_stage(stages.get(request.run), request.run)
                except ApiError as error:
                    errors.append(error)
                else:
                    errors.append(None)
                    accepted.append(request)
            if accepted:
                ids = add_entries(session, [request.data for request in accepted])
        self._note(accepted, ids)
        return errors

    def _note(self, requests: list[_Request], ids: list[int]) -> None:
        """Note committed requests before they are answered, so that later reads wait for them."""
        self._backlog.accept(
            [
                Accepted(entry_id, request.subjects, len(request.data))
                for request, entry_id in zip(requests, ids, strict=True)
            ]
        )


def _answer(requests: Sequence[_Request], errors: Sequence[Exception | None]) -> None:
    """Answer requests from another thread, with one call for each event loop."""
    loops: defaultdict[asyncio.AbstractEventLoop, list[tuple[_Request, Exception | None]]] = defaultdict(list)
    for request, error in zip(requests, errors, strict=True):
        loops[request.loop].append((request, error))
    for loop, answers in loops.items():

        def answer_each(answers: list[tuple[_Request, Exception | None]] = answers) -> None:
            for request, error in answers:
                request.answer(error)

        # A server that is stopped twice closes its event loop while this runs; then no caller waits any more.
        with suppress(RuntimeError):
            loop.call_soon_threadsafe(answer_each)


def _stopping() -> UnavailableError:
    return UnavailableError("The server is stopping. Send the request again.")


def _unavailable() -> UnavailableError:
    return UnavailableError(
        "The database is not available. Send the request again.", retry_after_seconds=OUTAGE_RETRY_SECONDS
    )
