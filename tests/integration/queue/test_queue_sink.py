"""The sink that appends to the queue: what it promises, and how it refuses."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import update

from tests.fixtures.sql import executed
from tests.integration.queue.conftest import Split
from tests.integration.queue.test_draining import drain, waiting_bytes
from trackhelm_core.chunks.points import Points
from trackhelm_core.errors import ApiError, ErrorCode, InvalidParameterError, NotFoundError, UnavailableError
from trackhelm_core.queue.connection import RedisConnection
from trackhelm_core.queue.names import drainer_of, partition_of, quota_of, stream_of
from trackhelm_core.rates import LONGEST_WAIT_SECONDS, Rate
from trackhelm_domain.tables import Run
from trackhelm_ingest.metrics import appending, writable_runs
from trackhelm_ingest.metrics.drain.drainer import Ended
from trackhelm_ingest.metrics.queue_sink import ERRANDS, QueueSink
from trackhelm_ingest.metrics.quotas import Charge
from trackhelm_ingest.metrics.series import SeriesKey
from trackhelm_ingest.tasks import COMPACT_RUN, DRAIN

WRITERS = 64


def point(step: int) -> dict[SeriesKey, Points]:
    return {SeriesKey("loss"): Points.of([step], [step], [float(step)])}


def in_sink(split: Split, test: Callable[[QueueSink], Awaitable[None]]) -> None:
    @asynccontextmanager
    async def started() -> AsyncIterator[QueueSink]:
        sink = QueueSink(split.redis, split.runtime.database, drain=DRAIN, compact_run=COMPACT_RUN).start()
        try:
            yield sink
        finally:
            await sink.stop()

    async def run() -> None:
        async with started() as sink:
            await test(sink)

    asyncio.run(run())


@pytest.fixture
def unhurried(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let what is remembered for seconds last for as long as a test takes on a busy machine."""
    monkeypatch.setattr(writable_runs, "REMEMBERED_SECONDS", 3_600)
    monkeypatch.setattr(appending, "CALLED_SECONDS", 3_600)


def tasks_sent(split: Split) -> int:
    return int(split.redis.client.llen("{trackhelm}:celery:metrics"))


@pytest.mark.usefixtures("unhurried")
def test_many_writers_of_one_run_share_round_trips_and_lose_nothing(split: Split) -> None:
    run = split.new_run()

    async def write(sink: QueueSink) -> None:
        async def one(writer: int) -> None:
            for step in range(5):
                await sink.append(run, point(writer * 5 + step))

        await asyncio.gather(*(one(writer) for writer in range(WRITERS)))

    before = split.redis.client.info("commandstats").get("cmdstat_eval", {"calls": 0})["calls"]
    with executed(split.runtime.database.engine) as statements:
        in_sink(split, write)
    scripts = split.redis.client.info("commandstats")["cmdstat_eval"]["calls"] - before
    assert len(statements) == 1, "the run is looked up once, by all together"
    assert scripts <= WRITERS * 5 / 10
    assert tasks_sent(split) == 1, "one call is enough for a burst"
    while drain(split, partition_of(run, 2)) is Ended.SLICE_OVER:
        pass  # On a slow machine a batch is a turn, since that call waits.
    assert split.steps(run) == list(range(WRITERS * 5))
    assert split.count(run) == WRITERS * 5


def test_nobody_is_called_while_somebody_drains(split: Split) -> None:
    run = split.new_run()
    split.redis.client.set(drainer_of(partition_of(run, 2)), "drains")
    in_sink(split, lambda sink: sink.append(run, point(1)))
    assert tasks_sent(split) == 0


def test_missing_and_deleted_runs_are_refused_and_looked_up_again(split: Split) -> None:
    async def write(sink: QueueSink) -> None:
        with pytest.raises(NotFoundError):
            await sink.append("0" * 32, point(1))
        run = split.factory.run("0", lifecycle_stage="deleted")
        with pytest.raises(InvalidParameterError):
            await sink.append(run, point(1))
        with split.runtime.database.writing() as session:
            session.execute(update(Run).where(Run.uuid == run).values(lifecycle_stage="active"))
        await sink.append(run, point(1))

    in_sink(split, write)


def test_a_deletion_is_heeded_at_once_by_every_process(split: Split) -> None:
    runs = [split.new_run() for _ in range(20)]

    async def write(sink: QueueSink) -> None:
        other = QueueSink(split.redis, split.runtime.database, drain=DRAIN, compact_run=COMPACT_RUN).start()
        try:
            for step in range(3):
                await asyncio.gather(
                    *(each.append(run, point(step)) for run in runs for each in (sink, other))
                )
                deleted = runs[step]
                with split.runtime.database.writing() as session:
                    session.execute(update(Run).where(Run.uuid == deleted).values(lifecycle_stage="deleted"))
                # By itself, and with all others of its experiment.
                other.runs_deleted(None if step == 1 else deleted)
                runs[step] = split.new_run()
                answers = await asyncio.gather(
                    *(each.append(deleted, point(9)) for each in (sink, other) for _ in range(5)),
                    sink.append(runs[-1], point(10 + step)),
                    return_exceptions=True,
                )
                assert [type(answer) for answer in answers] == [InvalidParameterError] * 10 + [type(None)]
        finally:
            await other.stop()

    in_sink(split, write)
    for partition in range(2):
        drain(split, partition)
    assert split.steps(runs[-1]) == [0, 1, 2, 10, 11, 12]


@pytest.mark.usefixtures("unhurried")
def test_deletions_of_others_cost_a_run_nothing(split: Split) -> None:
    run = split.new_run()

    async def write(sink: QueueSink) -> None:
        await sink.append(run, point(0))
        before = split.redis.client.info("commandstats")["cmdstat_eval"]["calls"]
        with executed(split.runtime.database.engine) as statements:
            for step in range(1, 21):
                sink.runs_deleted(f"another {step}")
                await sink.append(run, point(step))
        scripts = split.redis.client.info("commandstats")["cmdstat_eval"]["calls"] - before
        assert scripts == 20 + 20, "one for a deletion and one for an entry"
        assert statements == [], "what is known of the run is known"

    in_sink(split, write)
    drain(split, partition_of(run, 2))
    assert split.steps(run) == list(range(21))


def test_a_run_that_is_restored_takes_metrics_at_once(split: Split) -> None:
    run = split.new_run()

    async def write(sink: QueueSink) -> None:
        for step in range(3):
            await sink.append(run, point(step))
            sink.runs_deleted(run if step else None)

    in_sink(split, write)
    drain(split, partition_of(run, 2))
    assert split.steps(run) == [0, 1, 2]


def test_a_redis_that_lost_the_epoch_takes_metrics(split: Split) -> None:
    run = split.new_run()

    async def write(sink: QueueSink) -> None:
        for _ in range(3):
            sink.runs_deleted()
        await sink.append(run, point(1))
        await sink.append(run, point(2))
        split.redis.client.flushall()
        await sink.append(run, point(3))

    in_sink(split, write)


def test_a_run_that_is_deleted_without_end_is_503(split: Split, monkeypatch: pytest.MonkeyPatch) -> None:
    run = split.new_run()

    async def write(sink: QueueSink) -> None:
        original = sink._runs._find

        def find(runs: list[str]) -> Any:
            found = original(runs)
            sink.runs_deleted()
            return found

        monkeypatch.setattr(sink._runs, "_find", find)
        with pytest.raises(UnavailableError) as refused:
            await asyncio.wait_for(sink.append(run, point(1)), 10)
        assert refused.value.retry_after_seconds == 1

    in_sink(split, write)


def test_a_deletion_while_metrics_are_appended_takes_none_after_it(split: Split) -> None:
    run = split.new_run()

    async def write(sink: QueueSink) -> None:
        stop = asyncio.Event()
        refused: list[float] = []

        async def log() -> None:
            step = 0
            while not stop.is_set():
                step += 1
                try:
                    await sink.append(run, point(step))
                except InvalidParameterError:
                    refused.append(time.monotonic())
                    return

        writers = [asyncio.create_task(log()) for _ in range(8)]
        await sink.append(run, point(0))
        with split.runtime.database.writing() as session:
            session.execute(update(Run).where(Run.uuid == run).values(lifecycle_stage="deleted"))
        await asyncio.to_thread(sink.runs_deleted, run)
        length = sum(split.redis.client.xlen(stream_of(partition)) for partition in range(2))
        await asyncio.wait_for(asyncio.gather(*writers), 5)
        stop.set()
        assert len(refused) == 8
        assert sum(split.redis.client.xlen(stream_of(partition)) for partition in range(2)) == length

    in_sink(split, write)


def test_a_backlog_over_its_limit_is_429_until_it_is_drained(split: Split) -> None:
    run = split.new_run()
    partition = partition_of(run, 2)

    async def write(sink: QueueSink) -> None:
        answers = await asyncio.gather(
            *(sink.append(run, point(step)) for step in range(510)), return_exceptions=True
        )
        refused = [answer for answer in answers if answer is not None]
        assert len(refused) == 10
        for refusal in refused:
            assert isinstance(refusal, ApiError)
            assert (refusal.status, refusal.retry_after_seconds) == (429, 1)
        assert split.redis.client.xlen(stream_of(partition)) == 500
        await asyncio.to_thread(drain, split, partition)
        await sink.append(run, point(510))

    in_sink(split, write)


def test_a_backlog_of_too_many_bytes_is_429_until_it_is_drained(split: Split) -> None:
    runs = [split.new_run() for _ in range(20)]
    # 12 bytes a point, as many of them follow one another.
    steps = range(50_000)
    points = {SeriesKey("loss"): Points.of(steps, steps, [float(step) for step in steps])}
    settings = split.redis.settings.model_copy(update={"queue_backlog_bytes": 10_000_000})
    limited = replace(split, redis=RedisConnection(split.server.url, settings))

    async def write(sink: QueueSink) -> None:
        answers = await asyncio.gather(*(sink.append(run, points) for run in runs), return_exceptions=True)
        statuses = [answer.status for answer in answers if isinstance(answer, ApiError)]
        assert statuses == [429] * 4, "16 of 0.6 MB are taken, whatever partition each is in"
        await sink.append(runs[0], point(1))
        for partition in range(2):
            await asyncio.to_thread(drain, split, partition)
        assert waiting_bytes(split) == 0
        await sink.append(runs[1], points)

    in_sink(limited, write)
    limited.redis.close()


def test_a_redis_that_is_full_is_503_and_is_drained(split: Split) -> None:
    run = split.new_run()
    partition = partition_of(run, 2)

    async def write(sink: QueueSink) -> None:
        await sink.append(run, point(1))
        split.redis.client.config_set("maxmemory", 1)
        try:
            with pytest.raises(UnavailableError) as refused:
                await sink.append(run, point(2))
            assert refused.value.retry_after_seconds == 5
            await asyncio.to_thread(drain, split, partition)
        finally:
            split.redis.client.config_set("maxmemory", 0)
        assert split.steps(run) == [1]
        await sink.append(run, point(3))

    in_sink(split, write)
    drain(split, partition)
    assert split.steps(run) == [1, 3]


def test_a_redis_that_is_away_is_503_in_bounded_time_and_serves_when_back(split: Split) -> None:
    run = split.new_run()

    async def refused(sink: QueueSink) -> None:
        began = time.monotonic()
        answers = await asyncio.gather(
            *(sink.append(run, point(n)) for n in range(20)), return_exceptions=True
        )
        assert time.monotonic() - began < 15 * split.redis.settings.redis_timeout_seconds
        for answer in answers:
            assert isinstance(answer, UnavailableError)
            assert answer.retry_after_seconds == 5

    async def write(sink: QueueSink) -> None:
        await sink.append(run, point(1))
        split.server.kill()
        await refused(sink)
        split.server.start()
        await sink.append(run, point(2))
        # One that hangs is refused as well.
        split.server.hang()
        try:
            await refused(sink)
        finally:
            split.server.go_on()
        await sink.append(run, point(3))

    in_sink(split, write)
    drain(split, partition_of(run, 2))
    # What was acknowledged before the kill is there; what timed out may be.
    assert {1, 2, 3} <= set(split.steps(run))


def test_a_task_that_cannot_be_sent_holds_nobody_up(split: Split) -> None:
    run = split.new_run()

    async def end_runs(sink: QueueSink) -> None:
        split.server.hang()
        try:
            began = time.monotonic()
            for number in range(ERRANDS + 10):
                sink.run_ended(str(number))
            # One that waited for each would take a second a task.
            assert time.monotonic() - began < 30
        finally:
            split.server.go_on()
        await sink.append(run, point(1))

    in_sink(split, end_runs)
    assert split.redis.client.llen("{trackhelm}:celery:upkeep") >= 1


def test_an_answer_that_nobody_foresaw_is_an_answer(split: Split, monkeypatch: pytest.MonkeyPatch) -> None:
    run = split.new_run()

    async def write(sink: QueueSink) -> None:
        async def fail(*_: Any) -> None:
            raise RuntimeError("a defect")

        with monkeypatch.context() as patch:
            patch.setattr(sink._appender, "_send", fail)
            with pytest.raises(UnavailableError):
                await sink.append(run, point(1))
        await sink.append(run, point(2))

    in_sink(split, write)


def test_points_that_come_too_fast_are_refused_by_the_script_and_not_appended(split: Split) -> None:
    slow, other, free = split.new_run(), split.new_run(), split.new_run()
    rate = Rate(per_second=1, burst=10)

    async def write(sink: QueueSink) -> None:
        # What is sent together shares a round trip: each entry finds what those before it have taken.
        answers = await asyncio.gather(
            *(sink.append(slow, point(step), Charge(7, rate, 4)) for step in range(4)),
            sink.append(other, point(0), Charge(8, rate, 4)),
            sink.append(free, point(0)),
            return_exceptions=True,
        )
        refused = [answer for answer in answers if isinstance(answer, ApiError)]
        assert answers[4:] == [None, None]
        assert len(refused) == 2
        for error in refused:
            assert (error.code, error.status) == (ErrorCode.REQUEST_LIMIT_EXCEEDED, 429)
            assert error.retry_after_seconds is not None
            assert 1 <= error.retry_after_seconds <= 3
        # A bucket that was never used gives more than the burst, once.
        await sink.append(slow, point(8), Charge(9, rate, 1_000))
        with pytest.raises(ApiError) as debt:
            await sink.append(slow, point(9), Charge(9, rate, 1))
        assert debt.value.retry_after_seconds == LONGEST_WAIT_SECONDS

    in_sink(split, write)
    entries = sum(split.redis.client.xlen(stream_of(partition)) for partition in range(2))
    assert entries == 5, "what was refused is not there, and what was acknowledged is"
    assert 0 < split.redis.client.pttl(quota_of(7)) <= 9_100
    for partition in range(2):
        while drain(split, partition) is Ended.SLICE_OVER:
            pass
    assert len(split.steps(slow)) == 3
