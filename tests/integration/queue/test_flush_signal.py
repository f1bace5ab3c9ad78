"""A drainer gathers what comes, unless somebody calls."""

import threading
import time
from collections.abc import Iterator

import pytest

from tests.fixtures.reading import read_of
from tests.fixtures.waiting import wait_until
from tests.integration.queue.conftest import Split
from tests.integration.queue.test_draining import drain, put
from trackhelm_core.queue.redis_backlog import FlushSignal, signal_flush
from trackhelm_ingest.metrics.drain import drainer

LONG_SECONDS = 30.0


def waited(calls: FlushSignal, seconds: float) -> float:
    began = time.monotonic()
    calls.wait(seconds)
    return time.monotonic() - began


def test_without_a_call_a_wait_is_as_long_as_it_says(split: Split) -> None:
    with FlushSignal(split.redis.client, 0) as calls:
        signal_flush(split.redis.client, [1])
        assert 0.2 <= waited(calls, 0.2) < LONG_SECONDS / 2
        assert waited(calls, -1) < LONG_SECONDS / 2


def test_calls_that_came_before_end_one_wait(split: Split) -> None:
    with FlushSignal(split.redis.client, 0) as calls:
        for _ in range(3):
            signal_flush(split.redis.client, [0, 1])
        # Redis may answer the publisher before it sends to the subscriber, but not before the next command.
        split.redis.client.ping()
        assert waited(calls, LONG_SECONDS) < LONG_SECONDS / 2
        assert waited(calls, 0.2) >= 0.2


@pytest.fixture
def drained(split: Split, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """Yield a run whose drainer has stored step 0 and would now gather for long."""
    monkeypatch.setattr(drainer, "PACE_SECONDS", LONG_SECONDS)
    run = split.new_run()
    partition = put(split, run, 0)
    draining = threading.Thread(target=drain, args=(split, partition, 0.1))
    draining.start()
    wait_until(lambda: split.steps(run) == [0])
    yield run
    signal_flush(split.redis.client, [partition])
    draining.join(LONG_SECONDS / 2)
    assert not draining.is_alive()


def test_a_read_that_waits_makes_the_drainer_flush(split: Split, drained: str) -> None:
    for step in range(1, 4):
        put(split, drained, step)
        read_of(split.backlog, [drained])
        assert split.steps(drained) == list(range(step + 1))


def test_entries_that_nobody_waits_for_are_stored_together(split: Split, drained: str) -> None:
    for step in range(1, 6):
        put(split, drained, step)
    assert split.steps(drained) == [0]
    read_of(split.backlog, [drained])
    assert split.steps(drained) == list(range(6))
    assert split.chunks(drained) == 2
