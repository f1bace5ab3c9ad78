"""Points of many metrics in one set of columns, cut into pieces of one metric each. Pure."""

from collections.abc import Iterator, Sequence
from typing import Final

import numpy as np

from trackhelm_core.chunks.points import Points, group
from trackhelm_importer.records import Piece

MOST_POINTS: Final = 100_000
"""Points that are read and written at once: a few megabytes, and a transaction of about half a second."""


def pieces_of(names: Sequence[tuple[str, str]], points: Points) -> Iterator[Piece]:
    """Yield the points of each metric in order, given the (run, key) of each of one or more points."""
    codes: dict[tuple[str, str], int] = {}
    of_point = np.fromiter((codes.setdefault(name, len(codes)) for name in names), np.intp, len(names))
    for (run, key), part in zip(codes, group(points, of_point, len(codes)), strict=True):
        yield Piece(run, key, part)
