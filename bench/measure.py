"""Times a case against both systems and the limit, in turns, so that other load affects all of them alike.

A turn is several requests. Before its first one the other systems have worked, and the processor's caches no
longer hold this one's code and data, which does not happen to a server on a machine of its own. So the first
requests of turns are also reported separately.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from bench.cases import Answers, Case
from bench.client import Client

TURN: Final = 5
"""How many requests a system gets in succession before the next system's turn."""


@dataclass(frozen=True, slots=True)
class Times:
    """The milliseconds of the repetitions of one case on one system, in order."""

    values: tuple[float, ...]

    @property
    def first_ones(self) -> "Times":
        """The times of the first request of each turn."""
        return Times(self.values[::TURN])

    @property
    def median(self) -> float:
        """The median."""
        return self._at(0.5)

    @property
    def mean(self) -> float:
        """The mean."""
        return sum(self.values) / len(self.values)

    @property
    def p95(self) -> float:
        """The 95th percentile."""
        return self._at(0.95)

    def _at(self, share: float) -> float:
        ordered = sorted(self.values)
        return ordered[min(int(len(ordered) * share), len(ordered) - 1)]


@dataclass(frozen=True, slots=True)
class Result:
    """A measured row."""

    case: Case
    stock: Times
    trackhelm: Times
    limit: Times

    @property
    def ratio(self) -> float:
        """How many times faster than stock it is, by medians."""
        return self.stock.median / self.trackhelm.median

    @property
    def mean_ratio(self) -> float:
        """How many times less time all requests took together."""
        return self.stock.mean / self.trackhelm.mean

    @property
    def first_ratio(self) -> float:
        """The same ratio for the first requests of turns."""
        return self.stock.first_ones.median / self.trackhelm.first_ones.median


class Recorder(Client):
    """A client that records the sizes of its requests and answers."""

    def __init__(self, port: int) -> None:
        super().__init__(port)
        self.sizes: list[tuple[int | None, int]] = []

    def send(self, method: str, path: str, body: bytes | None = None) -> bytes:
        """Send a request and record the sizes."""
        answer = super().send(method, path, body)
        self.sizes.append((None if body is None else len(body), len(answer)))
        return answer


def measure(case: Case, *, stock: Client, trackhelm: Recorder, limit: Client, repeats: int) -> Result:
    """Check that both systems give the same answer, then time them in turns.

    The checked requests are also those that warm both up. Where something is written meanwhile, the answers
    are checked again at the end.
    """
    for client in (stock, trackhelm, limit):
        client.acknowledges_at_once = case.acknowledged_at_once
    trackhelm.sizes.clear()
    trackhelm.ready()
    ours = case.run(trackhelm)
    stock.ready()
    theirs = case.run(stock)
    sizes = list(trackhelm.sizes)
    _check(case, ours, theirs)

    def at_the_limit() -> None:
        for sent, answered in sizes:
            method = "GET" if sent is None else "POST"
            limit.send(method, f"/{answered}", None if sent is None else b"x" * sent)

    times: tuple[list[float], ...] = ([], [], [])
    turns: tuple[tuple[Client, Callable[[], object]], ...] = (
        (stock, lambda: case.run(stock)),
        (trackhelm, lambda: case.run(trackhelm)),
        (limit, at_the_limit),
    )
    for _ in range(-(-repeats // TURN)):
        for (client, request), kept in zip(turns, times, strict=True):
            for _ in range(TURN):
                client.ready()
                if case.before is not None and client is not limit:
                    case.before(client)
                began = time.perf_counter()
                request()
                kept.append((time.perf_counter() - began) * 1_000)
    if case.before is not None:
        _check(case, case.run(trackhelm), case.run(stock))
    return Result(case, *(Times(tuple(kept)) for kept in times))


def _check(case: Case, ours: Answers, theirs: Answers) -> None:
    if case.content(ours) != case.content(theirs):
        raise RuntimeError(f"{case.name}: the answers differ")
