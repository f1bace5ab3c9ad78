"""The points of many chunks as one ordered set, a piece at a time: the one way to read a long history.

Owns which chunks must be in memory together. Must not know where chunks come from, or what is made of them.
"""

from __future__ import annotations

from enum import Enum, auto
from typing import TYPE_CHECKING, Final, Literal, NamedTuple

import numpy as np

from trackhelm_core.chunks.codec import decode
from trackhelm_core.chunks.points import Points, merge

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from numpy.typing import NDArray

PIECE_POINTS: Final = 500_000
"""The points after which a piece ends at the next possible place: about 40 MB while they are merged."""


class Order(Enum):
    """The order of points: by (step, timestamp, value) or by (timestamp, step, value), with NaN last."""

    STEP = auto()
    TIME = auto()


class BoundedChunk(NamedTuple):
    """An encoded chunk with its least step and timestamp."""

    min_step: int
    min_timestamp: int
    data: bytes

    def begin(self, order: Order) -> tuple[int, int]:
        """Return a place in the order that no point of the chunk precedes."""
        if order is Order.STEP:
            return self.min_step, self.min_timestamp
        return self.min_timestamp, self.min_step


def pieces(chunks: Iterable[BoundedChunk], order: Order, size: int = PIECE_POINTS) -> Iterator[Points]:
    """Yield the points of chunks in an order, each point once, in pieces of about `size`; no piece is empty.

    The chunks must come in the order of their `begin`, and are taken one by one: in memory are only the
    points that a later chunk may precede, and one piece. So a piece is larger where chunks overlap.
    """
    parts: list[Points] = []
    held, enough = 0, size
    for chunk in chunks:
        if held >= enough:
            points = in_order(merge(parts), order)
            end = position(points, chunk.begin(order), order)
            if end:
                yield take(points, slice(end))
            rest = take(points, slice(end, None))
            parts, held = [rest], len(rest)
            # Many chunks that overlap are merged only each time that their points have doubled.
            enough = max(size, 2 * held)
        parts.append(decode(chunk.data))
        held += len(parts[-1])
    points = in_order(merge(parts), order)
    if len(points):
        yield points


def in_order(points: Points, order: Order) -> Points:
    """Return merged points in an order."""
    if order is Order.STEP:
        return points
    times = points.timestamps
    if bool((times[1:] >= times[:-1]).all()):
        return points  # by step, too, where times are equal
    return take(points, np.lexsort((points.values, points.steps, times)))


def position(
    points: Points, place: tuple[int, int], order: Order, side: Literal["left", "right"] = "left"
) -> int:
    """Return where a place begins (or ends, on the right) in ordered points.

    A place is a step and a timestamp, or by time a timestamp and a step.
    """
    first, second = columns(points, order)
    begin = int(np.searchsorted(first, place[0], side="left"))
    end = int(np.searchsorted(first, place[0], side="right"))
    return begin + int(np.searchsorted(second[begin:end], place[1], side=side))


def columns(points: Points, order: Order) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the columns by which points are ordered."""
    if order is Order.STEP:
        return points.steps, points.timestamps
    return points.timestamps, points.steps


def take(points: Points, which: slice | NDArray[np.int64] | NDArray[np.bool_]) -> Points:
    """Return some of the points."""
    return Points(points.steps[which], points.timestamps[which], points.values[which])


def join(parts: Sequence[Points]) -> Points:
    """Return the points of parts, one part after another."""
    if len(parts) == 1:
        return parts[0]
    return Points(
        np.concatenate([np.empty(0, np.int64), *(part.steps for part in parts)]),
        np.concatenate([np.empty(0, np.int64), *(part.timestamps for part in parts)]),
        np.concatenate([np.empty(0, np.float64), *(part.values for part in parts)]),
    )
