"""Which reads miss entries of the journal: those that began before the entries were stored."""

import anyio
from sqlalchemy import create_engine

from trackhelm_core.db.unit_of_work import Database
from trackhelm_core.queue.read_wait import ReadWaits
from trackhelm_domain.journal_backlog import Accepted, JournalBacklog


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
