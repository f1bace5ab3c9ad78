"""Which entries share a round trip to Redis."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from typing import Any

import pytest

from tests.fixtures.counted_time import CountedTime
from trackhelm_core.queue.connection import Command
from trackhelm_core.settings import RedisSettings
from trackhelm_ingest.metrics.appending import Appender

ROUND_TRIP_SECONDS = 0.02


class SlowRedis:
    """Takes every entry, each round trip as long as a slow disk's."""

    def __init__(self) -> None:
        self.round_trips: list[int] = []
        self.under_way = self.most_under_way = 0

    async def round_trip(self, commands: Sequence[Command]) -> list[Any]:
        ((_, _, keys, *arguments),) = commands
        assert isinstance(keys, int)
        # Behind the keys are six arguments, then four for each entry.
        entries = (len(arguments) - keys - 6) // 4
        self.round_trips.append(entries)
        self.under_way += 1
        self.most_under_way = max(self.most_under_way, self.under_way)
        await asyncio.sleep(ROUND_TRIP_SECONDS)
        self.under_way -= 1
        return [(entries, 0, 0, [], [])]


def appended(
    log: Callable[[Appender], Awaitable[Any]], redis: SlowRedis | None = None
) -> tuple[list[int], float]:
    """Return how many entries each round trip took, and the seconds of it all."""
    redis = redis or SlowRedis()

    async def run() -> float:
        appender = Appender(
            redis.round_trip, RedisSettings(queue_partitions=1), lambda _partition, _trace: None
        )
        running = asyncio.create_task(appender.run())
        began = asyncio.get_running_loop().time()
        await log(appender)
        seconds = asyncio.get_running_loop().time() - began
        running.cancel()
        with suppress(asyncio.CancelledError):
            await running
        return seconds

    with asyncio.Runner(loop_factory=CountedTime) as runner:
        return redis.round_trips, runner.run(run())


async def one_after_another(appender: Appender, name: str, number: int) -> None:
    for _ in range(number):
        await appender.append(name, {name}, b"entry", appender.epoch)


def test_clients_that_send_one_request_after_another_come_to_share_their_round_trips() -> None:
    async def eight(appender: Appender) -> None:
        await asyncio.gather(*(one_after_another(appender, f"run {run}", 10) for run in range(8)))

    round_trips, _ = appended(eight)
    assert sum(round_trips) == 80
    # All together but for the first, which went alone. By turns they would be twice as many.
    assert len(round_trips) <= 13


def test_a_single_client_does_not_wait_for_others() -> None:
    async def alone(appender: Appender) -> None:
        await one_after_another(appender, "run", 10)

    round_trips, seconds = appended(alone)
    assert round_trips == [1] * 10
    assert seconds < 15 * ROUND_TRIP_SECONDS


def test_a_client_that_sends_nothing_more_is_not_waited_for_long() -> None:
    async def leave(appender: Appender) -> None:
        await asyncio.gather(*(one_after_another(appender, f"run {run}", 1) for run in range(8)))
        await one_after_another(appender, "the last", 10)

    round_trips, seconds = appended(leave)
    assert sum(round_trips) == 18
    assert seconds < 20 * ROUND_TRIP_SECONDS


def test_what_comes_while_one_round_trip_is_under_way_does_not_wait_for_it() -> None:
    redis = SlowRedis()

    async def late(appender: Appender, name: str, share: float) -> None:
        await asyncio.sleep(share * ROUND_TRIP_SECONDS)
        await one_after_another(appender, name, 1)

    async def three(appender: Appender) -> None:
        await asyncio.gather(*(late(appender, f"run {share}", share) for share in (0.0, 0.5, 0.6)))

    _, seconds = appended(three, redis)
    assert redis.most_under_way == 2
    # The third waits for the first, no longer.
    assert seconds == pytest.approx(2 * ROUND_TRIP_SECONDS)
    assert redis.round_trips == [1, 1, 1]
