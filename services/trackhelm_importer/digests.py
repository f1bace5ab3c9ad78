"""Digests of what a source or this server holds, by which the two are compared. Pure.

Both sides are read into the same `records` and points, so equal digests mean equal contents. The digest of
points does not depend on their order, so that neither side has to sort them.
"""

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from trackhelm_core.chunks.points import Points
from trackhelm_importer.records import Piece, Run

_STEP: Final = np.uint64(0x9E3779B97F4A7C15)
_TIME: Final = np.uint64(0xC2B2AE3D27D4EB4F)
_VALUE: Final = np.uint64(0x165667B19E3779F9)
_MIX: Final = (np.uint64(0xBF58476D1CE4E5B9), np.uint64(0x94D049BB133111EB))


class PointSum:
    """The number and a checksum of points, which may be added in any order, each once.

    The checksum is a sum of 64-bit hashes: it finds any difference that comes of an error, and is no
    protection from somebody who makes points to fit.
    """

    __slots__ = ("count", "total")

    def __init__(self) -> None:
        self.count = 0
        self.total = 0

    def add(self, key: str, points: Points) -> None:
        """Add points of a metric."""
        self.count += len(points)
        self.total = (self.total + int(_hashes(key, points).sum(dtype=np.uint64))) % 2**64

    @property
    def digest(self) -> str:
        """The number and the checksum as a text."""
        return f"{self.count}:{self.total:016x}"


def _hashes(key: str, points: Points) -> NDArray[np.uint64]:
    seed = np.uint64(int.from_bytes(hashlib.blake2b(key.encode(), digest_size=8).digest(), "little"))
    hashes = _mixed(points.steps.view(np.uint64) * _STEP + seed)
    hashes = _mixed(hashes + points.timestamps.view(np.uint64) * _TIME)
    values = np.where(np.isnan(points.values), np.nan, points.values + 0.0)
    return _mixed(hashes + values.view(np.uint64) * _VALUE)


def _mixed(values: NDArray[np.uint64]) -> NDArray[np.uint64]:
    # The finalizer of splitmix64: each bit of the input changes half of those of the output.
    values = (values ^ (values >> np.uint64(30))) * _MIX[0]
    values = (values ^ (values >> np.uint64(27))) * _MIX[1]
    return values ^ (values >> np.uint64(31))


def sums_by_run(pieces: Iterable[Piece]) -> dict[str, PointSum]:
    """Return the sum of the points of each run that has some."""
    sums: dict[str, PointSum] = {}
    for run, key, points in pieces:
        sums.setdefault(run, PointSum()).add(key, points)
    return sums


def run_parts(run: Run, points: PointSum | None) -> dict[str, str]:
    """Return a digest of each part of a run: what a report names when two sides differ."""
    content = asdict(run)
    parts = {name: content.pop(name) for name in ("params", "tags")}
    parts["datasets"] = sorted(map(canonical, content.pop("datasets")))
    parts["models"] = [sorted(content.pop("inputs")), sorted(content.pop("outputs"))]
    return {
        "attributes": digest_of(content),
        **{name: digest_of(part) for name, part in parts.items()},
        "points": (points or PointSum()).digest,
    }


def canonical(value: Any) -> str:
    """Return the JSON of a value in one spelling."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def digest_of(value: Any) -> str:
    """Return the SHA-256 of a value's canonical JSON, in hexadecimal."""
    return hashlib.sha256(canonical(value).encode("utf-8", "surrogatepass")).hexdigest()


def combined(parts: Mapping[str, str]) -> str:
    """Return one digest of all parts."""
    return digest_of(dict(parts))
