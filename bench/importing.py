"""Times an import from PostgreSQL against reading the source alone, which no import can beat.

A stock MLflow makes the tables of the source, which are then filled directly: runs of 20 metrics of 20
points, 10 params and 5 tags. Each import is a process of its own into a new database, whose largest memory is
told beside its time; every one is followed by a comparison of both sides. Prints a Markdown table; `--quick`
uses a twentieth.
"""

import argparse
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psycopg

from bench.servers import postgresql

RUNS = 25_000
METRICS = 20
POINTS = 20

FILL = (
    """INSERT INTO experiments (experiment_id, name, artifact_location, lifecycle_stage, creation_time,
    last_update_time) SELECT e, 'experiment ' || e, 'mlflow-artifacts:/' || e, 'active', 1, 1
    FROM generate_series(1, 10) e ON CONFLICT DO NOTHING""",
    """INSERT INTO runs (run_uuid, name, user_id, status, start_time, end_time, lifecycle_stage, artifact_uri,
    experiment_id) SELECT md5(r::text), 'run ' || r, 'ann', 'FINISHED', 1760000000000 + r, 1760000100000 + r,
    'active', 'mlflow-artifacts:/' || 1 + r % 10 || '/' || md5(r::text) || '/artifacts', 1 + r % 10
    FROM generate_series(1, {runs}) r""",
    """INSERT INTO params (key, value, run_uuid) SELECT 'param' || p, (r * p)::text, md5(r::text)
    FROM generate_series(1, {runs}) r, generate_series(1, 10) p""",
    """INSERT INTO tags (key, value, run_uuid)
    SELECT CASE t WHEN 1 THEN 'mlflow.runName' ELSE 'tag' || t END,
    CASE t WHEN 1 THEN 'run ' || r ELSE 'value ' || r % 7 END, md5(r::text)
    FROM generate_series(1, {runs}) r, generate_series(1, 5) t""",
    """INSERT INTO metrics (key, value, timestamp, run_uuid, step, is_nan) SELECT 'metric' || m,
    random() / (1 + s), 1760000000000 + r * 1000 + s * 50, md5(r::text), s, false FROM
    generate_series(1, {runs}) r, generate_series(0, {points} - 1) s, generate_series(1, {metrics}) m""",
    """INSERT INTO latest_metrics (key, value, timestamp, step, is_nan, run_uuid) SELECT key, value,
    timestamp, step, is_nan, run_uuid FROM metrics WHERE step = {points} - 1""",
    "ANALYZE",
)


@dataclass(frozen=True)
class Measured:
    """The time of a process in seconds, and the most memory that it took, in MiB."""

    seconds: float
    mebibytes: float


def measured(command: list[str], folder: Path) -> Measured:
    """Run a command of the server, and measure it."""
    began = time.monotonic()
    with (folder / "output").open("wb") as output:
        process = subprocess.Popen(command, stdout=output, stderr=subprocess.STDOUT)
        _, status, usage = os.wait4(process.pid, 0)
    if status:
        raise SystemExit((folder / "output").read_text(encoding="utf-8"))
    return Measured(time.monotonic() - began, usage.ru_maxrss / 1024)


@contextmanager
def source(python: Path, runs: int, folder: Path) -> Iterator[tuple[str, str]]:
    """Yield the URLs of a filled source, and of an empty database beside it."""
    with postgresql(folder / "postgresql", ["source", "target"]) as (url, target):
        upgrade = url.replace("postgresql://", "postgresql+psycopg2://", 1)
        done = subprocess.run(
            [str(python), "-m", "mlflow", "db", "upgrade", upgrade],
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            raise SystemExit(done.stderr)
        with psycopg.connect(url, autocommit=True) as connection:
            for statement in FILL:
                filled = statement.format(runs=runs, metrics=METRICS, points=POINTS)
                connection.execute(filled.encode())
        yield url, target


def read_alone(url: str) -> float:
    """Return how long it takes to read all points, in the way of an import, and to do nothing with them."""
    began = time.monotonic()
    with psycopg.connect(url) as connection, connection.cursor("points") as cursor:
        cursor.itersize = 50_000
        cursor.execute(
            "SELECT run_uuid, key, step, timestamp, value, is_nan FROM metrics ORDER BY run_uuid, key"
        )
        while cursor.fetchmany(50_000):
            pass
    return time.monotonic() - began


def main() -> None:
    """Measure, and print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--mlflow-python", type=Path, required=True)
    parser.add_argument("--quick", action="store_true")
    asked = parser.parse_args()
    runs = RUNS // 20 if asked.quick else RUNS
    points = runs * METRICS * POINTS
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        with source(asked.mlflow_python, runs, folder) as (url, target):
            limit = read_alone(url)
            print(f"{runs:,} runs, {points:,} points; reading them alone: {limit:.1f} s\n")
            print("| into | import | points/s | of reading alone | memory | compared in |")
            print("|---|---|---|---|---|---|")
            program = [sys.executable, "-c", "from trackhelm_cli.main import program; program()"]
            for name, where in (
                (
                    "PostgreSQL",
                    ["--database-url", target.replace("postgresql://", "postgresql+psycopg://", 1)],
                ),
                ("SQLite", ["--data", str(folder / "data")]),
            ):
                measured([*program, "migrate", *where], folder)
                brought = measured([*program, "import", "mlflow", url, *where], folder)
                compared = measured(
                    [*program, "import", "mlflow", url, *where, "--dry-run", "--verify"], folder
                )
                print(
                    f"| {name} | {brought.seconds:.0f} s | {points / brought.seconds:,.0f} | "
                    f"{brought.seconds / limit:.1f}x | {brought.mebibytes:.0f} MiB | "
                    f"{compared.seconds:.0f} s |",
                    flush=True,
                )


if __name__ == "__main__":
    main()
