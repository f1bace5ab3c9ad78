"""Rules for reading metric history and series: exact points, page by page."""

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from itertools import groupby
from operator import itemgetter
from typing import Final

import numpy as np
from numpy.typing import NDArray
from sqlalchemy.orm import Session

from trackhelm_core.chunks.codec import decode
from trackhelm_core.chunks.points import Points, merge
from trackhelm_core.errors import InvalidParameterError, NotFoundError, missing_parameter
from trackhelm_core.limits import (
    BULK_HISTORY_POINTS,
    BULK_HISTORY_RUNS,
    BULK_INTERVAL_POINTS,
    CHART_RUNS,
    HISTORY_PAGE,
    SERIES_PAGE,
)
from trackhelm_core.search.pages import decode_cursor, encode_cursor, query_digest
from trackhelm_core.search.text import PageTokenError
from trackhelm_core.validation import check_page_range, check_page_size
from trackhelm_domain.labels import canonical
from trackhelm_query.metrics import store
from trackhelm_query.searches import SeriesRecords

# Sampling a history: arithmetic over positions, the same as MLflow's.


def sample_positions(count: int, limit: int) -> NDArray[np.int64]:
    """Return up to `limit` of `count` positions, evenly spread, with the last and (above 1) the first.

    The positions are divided into `limit` parts whose lengths differ by at most one, the longer ones first.
    The first position of each part is returned, except that the last position of all replaces the last of
    them.
    """
    if count <= limit:
        return np.arange(count)
    length, longer = divmod(count, limit)
    bucket = np.arange(limit)
    positions = bucket * length + np.minimum(bucket, longer)
    positions[-1] = count - 1
    return positions


# Pages of a metric's history: each page begins after the last point of the page before. So no page repeats a
# point, whatever is logged meanwhile. Only chunks that a page may need are read.

After = tuple[int, int, float]
"""The timestamp, step and value of a point."""


def digest_of(run_id: str, key: str) -> str:
    """Return the digest that identifies the history of a metric in page tokens."""
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
    """Return points in the order of (timestamp, step, value), with NaN after the numbers."""
    order = np.lexsort((points.values, points.steps, points.timestamps))
    return Points(points.steps[order], points.timestamps[order], points.values[order])


def read_points(chunks: Iterable[tuple[int, bytes]], after: After | None, size: int | None) -> Points:
    """Return the points after `after` in the order of time; given a size, up to one more point than that.

    `chunks` are the earliest timestamp and the bytes of each chunk, the earliest first. When there are enough
    points before the next chunk, the remaining chunks are not needed.
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
            # There were duplicates, or chunks overlap: count again only after more points.
            needed = count + size + 1
        parts.append(decode(data))
        count += len(parts[-1])
    return _behind(merge(parts), after)


def _behind(points: Points, after: After | None) -> Points:
    ordered = by_time(points)
    begin = 0 if after is None else position_after(ordered, after)
    return Points(ordered.steps[begin:], ordered.timestamps[begin:], ordered.values[begin:])


def _position(timestamps: NDArray[np.int64], timestamp: int) -> int:
    """Return how many timestamps are before one."""
    return int(np.searchsorted(timestamps, timestamp, side="left"))


def position_after(points: Points, after: After) -> int:
    """Return the position of the first point after `after`, in points in the order of time."""
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


# The history of a metric: the points of a key in all its series, as one set. A point that was logged without
# labels and again for a model is one point, as in MLflow.

Histories = list[tuple[str, Points]]
"""The id and the points of each run."""


def get_history(
    session: Session, run_id: str, key: str, *, max_results: int | None, page_token: str
) -> tuple[Points, str]:
    """Return a page of a metric's points by (timestamp, step, value), and the token of the next page.

    Without a page size it is the whole history, because clients that give none ignore tokens. A page is never
    larger than `HISTORY_PAGE`, even if a larger one is requested; the token leads to the rest.
    """
    if max_results is not None and max_results < 1:
        check_page_size(max_results, HISTORY_PAGE)
    digest = digest_of(run_id, key)
    after = read_token(page_token, digest)
    size = None if max_results is None else min(max_results, HISTORY_PAGE)
    with closing(store.chunks_by_time(session, run_id, key, after and after[0])) as chunks:
        points = read_points(chunks, after, size)
    next_token = ""
    if size is not None and len(points) > size:
        next_token = token_of(points, size - 1, digest)
    return _take(points, slice(size)), next_token


def get_history_bulk(session: Session, run_ids: Sequence[str], key: str, *, max_results: int) -> Histories:
    """Return at most `max_results` points in total of a metric in several runs, in the order of run ids."""
    _check_bulk(run_ids, key)
    left = min(max_results, BULK_HISTORY_POINTS)
    check_page_size(left, BULK_HISTORY_POINTS)
    histories: Histories = []
    with closing(store.chunks_by_run(session, sorted(set(run_ids)), key)) as chunks:
        for run_id, points in _by_run(chunks):
            histories.append((run_id, _take(by_time(points), slice(left))))
            left -= len(histories[-1][1])
            if not left:
                break
    return histories


def get_history_samples(
    session: Session,
    run_ids: Sequence[str],
    key: str,
    *,
    steps: tuple[int | None, int | None],
    max_results: int,
) -> Histories:
    """Return sampled points of a metric in several runs by step, in the order in which runs are given.

    The first and last step are both given or neither; `max_results` is the most points of one run.
    """
    _check_interval_runs(run_ids)
    check_page_range(max_results, BULK_INTERVAL_POINTS)
    covered = _step_range(*steps)
    samples: dict[str, Points] = {}
    with closing(store.chunks_by_run(session, sorted(set(run_ids)), key, covered)) as chunks:
        for run_id, points in _by_run(chunks):
            inside = points if covered is None else _between(points, *covered)
            samples[run_id] = _take(inside, sample_positions(len(inside), max_results))
    return [(run_id, samples[run_id]) for run_id in run_ids if run_id in samples]


def _by_run(chunks: Iterator[tuple[str, bytes]]) -> Iterator[tuple[str, Points]]:
    """Yield the merged points of each run; `chunks` must be in the order of runs."""
    for run_id, found in groupby(chunks, key=itemgetter(0)):
        yield run_id, merge([decode(data) for _, data in found])


def _take(points: Points, which: slice | NDArray[np.int64] | NDArray[np.bool_]) -> Points:
    return Points(points.steps[which], points.timestamps[which], points.values[which])


def _between(points: Points, first: int, last: int) -> Points:
    return _take(points, (points.steps >= first) & (points.steps <= last))


def _check_bulk(run_ids: Sequence[str], key: str) -> None:
    if not run_ids:
        raise InvalidParameterError("GetMetricHistoryBulk request must specify at least one run_id.")
    if len(run_ids) > BULK_HISTORY_RUNS:
        raise InvalidParameterError(
            f"GetMetricHistoryBulk request cannot specify more than {BULK_HISTORY_RUNS} run_ids. "
            f"Received {len(run_ids)} run_ids."
        )
    if not key:
        raise InvalidParameterError("GetMetricHistoryBulk request must specify a metric_key.")


def _check_interval_runs(run_ids: Sequence[str]) -> None:
    if not run_ids:
        raise missing_parameter("run_ids")
    if len(run_ids) > BULK_HISTORY_RUNS:
        raise InvalidParameterError(
            f"GetMetricHistoryBulkInterval request must specify at most {BULK_HISTORY_RUNS} run_ids. "
            f"Received {len(run_ids)} run_ids."
        )


def _step_range(start_step: int | None, end_step: int | None) -> tuple[int, int] | None:
    if start_step is None and end_step is None:
        return None
    if start_step is None or end_step is None:
        raise InvalidParameterError(
            "If either start step or end step are specified, both must be specified: "
            f"start_step={start_step}, end_step={end_step}."
        )
    if start_step > end_step:
        raise InvalidParameterError(
            "end_step must be greater than start_step. "
            f"Found start_step={start_step} and end_step={end_step}."
        )
    return start_step, end_step


# Series: those of a run with their summaries, and the exact points of one series.

_ALL_STEPS: Final = (None, None)


def list_series(
    session: Session,
    run_ids: Sequence[str],
    keys: Sequence[str],
    *,
    label_sets: bool,
    max_results: int,
    page_token: str,
) -> tuple[SeriesRecords, str]:
    """Return a page of the series of runs with their summaries, and the token of the next page.

    No keys means all keys. Without `label_sets` there is one row for each key of a run.
    """
    if not 1 <= len(run_ids) <= CHART_RUNS:
        raise InvalidParameterError(
            f"Invalid value for parameter 'run_ids' supplied: {len(run_ids)} are named; "
            f"it must be 1 to {CHART_RUNS}."
        )
    check_page_size(max_results, SERIES_PAGE)
    runs, named = sorted(set(run_ids)), sorted(set(keys))
    digest = query_digest("series", runs, named, label_sets)
    after = _read_token(page_token, digest)
    ids = store.key_ids(session, named)
    rows = store.summaries(
        session,
        runs,
        [ids[key] for key in named if key in ids] if named else None,
        labelled=label_sets,
        after=after,
        limit=max_results + 1,
    )
    page = rows[:max_results]
    next_token = encode_cursor(list(page[-1][:3]), digest) if len(rows) > max_results else ""
    return SeriesRecords(page, store.key_names(session, {row[2] for row in page})), next_token


def get_series_history(
    session: Session,
    run_id: str,
    key: str,
    labels: Mapping[str, str],
    *,
    max_results: int | None,
    page_token: str,
) -> tuple[Points, str]:
    """Return a page of the points with exactly these labels by (timestamp, step, value), and the next token.

    Without a page size it is all of them. A page is never larger than `HISTORY_PAGE`.
    """
    if max_results is not None and max_results < 1:
        check_page_size(max_results, HISTORY_PAGE)
    text = canonical(labels)
    digest = query_digest("series history", run_id, key, text)
    after = read_token(page_token, digest)
    key_id = store.key_ids(session, [key]).get(key)
    series_id = None if key_id is None else store.one_series(session, run_id, key_id, labels)
    if series_id is None:
        raise NotFoundError(f"Run '{run_id}' has no series {key!r} with the labels {text}.")
    chunks = store.chunks_of_series(session, [series_id], _ALL_STEPS)
    points = by_time(merge([decode(data) for *_, data in chunks]))
    begin = 0 if after is None else position_after(points, after)
    end = len(points) if max_results is None else begin + min(max_results, HISTORY_PAGE)
    next_token = token_of(points, end - 1, digest) if end < len(points) else ""
    return Points(points.steps[begin:end], points.timestamps[begin:end], points.values[begin:end]), next_token


def _read_token(token: str, digest: str) -> tuple[int, int, int] | None:
    if not token:
        return None
    match decode_cursor(token, digest, 3):
        case int(run_id), int(label_set_id), int(key_id):
            return run_id, label_set_id, key_id
        case _:
            raise PageTokenError("Invalid page token: it is not one that this server gave out")
