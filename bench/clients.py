"""Measures what logging costs a training program: Trackhelm's client beside MLflow's and three others.

All clients take turns in each round, on the same machine: ours and MLflow's log to one stack of Trackhelm,
the others offline, as they do fastest. What ours and MLflow's have logged is counted in the database.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

from bench.client_program import CLIENTS
from bench.ingest_systems import System, split
from bench.report import machine
from bench.servers import postgresql

ROOT = Path(__file__).parents[1]
PROGRAM = ROOT / "bench" / "client_program.py"
ONLINE = ("ours", "mlflow", "mlflow async", "mlflow buffered")
CALLS = {"ours": 100_000, "mlflow": 600, "mlflow async": 3_000, "mlflow buffered": 3_000}
"""Calls without a pause; of others 5,000."""
IMPORTS = {
    "ours": "trackhelm",
    "mlflow": "mlflow",
    "wandb": "wandb",
    "neptune": "neptune_scale",
    "trackio": "trackio",
}
DISTRIBUTIONS = {"mlflow": "mlflow", "wandb": "wandb", "neptune": "neptune-scale", "trackio": "trackio"}

# The files of a distribution and of everything that it needs, as pip installed them.
SIZE = """
import re, sys
from importlib.metadata import PackageNotFoundError, distribution
todo, seen, size = [sys.argv[1]], set(), 0
while todo:
    name = re.sub(r"[-_.]+", "-", todo.pop()).lower()
    if name in seen:
        continue
    seen.add(name)
    try:
        found = distribution(name)
    except PackageNotFoundError:
        continue
    for file in found.files or ():
        path = file.locate()
        if path.exists() and not str(file).endswith(".pyc"):
            size += path.stat().st_size
    for line in found.requires or ():
        if "extra ==" not in line:
            todo.append(re.match(r"[A-Za-z0-9._-]+", line)[0])
print(size)
"""


@dataclass(frozen=True, slots=True)
class Load:
    """How many calls a program makes, and the seconds of sleep between them."""

    calls: int
    pause: float = 0.0


PACED = Load(2_000, 0.001)
OF_TWO = Load(150_000)


@dataclass(frozen=True, slots=True)
class Environment:
    """The Python of a client, and where its source is, if it is not installed."""

    python: Path
    variables: Mapping[str, str]


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the benchmark and print its tables."""
    settings = parser_of("python -m bench.clients", __doc__).parse_args(arguments)
    chosen = environments(settings)
    paced: defaultdict[str, list[dict[str, Any]]] = defaultdict(list)
    tight: defaultdict[str, list[dict[str, Any]]] = defaultdict(list)
    with ExitStack() as running:
        folder = Path(running.enter_context(tempfile.TemporaryDirectory()))
        [url] = running.enter_context(postgresql(folder / "postgres", ("clients",)))
        _, system = running.enter_context(split(url, folder / "stack"))
        for number in range(settings.rounds):
            for name, environment in chosen.items():
                own = folder / f"{name}-{number}"
                paced[name].append(_run(name, environment, system, own / "paced", PACED))
                load = Load(CALLS.get(name, 5_000))
                tight[name].append(_run(name, environment, system, own / "tight", load))
                _say(
                    f"{name}: {paced[name][-1]['p50']:.1f} µs, {_rate(tight[name][-1], 'done'):,.0f} values/s"
                )
        pairs = [
            _two_at_once(chosen["ours"], system, folder / f"pair-{number}")
            for number in range(settings.rounds if "ours" in chosen else 0)
        ]
    print(f"\n{machine()}; median of {settings.rounds} rounds.\n\n{_calls(paced)}\n\n{_rates(tight)}")
    if pairs:
        print(f"\nTwo processes at once, flush included: {median(pairs):,.0f} values/s.")
    print(f"\n{_start_and_size(chosen)}")
    return 0


def environments(settings: argparse.Namespace) -> dict[str, Environment]:
    """Return the environment of each client that was chosen."""
    found = {
        name: Environment(
            settings.client_python if name == "ours" else settings.mlflow_python,
            {"PYTHONPATH": str(ROOT / "client" / "src")} if name == "ours" else {},
        )
        for name in ONLINE
    }
    found["nothing"] = found["ours"]
    found |= {name: Environment(settings.peers_python, {}) for name in ("wandb", "neptune", "trackio")}
    return {name: found[name] for name in CLIENTS if name in settings.clients}


def _rate(result: Mapping[str, Any], until: str) -> float:
    return float(result["values"] / result[until])


def _run(name: str, environment: Environment, system: System, folder: Path, load: Load) -> dict[str, Any]:
    with _started(name, environment, system, folder, load) as program:
        _begin(program)
        result = _result(program)
    if name in ONLINE:
        _check(system, [result])
    return result


def _two_at_once(environment: Environment, system: System, folder: Path) -> float:
    """Return the values a second of two processes that log without a pause, until all can be read."""
    with ExitStack() as running:
        # One spool, as two ranks of a machine have: one process uploads for both.
        programs = [
            running.enter_context(_started("ours", environment, system, folder, OF_TWO)) for _ in range(2)
        ]
        began = time.perf_counter()
        for program in programs:
            _begin(program)
        results = [_result(program) for program in programs]
        seconds = time.perf_counter() - began
    _check(system, results)
    return sum(int(result["values"]) for result in results) / seconds


@contextmanager
def _started(
    name: str, environment: Environment, system: System, folder: Path, load: Load
) -> Iterator[subprocess.Popen[str]]:
    folder.mkdir(parents=True, exist_ok=True)
    command = [str(environment.python), str(PROGRAM), name, f"http://127.0.0.1:{system.writes}"]
    command += [str(folder), str(load.calls), str(load.pause)]
    with (folder / "log").open("ab") as log:
        program = subprocess.Popen(
            command,
            cwd=folder,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=log,
            text=True,
            env=variables_of(environment, folder),
        )
    with program:
        assert program.stdout is not None
        while (line := program.stdout.readline()) != "ready\n":
            if not line:
                raise RuntimeError(f"{name}: {(folder / 'log').read_text(encoding='utf-8')[-3_000:]}")
        yield program


def _begin(program: subprocess.Popen[str]) -> None:
    assert program.stdin is not None
    program.stdin.write("go\n")
    program.stdin.close()


def _result(program: subprocess.Popen[str]) -> dict[str, Any]:
    assert program.stdout is not None
    while line := program.stdout.readline():
        if line.startswith("{"):
            return dict(json.loads(line))
    raise RuntimeError(f"{program.args!r} said nothing")


def _check(system: System, results: Sequence[Mapping[str, Any]]) -> None:
    for result in results:
        last = result["values"] // 10 + 49
        system.seconds_until_readable({result["run"]: last}, "metric_3")
        stored = system.stored_points([result["run"]])
        if stored != result["values"] + 500:
            raise RuntimeError(f"{stored:,} values are stored, not {result['values'] + 500:,}")


def _calls(results: Mapping[str, Sequence[Mapping[str, Any]]]) -> str:
    lines = [
        "| a call of 10 values, one each millisecond | p50, µs | p99, µs | longest, µs | CPU a value, µs |",
        "|---|---:|---:|---:|---:|",
    ]
    for name, rounds in results.items():
        cells = [f"{median(one[part] for one in rounds):,.1f}" for part in ("p50", "p99", "max")]
        cpu = median(one["cpu"] / one["values"] for one in rounds) * 1e6
        lines.append(f"| {name} | {' | '.join(cells)} | {cpu:.1f} |")
    return "\n".join(lines)


def _rates(results: Mapping[str, Sequence[Mapping[str, Any]]]) -> str:
    lines = [
        (
            "| calls without a pause | accepted, values/s | done, values/s | p50, µs | p99, µs | longest, µs "
            "| CPU a value, µs | growth, MB |"
        ),
        "|---|---:|---:|---:|---:|---:|---:|---:|",
    ]
    for name, rounds in results.items():
        cells = [f"{median(_rate(one, until) for one in rounds):,.0f}" for until in ("accepted", "done")]
        cells += [f"{median(one[part] for one in rounds):,.1f}" for part in ("p50", "p99", "max")]
        cells.append(f"{median(one['cpu'] / one['values'] for one in rounds) * 1e6:.2f}")
        cells.append(f"{median(one['grown'] for one in rounds) / 1e6:.0f}")
        lines.append(f"| {name} | {' | '.join(cells)} |")
    return "\n".join(lines)


def _start_and_size(environments: Mapping[str, Environment]) -> str:
    lines = ["| | import, ms | installed, MB |", "|---|---:|---:|"]
    for name, module in IMPORTS.items():
        if name in environments:
            found = environments[name]
            empty, whole = (_seconds(found, f"import {what}") for what in ("sys", module))
            lines.append(f"| {name} | {(whole - empty) * 1e3:,.0f} | {_size(name, found) / 1e6:,.1f} |")
    return "\n".join(lines)


def _seconds(environment: Environment, line: str) -> float:
    taken = []
    for _ in range(5):
        began = time.perf_counter()
        subprocess.run(
            [str(environment.python), "-c", line], check=True, env=variables_of(environment, Path("/tmp"))
        )
        taken.append(time.perf_counter() - began)
    return min(taken)


def _size(name: str, environment: Environment) -> int:
    if name == "ours":
        source = ROOT / "client" / "src"
        return sum(
            path.stat().st_size for path in source.rglob("*") if path.suffix != ".pyc" and path.is_file()
        )
    command = [str(environment.python), "-c", SIZE, DISTRIBUTIONS[name]]
    return int(subprocess.run(command, check=True, capture_output=True, text=True).stdout)


def variables_of(environment: Environment, home: Path) -> dict[str, str]:
    """Return the variables of a client's program, whose files go to a home of its own."""
    kept = {
        name: value for name, value in os.environ.items() if not name.startswith(("MLFLOW_", "TRACKHELM_"))
    }
    kept.pop("PYTHONPATH", None)
    quiet = {"MLFLOW_DISABLE_TELEMETRY": "true", "GIT_PYTHON_REFRESH": "quiet", "WANDB_SILENT": "true"}
    return {**kept, **quiet, "HOME": str(home), **environment.variables}


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def parser_of(program: str, description: str | None) -> argparse.ArgumentParser:
    """Return a parser of what all benchmarks of clients take."""
    parser = argparse.ArgumentParser(prog=program, description=description)
    for name in ("client", "mlflow", "peers"):
        environment = {"client": "client", "mlflow": "mlflow3", "peers": "peers"}[name]
        parser.add_argument(
            f"--{name}-python",
            type=lambda text: Path.cwd() / text,
            default=f".venvs/{environment}/bin/python",
            help="the Python of that environment (%(default)s)",
        )
    parser.add_argument("--rounds", type=int, default=3, help="of each client (%(default)s)")
    parser.add_argument(
        "--clients",
        nargs="+",
        choices=list(CLIENTS),
        default=list(CLIENTS),
        metavar="NAME",
        help="default: all",
    )
    return parser


if __name__ == "__main__":
    sys.exit(main())
