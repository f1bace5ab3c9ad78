"""Programs of a stack are killed under writers: what was acknowledged is there once, and nothing else.

`FAULTS_SECONDS` is how long many are killed in random order, and `FAULTS_SEED` repeats an order.
"""

import os
import random
import signal
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.fixtures.waiting import wait_until
from tests.integration.stack.running import RunningStack, children_of, running_stack
from tests.integration.stack.writers import assert_kept_exactly_once, wait_until_counted_exactly, writing
from trackhelm_core.queue.names import partition_of

SECONDS = float(os.environ.get("FAULTS_SECONDS", "30"))

pytestmark = [pytest.mark.timeout(720 + SECONDS), pytest.mark.long]

WRITERS = 6
RUNS = 3
# The stack ends when a program of it ends more often than five times a minute.
MOST_KILLS_A_MINUTE = 3

CHAOS_VICTIMS = ("ingest", "query", "worker", "beat", "redis", "postgres", "gateway")


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningStack]:
    with running_stack(tmp_path_factory.mktemp("faults") / "data", "--restart") as started:
        yield started


@pytest.fixture
def runs(stack: RunningStack) -> list[str]:
    return [stack.new_run() for _ in range(RUNS)]


@pytest.mark.parametrize(
    "victims",
    [("ingest",), ("worker", "beat"), ("redis",), ("postgres",), ("gateway",)],
    ids="+".join,
)
def test_what_was_acknowledged_outlives_a_kill(
    stack: RunningStack, runs: list[str], victims: tuple[str, ...]
) -> None:
    with writing(stack.url, runs, WRITERS) as journal:
        journal.wait_for_more(300)
        before = {name: stack.process_of(name) for name in victims}
        for name in victims:
            stack.kill(name, whole=name != "postgres")
        for name, pid in before.items():
            wait_until(lambda name=name, pid=pid: stack.process_of(name) != pid)  # type: ignore[misc]
        journal.wait_for_more(300)
    assert_kept_exactly_once(stack.url, journal)


@pytest.mark.parametrize("whole", [True, False], ids=["all-of-the-worker", "the-process-that-stores"])
def test_a_worker_that_is_killed_in_a_transaction_stores_nothing_of_it(
    stack: RunningStack, runs: list[str], *, whole: bool
) -> None:
    partition = partition_of(runs[0], stack.partitions)
    with writing(stack.url, runs, WRITERS) as journal, stack.connect() as holder:
        journal.wait_for_more(300)
        # The position is what a drain's transaction writes last: all its points are written by then.
        hold = "SELECT FROM partition_position WHERE partition = %s FOR UPDATE"
        wait_until(lambda: holder.execute(hold, [partition]).rowcount == 1)
        wait_until(lambda: stuck_drains(stack) == 1)
        family = children_of(stack.process_of("worker"))
        port = port_of_stuck_drain(stack)
        (storing,) = (pid for pid in family if port in ports_of(pid))
        if whole:
            stack.kill("worker")
        else:
            os.kill(storing, signal.SIGKILL)
        wait_until(lambda: not ports_of(storing))
        holder.rollback()
        journal.wait_for_more(300)
    assert_kept_exactly_once(stack.url, journal)


def stuck_drains(stack: RunningStack) -> int:
    with stack.connect() as connection:
        (number,) = connection.execute(f"SELECT count(*) {STUCK}").fetchone() or (0,)
        return int(number)


STUCK = "FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND query LIKE 'UPDATE partition_position%'"


def port_of_stuck_drain(stack: RunningStack) -> int:
    with stack.connect() as connection:
        (port,) = connection.execute(f"SELECT client_port {STUCK}").fetchone() or (0,)
        return int(port)


def ports_of(pid: int) -> set[int]:
    """Return the local ports of a process's connections."""
    try:
        targets = [str(entry.readlink()) for entry in Path(f"/proc/{pid}/fd").iterdir()]
    except OSError:
        return set()  # It has ended, or just ends.
    inodes = {target[8:-1] for target in targets if target.startswith("socket:[")}
    lines = Path("/proc/net/tcp").read_text().splitlines()[1:]
    fields = [line.split() for line in lines]
    return {int(field[1].rpartition(":")[2], 16) for field in fields if field[9] in inodes}


def test_what_was_acknowledged_outlives_many_kills_in_any_order(
    stack: RunningStack, runs: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    seed = int(os.environ.get("FAULTS_SEED", random.SystemRandom().randrange(1_000_000)))
    with capsys.disabled():
        sys.stdout.write(f"\nkilling in the order of FAULTS_SEED={seed} for {SECONDS:g} s\n")
    chosen = random.Random(seed)
    killed = 0
    deadline = time.monotonic() + SECONDS
    with writing(stack.url, runs, WRITERS) as journal:
        while time.monotonic() < deadline:
            victims = chosen.sample(CHAOS_VICTIMS, chosen.choice((1, 1, 2, 3)))
            for name in victims:
                if may_be_killed(stack, name):
                    stack.kill(name, whole=chosen.random() < 0.5)
                    killed += 1
            threading.Event().wait(chosen.uniform(0.5, 5))
        journal.wait_for_more(300, seconds=270)
    with capsys.disabled():
        sys.stdout.write(
            f"{killed} kills; {len(journal.acknowledged):,} points acknowledged, "
            f"{len(journal.sent) - len(journal.acknowledged)} not; refusals {dict(journal.refusals)}\n"
        )
    assert killed >= SECONDS / 6
    assert_kept_exactly_once(stack.url, journal)
    wait_until_counted_exactly(stack, journal)


def may_be_killed(stack: RunningStack, name: str) -> bool:
    minute_ago = time.monotonic() - 60
    return sum(moment > minute_ago for moment in stack.kills[name]) < MOST_KILLS_A_MINUTE
