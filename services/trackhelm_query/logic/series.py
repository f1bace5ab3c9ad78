"""Rules of reading series: which a run has, what sums them up, and the exact points of one."""

from collections.abc import Mapping, Sequence
from typing import Final

from sqlalchemy.orm import Session

from trackhelm_core.chunks import Points, decode, merge
from trackhelm_core.errors import InvalidParameterError, NotFoundError
from trackhelm_core.labels import canonical
from trackhelm_core.limits import CHART_RUNS, HISTORY_PAGE, SERIES_PAGE
from trackhelm_core.search.errors import PageTokenError
from trackhelm_core.search.pages import decode_cursor, encode_cursor, query_digest
from trackhelm_core.validation import check_page_size
from trackhelm_query.logic import history_pages
from trackhelm_query.logic.history_pages import by_time
from trackhelm_query.records import SeriesRecords
from trackhelm_query.store import series as store

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

    No keys are all of them. Without `label_sets` it is a row a key of a run.
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


def get_history(
    session: Session,
    run_id: str,
    key: str,
    labels: Mapping[str, str],
    *,
    max_results: int | None,
    page_token: str,
) -> tuple[Points, str]:
    """Return a page of the points with exactly these labels by (timestamp, step, value), and the next token.

    Without a page size it is all of them; a page is never larger than `HISTORY_PAGE`.
    """
    if max_results is not None and max_results < 1:
        check_page_size(max_results, HISTORY_PAGE)
    text = canonical(labels)
    digest = query_digest("series history", run_id, key, text)
    after = history_pages.read_token(page_token, digest)
    key_id = store.key_ids(session, [key]).get(key)
    series_id = None if key_id is None else store.one_series(session, run_id, key_id, labels)
    if series_id is None:
        raise NotFoundError(f"Run '{run_id}' has no series {key!r} with the labels {text}.")
    chunks = store.chunks_of_series(session, [series_id], _ALL_STEPS)
    points = by_time(merge([decode(data) for *_, data in chunks]))
    begin = 0 if after is None else history_pages.position_after(points, after)
    end = len(points) if max_results is None else begin + min(max_results, HISTORY_PAGE)
    next_token = history_pages.token_of(points, end - 1, digest) if end < len(points) else ""
    return Points(points.steps[begin:end], points.timestamps[begin:end], points.values[begin:end]), next_token


def _read_token(token: str, digest: str) -> tuple[int, int, int] | None:
    if not token:
        return None
    match decode_cursor(token, digest, 3):
        case int(run_id), int(label_set_id), int(key_id):
            return run_id, label_set_id, key_id
        case _:
            raise PageTokenError("Invalid page token: it is not one that this server gave out")
