"""The thread that writes metrics survives every error, and leaves no request waiting for ever."""

import asyncio
from collections.abc import Callable, Mapping
from typing import Any

import pytest
from sqlalchemy import create_engine

from trackhelm_core.chunks.points import Points
from trackhelm_core.db.unit_of_work import Database
from trackhelm_core.errors import UnavailableError
from trackhelm_domain.journal_backlog import JournalBacklog
from trackhelm_ingest.metrics.group_commit import GroupCommit
from trackhelm_ingest.metrics.series import SeriesKey
from trackhelm_ingest.metrics.upkeep import Upkeep

POINTS: Mapping[SeriesKey, Points] = {SeriesKey("loss"): Points.of([1], [1], [0.5])}


class _Sink(GroupCommit):
    """A sink whose transactions are replaced."""

    def __init__(self, write: Callable[[list[Any]], list[Exception | None]]) -> None:
        database = Database(create_engine("sqlite://"))
        super().__init__(database, JournalBacklog(database, 1), Upkeep(database))
        self._replaced = write

    def _write(self, group: list[Any]) -> list[Exception | None]:
        return self._replaced(group)


def accept(group: list[Any]) -> list[Exception | None]:
    return [None for _ in group]


def test_a_loop_that_closed_meanwhile_does_not_end_the_thread() -> None:
    sink = _Sink(accept)

    async def leave() -> None:
        # The loop ends with the request still waiting, as when a server is stopped twice.
        task = asyncio.ensure_future(sink.append("gone", POINTS))
        await asyncio.sleep(0)
        task.cancel()

    asyncio.run(leave())
    sink.start()
    asyncio.run(asyncio.wait_for(sink.append("here", POINTS), 10))
    sink.stop()


def test_one_request_does_not_take_down_the_others_of_its_group() -> None:
    def write(group: list[Any]) -> list[Exception | None]:
        if any(request.run == "bad" for request in group):
            raise ValueError("bad")
        return accept(group)

    sink = _Sink(write)

    async def send() -> list[BaseException | None]:
        waiting = [asyncio.ensure_future(sink.append(run, POINTS)) for run in ("a", "bad", "b")]
        await asyncio.sleep(0)
        sink.start()
        return await asyncio.wait_for(asyncio.gather(*waiting, return_exceptions=True), 10)

    first, bad, second = asyncio.run(send())
    assert (first, second) == (None, None)
    assert isinstance(bad, ValueError)
    sink.stop()


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_requests_are_refused_once_the_thread_has_ended() -> None:
    def end(group: list[Any]) -> list[Exception | None]:
        raise SystemExit

    sink = _Sink(end)

    async def send() -> list[BaseException | None]:
        ending = asyncio.ensure_future(sink.append("ends it", POINTS))
        await asyncio.sleep(0)
        sink.start()
        sink._thread.join()
        waiting = [ending, asyncio.ensure_future(sink.append("late", POINTS))]
        return await asyncio.wait_for(asyncio.gather(*waiting, return_exceptions=True), 10)

    assert [type(answer) for answer in asyncio.run(send())] == [UnavailableError, UnavailableError]
