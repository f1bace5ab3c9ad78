"""How long a server takes from its start to its first answer, and the command line to show its help.

Each is started anew, some times, and the medians are printed as a Markdown table: the time that passed, and
that of processors, which other work on the machine lengthens less. `python -c pass` and stock's server over
SQLite are started in between, on the same machine.
"""

import argparse
import os
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from bench.servers import cpu_ticks, environment, free_port

_POLL_SECONDS = 0.002
_ASK = b"GET /health HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
_TICKS_A_SECOND = os.sysconf("SC_CLK_TCK")

Taken = tuple[float, float]
"""Seconds that passed, and seconds of processors."""


@dataclass
class Case:
    """What is started, and what each start took."""

    name: str
    start: Callable[[], Taken]
    taken: list[Taken] = field(default_factory=list)


def run_to_its_end(command: Sequence[str]) -> Taken:
    """Run a program that ends by itself."""
    begun = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, env=_variables())
    _, status, usage = os.wait4(process.pid, 0)
    passed = time.perf_counter() - begun
    process.returncode = os.waitstatus_to_exitcode(status)
    assert process.returncode == 0, command
    return passed, usage.ru_utime + usage.ru_stime


def run_to_first_answer(command: Sequence[str]) -> Taken:
    """Start a server on a free port, given to it as `--port`, and end it when it has answered once."""
    port = free_port()
    begun = time.perf_counter()
    process = subprocess.Popen(
        [*command, "--port", str(port)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env=_variables(),
        start_new_session=True,
    )
    try:
        while not _answers(port):
            assert process.poll() is None, command
            time.sleep(_POLL_SECONDS)
        return time.perf_counter() - begun, cpu_ticks(process.pid) / _TICKS_A_SECOND
    finally:
        # Its own process group: a signal reaches it and its workers only.
        os.killpg(process.pid, signal.SIGTERM)
        process.wait()


def _answers(port: int) -> bool:
    try:
        with socket.create_connection(("127.0.0.1", port)) as connection:
            connection.sendall(_ASK)
            return connection.recv(64).startswith(b"HTTP/1.1 200")
    except OSError:
        return False


def _variables() -> Mapping[str, str]:
    # As on a user's machine, where a module is compiled once.
    return {name: value for name, value in environment().items() if name != "PYTHONDONTWRITEBYTECODE"}


def cases(folder: Path, mlflow: Path) -> list[Case]:
    """Return what is started, with all its data in a folder."""
    trackhelm = str(Path(sys.executable).with_name("trackhelm-server"))
    fresh = folder / "fresh"

    def on_an_empty_folder() -> Taken:
        shutil.rmtree(fresh, ignore_errors=True)
        return run_to_first_answer([trackhelm, "embedded", "--data", str(fresh)])

    existing = [trackhelm, "embedded", "--data", str(folder / "existing")]
    stock = [str(mlflow), "-m", "mlflow", "server"]
    stock += ["--backend-store-uri", f"sqlite:///{folder / 'mlflow.db'}"]
    stock += ["--artifacts-destination", str(folder / "artifacts")]
    return [
        Case("`python -c pass`", lambda: run_to_its_end([sys.executable, "-c", "pass"])),
        Case("`trackhelm-server --help`", lambda: run_to_its_end([trackhelm, "--help"])),
        Case("`trackhelm-server embedded`, existing data", lambda: run_to_first_answer(existing)),
        Case("`trackhelm-server embedded`, an empty folder", on_an_empty_folder),
        Case("stock `mlflow server`, existing data", lambda: run_to_first_answer(stock)),
    ]


def main() -> None:
    """Measure, and print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--mlflow-python", type=Path, required=True, help="the interpreter that has MLflow")
    parser.add_argument("--starts", type=int, default=9, help="measured starts of each")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        measured = cases(Path(folder), arguments.mlflow_python)
        for each in measured:
            each.start()  # Not counted: it compiles modules, makes the data and fills the machine's caches.
        for _ in range(arguments.starts):
            for each in measured:
                each.taken.append(each.start())
    print("| started | seconds | at the least | seconds of processors | at the least |")
    print("|---|---:|---:|---:|---:|")
    for each in measured:
        passed, used = zip(*each.taken, strict=True)
        numbers = (statistics.median(passed), min(passed), statistics.median(used), min(used))
        print(f"| {each.name} | {' | '.join(f'{number:.2f}' for number in numbers)} |")


if __name__ == "__main__":
    main()
