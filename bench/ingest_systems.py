"""The systems of `make bench-ingest` (stock, Trackhelm's shapes, the limit), and counts of their points."""

import json
import sqlite3
import time
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import psycopg

from bench.client import Client
from bench.servers import limit_server, mlflow_server, stack_server, trackhelm_server

_PATIENCE_SECONDS = 60

_STOCK_COUNT = "SELECT count(*) FROM metrics WHERE run_uuid IN ({runs})"
_TRACKHELM_COUNT = """
    SELECT coalesce(sum(metric_chunk.count), 0) FROM run
    JOIN series ON series.run_id = run.id JOIN metric_chunk ON metric_chunk.series_id = series.id
    WHERE run.uuid IN ({runs})
"""


@dataclass(frozen=True, slots=True)
class System:
    """A server to which metrics are logged, at port `writes`, and from which they are read, at port `reads`.

    `database` is the URL of its PostgreSQL database, or the file of its SQLite database.
    """

    name: str
    writes: int
    reads: int | None
    makes_runs: int | None
    database: str | Path | None = None
    count: str = _TRACKHELM_COUNT

    def new_runs(self, number: int) -> list[str]:
        """Return the ids of new runs; for the limit they are names, which it never reads."""
        if self.makes_runs is None:
            return [f"{index:032x}" for index in range(number)]
        client = Client(self.makes_runs)
        experiment = client.post("experiments/create", name=f"bench {time.time_ns()}")["experiment_id"]
        made = (client.post("runs/create", experiment_id=experiment, start_time=1) for _ in range(number))
        return [run["run"]["info"]["run_id"] for run in made]

    def stored_points(self, runs: Sequence[str]) -> int:
        """Return how many points of runs are in the database."""
        assert self.database is not None
        # The ids consist of hexadecimal digits.
        query = self.count.format(runs=", ".join(f"'{run}'" for run in runs))
        if isinstance(self.database, Path):
            with closing(sqlite3.connect(f"{self.database.as_uri()}?mode=ro", uri=True)) as file:
                return int(file.execute(query).fetchone()[0])
        with psycopg.connect(self.database) as connection:
            (found,) = connection.execute(query.encode()).fetchall()
        return int(found[0])

    def seconds_until_readable(self, last_steps: dict[str, int], key: str) -> float:
        """Return the seconds until a reader gets the last step of a metric in every run."""
        assert self.reads is not None
        began = time.perf_counter()
        client = Client(self.reads)
        for run, step in last_steps.items():
            while self._last_step(client, run, key) != step:
                if time.perf_counter() - began > _PATIENCE_SECONDS:
                    raise RuntimeError(f"{self.name}: step {step} of {run} cannot be read")
        return time.perf_counter() - began

    @staticmethod
    def _last_step(client: Client, run: str, key: str) -> int | None:
        try:
            metrics = client.get("runs/get", run_id=run)["run"]["data"]["metrics"]
        except RuntimeError:  # 503: the accepted points are not stored yet.
            return None
        return next((metric.get("step", 0) for metric in metrics if metric["key"] == key), None)


@contextmanager
def stock(python: Path, database: str, folder: Path) -> Iterator[System]:
    """Run stock MLflow over PostgreSQL."""
    with mlflow_server(python, database, folder) as port:
        yield System("stock", port, port, port, database, _STOCK_COUNT)


@contextmanager
def stock_on_sqlite(python: Path, folder: Path) -> Iterator[System]:
    """Run stock MLflow over a SQLite database, its default."""
    database = folder / "mlflow.db"
    with mlflow_server(python, f"sqlite:///{database}", folder) as port:
        yield System("stock on SQLite", port, port, port, database, _STOCK_COUNT)


@contextmanager
def limit(folder: Path) -> Iterator[System]:
    """Run an endpoint that only reads the body."""
    with limit_server(folder, "--framework") as port:
        yield System("limit", port, None, None)


@contextmanager
def bare(folder: Path) -> Iterator[System]:
    """Run a server that only reads the body, without a framework."""
    with limit_server(folder) as port:
        yield System("bare server", port, None, None)


@contextmanager
def embedded(folder: Path) -> Iterator[System]:
    """Run Trackhelm as one process over SQLite, its default."""
    with trackhelm_server(None, folder) as port:
        yield System("embedded", port, port, port, folder / "trackhelm.db")


@contextmanager
def split(database: str, folder: Path) -> Iterator[tuple[System, System]]:
    """Run Trackhelm as a stack; yield it with the port of ingest, and with that of the gateway."""
    with stack_server(database, folder) as gateway:
        record = json.loads((folder / "stack" / "processes.json").read_text(encoding="utf-8"))
        ports = {name: urlsplit(record[name]["address"]).port for name in ("ingest", "query")}
        ingest, query = ports["ingest"], ports["query"]
        assert ingest is not None
        assert query is not None
        yield (
            System("split", ingest, query, gateway, database),
            System("split, by the gateway", gateway, gateway, gateway, database),
        )
