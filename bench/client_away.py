"""Measures our client while its server is away for long, and its training program is killed and begun again.

A program logs ten values every ten milliseconds to an embedded server, which is ended for `--seconds`. In the
middle of that the program is killed and another takes its place. Printed are the longest calls, and how long
after the return of the server every value is in its database.
"""

import argparse
import os
import signal
import struct
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, suppress
from pathlib import Path

from bench.client_program import VALUES
from bench.clients import PROGRAM, Environment, environments, parser_of, variables_of
from bench.ingest_systems import System
from bench.report import machine
from bench.servers import free_port, trackhelm_server

PAUSE = "0.01"


class Program:
    """A program that logs until it is killed."""

    def __init__(self, environment: Environment, port: int, folder: Path, name: str) -> None:
        self._folder = folder / name
        self._folder.mkdir()
        command = [str(environment.python), str(PROGRAM), "ours", f"http://127.0.0.1:{port}"]
        variables = variables_of(environment, folder) | {"TRACKHELM_SPOOL_DIR": str(folder / "spool")}
        began = time.monotonic()
        self._process = subprocess.Popen(
            [*command, str(self._folder), "for-ever", PAUSE],
            stdout=subprocess.PIPE,
            text=True,
            env=variables,
            cwd=self._folder,
        )
        assert self._process.stdout is not None
        self.run = self._process.stdout.readline().removeprefix("ready").strip()
        self.start_seconds = time.monotonic() - began

    def kill(self) -> None:
        """End it as the kernel does when memory is short."""
        os.kill(self._process.pid, signal.SIGKILL)
        self._process.wait()
        assert self._process.stdout is not None
        self._process.stdout.close()

    def counts(self) -> tuple[int, int, int]:
        """Return its calls that have returned, those of over 5 ms, and the nanoseconds of the longest."""
        calls, slow, longest = struct.unpack("<QQQ", (self._folder / "returned").read_bytes())
        return calls, slow, longest


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the benchmark and print what it found."""
    settings = _parser().parse_args(arguments)
    environment = environments(settings)["ours"]
    port = free_port()
    with tempfile.TemporaryDirectory() as place, ExitStack() as last:
        folder = Path(place)
        system = System("embedded", port, port, port, folder / "server" / "trackhelm.db")
        with trackhelm_server(None, folder / "server", port):
            first = Program(environment, port, folder, "first")
            time.sleep(5)
        time.sleep(settings.seconds / 2)
        first.kill()
        second = Program(environment, port, folder, "second")
        time.sleep(settings.seconds / 2)
        second.kill()
        calls = [program.counts() for program in (first, second)]
        # Of each program the call during which it was killed may be stored as well.
        expected = sum(count for count, _, _ in calls) * VALUES
        runs = [first.run, second.run]
        with ThreadPoolExecutor(1) as watcher:
            waits = watcher.submit(_seconds_until_stored, system, runs, expected, settings.patience)
            last.enter_context(trackhelm_server(None, folder / "server", port))
            seconds = waits.result()
        stored = system.stored_points(runs)
    if stored > expected + len(runs) * VALUES:
        raise RuntimeError(f"{stored:,} values are stored, and {expected:,} were logged")
    print(f"{machine()}; the server was away for {settings.seconds:.0f} s.")
    for program, (count, slow, longest) in zip((first, second), calls, strict=True):
        print(
            f"A program began in {program.start_seconds:.1f} s and made {count:,} calls, the longest of "
            f"{longest / 1e6:.2f} ms, {slow} of over 5 ms."
        )
    print(f"All {expected:,} values were stored {seconds:.1f} s after the server answered again.")
    return 0


def _seconds_until_stored(system: System, runs: Sequence[str], expected: int, patience: float) -> float:
    """Wait until the server answers again, and return how long after that all values are stored."""
    until = time.monotonic() + 120
    while True:
        with suppress(OSError):
            urllib.request.urlopen(f"http://127.0.0.1:{system.writes}/ready", timeout=1).close()
            break
        if time.monotonic() > until:
            raise RuntimeError("the server does not come back")
        time.sleep(0.02)
    returned = time.monotonic()
    while (stored := system.stored_points(runs)) < expected:
        if time.monotonic() - returned > patience:
            raise RuntimeError(f"{stored:,} of {expected:,} values are stored: some are lost")
        time.sleep(0.02)
    return time.monotonic() - returned


def _parser() -> argparse.ArgumentParser:
    parser = parser_of("python -m bench.client_away", __doc__)
    parser.add_argument("--seconds", type=float, default=600.0, help="of the outage (%(default)s)")
    parser.add_argument("--patience", type=float, default=60.0, help="seconds until values are lost")
    return parser


if __name__ == "__main__":
    sys.exit(main())
