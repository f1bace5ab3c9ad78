"""Which series make which line of a chart, and their chunks. A line is a key of a run, or a part."""

import json
from collections import defaultdict
from collections.abc import Generator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from itertools import groupby
from operator import itemgetter

from sqlalchemy.orm import Session

from trackhelm_core.errors import InvalidParameterError
from trackhelm_core.limits import CHART_POINTS, CHART_SERIES
from trackhelm_query.logic.pieces import EncodedChunk
from trackhelm_query.store import series as store

LabelFilter = Mapping[str, Sequence[str]]
"""Values of labels, any of which is wanted."""


@dataclass(frozen=True, slots=True)
class Line:
    """A line of a chart: the points of some series of a key, as one set."""

    run_id: str
    key: str
    labels: Mapping[str, str]
    start_time: int
    series_ids: list[int] = field(default_factory=list)


def find_lines(
    session: Session,
    run_ids: Sequence[str],
    keys: Sequence[str],
    *,
    labels: LabelFilter,
    group_by: Sequence[str],
) -> list[Line]:
    """Return the lines of keys in runs, in the order these are named, then of labels; only what exists.

    Only series whose labels have wanted values are in; those that agree in the labels of `group_by` are one
    line. A series without such a label is in a line without it.
    """
    ids = store.key_ids(session, keys)
    wanted = {ids[key]: key for key in keys if key in ids}
    if not wanted:
        return []
    rows = store.series_of_keys(session, run_ids, list(wanted), CHART_SERIES + 1)
    if len(rows) > CHART_SERIES:
        raise InvalidParameterError(
            f"The chart would read more than {CHART_SERIES} series, counting each set of labels: "
            "name fewer runs or keys."
        )
    lines: dict[tuple[str, str, tuple[tuple[str, str], ...]], Line] = {}
    for series_id, run_id, start_time, key_id, text in rows:
        given: dict[str, str] = json.loads(text)
        if not all(given.get(name) in values for name, values in labels.items()):
            continue
        grouped = {name: given[name] for name in group_by if name in given}
        name = (run_id, wanted[key_id], tuple(grouped.items()))
        if name not in lines:
            lines[name] = Line(run_id, wanted[key_id], grouped, start_time)
        lines[name].series_ids.append(series_id)
    run_at = {run_id: position for position, run_id in enumerate(run_ids)}
    key_at = {key: position for position, key in enumerate(keys)}
    return sorted(
        lines.values(),
        key=lambda line: (run_at[line.run_id], key_at[line.key], _label_order(line.labels)),
    )


def read_chunks(
    session: Session, lines: Sequence[Line], steps: store.StepRange
) -> Generator[tuple[int, list[EncodedChunk]]]:
    """Yield the position of a line and its chunks, in no order; lines without chunks are left out.

    One statement, whatever the number of lines. Of points outside the range of steps some may be in.
    In memory are the lines whose series are not all read.
    """
    line_of = {series_id: at for at, line in enumerate(lines) for series_id in line.series_ids}
    last_of = [max(line.series_ids) for line in lines]
    pending: defaultdict[int, list[EncodedChunk]] = defaultdict(list)
    total = 0
    with closing(store.chunks_of_series(session, sorted(line_of), steps)) as found:
        for series_id, rows in groupby(found, key=itemgetter(0)):
            at = line_of[series_id]
            for _, min_step, max_step, points, data in rows:
                total += points
                if total > CHART_POINTS:
                    raise InvalidParameterError(
                        f"The chart would read more than {CHART_POINTS} points: name fewer runs or keys, "
                        "or a window of steps."
                    )
                pending[at].append(EncodedChunk(min_step, max_step, points, data))
            if series_id == last_of[at]:
                yield at, pending.pop(at)
    yield from pending.items()


def _label_order(labels: Mapping[str, str]) -> list[tuple[str, int, str]]:
    # By length first: rank 9 before rank 10.
    return [(name, len(value), value) for name, value in labels.items()]
