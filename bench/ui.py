"""Measures the web UI beside MLflow's own, on the same data in one headless Chromium: `make bench-ui`.

Both servers run over a SQLite file of their own, as they do by default. What happens in the browser is
written in `services/ui/bench`; this module starts the servers, fills them, and tells which bars are met.
"""

import argparse
import json
import signal
import statistics
import subprocess
import sys
import tempfile
from collections import defaultdict
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from bench.data import METRICS
from bench.report import machine
from bench.servers import mlflow_server, trackhelm_server
from bench.ui_data import Filled, Sizes

_DRIVER: Final = Path("services/ui/bench/main.ts")
_QUICK: Final = Sizes(runs=600, more_runs=700, curves=12, steps=1_000, many_runs=1_500)

Numbers = dict[str, list[float]]
"""What a case has measured, by name, once for each time that it was repeated."""


@dataclass(frozen=True, slots=True)
class Bar:
    """A bar for Trackhelm's number, or for how many times smaller than stock's it is."""

    text: str
    is_met: Callable[[float, float], bool]
    """Of stock's number and Trackhelm's."""


@dataclass(frozen=True, slots=True)
class Row:
    """A row of the table: a number of a case."""

    name: str
    case: str
    number: str
    bar: Bar | None = None
    unit: float = 1
    """What the number is divided by."""

    digits: int = 0


def _times_less(ratio: float) -> Bar:
    return Bar(f"1/{ratio:g} of stock's", lambda stock, own: own * ratio <= stock)


def _at_most(most: float) -> Bar:
    return Bar(f"at most {most:g}", lambda _, own: own <= most)


def _at_least(least: float) -> Bar:
    return Bar(f"at least {least:g}", lambda _, own: own >= least)


_KB: Final = 1e3
_MB: Final = 1e6
_ROWS: Final = (
    Row("runs, navigation to rows, s", "rows", "seconds", _times_less(4), digits=2),
    Row("rows in a window of 1000 px", "rows", "rows", _at_least(30)),
    Row("columns of metrics among those shown at first", "rows", "metricColumns", _at_least(1)),
    Row("JavaScript loaded, kB as sent", "rows", "scriptBytes", _at_most(350), _KB),
    Row("requests", "rows", "requests", _at_most(12)),
    Row("heap, MB", "rows", "heap", digits=1),
    Row("more runs, navigation to rows, s", "rows of more runs", "seconds", _times_less(4), digits=2),
    Row("sort by a metric, click to sorted, s", "sort", "seconds", _times_less(8), digits=3),
    Row("the same of more runs, s", "sort more runs", "seconds", _times_less(8), digits=3),
    Row("wheel to row 500, s", "to a row", "seconds", _times_less(5), digits=2),
    Row("gaps over 50 ms between frames meanwhile", "to a row", "longGaps", _at_most(0)),
    Row("longest of them, ms", "to a row", "worstGap"),
    Row("20 charts of 10 runs, navigation to drawn, s", "charts of ten", "seconds", digits=2),
    Row(
        "20 charts of all runs, navigation to drawn, s", "charts of all", "seconds", _times_less(15), digits=2
    ),
    Row("data of metrics, MB as sent", "charts of all", "metricBytes", _times_less(20), _MB, 2),
    Row("requests for them", "charts of all", "metricRequests"),
    Row("heap, MB", "charts of all", "heap", _times_less(5), digits=1),
    Row("a spike of one step is seen (1) or not (0)", "charts of all", "spike", _at_least(1)),
    Row("and in the chart's saved picture", "charts of all", "picture", _at_least(1)),
    Row("20 charts of a run, navigation to drawn, s", "run's charts", "seconds", _times_less(5), digits=2),
    Row("data of metrics, MB as sent", "run's charts", "metricBytes", None, _MB, 2),
    Row("the spike is seen", "run's charts", "spike", _at_least(1)),
    *(
        row
        for part, name in (
            ("loading", "scroll 25,000 runs while they load"),
            ("down", "scroll 25,000 runs"),
            ("across", "scroll 300 metrics"),
        )
        for row in (
            Row(f"{name}: frames on time, %", f"scroll {part}", "onTime", _at_least(99), 0.01, 1),
            Row("95th percentile of the time of a frame, ms", f"scroll {part}", "p95", None, digits=1),
            Row("longest, ms", f"scroll {part}", "worstGap"),
            Row("most rows in the document", f"scroll {part}", "mostMounted", _at_most(60)),
        )
    ),
)


def main(arguments: Sequence[str] | None = None) -> int:
    """Fill both systems, drive the browser, and print the table."""
    settings = _parser().parse_args(arguments)
    for end in (signal.SIGINT, signal.SIGTERM):
        signal.signal(end, lambda *_: sys.exit(1))  # by way of the servers' ends
    filled = Filled(_QUICK if settings.quick else Sizes())
    with ExitStack() as running:
        folder = settings.data or Path(running.enter_context(tempfile.TemporaryDirectory()))
        addresses = _start(settings, folder, filled, running)
        if settings.fill_only:
            return 0
        results = _drive(settings, filled, addresses)
    print(f"\n{machine()}; the median of {settings.repeats}, and of 1 where stock takes long.\n")
    print(_table(results))
    return 0


def _start(settings: argparse.Namespace, folder: Path, filled: Filled, running: ExitStack) -> dict[str, str]:
    """Start both servers, fill them unless the folder has the data, and return their addresses."""
    stock, trackhelm = folder / "stock.db", f"sqlite:///{folder / 'trackhelm.db'}"
    _say("starting the servers")
    ports = {
        "stock": running.enter_context(
            mlflow_server(settings.mlflow_python, f"sqlite:///{stock}", folder / "stock")
        ),
        "trackhelm": running.enter_context(trackhelm_server(trackhelm, folder / "trackhelm")),
    }
    if not filled.is_in(folder):
        filled.fill(stock, trackhelm, _say)
        filled.note_in(folder)
    return {name: f"http://127.0.0.1:{port}" for name, port in ports.items()}


def _drive(
    settings: argparse.Namespace, filled: Filled, addresses: dict[str, str]
) -> dict[tuple[str, str], Numbers]:
    """Let the browser measure, and return its numbers by case and system."""
    run, metric = filled.spike
    job = {
        "addresses": addresses,
        "few": filled.few.id,
        "more": filled.more.id,
        "curves": filled.curves.id,
        "many": filled.many.id,
        "runs": {"few": filled.few.runs, "curves": filled.curves.runs, "many": filled.many.runs},
        "metrics": METRICS,
        "manyMetrics": filled.many_metrics,
        "spike": {"run": run.uuid, "metric": metric},
        "repeats": settings.repeats,
        "only": settings.only,
    }
    results: dict[tuple[str, str], Numbers] = defaultdict(lambda: defaultdict(list))
    command = [str(settings.node), str(_DRIVER), json.dumps(job)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as driver:
        assert driver.stdout is not None, "it is a pipe"
        try:
            for line in driver.stdout:
                _say(line.strip())
                said: dict[str, Any] = json.loads(line)
                for name, number in said["numbers"].items():
                    results[said["case"], said["system"]][name].append(number)
        except BaseException:
            driver.terminate()  # It would be waited for.
            raise
    if driver.returncode:
        _say("Some cases failed: their rows are missing.")
    return results


def _table(results: dict[tuple[str, str], Numbers]) -> str:
    lines = [
        "| measured | stock | Trackhelm | stock / Trackhelm | bar | met |",
        "|---|---:|---:|---:|---|---|",
    ]
    for row in _ROWS:
        stock = _median(results[row.case, "stock"], row)
        own = _median(results[row.case, "trackhelm"], row)
        if own is None:
            continue
        ratio = f"{stock / own:.1f}" if stock is not None and own and row.digits else ""
        met = "" if row.bar is None else "yes" if row.bar.is_met(stock or 0, own) else "**no**"
        shown = ["" if number is None else f"{number:,.{row.digits}f}" for number in (stock, own)]
        lines.append(f"| {' | '.join([row.name, *shown, ratio, row.bar.text if row.bar else '', met])} |")
    return "\n".join(lines)


def _median(numbers: Numbers, row: Row) -> float | None:
    found = numbers.get(row.number)
    return statistics.median(found) / row.unit if found else None


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m bench.ui", description=__doc__)
    parser.add_argument(
        "--mlflow-python",
        type=lambda text: Path.cwd() / text,  # Not resolved: Python finds its environment by this link.
        default=".venvs/mlflow3/bin/python",
        help="the Python of an environment with stock MLflow (%(default)s)",
    )
    parser.add_argument(
        "--node", type=Path, default=Path(".venvs/node/bin/node"), help="Node.js (%(default)s)"
    )
    parser.add_argument(
        "--data", type=Path, help="a folder for the databases, which are used again if they are there"
    )
    parser.add_argument("--fill-only", action="store_true", help="make the databases and measure nothing")
    parser.add_argument("--repeats", type=int, default=3, help="of what takes seconds (%(default)s)")
    parser.add_argument(
        "--only", nargs="+", default=[""], help="measure only the cases with one of these texts in their name"
    )
    parser.add_argument("--quick", action="store_true", help="few runs, to try whether everything works")
    return parser


if __name__ == "__main__":
    sys.exit(main())
