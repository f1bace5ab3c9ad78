"""Which reads miss entries of the journal: those that began before the entries were stored."""

import math
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial

import anyio
import pytest
from sqlalchemy import create_engine

from trackhelm_core.db.unit_of_work import Database
from trackhelm_core.queue.read_wait import ReadWaits
from trackhelm_domain.journal_backlog import LITTLE_BYTES, Accepted, JournalBacklog


def backlog_with(*entries: Accepted) -> JournalBacklog:
    backlog = JournalBacklog(Database(create_engine("sqlite://")), 1)
    backlog.keep(0, 0)
    backlog.accept(entries)
    return backlog


def searches(backlog: JournalBacklog, *, stored_meanwhile: int) -> int:
    """Return how often a search of the model `m` searches while entries up to one are stored meanwhile."""
    calls: list[None] = []

    def search() -> tuple[None, list[str]]:
        calls.append(None)
        if len(calls) == 1 and stored_meanwhile:
            backlog.acknowledge(stored_meanwhile, 0)
        return None, ["m"]

    async def run() -> None:
        await ReadWaits(backlog).search(search, lambda _found: None, by_metrics=False)

    anyio.run(run)
    return len(calls)


@contextmanager
def storing_when_asked(backlog: JournalBacklog, entry: int) -> Iterator[None]:
    """Store an entry as soon as a read waits for it, as a drainer does."""

    def store() -> None:
        if backlog.wait_until_due(lambda: math.inf, time.monotonic() + 60):
            backlog.acknowledge(entry, 1)

    storing = threading.Thread(target=store)
    storing.start()
    try:
        yield
    finally:
        storing.join()


def searches_one_by_one(backlog: JournalBacklog, pages: Sequence[tuple[bytes, str]]) -> list[int]:
    """Return how often each request searched that found a run to which something was logged just before."""
    reads = ReadWaits(backlog)
    made: list[int] = []

    def search(found: str) -> tuple[None, list[str]]:
        made[-1] += 1
        return None, [found]

    async def run() -> None:
        for entry, (request, found) in enumerate(pages, 1):
            made.append(0)
            backlog.accept([Accepted(entry, [found], 1)])
            with storing_when_asked(backlog, entry):
                await reads.search(partial(search, found), lambda _: None, by_metrics=False, request=request)

    anyio.run(run)
    return made


def test_a_search_that_was_made_again_waits_first_the_next_time() -> None:
    pages = [(b"page", "m"), (b"page", "m"), (b"other", "m"), (b"page", "m")]
    assert searches_one_by_one(backlog_with(), pages) == [2, 1, 2, 1]


def test_a_search_that_shows_another_run_than_the_last_time_is_made_again() -> None:
    pages = [(b"page", "m"), (b"page", "n"), (b"page", "n")]
    assert searches_one_by_one(backlog_with(), pages) == [2, 2, 1]


def test_only_so_many_searches_are_noted() -> None:
    others = [(str(number).encode(), "m") for number in range(100)]
    assert searches_one_by_one(backlog_with(), [(b"page", "m"), *others, (b"page", "m")])[-1] == 2


def test_what_is_stored_while_a_search_runs_is_searched_again() -> None:
    assert searches(backlog_with(Accepted(1, ["m"], 1)), stored_meanwhile=1) == 2


def test_a_search_beside_which_nothing_is_stored_searches_once() -> None:
    assert searches(backlog_with(), stored_meanwhile=0) == 1
    assert searches(backlog_with(Accepted(1, ["other"], 1)), stored_meanwhile=0) == 1


def test_a_read_of_what_is_stored_does_not_wait() -> None:
    backlog = backlog_with(Accepted(1, ["m"], 1))
    assert backlog.newest(["m"])
    backlog.acknowledge(1, 1)
    assert not backlog.newest(["m"])


def test_a_read_that_finds_little_to_wait_for_stores_it_itself() -> None:
    backlog = backlog_with(Accepted(1, ["m"], LITTLE_BYTES))
    backlog.drained_by(lambda: backlog.acknowledge(1, LITTLE_BYTES))
    # Nobody else stores it: else the search would be refused.
    assert searches(backlog, stored_meanwhile=0) == 2


def test_a_read_leaves_much_to_the_drainer() -> None:
    backlog = backlog_with(Accepted(1, ["m"], LITTLE_BYTES + 1))
    backlog.drained_by(lambda: pytest.fail("it would hold a thread of the pool"))
    with storing_when_asked(backlog, 1):
        assert searches(backlog, stored_meanwhile=0) == 2
