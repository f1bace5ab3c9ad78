"""Pages of a metric's history: a page begins after the last point of the page before.

So a page never repeats a point, whatever is logged meanwhile. Only chunks that a page may need are read.
"""

import math
from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from trackhelm_core.chunks import Points, decode, merge
from trackhelm_core.search.errors import PageTokenError
from trackhelm_core.search.pages import decode_cursor, encode_cursor, query_digest

After = tuple[int, int, float]
"""Timestamp, step and value of a point."""


def digest_of(run_id: str, key: str) -> str:
    """Return what tells the history of one metric from another's."""
    return query_digest("history", run_id, key)


def token_of(points: Points, position: int, digest: str) -> str:
    """Return the token of the page that begins after the point at a position."""
    value = float(points.values[position])
    cursor = [
        int(points.timestamps[position]),
        int(points.steps[position]),
        None if math.isnan(value) else value,
    ]
    return encode_cursor(cursor, digest)


def read_token(token: str, digest: str) -> After | None:
    """Return the point after which a page begins, None for the first page."""
    if not token:
        return None
    match decode_cursor(token, digest, 3):
        case int(timestamp), int(step), None:
            return timestamp, step, math.nan
        case int(timestamp), int(step), float(value):
            return timestamp, step, value
        case _:
            raise PageTokenError("Invalid page token: it is not one that this server gave out")


def by_time(points: Points) -> Points:
    """Return points by (timestamp, step, value), a NaN after the numbers."""
    order = np.lexsort((points.values, points.steps, points.timestamps))
    return Points(points.steps[order], points.timestamps[order], points.values[order])


def read_points(chunks: Iterable[tuple[int, bytes]], after: After | None, size: int | None) -> Points:
    """Return the points behind `after` by time; given a size, one more than that if there are so many.

    `chunks` are the earliest timestamp and the bytes of each, the earliest first: once enough points lie
    before the chunk that comes next, nothing of the rest belongs among them.
    """
    parts: list[Points] = []
    count = 0
    needed = None if size is None else size + 1
    for earliest, data in chunks:
        if needed is not None and count >= needed:
            points = _behind(merge(parts), after)
            assert size is not None
            if _position(points.timestamps, earliest) > size:
                return points
            # Points that came twice, or chunks that overlap: looking again pays after some more.
            needed = count + size + 1
        parts.append(decode(data))
        count += len(parts[-1])
    return _behind(merge(parts), after)


def _behind(points: Points, after: After | None) -> Points:
    ordered = by_time(points)
    begin = 0 if after is None else position_after(ordered, after)
    return Points(ordered.steps[begin:], ordered.timestamps[begin:], ordered.values[begin:])


def _position(timestamps: NDArray[np.int64], timestamp: int) -> int:
    """Return how many timestamps lie before one."""
    return int(np.searchsorted(timestamps, timestamp, side="left"))


def position_after(points: Points, after: After) -> int:
    """Return the position of the first point behind `after`, in points that are in order of time."""
    timestamp, step, value = after
    begin, end = _equal(points.timestamps, timestamp, 0, len(points))
    begin, end = _equal(points.steps, step, begin, end)
    return begin + int(np.searchsorted(points.values[begin:end], value, side="right"))


def _equal(
    column: np.ndarray[tuple[int], np.dtype[np.int64]], value: int, begin: int, end: int
) -> tuple[int, int]:
    part = column[begin:end]
    return (
        begin + int(np.searchsorted(part, value, side="left")),
        begin + int(np.searchsorted(part, value, side="right")),
    )
