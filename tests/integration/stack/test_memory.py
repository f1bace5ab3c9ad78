"""Producers go on while nobody drains: memory is bounded, also that of the worker that comes then."""

import os
import signal
import sys
import threading
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import count
from pathlib import Path

import httpx2
import pytest

from tests.fixtures.waiting import wait_until
from tests.integration.stack.running import RunningStack, files_in, running_stack

pytestmark = [pytest.mark.timeout(720), pytest.mark.long]

LIMIT = 64 * 1024 * 1024
PRODUCERS = 8
RUNS = 4
POINTS = 1_000
MEGABYTE = 1024 * 1024
REFUSALS = 400
"""How often producers are refused before memory is taken for steady: as long again as filling took."""

# Above what each had before, bytes. Redis: what waits, the buffers of its file, and what it copies while it
# rewrites that. Ingest and gateway: the requests under way. A worker: a batch in each of its processes.
MOST_MORE = {
    "redis": 2.5 * LIMIT,
    "ingest": 160 * MEGABYTE,
    "gateway": 64 * MEGABYTE,
}
MOST_OF_A_WORKERS_PROCESS = 400 * MEGABYTE


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningStack]:
    data = tmp_path_factory.mktemp("memory") / "data"
    limit = {"TRACKHELM_QUEUE_BACKLOG_BYTES": str(LIMIT), **files_in(data.with_name("files"))}
    with running_stack(data, "--restart", environment=limit) as started:
        yield started


def resident(pid: int) -> int:
    """Return a process's memory in bytes; 0 when it has ended."""
    try:
        pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    except OSError:
        return 0
    return pages * os.sysconf("SC_PAGE_SIZE")


class Producers:
    """Write batches of points, each once, and count what is answered."""

    def __init__(self, stack: RunningStack, runs: list[str]) -> None:
        self.answers: Counter[int] = Counter()
        self.stop = threading.Event()
        self._stack = stack
        self._runs = runs
        self._numbers = count()
        self._counting = threading.Lock()

    def produce(self) -> None:
        url = f"{self._stack.url}/api/2.0/mlflow/runs/log-batch"
        with httpx2.Client(timeout=180) as client:
            while not self.stop.is_set():
                number = next(self._numbers)
                first = number * POINTS
                metrics = [
                    {"key": "loss", "value": step % 97 / 7, "step": step, "timestamp": step}
                    for step in range(first, first + POINTS)
                ]
                run = self._runs[number % len(self._runs)]
                answer = client.post(url, json={"run_id": run, "metrics": metrics})
                with self._counting:
                    self.answers[answer.status_code] += 1
                if answer.status_code == 429:
                    assert answer.headers["retry-after"] == "1"
                    assert answer.json()["error_code"] == "REQUEST_LIMIT_EXCEEDED"
                    self.stop.wait(0.02)
                else:
                    assert answer.status_code == 200, answer.text


def test_memory_is_bounded_while_nobody_drains_and_when_a_worker_comes(
    stack: RunningStack, capsys: pytest.CaptureFixture[str]
) -> None:
    runs = [stack.new_run() for _ in range(RUNS)]
    before = {name: resident(stack.process_of(name)) for name in MOST_MORE}
    most = dict(before)
    producers = Producers(stack, runs)
    drainers = stack.family_of("worker")
    for pid in drainers:
        os.kill(pid, signal.SIGSTOP)

    def measure() -> None:
        for name, known in most.items():
            most[name] = max(known, resident(stack.process_of(name)))

    def refused() -> bool:
        measure()
        return producers.answers[429] >= REFUSALS

    with ThreadPoolExecutor(PRODUCERS) as threads:
        producing = [threads.submit(producers.produce) for _ in range(PRODUCERS)]
        try:
            wait_until(lambda: refused() or any(each.done() for each in producing), seconds=270)
        finally:
            producers.stop.set()
        for each in producing:
            each.result()
    waiting = queue_gauge(stack, "trackhelm_queue_waiting_bytes")
    # Within one request of the limit, and never above.
    assert LIMIT - 2 * 25 * POINTS <= waiting <= LIMIT

    stack.kill("worker")
    most_of_worker = 0

    def drained() -> bool:
        nonlocal most_of_worker
        family = [pid for pid in stack.family_of("worker") if pid not in drainers]
        most_of_worker = max([most_of_worker, *map(resident, family)])
        return queue_gauge(stack, "trackhelm_queue_waiting_bytes") == 0

    wait_until(drained, seconds=360)
    taken, refusals = producers.answers[200], producers.answers[429]
    grown = ", ".join(f"{name} {before[name] >> 20} to {most[name] >> 20}" for name in most)
    with capsys.disabled():
        sys.stdout.write(
            f"\n{taken} requests of {POINTS} points taken, {refusals} refused; MB before and at most, "
            f"with a limit of {LIMIT >> 20}: {grown}; a process of the worker {most_of_worker >> 20}\n"
        )
    for name, more in MOST_MORE.items():
        assert most[name] - before[name] < more, name
    assert 0 < most_of_worker < MOST_OF_A_WORKERS_PROCESS
    listed = stack.post("trackhelm/series/list", run_ids=runs)["series"]
    assert sum(series["count"] for series in listed) == taken * POINTS


def queue_gauge(stack: RunningStack, name: str) -> float:
    text = httpx2.get(f"{stack.address_of('ingest')}/metrics", timeout=60).text
    (value,) = (line.split()[1] for line in text.splitlines() if line.startswith(f"{name} "))
    return float(value)
