"""Full databases, and the disk space of a point, for `make bench-ingest`."""

import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

import numpy as np
import psycopg
from sqlalchemy import create_engine, select
from sqlalchemy.orm import Session

from bench import ingest_systems as systems
from bench.client import Client
from bench.servers import postgresql
from trackhelm_core.chunks.points import Points
from trackhelm_domain.tables import Run
from trackhelm_ingest.metrics.series import SeriesKey
from trackhelm_ingest.metrics.store import write_points

HELD_POINTS: Final = 10_000_000
OTHER_RUNS: Final = 100_000

_CHUNK_POINTS: Final = 100_000
_OTHER_KEYS: Final = 10
_DISK_KEYS: Final = 10
_DISK_STEPS: Final = 100_000
_STEPS_A_REQUEST: Final = 100
_PATIENCE_SECONDS: Final = 120

_ADD_RUNS: Final = f"""
    INSERT INTO run (uuid, experiment_id, name, user_id, status, start_time, lifecycle_stage, artifact_uri)
    SELECT md5('other ' || number), 0, 'other ' || number, 'bench', 'RUNNING', number, 'active',
        'mlflow-artifacts:/0/' || number
    FROM generate_series(1, {OTHER_RUNS}) AS number;
    INSERT INTO key (name) SELECT 'metric_' || lpad(number::text, 3, '0')
    FROM generate_series(0, {_OTHER_KEYS - 1}) AS number ON CONFLICT DO NOTHING;
    INSERT INTO series (run_id, key_id, label_set_id, last_step, last_timestamp, last_value, min_value,
        max_value, count, nonfinite_count)
    SELECT run.id, key.id, 0, 1, 1, 0.5, 0.5, 0.5, 1, 0 FROM run CROSS JOIN key
    WHERE run.user_id = 'bench' AND key.name LIKE 'metric%';
    ANALYZE
"""

_TABLES: Final = ("metric_chunk", "series", "key", "run_snapshot")


def add_runs(database: str) -> None:
    """Add runs, of ten metrics each, to which nothing is logged."""
    with psycopg.connect(database, autocommit=True) as connection:
        connection.execute(_ADD_RUNS)


def add_points(database: str, runs: Sequence[str], keys: int) -> int:
    """Store `HELD_POINTS` compacted points in each run; return the number of steps of each of its metrics."""
    steps = HELD_POINTS // keys
    engine = create_engine(database.replace("postgresql://", "postgresql+psycopg://", 1))
    for uuid in runs:
        with Session(engine) as session:
            run_id = session.scalars(select(Run.id).where(Run.uuid == uuid)).one()
            for key in range(keys):
                for part in _parts(steps):
                    write_points(session, [(run_id, {SeriesKey(f"metric_{key:03}"): part})])
            session.commit()
    engine.dispose()
    return steps


def _parts(steps: int) -> Iterator[Points]:
    for begin in range(0, steps, _CHUNK_POINTS):
        numbers = np.arange(begin, min(begin + _CHUNK_POINTS, steps))
        yield Points(numbers, 1_800_000_000_000 + numbers * 250, np.sqrt(numbers).astype(np.float64).round(2))


def bytes_a_point() -> str:
    """Log ten noisy metrics of 100,000 steps through a stack, end the run, and describe their disk space."""
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        with postgresql(folder / "postgres", ["disk"]) as (url,), systems.split(url, folder / "disk") as both:
            system = both[0]
            (run,) = system.new_runs(1)
            empty = _size(url)
            _log_all(system, run)
            system.seconds_until_readable({run: _DISK_STEPS - 1}, "metric_000")
            logged = _size(url)
            assert system.makes_runs is not None
            Client(system.makes_runs).post("runs/update", run_id=run, status="FINISHED", end_time=2)
            _wait_until_compacted(url)
            with psycopg.connect(url, autocommit=True) as connection:
                connection.execute("VACUUM FULL metric_chunk")
            compacted = _size(url)
            points = system.stored_points([run])
    lines = ["| | bytes a point |", "|---|---:|"]
    lines.append(f"| as logged | {(logged - empty) / points:.2f} |")
    lines.append(f"| compacted and vacuumed | {(compacted - empty) / points:.2f} |")
    return f"{points:,} points; tables {', '.join(_TABLES)} with their indexes.\n\n" + "\n".join(lines)


def _log_all(system: systems.System, run: str) -> None:
    requests = _DISK_STEPS // _STEPS_A_REQUEST
    load = [sys.executable, "-m", "bench.load", str(system.writes), str(_PATIENCE_SECONDS)]
    command = [*load, f"{_DISK_KEYS}x{_STEPS_A_REQUEST}", "0", str(requests), run]
    done = subprocess.run(command, input="go\n", stdout=subprocess.PIPE, text=True, check=True)
    assert json.loads(done.stdout.splitlines()[-1])["requests"] == [requests]


def _wait_until_compacted(database: str) -> None:
    deadline = time.monotonic() + _PATIENCE_SECONDS
    with psycopg.connect(database, autocommit=True) as connection:
        while time.monotonic() < deadline:
            ((chunks,),) = connection.execute("SELECT count(*) FROM metric_chunk").fetchall()
            if chunks == _DISK_KEYS:
                return
            time.sleep(0.2)
    raise RuntimeError(f"{chunks} chunks are left after {_PATIENCE_SECONDS} s")


def _size(database: str) -> int:
    with psycopg.connect(database) as connection:
        rows = connection.execute(
            "SELECT pg_total_relation_size(name) FROM unnest(%s::text[]) AS name", [list(_TABLES)]
        )
        return sum(int(size) for (size,) in rows)
