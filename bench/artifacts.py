"""Moves files to and from servers and stores, and prints tables: `make bench-artifacts`.

All servers run at the same time, and the ways take turns in each round, so that other load of the machine
affects all of them alike. The store alone is the upper limit for a server in front of it, so the share of
that limit is what counts. Stock MLflow is measured over a folder.
"""

import argparse
import os
import statistics
import tempfile
import time
import uuid
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from bench.artifact_servers import Server, s3_server, stock_server, trackhelm_server
from bench.artifact_ways import BLOCK, Alone, Presigned, Proxy, Way

SMALL_BYTES = 4096
_SETTLE_SECONDS = 120
_IDLE_BUSY_SECONDS = 0.1
"""The processor seconds that idle servers use in a second."""

STOCK, FOLDER, BUCKET, PAST, STORE = (
    "stock MLflow, folder",
    "Trackhelm, folder",
    "Trackhelm, S3",
    "past Trackhelm, S3, in parts",
    "S3 alone, in one piece",
)
BOUNDS = {BUCKET: STORE, PAST: STORE, FOLDER: STOCK}
"""The way with which each way is compared."""


@dataclass
class Subject:
    """A way that is measured, and the server whose processor time and memory are measured with it."""

    title: str
    way: Way
    server: Server | None
    folder: str = field(default_factory=lambda: uuid.uuid4().hex)


@dataclass(frozen=True)
class Case:
    """One measured transfer: `count` files of `size` bytes."""

    title: str
    size: int
    count: int

    @property
    def amount(self) -> float:
        """The MiB of a large file, or the number of small ones."""
        return self.size / BLOCK if self.count == 1 else self.count


@dataclass
class Figures:
    """The measured values of one way and one case, one for each round."""

    rates: list[float] = field(default_factory=list)
    busy: list[float] = field(default_factory=list)
    """Milliseconds of the server's processor time for each MiB or file."""


Table = dict[tuple[str, str], Figures]


def measure(subjects: Sequence[Subject], case: Case, rounds: int) -> Table:
    """Return the figures by title of the subject and direction."""
    table: Table = defaultdict(Figures)
    for turn in range(rounds):
        names = [f"{case.size}-{turn}/{number}" for number in range(case.count)]
        # The order changes, so that each way comes before and after every other: a store still works on the
        # last upload when downloads begin.
        order = [*subjects[turn // 2 % len(subjects) :], *subjects[: turn // 2 % len(subjects)]]
        if turn % 2:
            order.reverse()
        for direction in ("up", "down"):
            for subject in order:
                call = subject.way.put if direction == "up" else subject.way.get
                _time(subject, call, names, case, table[subject.title, direction])
        for subject in order:
            subject.way.delete(f"{subject.folder}/{case.size}-{turn}")
    return table


def _time(
    subject: Subject, call: Callable[[str, int], None], names: Sequence[str], case: Case, figures: Figures
) -> None:
    # Writes that others left to the disk must not slow this one down.
    os.sync()
    busy = subject.server.busy_seconds() if subject.server else 0.0
    began = time.perf_counter()
    for name in names:
        call(f"{subject.folder}/{name}", case.size)
    figures.rates.append(case.amount / (time.perf_counter() - began))
    if subject.server:
        figures.busy.append((subject.server.busy_seconds() - busy) * 1000 / case.amount)


def print_table(case: Case, table: Table) -> None:
    """Print one case: the medians, and the median of the shares within each round."""
    unit = "MiB" if case.count == 1 else "files"
    print(f"\n| {case.title} | {unit}/s up | of | {unit}/s down | of | server, ms/{unit} up | down |")
    print(f"|{'---|' * 7}")
    for title in dict.fromkeys(title for title, _ in table):
        cells = [title]
        for direction in ("up", "down"):
            cells += [
                f"{statistics.median(table[title, direction].rates):.0f}",
                _share(table, title, direction),
            ]
        for direction in ("up", "down"):
            busy = table[title, direction].busy
            cells.append(f"{statistics.median(busy):.2f}" if busy else "")
        print(f"| {' | '.join(cells)} |", flush=True)


def _share(table: Table, title: str, direction: str) -> str:
    bound = table.get((BOUNDS.get(title, ""), direction))
    if bound is None:
        return ""
    pairs = zip(table[title, direction].rates, bound.rates, strict=True)
    return f"{statistics.median(own / other for own, other in pairs):.2f}"


def finalize(subjects: Sequence[Subject]) -> None:
    """Wait until every server has finished its start, for which stock MLflow's workers take a minute."""
    servers = [subject.server for subject in subjects if subject.server]
    deadline = time.monotonic() + _SETTLE_SECONDS
    while time.monotonic() < deadline:
        before = sum(server.busy_seconds() for server in servers)
        time.sleep(1)
        if sum(server.busy_seconds() for server in servers) - before < _IDLE_BUSY_SECONDS:
            return


@contextmanager
def subjects(folder: Path, mlflow_python: Path | None, titles: Sequence[str]) -> Iterator[list[Subject]]:
    """Start the servers that are needed, and yield their ways."""
    with ExitStack() as running:
        found: list[Subject] = []
        if mlflow_python and STOCK in titles:
            server = running.enter_context(stock_server(mlflow_python, folder / "stock"))
            found.append(Subject(STOCK, Proxy(server.url), server))
        if FOLDER in titles:
            server = running.enter_context(trackhelm_server(folder / "trackhelm", {}))
            found.append(Subject(FOLDER, Proxy(server.url), server))
        if {BUCKET, PAST, STORE} & {*titles}:
            s3 = running.enter_context(s3_server(folder / "s3"))
            environment = s3.environment() | {"TRACKHELM_ARTIFACTS_PRESIGNED": "true"}
            server = running.enter_context(trackhelm_server(folder / "over-s3", environment))
            found += [
                Subject(BUCKET, Proxy(server.url), server),
                Subject(PAST, Presigned(server.url), server),
                Subject(STORE, Alone(s3), None),
            ]
        yield [subject for subject in found if subject.title in titles]


def main() -> None:
    """Measure every way."""
    every = (STOCK, FOLDER, BUCKET, PAST, STORE)
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--mlflow-python", type=Path, help="Python of an environment with stock MLflow")
    parser.add_argument("--mebibytes", type=int, nargs="*", default=[100, 1024], help="sizes of large files")
    parser.add_argument("--files", type=int, default=1000, help="number of files of 4 KiB; 0 leaves them out")
    parser.add_argument("--rounds", type=int, default=6, help="how often each is moved")
    parser.add_argument("--ways", nargs="+", choices=every, default=every, help="leave out the others")
    options = parser.parse_args()
    cases = [Case(f"{size} MiB", size * BLOCK, 1) for size in options.mebibytes]
    if options.files:
        cases.append(Case(f"{options.files} files of 4 KiB", SMALL_BYTES, options.files))
    with (
        tempfile.TemporaryDirectory(prefix="bench-artifacts-") as temporary,
        subjects(Path(temporary), options.mlflow_python, options.ways) as found,
    ):
        measure(found, Case("warm up", 20 * BLOCK, 1), 1)
        finalize(found)
        before = {subject.title: subject.server.peak_mebibytes() for subject in found if subject.server}
        for case in cases:
            print_table(case, measure(found, case, options.rounds))
        print("\n| server | peak memory grew by, MiB |\n|---|---|")
        for subject in found:
            if subject.server:
                print(f"| {subject.title} | {subject.server.peak_mebibytes() - before[subject.title]} |")


if __name__ == "__main__":
    main()
