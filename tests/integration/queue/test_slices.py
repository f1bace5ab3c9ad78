"""Work in turns: one worker at a time, and one next turn, however often it is called for."""

from typing import Any

import pytest

from tests.integration.queue.conftest import Split
from trackhelm_artifact.integrity.purging import Deleted
from trackhelm_artifact.tasks import PURGE_FILES
from trackhelm_core.queue.names import slice_mark_of
from trackhelm_core.queue.slices import run_slice
from trackhelm_core.queue.tasks import Task
from trackhelm_ingest.tasks import PURGE


class Sent:
    """Notes what is sent, and runs it as a worker does."""

    def __init__(self, split: Split, monkeypatch: pytest.MonkeyPatch) -> None:
        self.tickets: list[str] = []
        self.turns = 0
        self.more = True
        self._redis = split.redis
        monkeypatch.setattr(split.redis, "send", lambda _task, ticket: self.tickets.append(ticket))

    def run(self, ticket: str = "") -> None:
        run_slice(self._redis, PURGE, ticket, self._work)

    def _work(self) -> bool:
        self.turns += 1
        return self.more


@pytest.fixture
def sent(split: Split, monkeypatch: pytest.MonkeyPatch) -> Sent:
    return Sent(split, monkeypatch)


def test_calls_while_there_is_more_to_do_begin_nothing(split: Split, sent: Sent) -> None:
    sent.run()
    for _ in range(5):
        sent.run()
        assert len(sent.tickets) == sent.turns == 1, "the next turn waits already"
    sent.run(sent.tickets.pop())
    assert (len(sent.tickets), sent.turns) == (1, 2)
    sent.more = False
    sent.run(sent.tickets.pop())
    assert (sent.tickets, sent.turns) == ([], 3)
    assert not split.redis.client.exists(slice_mark_of(PURGE.name))
    sent.run()
    assert sent.turns == 4


def test_a_call_during_a_turn_begins_nothing(split: Split, sent: Sent) -> None:
    def work() -> bool:
        sent.run()
        return False

    run_slice(split.redis, PURGE, "", work)
    assert sent.turns == 0


def test_of_two_chains_one_ends(split: Split, sent: Sent) -> None:
    """The mark expires while a message waits longer than it lives."""
    sent.run()
    split.redis.client.delete(slice_mark_of(PURGE.name))
    sent.run()
    assert len(sent.tickets) == 2
    for _ in range(3):
        waiting, sent.tickets = sent.tickets, []
        for ticket in waiting:
            sent.run(ticket)
        assert len(sent.tickets) == 1


def test_a_turn_that_fails_lets_the_next_call_begin(split: Split, sent: Sent) -> None:
    def work() -> bool:
        raise RuntimeError("the database is away")

    with pytest.raises(RuntimeError):
        run_slice(split.redis, PURGE, "", work)
    sent.run()
    assert sent.turns == 1


@pytest.mark.parametrize(
    ("task", "seconds"),
    [
        (PURGE, "trackhelm_ingest.tasks.PURGE_SLICE_SECONDS"),
        (PURGE_FILES, "trackhelm_artifact.tasks.SLICE_SECONDS"),
    ],
)
def test_the_tasks_that_purge_have_one_next_turn(
    split: Split, sent: Sent, monkeypatch: pytest.MonkeyPatch, task: Task, seconds: str
) -> None:
    monkeypatch.setattr(seconds, 0)
    monkeypatch.setattr("trackhelm_ingest.tasks.delete_some", lambda _session: True)

    async def purge_files(*_: Any, **__: Any) -> Deleted:
        return Deleted(is_more=True)

    monkeypatch.setattr("trackhelm_artifact.tasks.purge_files", purge_files)
    for _ in range(3):
        task.run(split.runtime)
    assert len(sent.tickets) == 1
    task.run(split.runtime, sent.tickets[0])
    assert len(sent.tickets) == 2
