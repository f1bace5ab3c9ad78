"""Measures what a killed training program takes with it: calls that had returned, and are nowhere.

Each client logs ten values a call, a call each millisecond or without a pause, and is killed by SIGKILL at a
random time. Its helping processes go on. Calls that returned are counted in a file that survives; those that
are stored are counted at the server (ours, MLflow's), or in the files of clients that log offline.
"""

import argparse
import os
import random
import signal
import struct
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from bench.clients import ONLINE, PROGRAM, Environment, environments, parser_of, variables_of
from bench.ingest_systems import System, split
from bench.report import machine
from bench.servers import postgresql

PAUSES = {"a call each millisecond": "0.001", "without a pause": "0"}
SECONDS = (1.0, 3.0)
"""After how long a program is killed."""
SETTLED_SECONDS = 4.0
"""When nothing was stored for so long, nothing comes any more."""
VALUES = 10


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the benchmark and print its table."""
    settings = _parser().parse_args(arguments)
    chosen = environments(settings)
    chosen.pop("nothing", None)
    chance = random.Random(settings.seed)
    lines = ["| killed | " + " | ".join(PAUSES) + " |", "|---|---:|---:|"]
    with ExitStack() as running:
        folder = Path(running.enter_context(tempfile.TemporaryDirectory()))
        [url] = running.enter_context(postgresql(folder / "postgres", ("kills",)))
        _, system = running.enter_context(split(url, folder / "stack"))
        for name, environment in chosen.items():
            cells = []
            for number, pause in enumerate(PAUSES.values()):
                returned, lost, most = 0, 0, 0
                for round_number in range(settings.rounds):
                    own = folder / f"{name}-{number}-{round_number}"
                    calls, stored = _killed(
                        name, environment, system, own, Kill(pause, chance.uniform(*SECONDS))
                    )
                    # The call during which it was killed may be stored.
                    missing = max(calls - stored, 0)
                    returned, lost, most = returned + calls, lost + missing, max(most, missing)
                    print(f"{name}: {calls} returned, {stored} stored", file=sys.stderr, flush=True)
                share = f"{lost / returned:.1%}, at most {most:,} calls" if lost else "none"
                cells.append(f"{share} of {returned:,}")
            lines.append(f"| {name} | {' | '.join(cells)} |")
    table = "\n".join(lines)
    print(f"\n{machine()}; {settings.rounds} kills of each. Calls that had returned and are lost:\n\n{table}")
    return 0


@dataclass(frozen=True, slots=True)
class Kill:
    """The seconds between two calls of a program, and those after which it is killed."""

    pause: str
    seconds: float


def _killed(name: str, environment: Environment, system: System, folder: Path, kill: Kill) -> tuple[int, int]:
    """Kill a program, and return how many of its calls had returned, and how many are stored."""
    folder.mkdir(parents=True)
    command = [str(environment.python), str(PROGRAM), name, f"http://127.0.0.1:{system.writes}", str(folder)]
    with (folder / "log").open("wb") as log:
        program = subprocess.Popen(
            [*command, "for-ever", kill.pause],
            cwd=folder,
            stdout=subprocess.PIPE,
            stderr=log,
            text=True,
            env=variables_of(environment, folder),
        )
    assert program.stdout is not None
    while not (line := program.stdout.readline()).startswith("ready"):
        if not line:
            raise RuntimeError(f"{name}: {(folder / 'log').read_text(encoding='utf-8')[-3_000:]}")
    time.sleep(kill.seconds)
    os.kill(program.pid, signal.SIGKILL)
    program.wait()
    program.stdout.close()
    [returned] = struct.unpack_from("<Q", (folder / "returned").read_bytes())
    run = line.removeprefix("ready").strip()

    def count() -> int:
        if name in ONLINE:
            return system.stored_points([run]) // VALUES
        said = subprocess.run([*command, "stored"], check=True, capture_output=True, text=True).stdout
        return int(said)

    stored, since = -1, time.monotonic()
    while stored < returned and time.monotonic() - since < SETTLED_SECONDS:
        time.sleep(0.5)
        if (now := count()) != stored:
            stored, since = now, time.monotonic()
    return int(returned), stored


def _parser() -> argparse.ArgumentParser:
    parser = parser_of("python -m bench.client_kills", __doc__)
    parser.add_argument("--seed", type=int, default=20_261_130, help="of the times of kills (%(default)s)")
    return parser


if __name__ == "__main__":
    sys.exit(main())
