"""Charts: buckets of many runs and keys at once, over both databases."""

import json
import math
import random
from typing import Any

import nanoarrow
import numpy as np
import pytest

from tests.fixtures.api import Api
from tests.fixtures.factories import Factory, Point
from tests.fixtures.sql import CountStatements

pytestmark = pytest.mark.over("sqlite", "postgresql", "queue")

INVALID = "INVALID_PARAMETER_VALUE"
BUCKETS = "/api/2.0/trackhelm/charts/buckets"
ARROW = "application/vnd.apache.arrow.stream"


def line_of(answer: dict[str, Any]) -> dict[str, Any]:
    (line,) = answer["lines"]
    found: dict[str, Any] = line
    return found


def noisy(count: int, seed: int = 0) -> list[Point]:
    chance = random.Random(seed)
    return [(step, 5_000 + step * 7, chance.gauss(0, 1)) for step in range(count)]


def test_a_short_line_is_its_exact_points(api: Api, factory: Factory) -> None:
    points: list[Point] = [(3, 30, 0.5), (1, 10, math.nan), (2, 20, -math.inf), (3, 31, 0.25)]
    run_id = factory.run(api.new_experiment(), metrics={"loss": points})
    assert api.post(BUCKETS, run_ids=[run_id], keys=["loss"]) == {
        "x_axis": "step",
        "bucket_width": 1,
        "start": 1,
        "end": 3,
        "bucket_start": 1,
        "lines": [
            {
                "run_id": run_id,
                "key": "loss",
                "exact": True,
                "points": 4,
                "shown": 4,
                "exact_points": {"x": [1, 2, 3, 3], "value": ["NaN", "-Infinity", 0.5, 0.25]},
            }
        ],
    }


def test_a_long_line_is_buckets_that_hide_no_spike(api: Api, factory: Factory) -> None:
    points = noisy(5_000)
    points[3_333] = (3_333, points[3_333][1], 1e9)
    points[2_222] = (2_222, points[2_222][1], math.nan)
    run_id = factory.run(api.new_experiment(), metrics={"loss": points[:2_000]})
    factory.chunk(run_id, "loss", points[2_000:])
    answer = api.post(BUCKETS, run_ids=[run_id], keys=["loss"], buckets=50)
    line = line_of(answer)
    columns = line["buckets"]
    assert (line["exact"], line["points"], line["shown"]) == (False, 5_000, len(columns["bucket"]))
    assert answer["bucket_width"] == 128
    assert line["shown"] == 40
    assert sum(columns["count"]) == 5_000
    assert columns["nonfinite"] == [int(bucket == 2_222 // 128) for bucket in range(40)]
    spike = columns["max"].index(1e9)
    assert (columns["x_max"][spike], columns["bucket"][spike]) == (3_333, 3_333 // 128)
    assert (columns["x_first"][0], columns["first"][0]) == points[0][::2]
    assert (columns["x_last"][-1], columns["last"][-1]) == points[-1][::2]


@pytest.mark.parametrize("axis", ["step", "time", "relative"])
def test_every_window_of_every_axis_has_the_extremes_of_its_points(
    api: Api, factory: Factory, axis: str
) -> None:
    # Time goes back twice: a job that was started again from a checkpoint, on another machine.
    points: list[Point] = [
        (step, 9_000 + (step * 13) % 1_700, value) for step, _, value in noisy(600, seed=3)
    ]
    run_id = factory.run(api.new_experiment(), metrics={"m": points[:100]}, start_time=9_100)
    for begin in range(100, 600, 100):
        factory.chunk(run_id, "m", points[begin : begin + 100])
    place = {"step": 0, "time": 1, "relative": 1}[axis]
    origin = 9_100 if axis == "relative" else 0
    chance = random.Random(7)
    for _ in range(12):
        places = sorted({int(point[place]) - origin for point in points})
        begin, end = sorted(chance.sample(places, 2))
        window = {"start": begin, "end": end}
        inside = [point for point in points if begin <= point[place] - origin <= end]
        answer = api.post(
            BUCKETS, run_ids=[run_id], keys=["m"], x_axis=axis, buckets=chance.choice([2, 9, 60]), **window
        )
        line = line_of(answer)
        assert (answer["start"], answer["end"], line["points"]) == (begin, end, len(inside))
        columns = line.get("buckets") or line["exact_points"]
        assert max(columns.get("max") or columns["value"]) == max(value for *_, value in inside)
        assert min(columns.get("min") or columns["value"]) == min(value for *_, value in inside)
        assert line["exact"] == ("exact_points" in line)


def test_half_a_window_is_open_at_the_other_end(api: Api, factory: Factory) -> None:
    run_id = factory.run(api.new_experiment(), metrics={"m": [(step, 1, 1.0) for step in range(10)]})
    for window, expected in (({"start": 7}, [7, 8, 9]), ({"end": 1}, [0, 1]), ({"start": 4, "end": 4}, [4])):
        line = line_of(api.post(BUCKETS, run_ids=[run_id], keys=["m"], **window))
        assert line["exact_points"]["x"] == expected
    assert api.post(BUCKETS, run_ids=[run_id], keys=["m"], start=10)["lines"] == []


def test_all_lines_have_one_grid(api: Api, factory: Factory) -> None:
    experiment_id = api.new_experiment()
    long = factory.run(experiment_id, metrics={"m": noisy(2_000), "n": noisy(1_000)})
    late = factory.run(experiment_id, metrics={"m": [(1_900 + step, 1, 1.0) for step in range(300)]})
    answer = api.post(BUCKETS, run_ids=[late, "none", long, late], keys=["n", "m", "other"], buckets=100)
    named = [(line["run_id"], line["key"]) for line in answer["lines"]]
    assert named == [(late, "m"), (long, "n"), (long, "m")]
    width, origin = answer["bucket_width"], answer["bucket_start"]
    assert (width, origin, answer["start"], answer["end"]) == (32, 0, 0, 2_199)
    for line in answer["lines"]:
        columns = line["buckets"]
        for x in ("x_first", "x_last", "x_min", "x_max"):
            assert [(place - origin) // width for place in columns[x]] == columns["bucket"]
        assert max(columns["bucket"]) < 100


def test_a_run_without_a_start_begins_with_its_first_point(api: Api, factory: Factory) -> None:
    points: list[Point] = [(0, 70_000, 1.0), (1, 60_000, 2.0)]
    run_id = factory.run(api.new_experiment(), metrics={"m": points}, start_time=0)
    line = line_of(api.post(BUCKETS, run_ids=[run_id], keys=["m"], x_axis="relative"))
    assert line["exact_points"] == {"x": [0, 10_000], "value": [2.0, 1.0]}


def test_the_ends_of_64_bits_are_drawn(api: Api, factory: Factory) -> None:
    points: list[Point] = [(-(2**63), 2**63 - 1, 1e308), (0, 0, 1e308), (2**63 - 1, 5, -1e308)]
    run_id = factory.run(api.new_experiment(), metrics={"m": points}, start_time=1)
    answer = api.post(BUCKETS, run_ids=[run_id], keys=["m"], buckets=2)
    columns = line_of(answer)["buckets"]
    assert answer["bucket_width"] == 2**63
    assert (columns["count"], columns["max"], columns["min"]) == ([1, 2], [1e308, 1e308], [1e308, -1e308])
    for axis in ("time", "relative"):
        line = line_of(api.post(BUCKETS, run_ids=[run_id], keys=["m"], buckets=2, x_axis=axis))
        assert line["points"] == 3


def test_a_bucket_without_a_finite_value_has_no_statistics(api: Api, factory: Factory) -> None:
    points: list[Point] = [(0, 0, math.nan), (1, 0, math.inf), (2, 0, 4.0)]
    run_id = factory.run(api.new_experiment(), metrics={"m": points})
    columns = line_of(api.post(BUCKETS, run_ids=[run_id], keys=["m"], buckets=2))["buckets"]
    assert columns["min"] == columns["max"] == columns["mean"] == [None, 4.0]
    assert (columns["first"], columns["last"]) == (["NaN", 4.0], ["Infinity", 4.0])
    assert (columns["count"], columns["nonfinite"]) == ([2, 1], [2, 0])


def log_ranks(api: Api, ranks: int, steps: int, **labels: str) -> str:
    run_id = api.new_run(start_time=1)
    for rank in range(ranks):
        metrics = [
            {
                "key": "loss",
                "value": float(rank),
                "timestamp": 1 + step,
                "step": step,
                "labels": {"rank": str(rank), **labels},
            }
            for step in range(steps)
        ]
        api.post("runs/log-batch", run_id=run_id, metrics=metrics)
    return run_id


def test_lines_of_labels(api: Api) -> None:
    run_id = log_ranks(api, 11, 2, node="a")
    api.post("runs/log-metric", run_id=run_id, key="loss", value=-1, timestamp=9, step=5)
    merged = line_of(api.post(BUCKETS, run_ids=[run_id], keys=["loss"]))
    assert merged["points"] == 23
    assert "labels" not in merged
    lines = api.post(BUCKETS, run_ids=[run_id], keys=["loss"], group_by=["rank"])["lines"]
    assert [line.get("labels") for line in lines] == [None, *({"rank": str(rank)} for rank in range(11))]
    assert [line["points"] for line in lines] == [1] + [2] * 11
    nodes = api.post(BUCKETS, run_ids=[run_id], keys=["loss"], group_by=["node"])["lines"]
    assert [line["points"] for line in nodes] == [1, 22]
    some = api.post(BUCKETS, run_ids=[run_id], keys=["loss"], labels={"rank": ["3", "10"], "node": "a"})
    assert sorted(line_of(some)["exact_points"]["value"]) == [3.0, 3.0, 10.0, 10.0]
    assert api.post(BUCKETS, run_ids=[run_id], keys=["loss"], labels={"pod": "a"})["lines"] == []


def test_a_point_of_two_ranks_is_one_point_when_they_are_one_line(api: Api) -> None:
    run_id = api.new_run()
    for rank in ("0", "1"):
        api.post(
            "runs/log-metric", run_id=run_id, key="k", value=1, timestamp=1, step=1, labels={"rank": rank}
        )
    assert line_of(api.post(BUCKETS, run_ids=[run_id], keys=["k"]))["points"] == 1


def test_the_number_of_statements_is_two_whatever_is_asked(
    api: Api, factory: Factory, count_statements: CountStatements
) -> None:
    experiment_id = api.new_experiment()
    runs = [
        factory.run(experiment_id, metrics={"m": noisy(30, seed=run), "n": noisy(30, seed=run)})
        for run in range(20)
    ]
    api.post(BUCKETS, run_ids=runs[:1], keys=["m", "n"])  # the ids of keys are remembered from now on
    for asked, window in ((runs[:1], {}), (runs, {}), (runs, {"start": 3, "end": 9})):
        with count_statements() as statements:
            answer = api.post(BUCKETS, run_ids=asked, keys=["m", "n"], buckets=10, **window)
        assert len(answer["lines"]) == 2 * len(asked)
        assert len(statements) == 2


def test_a_step_window_reads_only_chunks_that_have_a_part_in_it(
    api: Api, factory: Factory, monkeypatch: pytest.MonkeyPatch
) -> None:
    points = noisy(1_000)
    run_id = factory.run(api.new_experiment(), metrics={"m": points[:100]})
    for begin in range(100, 1_000, 100):
        factory.chunk(run_id, "m", points[begin : begin + 100])
    monkeypatch.setattr("trackhelm_query.charts.logic.CHART_POINTS", 300)
    line = line_of(api.post(BUCKETS, run_ids=[run_id], keys=["m"], start=250, end=420))
    assert line["points"] == 171
    told = api.refused("POST", BUCKETS, INVALID, run_ids=[run_id], keys=["m"], start=250, end=520)
    assert "would read more than 300 points" in told


@pytest.mark.parametrize("by", ["field", "header"])
def test_a_chart_as_an_arrow_stream(api: Api, factory: Factory, by: str) -> None:
    experiment_id = api.new_experiment()
    long = factory.run(experiment_id, metrics={"m": [*noisy(300), (299, 1, math.nan), (400, 1, math.inf)]})
    short = factory.run(experiment_id, metrics={"m": [(5, 1, math.nan), (6, 1, 2.0)]})
    message: dict[str, Any] = {"run_ids": [long, short], "keys": ["m"], "buckets": 40}
    expected = api.post(BUCKETS, **message)
    headers = {"accept": f"{ARROW};q=0.9, */*"} if by == "header" else {}
    asked = {**message, "format": "arrow"} if by == "field" else message
    response = api.client.post(BUCKETS, json=asked, headers=headers)
    assert response.headers["content-type"] == ARROW
    table = nanoarrow.Array(nanoarrow.ArrayStream.from_readable(response.content))
    rows = table.to_pylist()
    header = json.loads(table.schema.metadata[b"trackhelm"])
    columns = [line.pop("buckets", None) or line.pop("exact_points") for line in expected["lines"]]
    assert header == expected
    assert [row["line"] for row in rows] == [0] * len(columns[0]["bucket"]) + [1] * 2
    finite = [row for row in rows if row["line"] == 0]
    for name, column in columns[0].items():
        given = [float(value) if isinstance(value, str) else value for value in column]
        np.testing.assert_array_equal([row[name] for row in finite], given, err_msg=name)
    assert [row["x_first"] for row in rows[-2:]] == columns[1]["x"] == [5, 6]
    assert [row["max"] for row in rows[-2:]] == [None, 2.0]
    assert rows[-1]["bucket"] == (6 - expected["bucket_start"]) // expected["bucket_width"]


def test_only_columns_that_are_asked_for_are_sent(api: Api, factory: Factory) -> None:
    run_id = factory.run(api.new_experiment(), metrics={"m": noisy(300)})
    message: dict[str, Any] = {"run_ids": [run_id], "keys": ["m"], "buckets": 40}
    whole = line_of(api.post(BUCKETS, **message))["buckets"]
    message["columns"] = ["min", "last", "min"]
    some = line_of(api.post(BUCKETS, **message))["buckets"]
    assert some == {name: whole[name] for name in ("bucket", "last", "min")}
    response = api.client.post(BUCKETS, json={**message, "format": "arrow"})
    table = nanoarrow.Array(nanoarrow.ArrayStream.from_readable(response.content))
    assert [child.name for child in table.schema.fields] == ["line", "bucket", "min", "last"]
    assert [row["min"] for row in table.to_pylist()] == whole["min"]


def test_rounded_values_are_those_of_a_drawing_and_points_stay_exact(api: Api, factory: Factory) -> None:
    metrics = {"m": noisy(300), "other": noisy(300, seed=1), "short": noisy(20)}
    run_id = factory.run(api.new_experiment(), metrics=metrics)
    message: dict[str, Any] = {"run_ids": [run_id], "keys": list(metrics), "buckets": 40}
    exact = api.post(BUCKETS, **message)["lines"]
    drawn = api.post(BUCKETS, **message, rounded=True)["lines"]
    assert drawn[2] == exact[2]
    for was, now in zip(exact[:2], drawn[:2], strict=True):
        before, after = was["buckets"], now["buckets"]
        assert after["last"] != before["last"]
        assert after["last"] == pytest.approx(before["last"], rel=1e-6)
        for name in ("x_min", "x_max", "count"):
            assert after[name] == before[name]
        assert all(a <= b < a + 1e-5 for a, b in zip(after["min"], before["min"], strict=True))
        assert all(a >= b > a - 1e-5 for a, b in zip(after["max"], before["max"], strict=True))
    response = api.client.post(BUCKETS, json={**message, "rounded": True, "format": "arrow"})
    rows = nanoarrow.Array(nanoarrow.ArrayStream.from_readable(response.content)).to_pylist()
    assert [row["max"] for row in rows if row["line"] == 1] == drawn[1]["buckets"]["max"]


def test_an_empty_chart_as_an_arrow_stream(api: Api) -> None:
    message = {"run_ids": ["none"], "keys": ["m"], "format": "arrow"}
    response = api.client.post(BUCKETS, json=message)
    table = nanoarrow.Array(nanoarrow.ArrayStream.from_readable(response.content))
    assert len(table) == 0
    asked = {**message, "format": "json"}
    answer = api.client.post(BUCKETS, json=asked, headers={"accept": ARROW}).json()
    assert answer == {"x_axis": "step", "bucket_width": 1, "lines": []}


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"run_ids": []}, "'run_ids' supplied: 0 are named; it must be 1 to 500"),
        ({"run_ids": ["r"] * 501}, "'run_ids' supplied: 501 are named; it must be 1 to 500"),
        ({"run_ids": [""]}, "Missing value for required parameter 'run_ids[0]'"),
        ({"keys": []}, "'keys' supplied: 0 are named; it must be 1 to 100"),
        ({"keys": ["k"] * 101}, "'keys' supplied: 101 are named; it must be 1 to 100"),
        ({"keys": ["\0"]}, "NUL"),
        ({"buckets": 1}, "Invalid value 1 for parameter 'buckets' supplied"),
        ({"buckets": 2_001}, "Invalid value 2001 for parameter 'buckets' supplied"),
        ({"buckets": 2_000, "run_ids": [f"r{n}" for n in range(201)]}, "201 x 2000 = 402000; it must be at"),
        ({"x_axis": "epoch"}, "Invalid value \"epoch\" for parameter 'x_axis'"),
        ({"start": 2, "end": 1}, "Invalid value 1 for parameter 'end' supplied: the window starts at 2"),
        ({"start": 2**63}, "for parameter 'start'"),
        ({"labels": {"rank": [3]}}, "for parameter 'labels.rank[0]'"),
        ({"labels": {"rank": []}}, "'labels.rank' supplied: 0 are named; it must be 1 to 1000"),
        ({"labels": {f"l{n}": "1" for n in range(9)}}, "'labels' supplied: 9 are named; it must be 0 to 8"),
        ({"group_by": [f"l{n}" for n in range(9)]}, "'group_by' supplied: 9 are named; it must be 0 to 8"),
        ({"columns": ["median"]}, "for parameter 'columns[0]'"),
        ({"format": "csv"}, "for parameter 'format'"),
        ({"rounded": "much"}, "for parameter 'rounded'"),
    ],
)
def test_a_chart_that_cannot_be_asked_for(api: Api, change: dict[str, Any], told: str) -> None:
    assert told in api.refused("POST", BUCKETS, INVALID, **({"run_ids": ["r"], "keys": ["k"]} | change))


def test_a_chart_of_too_many_lines_is_refused(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    run_id = log_ranks(api, 3, 1)
    monkeypatch.setattr("trackhelm_query.charts.logic.CHART_CELLS", 1_000)
    message: dict[str, Any] = {"run_ids": [run_id], "keys": ["loss"], "buckets": 400}
    api.post(BUCKETS, **message)
    told = api.refused("POST", BUCKETS, INVALID, **message, group_by=["rank"])
    assert "lines x buckets are 4 x 400 = 1600; it must be at most 1000" in told
    monkeypatch.setattr("trackhelm_query.charts.logic.CHART_SERIES", 2)
    told = api.refused("POST", BUCKETS, INVALID, **message)
    assert "more than 2 series" in told
