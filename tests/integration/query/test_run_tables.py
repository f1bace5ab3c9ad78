"""Tables of runs: pages by columns, files of all that match, counts, and groups with aggregates."""

import csv
import io
import json
import math
import zlib
from typing import Any

import nanoarrow
import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st

from tests.fixtures.api import Api
from tests.fixtures.factories import Factory
from tests.fixtures.sql import finalize_all
from trackhelm_core.db.unit_of_work import Database
from trackhelm_query.table.logic import csv_text

pytestmark = pytest.mark.over("sqlite", "postgresql", "queue")

TABLE = "/api/2.0/trackhelm/runs/table"
CSV = "/api/2.0/trackhelm/runs/csv"
COUNT = "/api/2.0/trackhelm/runs/count"
GROUPS = "/api/2.0/trackhelm/runs/groups"
ARROW = "application/vnd.apache.arrow.stream"


def database_of(api: Api) -> Database:
    app: Any = api.client.app
    database: Database = app.state.runtime.database
    return database


def columns_of(answer: dict[str, Any]) -> dict[str, list[Any]]:
    return {column["name"]: column["values"] for column in answer.get("columns", [])}


def arrow_of(api: Api, **message: Any) -> tuple[dict[str, Any], dict[str, list[Any]]]:
    """Return what an Arrow stream says beside its columns, and the columns."""
    response = api.client.post(TABLE, json=message, headers={"Accept": ARROW})
    assert response.status_code == 200, response.text
    assert response.headers["content-type"] == ARROW
    stream = nanoarrow.ArrayStream.from_readable(io.BytesIO(response.content))
    header: dict[str, Any] = json.loads(stream.schema.metadata[b"trackhelm"])
    batch = stream.read_all()
    return header, {
        field.name: column.to_pylist()
        for field, column in zip(stream.schema.fields, batch.iter_children(), strict=True)
    }


def seeded(api: Api, factory: Factory) -> str:
    experiment_id = api.new_experiment()
    factory.run(
        experiment_id,
        name="first",
        start_time=3_000,
        end_time=4_500,
        metrics={"loss": 0.5, "diverged": math.nan},
        params={"model": "gbm"},
        tags={"team": 'red, "blue"'},
    )
    factory.run(
        experiment_id,
        name="=1+1",
        start_time=2_000,
        end_time=9_000,
        metrics={"loss": -math.inf},
        params={"model": "mlp", "lr": "-0.1"},
    )
    factory.run(experiment_id, name="bare", status="RUNNING", start_time=1_000)
    return experiment_id


@pytest.mark.parametrize("state", ["ended", "finalized"])
def test_a_page_has_a_column_for_every_key(api: Api, factory: Factory, state: str) -> None:
    experiment_id = seeded(api, factory)
    if state == "finalized":
        finalize_all(database_of(api))
    answer = api.post(TABLE, experiment_ids=[experiment_id])
    columns = columns_of(answer)
    assert answer["rows"] == 3
    assert columns["run_name"] == ["first", "=1+1", "bare"]
    assert columns["status"] == ["FINISHED", "FINISHED", "RUNNING"]
    assert columns["end_time"] == [4_500, 9_000, None]
    assert columns["metrics.loss"] == [0.5, "-Infinity", None]
    assert columns["metrics.diverged"] == ["NaN", None, None]
    assert columns["params.lr"] == [None, "-0.1", None]
    assert columns["tags.team"] == ['red, "blue"', None, None]

    header, arrow = arrow_of(api, experiment_ids=[experiment_id])
    assert header == {"rows": 3}
    assert list(arrow) == list(columns)
    assert arrow["metrics.loss"] == [0.5, -math.inf, None]
    assert math.isnan(arrow["metrics.diverged"][0])
    assert arrow["metrics.diverged"][1:] == [None, None]
    for name in ("run_id", "run_name", "start_time", "end_time", "params.model", "tags.team"):
        assert arrow[name] == columns[name]


def test_chosen_columns_are_answered_in_their_order(api: Api, factory: Factory) -> None:
    experiment_id = seeded(api, factory)
    names = ["tags.team", "attributes.duration", "metrics.nobody logged this", "params.model", "run_id"]
    answer = api.post(TABLE, experiment_ids=[experiment_id], columns=names, longest_text=3)
    columns = columns_of(answer)
    assert list(columns) == ["run_id", *names[:-1]]
    assert columns["attributes.duration"] == [1_500, 7_000, None]
    assert columns["metrics.nobody logged this"] == [None, None, None]
    assert columns["tags.team"] == ["red…", None, None]
    assert list(columns_of(api.post(TABLE, experiment_ids=[experiment_id], columns=["run_name"]))) == [
        "run_id",
        "run_name",
    ]


def test_every_column_sorts_with_absent_values_last_on_every_page(api: Api, factory: Factory) -> None:
    experiment_id = seeded(api, factory)
    orders = {
        "duration ASC": ["first", "=1+1", "bare"],
        "attributes.duration DESC": ["=1+1", "first", "bare"],
        "metrics.loss DESC": ["first", "=1+1", "bare"],
        "params.model ASC": ["first", "=1+1", "bare"],
        "params.model DESC": ["=1+1", "first", "bare"],
        "tags.team DESC": ["first", "=1+1", "bare"],
    }
    for order, names in orders.items():
        found: list[str] = []
        token = ""
        while True:
            header, columns = arrow_of(
                api,
                experiment_ids=[experiment_id],
                order_by=[order],
                max_results=1,
                page_token=token,
            )
            found += columns["run_name"]
            if not (token := header.get("next_page_token", "")):
                break
        assert found == names, order
    answer = api.post(TABLE, experiment_ids=[experiment_id], filter="attributes.duration > 2000")
    assert columns_of(answer)["run_name"] == ["=1+1"]


@pytest.mark.parametrize("coding", ["zstd", "gzip"])
def test_a_stream_is_compressed_as_the_client_accepts(api: Api, factory: Factory, coding: str) -> None:
    experiment_id = api.new_experiment()
    for index in range(20):
        factory.run(experiment_id, name=f"a run with a rather long name {index}", tags={"note": "x" * 100})
    message = {"experiment_ids": [experiment_id], "format": "arrow"}
    plain = api.client.post(TABLE, json=message, headers={"Accept-Encoding": "identity"})
    assert "content-encoding" not in plain.headers
    with api.client.stream("POST", TABLE, json=message, headers={"Accept-Encoding": coding}) as response:
        assert response.headers["content-encoding"] == coding
        assert response.headers["vary"] == "Accept-Encoding"
        body = b"".join(response.iter_raw())
    assert len(body) < len(plain.content) / 2
    reader = zstandard.ZstdDecompressor().decompressobj() if coding == "zstd" else zlib.decompressobj(31)
    assert reader.decompress(body) == plain.content


def test_no_runs_are_an_empty_table(api: Api) -> None:
    experiment_id = api.new_experiment()
    assert api.post(TABLE, experiment_ids=[experiment_id])["rows"] == 0
    header, columns = arrow_of(api, experiment_ids=[experiment_id], columns=["metrics.loss"])
    assert (header, columns) == ({"rows": 0}, {"run_id": [], "metrics.loss": []})
    assert api.post(COUNT, experiment_ids=[experiment_id]) == {"runs": 0, "running": 0, "children": 0}
    assert api.post(COUNT) == {"runs": 0, "running": 0, "children": 0}
    assert api.post(GROUPS, experiment_ids=[experiment_id], group_by="params.x") == {"total": 0}


def test_a_file_has_all_that_match_and_no_formulas(api: Api, factory: Factory) -> None:
    experiment_id = seeded(api, factory)
    columns = ["run_name", "start_time", "end_time", "metrics.loss", "params.lr", "tags.team"]
    response = api.client.post(
        CSV, json={"experiment_ids": [experiment_id], "columns": columns, "order_by": ["start_time ASC"]}
    )
    assert response.headers["content-type"].startswith("text/csv")
    head, bare, second, first = csv.reader(io.StringIO(response.text))
    assert head == ["run_id", *columns]
    assert bare[1:] == ["bare", "1970-01-01T00:00:01.000+00:00", "", "", "", ""]
    assert second[1] == "'=1+1"
    assert second[4:] == ["-inf", "-0.1", ""]
    assert first[6] == 'red, "blue"'
    refused = api.client.post(CSV, json={"experiment_ids": [experiment_id], "filter": "metrics.loss <"})
    assert refused.status_code == 400


def test_a_file_of_several_pages_has_each_run_once(api: Api, factory: Factory) -> None:
    experiment_id = api.new_experiment()
    for index in range(5):
        factory.run(experiment_id, name=f"run {index}", start_time=index)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("trackhelm_query.table.routes._CSV_ROWS", 2)
        response = api.client.post(CSV, json={"experiment_ids": [experiment_id]})
    rows = list(csv.reader(io.StringIO(response.text)))
    assert [row[1] for row in rows] == ["run_name", *(f"run {index}" for index in (4, 3, 2, 1, 0))]


@given(st.one_of(st.none(), st.integers(), st.floats(allow_nan=False), st.text()))
def test_a_field_is_read_back_as_it_was(value: str | float | None) -> None:
    text = f"{csv_text(value)},end\r\n"
    (row,) = csv.reader(io.StringIO(text, newline=""))
    expected = "" if value is None else value if isinstance(value, str) else repr(value)
    assert row in ([expected, "end"], [f"'{expected}", "end"])
    if row[0].startswith(("=", "@")):
        pytest.fail(f"{row[0]} is a formula")


def test_runs_are_counted_by_every_kind_of_filter(api: Api, factory: Factory) -> None:
    experiment_id = seeded(api, factory)
    finalize_all(database_of(api))
    factory.run(experiment_id, params={"model": "gbm"})
    factory.run(experiment_id, lifecycle_stage="deleted")
    for text, expected in (
        ("", 4),
        ("metrics.loss < 1", 2),
        ("params.model = 'gbm'", 2),
        ("params.model = 'gbm' AND tags.team LIKE 'red%'", 1),
        ("params.model = 'gbm' OR attributes.run_name = 'bare'", 3),
        ("tags.team IS NULL", 3),
        ("params.model = 'nobody'", 0),
    ):
        assert api.post(COUNT, experiment_ids=[experiment_id], filter=text)["runs"] == expected, text
    deleted = api.post(COUNT, experiment_ids=[experiment_id], run_view_type="DELETED_ONLY")
    assert deleted["runs"] == 1


def test_running_runs_and_children_are_counted_among_those_that_match(api: Api, factory: Factory) -> None:
    experiment_id = api.new_experiment()
    nothing = api.post(COUNT, experiment_ids=[experiment_id])
    assert nothing == {"runs": 0, "running": 0, "children": 0}
    parent = factory.run(experiment_id, params={"model": "gbm"})
    for status in ("FINISHED", "RUNNING"):
        tags = {"mlflow.parentRunId": str(parent)}
        factory.run(experiment_id, status=status, params={"model": "mlp"}, tags=tags)
    finalize_all(database_of(api))
    factory.run(experiment_id, status="RUNNING", params={"model": "gbm"})
    for text, runs, running, children in (
        ("", 4, 2, 2),
        ("params.model = 'mlp'", 2, 1, 2),
        ("params.model = 'gbm'", 2, 1, 0),
        ("attributes.status = 'RUNNING'", 2, 2, 1),
        ("tags.`mlflow.parentRunId` IS NULL", 2, 1, 0),
    ):
        found = api.post(COUNT, experiment_ids=[experiment_id], filter=text)
        assert found == {"runs": runs, "running": running, "children": children}, text


def test_a_metric_that_was_logged_a_moment_before_counts(api: Api) -> None:
    experiment_id = api.new_experiment()
    run_id = api.new_run(experiment_id)
    for step in range(5):
        api.post("runs/log-metric", run_id=run_id, key="loss", value=step, timestamp=1, step=step)
        of_run = {"experiment_ids": [experiment_id], "filter": f"metrics.loss = {step}"}
        assert api.post(COUNT, **of_run)["runs"] == 1
        assert columns_of(api.post(TABLE, experiment_ids=[experiment_id]))["metrics.loss"] == [step]


def test_groups_have_aggregates_over_finite_values(api: Api, factory: Factory) -> None:
    experiment_id = api.new_experiment()
    for model, loss in (("gbm", 1.0), ("gbm", 3.0), ("gbm", math.nan), ("mlp", math.inf), (None, 2.0)):
        params = {} if model is None else {"model": model}
        factory.run(experiment_id, params=params, metrics={"loss": loss, "other": 7.0})
    grouped = {"experiment_ids": [experiment_id], "group_by": "params.model"}
    answer = api.post(GROUPS, **grouped, metrics=["loss", "nobody logged this"])
    assert answer == {
        "total": 3,
        "groups": [
            {
                "value": "gbm",
                "runs": 3,
                "metrics": [{"key": "loss", "count": 2, "mean": 2.0, "min": 1.0, "max": 3.0}],
            },
            {"value": "mlp", "runs": 1},
            {"runs": 1, "metrics": [{"key": "loss", "count": 1, "mean": 2.0, "min": 2.0, "max": 2.0}]},
        ],
    }
    assert api.post(GROUPS, **grouped, filter="metrics.loss < 2")["groups"] == [{"value": "gbm", "runs": 1}]
    first = api.post(GROUPS, **grouped, max_results=1)
    assert (first["total"], len(first["groups"])) == (3, 1)
