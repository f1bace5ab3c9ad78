"""Measures a chart against reading the history that it shows, and against decoding alone.

It creates a database in a temporary folder, fills it in chunks of 1,000 points (as a client's batches are
before compaction), serves it on 127.0.0.1 and prints a Markdown table; `--quick` uses a tenth of the points.
"""

import argparse
import http.client
import json
import statistics
import tempfile
import time
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import numpy as np
from sqlalchemy import insert, select

from tests.fixtures.live import serving
from trackhelm_core.chunks.codec import decode
from trackhelm_core.chunks.points import Points
from trackhelm_core.db.unit_of_work import Database
from trackhelm_core.settings import LogSettings, StorageSettings
from trackhelm_core.telemetry.logging import configure_logging
from trackhelm_domain.tables import MetricChunk, Run, Series
from trackhelm_embedded.app import embedded_app
from trackhelm_ingest.metrics.series import SeriesKey
from trackhelm_ingest.metrics.store import write_points

CHUNK_POINTS = 1_000
START = 1_760_000_000_000
BUCKETS = "/api/2.0/trackhelm/charts/buckets"


@dataclass(frozen=True)
class Case:
    """A chart to measure."""

    runs: int
    keys: int
    points: int

    @property
    def name(self) -> str:
        """The name in the table."""
        return f"{self.runs} runs x {self.keys} keys x {self.points:,} points"


CASES = (Case(1, 1, 1_000_000), Case(100, 1, 10_000), Case(50, 20, 1_000))


def noisy_loss(chance: np.random.Generator, count: int) -> Points:
    """Return a falling loss with noise, every 250 ms with some jitter."""
    steps = np.arange(count)
    times = START + steps * 250 + chance.integers(-15, 16, count)
    return Points.of(steps, times, 3 / np.log(steps + 3) + chance.normal(0, 0.05, count))


def fill(database: Database, case: Case, seed: int) -> tuple[list[str], list[str]]:
    """Store a case's points and return the runs' ids and the keys."""
    chance = np.random.default_rng(seed)
    keys = [f"case{seed}/metric{number}" for number in range(case.keys)]
    runs = [uuid.uuid4().hex for _ in range(case.runs)]
    for run in runs:
        with database.writing() as session:
            run_id = session.execute(
                insert(Run)
                .values(
                    uuid=run, experiment_id=0, name="bench", user_id="bench", status="FINISHED",
                    start_time=START, lifecycle_stage="active", artifact_uri="mlflow-artifacts:/0",
                )
                .returning(Run.id)
            ).scalar_one()  # fmt: skip
            for parts in _chunks(chance, keys, case.points):
                write_points(session, [(run_id, parts)])
    return runs, keys


def _chunks(chance: np.random.Generator, keys: list[str], count: int) -> Iterator[dict[SeriesKey, Points]]:
    whole = {key: noisy_loss(chance, count) for key in keys}
    for begin in range(0, count, CHUNK_POINTS):
        part = slice(begin, begin + CHUNK_POINTS)
        yield {
            SeriesKey(key): Points(points.steps[part], points.timestamps[part], points.values[part])
            for key, points in whole.items()
        }


def seconds_of(work: Callable[[], Any], times: int) -> float:
    """Return the median time of some work."""
    taken = []
    for _ in range(times):
        begin = time.process_time()
        work()
        taken.append(time.process_time() - begin)
    return statistics.median(taken)


def decode_all(database: Database, runs: list[str]) -> None:
    """Read and decode every chunk of runs, and discard the points."""
    with database.reading() as session:
        rows = session.connection().execute(
            select(MetricChunk.data)
            .join(Series, Series.id == MetricChunk.series_id)
            .join(Run, Run.id == Series.run_id)
            .where(Run.uuid.in_(runs))
        )
        for (data,) in rows:
            decode(data)


class Client:
    """One connection to the server."""

    def __init__(self, port: int) -> None:
        self._connection = http.client.HTTPConnection("127.0.0.1", port)

    def call(self, method: str, path: str, message: Any = None, coding: str = "identity") -> bytes:
        """Return the body of the answer as it was sent, unparsed."""
        body = None if message is None else json.dumps(message)
        headers = {"Content-Type": "application/json", "Accept-Encoding": coding}
        self._connection.request(method, path, body, headers)
        response = self._connection.getresponse()
        answer = response.read()
        assert response.status == http.client.OK, answer[:500]
        return answer

    def history(self, runs: list[str], keys: list[str]) -> int:
        """Read every point as the stock client does, and return the number of bytes."""
        total = 0
        for run in runs:
            for key in keys:
                query = urlencode({"run_id": run, "metric_key": key})
                total += len(self.call("GET", f"/api/2.0/mlflow/metrics/get-history?{query}"))
        return total


def measure(port: int, database: Database, case: Case, seed: int) -> None:
    """Print a row of the table for each way to read a case."""
    runs, keys = fill(database, case, seed)
    client = Client(port)  # Opened only now, because the server closes idle connections.
    asked = {"run_ids": runs, "keys": keys}
    last = case.points - 1
    drawn = {"format": "arrow", "columns": ["x_last", "last", "min", "max", "nonfinite"]}
    ways: tuple[tuple[str, dict[str, Any]], ...] = (
        ("chart, JSON", {}),
        ("chart, 4 columns, JSON", {"columns": ["x_last", "last", "min", "max"]}),
        ("chart, Arrow", {"format": "arrow"}),
        ("chart over time, Arrow", {"format": "arrow", "x_axis": "time"}),
        ("chart, 5 columns, Arrow, zstd", drawn),
        ("chart, 5 columns, rounded, Arrow, zstd", drawn | {"rounded": True}),
        ("chart of 1% of the steps, JSON", {"start": last // 2, "end": last // 2 + last // 100}),
    )
    decoding = seconds_of(lambda: decode_all(database, runs), 5)
    begin = time.process_time()
    size = client.history(runs, keys)
    history = time.process_time() - begin
    rows = [("full history, one request a series", history, size), ("read and decode alone", decoding, 0)]
    for name, change in ways:
        coding = "zstd" if "zstd" in name else "identity"
        ask = partial(client.call, "POST", BUCKETS, asked | change, coding)
        answer = ask()
        taken = seconds_of(ask, 5)
        rows.append((name, taken, len(answer)))
    for name, taken, answered in rows:
        shown = f"{answered / 1e6:.2f} MB" if answered else ""
        print(
            f"| {case.name} | {name} | {taken * 1e3:,.0f} ms | {shown} "
            f"| {taken / decoding:.2f} | {history / taken:.1f} |",
            flush=True,
        )


def main() -> None:
    """Measure every case."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a tenth of the points")
    quick = parser.parse_args().quick
    configure_logging(LogSettings(log_level="warning"))
    with tempfile.TemporaryDirectory() as folder:
        app = embedded_app(StorageSettings(data=Path(folder)))
        print("| case | read as | time | answer | x decoding | history / this |")
        print("|---|---|---|---|---|---|")
        with serving(app) as port:
            for seed, case in enumerate(CASES):
                asked = Case(case.runs, case.keys, case.points // 10) if quick else case
                measure(port, app.state.runtime.database, asked, seed)


if __name__ == "__main__":
    main()
