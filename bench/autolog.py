"""Measures what autologging costs a training of 100 iterations, with Trackhelm's client and with MLflow's.

Trainings with and without autologging take turns in one process; the clients take turns, too. All log to one
embedded server on the same machine.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from statistics import median
from typing import Any

from bench.autolog_program import ITERATIONS, TRAININGS
from bench.report import machine
from bench.servers import trackhelm_server

ROOT = Path(__file__).parents[1]
PROGRAM = ROOT / "bench" / "autolog_program.py"
SYSTEMS = ("ours", "mlflow")


def measure(*arguments: str, folder: Path, is_ours: bool) -> dict[str, Any]:
    """Return what the program prints that is called with a Python and its arguments."""
    told = {
        "PATH": os.environ["PATH"],
        "HOME": str(folder),
        "CUDA_VISIBLE_DEVICES": "",
        "TF_CPP_MIN_LOG_LEVEL": "3",
        "OMP_NUM_THREADS": "1",
        "MPLBACKEND": "Agg",
        "GIT_PYTHON_REFRESH": "quiet",
        "MLFLOW_DISABLE_TELEMETRY": "true",
        "PYTHONPATH": str(ROOT / "client" / "src") if is_ours else "",
    }
    ended = subprocess.run(
        arguments, env=told, cwd=folder, capture_output=True, text=True, timeout=900, check=False
    )
    if ended.returncode:
        raise RuntimeError(ended.stderr[-4_000:])
    found: dict[str, Any] = json.loads(ended.stdout.splitlines()[-1])
    return found


def main() -> int:
    """Measure, and print a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--frameworks-python", default=sys.executable)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--frameworks", nargs="*", default=list(TRAININGS))
    parser.add_argument("--systems", nargs="*", default=list(SYSTEMS))
    chosen = parser.parse_args()
    print(machine())
    print(f"\n| {ITERATIONS} iterations | client | without, s | iterations, % more | at the end, s more |")
    print("|---|---|---:|---:|---:|")
    python = os.path.abspath(chosen.frameworks_python)  # noqa: PTH100 - a link stays one
    with (
        tempfile.TemporaryDirectory(prefix="bench-autolog-") as place,
        trackhelm_server(None, Path(place) / "server") as port,
    ):
        for framework in chosen.frameworks:
            for system in chosen.systems:
                folder = Path(place) / f"{framework}-{system}"
                folder.mkdir()
                told = (system, framework, f"http://127.0.0.1:{port}", str(folder), str(chosen.repeats))
                found = measure(python, str(PROGRAM), *told, folder=folder, is_ours=system == "ours")
                print(row(framework, system, found), flush=True)
    return 0


def row(framework: str, system: str, found: dict[str, Any]) -> str:
    """Return a line of the table: medians, and their differences."""
    whole = {way: median(one[0] for one in times) for way, times in found.items()}
    loop = {way: median(one[1] for one in times) for way, times in found.items()}
    rest = (whole["with"] - loop["with"]) - (whole["without"] - loop["without"])
    more = 100 * (loop["with"] / loop["without"] - 1)
    return f"| {framework} | {system} | {whole['without']:.2f} | {more:+.1f} | {rest:.2f} |"


if __name__ == "__main__":
    sys.exit(main())
