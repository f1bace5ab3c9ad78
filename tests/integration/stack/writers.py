"""Writers of known points, which send what is not acknowledged again, as the stock client does.

What they sent and what was acknowledged is compared with what the server has, point by point.
"""

import threading
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from itertools import count
from typing import Any, NamedTuple

import httpx2

from tests.fixtures.waiting import wait_until
from tests.integration.stack.running import RunningStack

# What the stock client sends again; 500 is among them there, and here a defect.
PASSING = frozenset({408, 429, 502, 503, 504})
STEPS_OF_A_WRITER = 10_000_000


class Point(NamedTuple):
    """A point that some writer made up: no two are alike."""

    run: str
    key: str
    step: int
    timestamp: int
    value: float


class Journal:
    """What all writers sent, and what they were promised."""

    def __init__(self) -> None:
        self.sent: set[Point] = set()
        self.acknowledged: set[Point] = set()
        self.refusals: Counter[int | str] = Counter()
        self._changing = threading.Lock()

    def send(self, points: Sequence[Point]) -> None:
        with self._changing:
            self.sent.update(points)

    def acknowledge(self, points: Sequence[Point]) -> None:
        with self._changing:
            self.acknowledged.update(points)

    def refuse(self, why: int | str) -> None:
        with self._changing:
            self.refusals[why] += 1

    def wait_for_more(self, points: int, seconds: float = 60) -> None:
        """Return when so many more points than now were acknowledged."""
        goal = len(self.acknowledged) + points
        wait_until(lambda: len(self.acknowledged) >= goal, seconds=seconds)


class _Writer:
    def __init__(self, url: str, run: str, number: int, journal: Journal, stop: threading.Event) -> None:
        self._url = f"{url}/api/2.0/mlflow/runs"
        self._run = run
        self._number = number
        self._journal = journal
        self._stop = stop

    def write(self) -> None:
        with httpx2.Client(timeout=90) as client:
            for number in count():
                points = self._points(number)
                self._journal.send(points)
                while not self._sent(client, points):
                    # A writer that is told to stop leaves its last points unacknowledged: they may be there.
                    if self._stop.wait(0.1):
                        return
                self._journal.acknowledge(points)
                if self._stop.wait(0.005):
                    return

    def _points(self, number: int) -> list[Point]:
        """Return one point or, every other time, several: of two keys that other writers write, too."""
        step = self._number * STEPS_OF_A_WRITER + number * 10
        steps = range(step, step + (1 if number % 2 else 5))
        return [Point(self._run, f"key{s % 2}", s, s + 1, s + 0.5) for s in steps]

    def _sent(self, client: httpx2.Client, points: Sequence[Point]) -> bool:
        metrics: list[dict[str, Any]] = [
            {"key": p.key, "value": p.value, "timestamp": p.timestamp, "step": p.step} for p in points
        ]
        try:
            if len(metrics) == 1:
                answer = client.post(f"{self._url}/log-metric", json={"run_id": self._run, **metrics[0]})
            else:
                for metric in metrics:
                    metric["labels"] = {"rank": str(self._number)}
                answer = client.post(f"{self._url}/log-batch", json={"run_id": self._run, "metrics": metrics})
        except httpx2.TransportError as error:
            self._journal.refuse(type(error).__name__)
            return False
        if answer.status_code == 200:
            return True
        self._journal.refuse(answer.status_code)
        assert answer.status_code in PASSING, f"{answer.status_code} {answer.text}"
        assert answer.headers["retry-after"]
        return False


@contextmanager
def writing(url: str, runs: Sequence[str], writers: int) -> Iterator[Journal]:
    """Write to the runs, in turn, until the block ends; a writer that fails fails the block."""
    journal, stop = Journal(), threading.Event()
    failures: list[BaseException] = []

    def write(number: int) -> None:
        try:
            _Writer(url, runs[number % len(runs)], number, journal, stop).write()
        except BaseException as error:  # noqa: BLE001 - raised where the test is
            failures.append(error)

    threads = [threading.Thread(target=write, args=(number,)) for number in range(writers)]
    for thread in threads:
        thread.start()
    try:
        yield journal
    finally:
        stop.set()
        for thread in threads:
            thread.join(180)
    if failures:
        raise failures[0]


def assert_kept_exactly_once(url: str, journal: Journal) -> None:
    """Require every acknowledged point to be there once, and no point that nobody sent."""
    series = {(point.run, point.key) for point in journal.sent}
    stored = Counter(point for run, key in series for point in history(url, run, key))
    lost = journal.acknowledged - stored.keys()
    assert not lost, f"{len(lost)} acknowledged points are lost, such as {min(lost)}"
    assert not stored.keys() - journal.sent
    assert set(stored.values()) == {1}


def history(url: str, run: str, key: str) -> list[Point]:
    """Return a metric's points; asked again while the server says that it cannot answer yet."""
    asked = {"run_id": run, "metric_key": key}
    deadline = time.monotonic() + 180
    while time.monotonic() < deadline:
        with suppress(httpx2.TransportError):
            answer = httpx2.get(f"{url}/api/2.0/mlflow/metrics/get-history", params=asked, timeout=180)
            if answer.status_code == 200:
                found = answer.json().get("metrics", [])
                return [Point(run, key, p["step"], p["timestamp"], p["value"]) for p in found]
            assert answer.status_code in PASSING, answer.text
        threading.Event().wait(0.2)
    raise AssertionError(f"the history of {key} could not be read within a minute")


def wait_until_counted_exactly(stack: RunningStack, journal: Journal) -> None:
    """End the runs and wait for compaction, which merges what was sent twice: each point counts once."""
    runs = sorted({point.run for point in journal.sent})
    stored = {
        run: sum(
            len(history(stack.url, run, key))
            for key in sorted({point.key for point in journal.sent if point.run == run})
        )
        for run in runs
    }
    for run in runs:
        stack.post("mlflow/runs/update", run_id=run, status="FINISHED")

    def counted() -> dict[str, int]:
        # The series without labels sums up those with.
        with stack.connect() as connection:
            rows = connection.execute(
                "SELECT run.uuid, sum(series.count) FROM series JOIN run ON run.id = series.run_id"
                " WHERE label_set_id = 0 AND run.uuid = ANY(%s) GROUP BY 1",
                [runs],
            )
            return {run: int(number) for run, number in rows}

    wait_until(lambda: counted() == stored, seconds=180)
