"""Measures a model of many versions against stock MLflow, over one PostgreSQL server: `make bench-registry`.

Both systems hold the same versions, get the same requests over HTTP from one client, and must answer the
same. The audit trail, which stock does not have, is measured alone.
"""

import argparse
import signal
import sys
import tempfile
import time
from collections.abc import Iterable, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Final

from bench.client import Client
from bench.measure import Recorder, Times, measure
from bench.registry_cases import OwnCase, audit_cases, cases
from bench.registry_tables import Registry, load_stock, load_trackhelm
from bench.report import cell, machine
from bench.servers import limit_server, mlflow_server, postgresql, trackhelm_server

AIM_MS: Final = 50.0
"""The time within which every request should be answered."""

_HEAD: Final = ("| request | stock, ms | Trackhelm, ms | times faster |", "|---|---:|---:|---:|")

_WARMING: Final = 5


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the benchmark and print its table."""
    settings = _parser().parse_args(arguments)
    for end in (signal.SIGINT, signal.SIGTERM):
        signal.signal(end, lambda *_: sys.exit(1))  # The exit ends the servers in order.
    with ExitStack() as running:
        rows = list(_measured(settings, running))
    print(
        f"\n{machine()}; {settings.versions:,} versions of one model, {settings.models:,} other models of 5"
    )
    print(f"each; {settings.repeats} repetitions. Each cell: median / 95th percentile.\n")
    print("\n".join([*_HEAD, *rows]))
    return 0


def _measured(settings: argparse.Namespace, running: ExitStack) -> Iterable[str]:
    folder = Path(running.enter_context(tempfile.TemporaryDirectory()))
    theirs, ours = running.enter_context(postgresql(folder / "postgres", ("stock", "trackhelm")))
    _say("starting the servers")
    stock = Client(running.enter_context(mlflow_server(settings.mlflow_python, theirs, folder / "stock")))
    trackhelm = Recorder(running.enter_context(trackhelm_server(ours, folder / "trackhelm")))
    limit = Client(running.enter_context(limit_server(folder / "limit")))
    registry = Registry(settings.versions, settings.models)
    _say(f"loading {settings.versions:,} versions into both")
    load_stock(theirs, registry)
    load_trackhelm(ours, registry)
    for case in cases(settings.versions):
        if settings.only in case.name:
            result = measure(case, stock=stock, trackhelm=trackhelm, limit=limit, repeats=settings.repeats)
            yield _row(case.name, result.trackhelm, result.stock)
    for own in audit_cases(settings.versions):
        if settings.only in own.name:
            yield _row(own.name, _alone(own, trackhelm, settings.repeats), None)


def _alone(case: OwnCase, client: Client, repeats: int) -> Times:
    client.ready()
    for _ in range(_WARMING):
        case.run(client)
    values = []
    for _ in range(repeats):
        began = time.perf_counter()
        case.run(client)
        values.append((time.perf_counter() - began) * 1_000)
    return Times(tuple(values))


def _row(name: str, ours: Times, theirs: Times | None) -> str:
    _say(f"{name}: {ours.median:.2f} ms" + (f", stock {theirs.median:.2f} ms" if theirs else ""))
    over = "" if ours.p95 < AIM_MS else f" (over {AIM_MS:.0f})"
    stock, faster = (cell(theirs), f"{theirs.median / ours.median:.1f}") if theirs else ("", "")
    return f"| {name} | {stock} | {cell(ours)}{over} | {faster} |"


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m bench.registry", description=__doc__)
    parser.add_argument(
        "--mlflow-python",
        type=lambda text: Path.cwd() / text,  # Not resolved: Python finds its environment by this link.
        default=".venvs/mlflow3/bin/python",
        help="the Python of an environment with stock MLflow (%(default)s)",
    )
    parser.add_argument("--versions", type=int, default=100_000, help="of the big model (%(default)s)")
    parser.add_argument("--models", type=int, default=1_000, help="other models (%(default)s)")
    parser.add_argument("--repeats", type=int, default=40, help="of each request (%(default)s)")
    parser.add_argument("--only", default="", help="measure only the rows with this text in their name")
    return parser


if __name__ == "__main__":
    sys.exit(main())
