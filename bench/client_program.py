"""The program that `make bench-client` runs in each client's environment: it logs, and says what that took.

    python client_program.py SYSTEM URL FOLDER CALLS PAUSE      SYSTEM: a key of `CLIENTS`
    python client_program.py SYSTEM URL FOLDER for-ever PAUSE   until a kill; FOLDER/returned has the count
    python client_program.py SYSTEM URL FOLDER stored           prints how many calls the client's files have

It needs the standard library and that client only. Each call logs ten values; `PAUSE` is the work of a
training step, in seconds of sleep. It prints one line of JSON.
"""

import json
import mmap
import os
import resource
import sqlite3
import struct
import sys
import time
from pathlib import Path
from typing import Any

VALUES = 10
SLOW_NANOSECONDS = 5_000_000
KEYS = [f"metric_{number}" for number in range(VALUES)]

# The clients are those of other environments, so nothing is imported before it is known which one is here.


class Ours:
    """Trackhelm's client, with its uploading process."""

    def __init__(self, url: str, folder: Path) -> None:
        os.environ.setdefault("TRACKHELM_SPOOL_DIR", str(folder / "spool"))
        import trackhelm

        self.module: Any = trackhelm
        trackhelm.set_tracking_uri(url)
        trackhelm.set_experiment("bench")
        self.run: Any = trackhelm.start_run()
        self.run_id = self.run.info.run_id

    def log(self, values: dict[str, float], step: int) -> None:
        """Log the values of a step."""
        self.module.log_metrics(values, step=step)

    def finish(self) -> None:
        """Wait until the server has everything."""
        self.module.end_run()
        self.module.flush_async_logging()

    @staticmethod
    def stored(folder: Path) -> int:
        """Return how many calls are in the files of a program that was killed. Ours are at the server."""
        raise NotImplementedError(folder)

    def helpers(self) -> list[int]:
        """Return the processes that work for this one and are not its children."""
        found = self.run.stats()["uploader"].get("pid")
        return [found] if isinstance(found, int) else []


class Stock(Ours):
    """MLflow's client: each call waits for the server."""

    synchronous = True

    def __init__(self, url: str, folder: Path) -> None:
        import mlflow

        self.module = mlflow
        mlflow.set_tracking_uri(url)
        mlflow.set_experiment("bench")
        self.run = mlflow.start_run()
        self.run_id = self.run.info.run_id

    def log(self, values: dict[str, float], step: int) -> None:
        """Log the values of a step."""
        self.module.log_metrics(values, step=step, synchronous=self.synchronous)

    def finish(self) -> None:
        """Wait until the server has everything."""
        if not self.synchronous:
            self.module.flush_async_logging()
        self.module.end_run()

    def helpers(self) -> list[int]:
        """Return nothing: there are threads only."""
        return []


class StockAsync(Stock):
    """MLflow's client with its queue, a request a call."""

    synchronous = False


class StockBuffered(StockAsync):
    """MLflow's client with its queue, and one second of calls a request."""

    def __init__(self, url: str, folder: Path) -> None:
        os.environ["MLFLOW_ASYNC_LOGGING_BUFFERING_SECONDS"] = "1"
        super().__init__(url, folder)


class Nothing(Stock):
    """No client: what the loop itself takes."""

    def __init__(self, url: str, folder: Path) -> None:
        self.run_id = ""

    def log(self, values: dict[str, float], step: int) -> None:
        """Do nothing."""

    def finish(self) -> None:
        """Do nothing."""


class Wandb(Stock):
    """Weights & Biases, offline."""

    def __init__(self, url: str, folder: Path) -> None:
        import wandb

        self.run = wandb.init(project="bench", mode="offline", dir=str(folder))
        self.run_id = ""

    @staticmethod
    def stored(folder: Path) -> int:
        """Return the records of its transaction log that are rows of the history."""
        from wandb.proto.wandb_internal_pb2 import Record

        [log] = folder.rglob("run-*.wandb")
        return sum(
            Record.FromString(one).WhichOneof("record_type") == "history"
            for one in leveldb_records(log.read_bytes())
        )

    def log(self, values: dict[str, float], step: int) -> None:
        """Log the values of a step."""
        self.run.log(values, step=step)

    def finish(self) -> None:
        """Write what is left."""
        self.run.finish()


class Neptune(Stock):
    """neptune-scale, offline."""

    def __init__(self, url: str, folder: Path) -> None:
        os.chdir(folder)
        from neptune_scale import Run

        self.run = Run(project="bench/bench", run_id="bench", mode="offline", log_directory=str(folder))
        self.run_id = ""

    @staticmethod
    def stored(folder: Path) -> int:
        """Return the updates in its database, without the one that creates the run."""
        return sum(rows(file, "run_operations") for file in folder.rglob("*.sqlite3")) - 1

    def log(self, values: dict[str, float], step: int) -> None:
        """Log the values of a step."""
        self.run.log_metrics(data=values, step=step)

    def finish(self) -> None:
        """Write what is left."""
        self.run.close()


class Trackio(Stock):
    """trackio, into its own folder."""

    def __init__(self, url: str, folder: Path) -> None:
        os.environ["TRACKIO_DIR"] = os.environ["HF_HOME"] = str(folder)
        import trackio

        self.module = trackio
        trackio.init(project="bench", embed=False, auto_log_gpu=False, auto_log_cpu=False)
        self.run_id = ""

    @staticmethod
    def stored(folder: Path) -> int:
        """Return the rows of its database."""
        return sum(rows(file, "metrics") for file in folder.rglob("*.db"))

    def log(self, values: dict[str, float], step: int) -> None:
        """Log the values of a step."""
        self.module.log(values, step=step)

    def finish(self) -> None:
        """Write what is left."""
        self.module.finish()


CLIENTS: dict[str, type[Ours]] = {
    "nothing": Nothing,
    "ours": Ours,
    "mlflow": Stock,
    "mlflow async": StockAsync,
    "mlflow buffered": StockBuffered,
    "wandb": Wandb,
    "neptune": Neptune,
    "trackio": Trackio,
}


def rows(file: Path, table: str) -> int:
    """Return the rows of a table of SQLite; none if there is no such table."""
    with sqlite3.connect(file) as connection:
        if not connection.execute("SELECT 1 FROM sqlite_master WHERE name = ?", (table,)).fetchone():
            return 0
        return int(connection.execute(f"SELECT count(*) FROM {table}").fetchone()[0])


def leveldb_records(data: bytes) -> "list[bytes]":
    """Return the whole records of a log in LevelDB's form, after the seven bytes of wandb's head."""
    head, block = 7, 32_768
    found, parts, position = [], [], 7
    while position + head <= len(data):
        if block - position % block < head:
            position += block - position % block
            continue
        _, length, kind = struct.unpack_from("<IHB", data, position)
        if not kind or position + head + length > len(data):
            break
        position += head + length
        parts.append(data[position - length : position])
        if kind in {1, 4}:  # whole, or the last part
            found.append(b"".join(parts))
            parts = []
    return found


def for_ever(client: Ours, folder: Path, pause: float) -> None:
    """Log until somebody kills this process; a file has its calls, the slow ones, and the longest in ns."""
    values = [{key: 1.0 / (step + 1) + place for place, key in enumerate(KEYS)} for step in range(100)]
    returned = folder / "returned"
    returned.write_bytes(bytes(24))
    clock, slow, longest = time.perf_counter_ns, 0, 0
    with returned.open("r+b") as file, mmap.mmap(file.fileno(), 24) as count:
        print(f"ready {client.run_id}", flush=True)
        step = 0
        while True:
            began = clock()
            client.log(values[step % 100], step)
            taken = clock() - began
            step += 1
            longest = max(longest, taken)
            slow += taken > SLOW_NANOSECONDS
            struct.pack_into("<QQQ", count, 0, step, slow, longest)
            if pause:
                time.sleep(pause)


def cpu_seconds(helpers: list[int]) -> float:
    """Return the processor time of this process, its children that live or have ended, and of helpers."""
    own, ended = resource.getrusage(resource.RUSAGE_SELF), resource.getrusage(resource.RUSAGE_CHILDREN)
    ticks, tick = 0, os.sysconf("SC_CLK_TCK")
    parents: dict[int, tuple[int, int]] = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = stat.read_text(encoding="utf-8").rpartition(")")[2].split()
        except OSError:
            continue
        parents[int(stat.parent.name)] = int(fields[1]), int(fields[11]) + int(fields[12])
    for pid, (_, used) in parents.items():
        above = pid
        while above > 1 and (above := parents.get(above, (0, 0))[0]) != os.getpid():
            pass
        if above == os.getpid() or pid in helpers:
            ticks += used
    return own.ru_utime + own.ru_stime + ended.ru_utime + ended.ru_stime + ticks / tick


def memory() -> int:
    """Return the bytes of this process that are in memory."""
    pages = int(Path("/proc/self/statm").read_text(encoding="utf-8").split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE")


def main(system: str, url: str, folder: str, calls_text: str, pause_text: str = "0") -> None:
    """Log, and print what it took."""
    if calls_text == "stored":
        print(CLIENTS[system].stored(Path(folder)))
        return
    client = CLIENTS[system](url, Path(folder))
    if calls_text == "for-ever":
        for_ever(client, Path(folder), float(pause_text))
    calls, pause = int(calls_text), float(pause_text)
    values = [{key: 1.0 / (step + 1) + place for place, key in enumerate(KEYS)} for step in range(100)]
    for step in range(50):
        client.log(values[step], step)
    if pause:
        time.sleep(1.5)  # what a client starts in the background has started
    print("ready", flush=True)
    sys.stdin.readline()
    taken: list[int] = []
    clock, before, used = time.perf_counter_ns, memory(), cpu_seconds(client.helpers())
    most = before
    began = clock()
    for step in range(50, calls + 50):
        at = clock()
        client.log(values[step % 100], step)
        taken.append(clock() - at)
        if pause:
            time.sleep(pause)
        elif not step % 5_000:
            most = max(most, memory())
    accepted = clock()
    most = max(most, memory())
    client.finish()
    done = clock()
    # The list of times is this program's own.
    grown = most - before - sys.getsizeof(taken) - 32 * len(taken)
    used = cpu_seconds(client.helpers()) - used
    taken.sort()
    result = {
        "run": client.run_id,
        "p50": taken[calls // 2] / 1e3,
        "p99": taken[int(calls * 0.99)] / 1e3,
        "max": taken[-1] / 1e3,
        "accepted": (accepted - began) / 1e9,
        "done": (done - began) / 1e9,
        "cpu": used,
        "grown": grown,
        "values": calls * VALUES,
    }
    print(json.dumps(result), flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
