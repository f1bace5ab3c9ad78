"""A read waits for what was accepted before it, for as long as it may, and never reads less."""

import asyncio
import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial

import pytest

from tests.fixtures.reading import read_of, read_of_all, searches_of
from tests.fixtures.waiting import wait_until
from tests.integration.queue.conftest import Split
from tests.integration.queue.test_draining import drain, put
from trackhelm_core.errors import UnavailableError
from trackhelm_core.queue.read_wait import ReadWaits


def test_a_run_that_is_not_behind_is_not_waited_for(split: Split) -> None:
    run, other = split.new_run(), split.new_run()
    put(split, other, 1)
    read_of(split.backlog, [run])
    read_of(split.backlog, [])
    assert searches_of(split.backlog, [run]) == 1


def test_what_is_stored_while_a_search_runs_is_searched_again(split: Split) -> None:
    run = split.new_run()
    partition = put(split, run, 1)
    assert searches_of(split.backlog, [run], lambda: drain(split, partition)) == 2
    assert searches_of(split.backlog, [run]) == 1


def test_a_search_by_metrics_waits_for_every_run(split: Split) -> None:
    read_of_all(split.backlog)
    partition = put(split, split.new_run(), 1)
    with pytest.raises(UnavailableError, match="after 2 s"):
        read_of_all(split.backlog)
    drain(split, partition)
    read_of_all(split.backlog)


def test_past_its_patience_a_read_is_refused(split: Split) -> None:
    run = split.new_run()
    put(split, run, 1)
    with pytest.raises(UnavailableError, match="after 2 s"):
        read_of(split.backlog, [run])


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
                read_of(split.backlog, [run])
                assert 10**6 in split.steps(run)
        finally:
            stop.set()
        draining.result(90)
    read_of(split.backlog, [run])


def test_reads_that_wait_together_each_go_on_when_theirs_is_stored(split: Split) -> None:
    """Some wait for one partition and some for the other, of which only one is drained."""
    stored, kept = split.new_run(), split.new_run()
    drained = put(split, stored, 1, partition=0)
    put(split, kept, 1, partition=1)
    reads = ReadWaits(split.backlog)

    async def read() -> Sequence[object]:
        waiting = [
            asyncio.create_task(reads.read([run], partial(split.steps, run))) for run in (stored, kept) * 50
        ]
        await asyncio.sleep(0)
        await asyncio.to_thread(drain, split, drained)
        return await asyncio.gather(*waiting, return_exceptions=True)

    answers = asyncio.run(read())
    assert answers[::2] == [[1]] * 50
    assert all(isinstance(answer, UnavailableError) for answer in answers[1::2])
    wait_until(lambda: not any(thread.name == "read-waits" for thread in threading.enumerate()))


def test_more_reads_than_may_wait_are_refused_at_once(split: Split) -> None:
    run = split.new_run()
    put(split, run, 1)
    reads = ReadWaits(split.backlog, most_waiting=2)

    async def read() -> Sequence[object]:
        waiting = [reads.read([run], lambda: None) for _ in range(3)]
        return await asyncio.gather(*waiting, return_exceptions=True)

    messages = sorted(str(answer) for answer in asyncio.run(read()))
    assert "2 reads wait for some already" in messages[0]
    assert ["after 2 s" in message for message in messages] == [False, True, True]
    refused = {
        sample.labels["reason"]: sample.value
        for metric in reads.refused.collect()
        for sample in metric.samples
        if sample.name == "trackhelm_reads_refused_total"
    }
    assert refused == {"late": 2, "many": 1}


def test_a_read_that_was_given_up_leaves_the_others_waiting(split: Split) -> None:
    run = split.new_run()
    partition = put(split, run, 1)
    reads = ReadWaits(split.backlog)

    async def read() -> list[int]:
        given_up, other = (asyncio.create_task(reads.read([run], lambda: split.steps(run))) for _ in range(2))
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(given_up, 0.2)
        await asyncio.to_thread(drain, split, partition)
        return await other

    assert asyncio.run(read()) == [1]


def test_without_redis_a_read_is_refused_rather_than_stale(split: Split) -> None:
    run = split.new_run()
    split.server.kill()
    try:
        with pytest.raises(UnavailableError, match="does not answer"):
            read_of(split.backlog, [run])
    finally:
        split.server.start()


def test_a_read_is_refused_when_redis_dies_while_it_waits(split: Split) -> None:
    run = split.new_run()
    put(split, run, 1)
    with ThreadPoolExecutor(1) as threads:
        reading = threads.submit(read_of, split.backlog, [run])
        try:
            wait_until(lambda: any(thread.name == "read-waits" for thread in threading.enumerate()))
            split.server.kill()
            with pytest.raises(UnavailableError, match="does not answer"):
                reading.result(90)
        finally:
            split.server.start()
