"""Rules of reading metric history: the points of a key in all of its series, as one set.

A point that was logged plainly and again for a model is one point, as it is in MLflow.
"""

from collections.abc import Iterator, Sequence
from contextlib import closing
from itertools import groupby
from operator import itemgetter

import numpy as np
from numpy.typing import NDArray
from sqlalchemy.orm import Session

from trackhelm_core.chunks import Points, decode, merge
from trackhelm_core.errors import InvalidParameterError, missing_parameter
from trackhelm_core.limits import (
    BULK_HISTORY_POINTS,
    BULK_HISTORY_RUNS,
    BULK_INTERVAL_POINTS,
    HISTORY_PAGE,
)
from trackhelm_core.validation import check_page_range, check_page_size
from trackhelm_query.logic import history_pages
from trackhelm_query.logic.history_pages import by_time
from trackhelm_query.logic.sampling import sample_positions
from trackhelm_query.store import metrics as store

Histories = list[tuple[str, Points]]
"""Run ids and points of each."""


def get_history(
    session: Session, run_id: str, key: str, *, max_results: int | None, page_token: str
) -> tuple[Points, str]:
    """Return a page of a metric's points by (timestamp, step, value), and the token of the next page.

    Without a page size it is the whole history: clients that give none follow no token. A page is never
    larger than `HISTORY_PAGE`, which a caller may not know; it has the token.
    """
    if max_results is not None and max_results < 1:
        check_page_size(max_results, HISTORY_PAGE)
    digest = history_pages.digest_of(run_id, key)
    after = history_pages.read_token(page_token, digest)
    size = None if max_results is None else min(max_results, HISTORY_PAGE)
    with closing(store.chunks_by_time(session, run_id, key, after and after[0])) as chunks:
        points = history_pages.read_points(chunks, after, size)
    next_token = ""
    if size is not None and len(points) > size:
        next_token = history_pages.token_of(points, size - 1, digest)
    return _take(points, slice(size)), next_token


def get_history_bulk(session: Session, run_ids: Sequence[str], key: str, *, max_results: int) -> Histories:
    """Return the points of a metric in several runs, in the order of run ids, up to a number in total."""
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
    """Return points of a metric in several runs by step, in the order the runs are named.

    `steps` are the first and last to cover, both or neither given; `max_results` is a run's most points.
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
    """Yield the merged points of each run; chunks arrive run by run."""
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
