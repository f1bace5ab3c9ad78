"""Page tokens of a metric's history: a page begins after the last point of the page before.

So a page never repeats a point, whatever is logged meanwhile.
"""

import math

import numpy as np

from trackhelm_core.chunks import Points
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
            raise PageTokenError("Invalid page_token: it is not one that this server gave out")


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
