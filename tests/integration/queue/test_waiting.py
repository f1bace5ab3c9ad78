"""A read waits for what was accepted before it, for as long as it may, and never reads less."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.integration.queue.conftest import Split
from tests.integration.queue.test_draining import drain, put
from trackhelm_core.errors import UnavailableError
from trackhelm_core.queue.read_wait import (
    stored_positions,
    wait_for_missed,
    wait_until_all_stored,
    wait_until_stored,
)


def test_a_run_that_is_not_behind_is_not_waited_for(split: Split) -> None:
    run, other = split.new_run(), split.new_run()
    put(split, other, 1)
    wait_until_stored(split.backlog, [run])
    wait_until_stored(split.backlog, [])
    assert not wait_for_missed(split.backlog, [run], stored_positions(split.backlog))


def test_what_is_stored_while_a_read_runs_is_missed_by_it(split: Split) -> None:
    run = split.new_run()
    partition = put(split, run, 1)
    seen = stored_positions(split.backlog)
    drain(split, partition)
    assert wait_for_missed(split.backlog, [run], seen)
    assert not wait_for_missed(split.backlog, [run], stored_positions(split.backlog))


def test_a_search_by_metrics_waits_for_every_run(split: Split) -> None:
    wait_until_all_stored(split.backlog)
    partition = put(split, split.new_run(), 1)
    with pytest.raises(UnavailableError, match="after 2 s"):
        wait_until_all_stored(split.backlog)
    drain(split, partition)
    wait_until_all_stored(split.backlog)


def test_past_its_patience_a_read_is_refused(split: Split) -> None:
    run = split.new_run()
    put(split, run, 1)
    with pytest.raises(UnavailableError, match="after 2 s"):
        wait_until_stored(split.backlog, [run])


def test_a_read_goes_on_while_others_write(split: Split) -> None:
    """It waits for what was there when it came: later entries of the run do not hold it up."""
    run = split.new_run()
    partition = put(split, run, 0)
    stop = threading.Event()

    def write() -> None:
        step = 1
        while not stop.is_set():
            put(split, run, step)
            step += 1
            stop.wait(0.002)

    with ThreadPoolExecutor(9) as threads:
        for _ in range(8):
            threads.submit(write)
        draining = threads.submit(drain, split, partition, 1)
        try:
            for _ in range(20):
                written = put(split, run, 10**6)
                assert written == partition
                wait_until_stored(split.backlog, [run])
                assert 10**6 in split.steps(run)
        finally:
            stop.set()
        draining.result(90)
    wait_until_stored(split.backlog, [run])


def test_without_redis_a_read_is_refused_rather_than_stale(split: Split) -> None:
    run = split.new_run()
    split.server.kill()
    try:
        with pytest.raises(UnavailableError, match="does not answer"):
            wait_until_stored(split.backlog, [run])
    finally:
        split.server.start()
