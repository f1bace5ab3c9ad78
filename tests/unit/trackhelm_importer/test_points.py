"""Digests of points, and the points of logged models."""

import math

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from trackhelm_core.chunks.points import Points, merge
from trackhelm_importer.digests import PointSum, run_parts
from trackhelm_importer.grouping import pieces_of
from trackhelm_importer.model_points import ModelPoints
from trackhelm_importer.records import LoggedModel, ModelPoint, Piece, Run
from trackhelm_ingest.metrics.series import SeriesKey

INT64 = st.integers(-(2**63), 2**63 - 1)
POINT = st.tuples(INT64, INT64, st.floats())
SMALL = st.tuples(st.integers(0, 2), st.integers(0, 2), st.sampled_from([0.0, -0.0, 1.0, math.nan, math.inf]))


def points_of(rows: list[tuple[int, int, float]]) -> Points:
    return Points.of([row[0] for row in rows], [row[1] for row in rows], [row[2] for row in rows])


def digest(key: str, rows: list[tuple[int, int, float]]) -> str:
    total = PointSum()
    total.add(key, points_of(rows))
    return total.digest


@given(st.lists(POINT), st.integers(0, 2**32 - 1))
def test_the_order_and_the_pieces_do_not_matter(rows: list[tuple[int, int, float]], seed: int) -> None:
    shuffled = [rows[index] for index in np.random.default_rng(seed).permutation(len(rows))]
    in_pieces = PointSum()
    for begin in range(0, len(shuffled), 3):
        in_pieces.add("key", points_of(shuffled[begin : begin + 3]))
    assert in_pieces.digest == digest("key", rows)


@given(st.lists(POINT, min_size=1), st.data())
def test_another_value_is_another_digest(rows: list[tuple[int, int, float]], data: st.DataObject) -> None:
    index = data.draw(st.integers(0, len(rows) - 1))
    column = data.draw(st.integers(0, 2))
    other = list(rows)
    changed = list(rows[index])
    changed[column] = data.draw(st.floats() if column == 2 else INT64)
    other[index] = (int(changed[0]), int(changed[1]), float(changed[2]))
    same = rows[index][:2] == other[index][:2] and _equal(rows[index][2], other[index][2])
    assert (digest("key", rows) == digest("key", other)) is same
    assert digest("key", rows) != digest("other key", rows)


def _equal(one: float, other: float) -> bool:
    return one == other or (math.isnan(one) and math.isnan(other))


def test_nan_is_one_value_and_zero_too() -> None:
    negative_nan = np.array([0xFFF8000000000001], np.uint64).view(np.float64)[0]
    assert digest("k", [(1, 2, math.nan)]) == digest("k", [(1, 2, float(negative_nan))])
    assert digest("k", [(1, 2, -0.0)]) == digest("k", [(1, 2, 0.0)])


@given(st.lists(st.tuples(st.sampled_from(["a", "b"]), st.sampled_from(["x", "y"]), SMALL), min_size=1))
def test_pieces_have_the_points_of_their_metric_once(
    rows: list[tuple[str, str, tuple[int, int, float]]],
) -> None:
    pieces = list(pieces_of([row[:2] for row in rows], points_of([row[2] for row in rows])))
    assert [(piece.run, piece.key) for piece in pieces] == list(dict.fromkeys(row[:2] for row in rows))
    for piece in pieces:
        own = points_of([row[2] for row in rows if row[:2] == (piece.run, piece.key)])
        assert columns(piece.points) == columns(merge([own]))


def columns(points: Points) -> list[tuple[int, int, str]]:
    return [
        (step, time, repr(value + 0.0))
        for step, time, value in zip(
            points.steps.tolist(), points.timestamps.tolist(), points.values.tolist(), strict=True
        )
    ]


def model(model_id: str, *points: tuple[int, int, float]) -> LoggedModel:
    own = [ModelPoint("run", "m", step, time, value, None, None) for step, time, value in points]
    return LoggedModel(
        model_id=model_id, experiment_id=1, name="", model_type=None, source_run_id=None, status="",
        status_message=None, artifact_uri="", creation_time=0, last_update_time=0, stage="active", params={},
        tags={}, points=own,
    )  # fmt: skip


@given(st.lists(SMALL, max_size=8, unique_by=repr), st.data())
def test_every_point_is_in_one_series_or_in_those_of_its_models(
    rows: list[tuple[int, int, float]], data: st.DataObject
) -> None:
    of_model = data.draw(st.lists(SMALL, max_size=4, unique_by=repr))
    split = ModelPoints([model("m-1", *of_model)]).begin(["run"])
    series: dict[SeriesKey, list[Points]] = {}
    if rows:
        merged = merge([points_of(rows)])
        for name, points in split.series_of(Piece("run", "m", merged)).items():
            series.setdefault(name, []).append(points)
    for _, several in split.rest():
        for name, points in several.items():
            series.setdefault(name, []).append(points)
    plain = set(columns(merge(series.get(SeriesKey("m"), []))))
    labelled = set(columns(merge(series.get(SeriesKey("m", (("model_id", "m-1"),)), []))))
    assert not plain & labelled
    ours = set(columns(merge([points_of(rows)])) if rows else [])
    theirs = set(columns(merge([points_of(of_model)])) if of_model else [])
    assert plain == ours - labelled
    # A model's 0 is its run's NaN, if the run has no 0 there.
    zeros = {(step, time) for step, time, value in labelled - theirs if value == "nan"}
    assert {row for row in theirs if row[:2] not in zeros} <= labelled
    assert plain | labelled >= ours


def test_zero_of_a_model_is_the_nan_of_its_run() -> None:
    split = ModelPoints([model("m-1", (1, 5, 0.0), (2, 5, 0.5))]).begin(["run"])
    found = split.series_of(Piece("run", "m", points_of([(1, 5, math.nan), (2, 5, 0.5), (3, 5, 1.0)])))
    labelled = found[SeriesKey("m", (("model_id", "m-1"),))]
    assert columns(labelled) == [(1, 5, "nan"), (2, 5, "0.5")]
    assert columns(found[SeriesKey("m")]) == [(3, 5, "1.0")]
    assert split.rest() == []


def test_each_part_of_a_run_has_its_digest() -> None:
    run = Run(
        uuid="u", experiment_id=1, name="n", user_id="", status="FINISHED", start_time=1, end_time=2,
        stage="active", deleted_time=None, artifact_uri="", params={"a": "1"}, tags={"b": "2"},
        inputs=["m-1", "m-2"],
    )  # fmt: skip
    parts = run_parts(run, None)
    changed = run_parts(Run(**{**{name: getattr(run, name) for name in Run.__slots__}, "params": {}}), None)
    assert {name for name in parts if parts[name] != changed[name]} == {"params"}
    turned = Run(**{**{name: getattr(run, name) for name in Run.__slots__}, "inputs": ["m-2", "m-1"]})
    assert run_parts(turned, None) == parts
