"""Points that were logged for a logged model: here they are points of the run with a label. Pure.

MLflow stores such a point twice, with the run and with the model. With the model it has 0 for NaN, and
nothing that tells the two apart but the run's point.
"""

import math
from collections import defaultdict
from collections.abc import Iterable, Mapping

import numpy as np

from trackhelm_core.chunks.points import Points
from trackhelm_importer.records import LoggedModel, Piece
from trackhelm_ingest.metrics.series import MODEL_LABEL, NO_LABELS, Labels, SeriesKey

_Point = tuple[int, int, float | None]
"""Step, timestamp and value; None for NaN, which does not equal itself."""


class ModelPoints:
    """The points of logged models, by run and metric, of which each is taken once."""

    def __init__(self, models: Iterable[LoggedModel]) -> None:
        self._labels: dict[str, dict[str, dict[_Point, list[Labels]]]] = {}
        for model in models:
            for point in model.points:
                named = {
                    MODEL_LABEL: model.model_id,
                    "dataset_name": point.dataset_name,
                    "dataset_digest": point.dataset_digest,
                }
                labels = tuple(sorted((name, value) for name, value in named.items() if value))
                of_run = self._labels.setdefault(point.run, defaultdict(lambda: defaultdict(list)))
                of_run[point.key][point.step, point.timestamp, _comparable(point.value)].append(labels)

    def digest_of(self, run: str) -> str:
        """Return a text that differs whenever the points of models of a run differ."""
        of_run = self._labels.get(run)
        if not of_run:
            return ""
        return repr(
            sorted(
                (key, step, time, math.inf if value is None else value, sorted(labels))
                for key, points in of_run.items()
                for (step, time, value), labels in points.items()
            )
        )

    def begin(self, runs: Iterable[str]) -> "Split":
        """Return what splits the pieces of runs, whose points are read from the beginning."""
        return Split({run: self._labels[run] for run in runs if run in self._labels})


class Split:
    """Splits the pieces of some runs into series by their labels."""

    def __init__(self, labels: Mapping[str, Mapping[str, Mapping[_Point, list[Labels]]]]) -> None:
        self._left = {
            run: {key: dict(points) for key, points in keys.items()} for run, keys in labels.items()
        }

    def series_of(self, piece: Piece) -> dict[SeriesKey, Points]:
        """Return the points of a piece by series."""
        wanted = self._left.get(piece.run, {}).get(piece.key)
        if not wanted:
            return {SeriesKey(piece.key): piece.points}
        labelled: dict[Labels, list[int]] = defaultdict(list)
        columns = (
            piece.points.steps.tolist(),
            piece.points.timestamps.tolist(),
            piece.points.values.tolist(),
        )
        rows = [(step, time, _comparable(value)) for step, time, value in zip(*columns, strict=True)]
        present = set(rows)
        for row, point in enumerate(rows):
            step, time, value = point
            found = wanted.pop(point, None)
            if found is None and value is None and (step, time, 0.0) not in present:
                found = wanted.pop((step, time, 0.0), None)
            for labels in found or [NO_LABELS]:
                labelled[labels].append(row)
        return {SeriesKey(piece.key, labels): _rows(piece.points, rows) for labels, rows in labelled.items()}

    def rest(self) -> list[tuple[str, dict[SeriesKey, Points]]]:
        """Return the points of models that their runs did not have, by run."""
        rest = []
        for run, keys in self._left.items():
            series: dict[SeriesKey, list[_Point]] = defaultdict(list)
            for key, points in keys.items():
                for point, several in points.items():
                    for labels in several:
                        series[SeriesKey(key, labels)].append(point)
            if series:
                rest.append((run, {name: _points(points) for name, points in series.items()}))
        return rest


def _comparable(value: float) -> float | None:
    return None if math.isnan(value) else value


def _rows(points: Points, rows: list[int]) -> Points:
    chosen = np.array(rows, np.intp)
    return Points(points.steps[chosen], points.timestamps[chosen], points.values[chosen])


def _points(points: list[_Point]) -> Points:
    steps, times, values = zip(*points, strict=True)
    return Points.of(steps, times, [math.nan if value is None else value for value in values])
