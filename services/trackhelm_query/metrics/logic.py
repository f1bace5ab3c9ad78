"""Rules for reading metric history and series: exact points, page by page."""

import math
from collections.abc import Generator, Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from itertools import groupby
from operator import itemgetter

import numpy as np
from numpy.typing import NDArray
from sqlalchemy.orm import Session

from trackhelm_core.chunks.pieces import PIECE_POINTS, BoundedChunk, Order, join, pieces, position, take
from trackhelm_core.chunks.points import Points
from trackhelm_core.errors import InvalidParameterError, NotFoundError, missing_parameter
from trackhelm_core.limits import (
    BULK_HISTORY_POINTS,
    BULK_HISTORY_RUNS,
    BULK_INTERVAL_POINTS,
    CHART_RUNS,
    HISTORY_BATCH,
    HISTORY_PAGE,
    SERIES_PAGE,
)
from trackhelm_core.search.pages import decode_cursor, encode_cursor, query_digest
from trackhelm_core.search.text import PageTokenError
from trackhelm_core.validation import check_page_range, check_page_size
from trackhelm_domain.access.checks import readable_runs
from trackhelm_domain.keys import canonical
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


def read_page(
    chunks: Iterable[BoundedChunk], after: After | None, size: int, digest: str
) -> tuple[Points, str]:
    """Return up to `size` points behind `after`, by (timestamp, step, value), and the token of the next page.

    `chunks` are in the order of time. Those behind the page are not taken.
    """
    parts: list[Points] = []
    count = 0
    # One point more shows whether there is another page.
    for piece in pieces(chunks, Order.TIME, min(size + 1, PIECE_POINTS)):
        begin = 0 if after is None else position_after(piece, after)
        parts.append(take(piece, slice(begin, None)))
        count += len(parts[-1])
        if count > size:
            break
    points = join(parts)
    token = token_of(points, size - 1, digest) if len(points) > size else ""
    return take(points, slice(size)), token


def position_after(points: Points, after: After) -> int:
    """Return the position of the first point after `after`, in points in the order of time."""
    begin = position(points, after[:2], Order.TIME)
    end = position(points, after[:2], Order.TIME, "right")
    return begin + int(np.searchsorted(points.values[begin:end], after[2], side="right"))


# The history of a metric: the points of a key in all its series, as one set. A point that was logged without
# labels and again for a model is one point, as in MLflow.

Histories = list[tuple[str, Points]]
"""The id and the points of each run."""


def get_history(
    session: Session, run_id: str, key: str, *, max_results: int | None, page_token: str
) -> tuple[Points, str]:
    """Return a page of a metric's points by (timestamp, step, value), and the token of the next page.

    A page is never larger than `HISTORY_PAGE`, even if a larger one is requested. If no size is requested, it
    has up to `HISTORY_BATCH` points. The token leads to the rest.
    """
    digest = digest_of(run_id, key)
    after = read_token(page_token, digest)
    runs = readable_runs(session, [run_id])
    found = store.chunks_of_runs(session, runs, key, Order.TIME, begin=after and after[:2])
    with closing(found) as chunks:
        return read_page((chunk for _, chunk in chunks), after, _page_size(max_results), digest)


def _page_size(max_results: int | None) -> int:
    if max_results is None:
        return HISTORY_BATCH
    if max_results < 1:
        check_page_size(max_results, HISTORY_PAGE)
    return min(max_results, HISTORY_PAGE)


def get_history_bulk(session: Session, run_ids: Sequence[str], key: str, *, max_results: int) -> Histories:
    """Return at most `max_results` points in total of a metric in several runs, in the order of run ids."""
    _check_bulk(run_ids, key)
    left = min(max_results, BULK_HISTORY_POINTS)
    check_page_size(left, BULK_HISTORY_POINTS)
    histories: Histories = []
    runs = readable_runs(session, sorted(set(run_ids)))
    with closing(store.chunks_of_runs(session, runs, key, Order.TIME)) as chunks:
        for run_id, found in groupby(chunks, key=itemgetter(0)):
            points, _ = read_page((chunk for _, chunk in found), None, left, "")
            histories.append((run_id, points))
            left -= len(points)
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
    long: dict[str, int] = {}
    runs = readable_runs(session, sorted(set(run_ids)))
    with closing(_histories_by_step(session, runs, key, covered)) as histories:
        for run_id, found in histories:
            parts: list[Points] = []
            count = 0
            for piece in found:
                count += len(piece)
                if count <= PIECE_POINTS:
                    parts.append(piece)
            if count <= PIECE_POINTS:
                samples[run_id] = take(join(parts), sample_positions(count, max_results))
            else:
                long[run_id] = count
    # Which points are sampled depends on their number, so a long history is read twice, and never held.
    for run_id, count in long.items():
        with closing(_histories_by_step(session, [run_id], key, covered)) as histories:
            for _, found in histories:
                samples[run_id] = _sampled(found, sample_positions(count, max_results))
    return [(run_id, samples[run_id]) for run_id in run_ids if run_id in samples]


def _histories_by_step(
    session: Session, run_ids: Sequence[str], key: str, steps: tuple[int, int] | None
) -> Generator[tuple[str, Iterator[Points]]]:
    """Yield runs with pieces of their points in a range of steps, by step, to be read before the next run."""
    with closing(store.chunks_of_runs(session, run_ids, key, Order.STEP, steps=steps)) as chunks:
        for run_id, found in groupby(chunks, key=itemgetter(0)):
            by_step = pieces((chunk for _, chunk in found), Order.STEP)
            yield run_id, (piece if steps is None else _between(piece, *steps) for piece in by_step)


def _sampled(found: Iterable[Points], positions: NDArray[np.int64]) -> Points:
    parts: list[Points] = []
    passed = 0
    for piece in found:
        begin, end = np.searchsorted(positions, (passed, passed + len(piece)))
        parts.append(take(piece, positions[begin:end] - passed))
        passed += len(piece)
    return join(parts)


def _between(points: Points, first: int, last: int) -> Points:
    return take(points, (points.steps >= first) & (points.steps <= last))


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
        readable_runs(session, runs),
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

    Its size is that of `get_history`.
    """
    size = _page_size(max_results)
    text = canonical(labels)
    digest = query_digest("series history", run_id, key, text)
    after = read_token(page_token, digest)
    key_id = store.key_ids(session, [key]).get(key)
    series_id = None
    if readable_runs(session, [run_id]) and key_id is not None:
        series_id = store.one_series(session, run_id, key_id, labels)
    if series_id is None:
        raise NotFoundError(f"Run '{run_id}' has no series {key!r} with the labels {text}.")
    with closing(store.chunks_of_one_series(session, series_id, after and after[:2])) as chunks:
        return read_page(chunks, after, size, digest)


def _read_token(token: str, digest: str) -> tuple[int, int, int] | None:
    if not token:
        return None
    match decode_cursor(token, digest, 3):
        case int(run_id), int(label_set_id), int(key_id):
            return run_id, label_set_id, key_id
        case _:
            raise PageTokenError("Invalid page token: it is not one that this server gave out")
