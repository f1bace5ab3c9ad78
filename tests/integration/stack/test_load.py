"""Many writers at once against a stack with two ingest processes: nothing is lost, and no read is stale."""

import bisect
import os
import re
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx2
import pytest

from tests.fixtures.waiting import wait_until
from tests.integration.stack.running import SERVICES, RunningStack, files_in, running_stack
from trackhelm_core.settings import PREFIX
from trackhelm_stack.program import free_ports

pytestmark = [pytest.mark.timeout(720), pytest.mark.long]

WRITERS = 8
WRITES = 30
RANKS = 64


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningStack]:
    folder = tmp_path_factory.mktemp("load")
    with running_stack(folder / "data", environment=files_in(folder / "files")) as started:
        yield started


@pytest.fixture(scope="module")
def ingests(stack: RunningStack) -> Iterator[list[str]]:
    """Yield the addresses of two ingest processes: the stack's, behind its gateway, and another."""
    (port,) = free_ports(1)
    process = subprocess.Popen(
        [sys.executable, "-m", "trackhelm_cli", "ingest", "--port", str(port)],
        env=os.environ
        | {
            "PYTHONPATH": SERVICES,
            f"{PREFIX}DATABASE_URL": stack.database_url.replace("postgresql:", "postgresql+psycopg:"),
            f"{PREFIX}REDIS_URL": stack.redis_url,
            f"{PREFIX}QUEUE_PARTITIONS": str(stack.partitions),
        },
    )
    url = f"http://127.0.0.1:{port}"
    try:
        wait_until(lambda: is_ready(url), seconds=180)
        yield [stack.url, url]
    finally:
        process.terminate()
        process.wait(90)


def is_ready(url: str) -> bool:
    try:
        return httpx2.get(f"{url}/ready", timeout=60).status_code == 200
    except httpx2.TransportError:
        return False


def call(client: httpx2.Client, method: str, url: str, **message: Any) -> Any:
    answer = client.get(url, params=message) if method == "GET" else client.post(url, json=message)
    assert answer.status_code == 200, answer.text
    return answer.json()


class Reader:
    """Each way to read back the last value of a metric, which only one writer writes."""

    def __init__(self, client: httpx2.Client, url: str, run: str, key: str) -> None:
        self._client = client
        self._api = f"{url}/api/2.0"
        self._run = run
        self._key = key

    def run_get(self) -> float:
        found = call(self._client, "GET", f"{self._api}/mlflow/runs/get", run_id=self._run)
        return self._latest(found["run"])

    def search_by_metric(self) -> float:
        found = call(
            self._client,
            "POST",
            f"{self._api}/mlflow/runs/search",
            experiment_ids=["0"],
            filter=f"metrics.{self._key} >= 0",
            order_by=[f"metrics.{self._key} DESC"],
            max_results=50,
        )
        (run,) = (each for each in found["runs"] if each["info"]["run_id"] == self._run)
        return self._latest(run)

    def history(self) -> float:
        found = call(
            self._client,
            "GET",
            f"{self._api}/mlflow/metrics/get-history",
            run_id=self._run,
            metric_key=self._key,
        )
        return float(max(found["metrics"], key=lambda point: point["step"])["value"])

    def chart(self) -> float:
        found = call(
            self._client,
            "POST",
            f"{self._api}/trackhelm/charts/buckets",
            run_ids=[self._run],
            keys=[self._key],
        )
        return float(found["lines"][0]["exact_points"]["value"][-1])

    def _latest(self, run: Any) -> float:
        (value,) = (each["value"] for each in run["data"]["metrics"] if each["key"] == self._key)
        return float(value)


def test_no_read_is_ever_stale_and_the_wait_is_measured(
    stack: RunningStack, ingests: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    runs = [stack.new_run() for _ in range(2)]
    seconds: list[float] = []
    before = waits(stack)

    def write(writer: int) -> None:
        run, key = runs[writer % 2], f"own{writer}"
        with httpx2.Client(timeout=90) as client:
            reader = Reader(client, stack.url, run, key)
            ways: list[Callable[[], float]] = [
                reader.run_get,
                reader.history,
                reader.search_by_metric,
                reader.chart,
            ]
            for step in range(WRITES):
                # The next write goes to the other ingest process.
                url = f"{ingests[(writer + step) % 2]}/api/2.0/mlflow/runs/log-metric"
                call(client, "POST", url, run_id=run, key=key, value=step, step=step, timestamp=step)
                began = time.monotonic()
                assert ways[step % len(ways)]() == step
                seconds.append(time.monotonic() - began)

    with ThreadPoolExecutor(WRITERS) as writers:
        list(writers.map(write, range(WRITERS)))
    assert len(seconds) == WRITERS * WRITES
    waited = waits(stack)
    number = waited["count"] - before.get("count", 0)
    # Every read asked, but for those that another's read had made unnecessary.
    assert number >= WRITERS * WRITES / 2
    seconds.sort()
    with capsys.disabled():
        sys.stdout.write(
            f"\nread after write by {WRITERS} writers: median {1000 * seconds[len(seconds) // 2]:.0f} ms, "
            f"90 % {1000 * seconds[int(len(seconds) * 0.9)]:.0f} ms, longest {1000 * seconds[-1]:.0f} ms; "
            f"of it waiting: median below {percentile(waited, before, 0.5)} s, "
            f"90 % below {percentile(waited, before, 0.9)} s, "
            f"mean {1000 * (waited['sum'] - before.get('sum', 0)) / number:.0f} ms\n"
        )


def waits(stack: RunningStack) -> dict[str, float]:
    """Return the histogram of query's waits, by the upper bound of each bucket."""
    text = httpx2.get(f"{stack.address_of('query')}/metrics", timeout=60).text
    buckets = re.findall(r'^trackhelm_read_wait_seconds_bucket\{le="([^"]+)"\} (\S+)$', text, re.MULTILINE)
    found = {bound: float(number) for bound, number in buckets}
    for name in ("count", "sum"):
        (value,) = re.findall(rf"^trackhelm_read_wait_seconds_{name} (\S+)$", text, re.MULTILINE)
        found[name] = float(value)
    return found


def percentile(after: dict[str, float], before: dict[str, float], part: float) -> str:
    bounds = [bound for bound in after if bound not in {"count", "sum"}]
    counts = [after[bound] - before.get(bound, 0) for bound in bounds]
    return bounds[bisect.bisect_left(counts, part * counts[-1])]


# A rank of a job: a process of its own that logs with its label, and starts when all of them have.
RANK = """
import http.client, json, os, sys
host, port, run, rank = sys.argv[1], int(sys.argv[2]), sys.argv[3], sys.argv[4]
connection = http.client.HTTPConnection(host, port, timeout=60)
connection.connect()
print("ready", flush=True)
sys.stdin.readline()
for batch in range(10):
    metrics = [{"key": "loss", "value": int(rank) + step / 1000, "step": step, "timestamp": step,
                "labels": {"rank": rank}} for step in range(batch * 20, batch * 20 + 20)]
    while True:
        connection.request("POST", "/api/2.0/mlflow/runs/log-batch",
                           json.dumps({"run_id": run, "metrics": metrics}),
                           {"Content-Type": "application/json"})
        answer = connection.getresponse()
        said = answer.read()
        if answer.status == 200:
            break
        assert answer.status in (429, 503), (answer.status, said)
"""


def test_64_ranks_log_to_one_run_at_once_and_never_wait_for_a_lock(
    stack: RunningStack, ingests: list[str]
) -> None:
    run = stack.new_run()
    seen: list[str] = []
    stop = threading.Event()

    def look_for_locks() -> None:
        with stack.connect(autocommit=True) as connection:
            while not stop.wait(0.005):
                rows = connection.execute("SELECT query FROM pg_stat_activity WHERE wait_event_type = 'Lock'")
                seen.extend(query for (query,) in rows)

    ranks = []
    for rank in range(RANKS):
        address = httpx2.URL(ingests[rank % 2])
        ranks.append(
            subprocess.Popen(
                [sys.executable, "-I", "-S", "-c", RANK, address.host, str(address.port), run, str(rank)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
            )
        )
    watcher = threading.Thread(target=look_for_locks)
    try:
        for process in ranks:
            assert process.stdout is not None
            assert process.stdout.readline() == b"ready\n"
        watcher.start()
        for process in ranks:
            assert process.stdin is not None
            process.stdin.write(b"go\n")
            process.stdin.flush()
        assert [process.wait(270) for process in ranks] == [0] * RANKS
        listed = stack.post("trackhelm/series/list", run_ids=[run], keys=["loss"])["series"]
    finally:
        stop.set()
        watcher.join(60)
        for process in ranks:
            process.kill()
            process.communicate()
    assert not seen, f"somebody waited for a lock: {seen[0]}"
    (total,) = (series for series in listed if not series.get("labels"))
    assert total["count"] == RANKS * 200
    by_rank = {int(series["labels"]["rank"]): series for series in listed if series.get("labels")}
    assert sorted(by_rank) == list(range(RANKS))
    for rank, series in by_rank.items():
        assert (series["count"], series["last"]["step"], series["last"]["value"]) == (200, 199, rank + 0.199)
    chart = stack.post(
        "trackhelm/charts/buckets", run_ids=[run], keys=["loss"], group_by=["rank"], buckets=400
    )
    assert len(chart["lines"]) == RANKS
    assert {len(line["exact_points"]["value"]) for line in chart["lines"]} == {200}
