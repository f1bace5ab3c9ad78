"""The reference's table row by row, the logic of absence, and what is refused for an entity."""

from dataclasses import replace

import pytest
from sqlalchemy import Connection, Dialect
from sqlalchemy.dialects.postgresql.psycopg import PGDialect_psycopg
from sqlalchemy.dialects.sqlite.base import SQLiteDialect

from tests.unit.trackhelm_core.search.toy import RUNS, Run, ToyRun, search, store
from trackhelm_core.search.compile import compile_filter
from trackhelm_core.search.entity import EQUALITY, StringAttribute
from trackhelm_core.search.grammar import parse_filter
from trackhelm_core.search.text import SearchSyntaxError

NAN, INF = float("nan"), float("inf")
RUN_A = ToyRun(
    run_id="a" * 32,
    experiment_id=1,
    run_name="Alpha_1",
    status="FINISHED",
    start_time=100,
    end_time=200,
    tags={
        "mlflow.user": "ann",
        "path": r"C:\data",
        "mlflow.loggedArtifacts": '[{"path": "t.json", "type": "table"}]',
    },
    params={"lr": "0.1", "note": "it's"},
    metrics={"loss": (0.5, 0.1, 0.9), "loss.min": (7.0, 7.0, 7.0)},
    datasets=[
        {"name": "iris", "digest": "d1", "context": "train"},
        {"name": "wine", "digest": "d2", "context": "eval"},
    ],
)
RUN_B = ToyRun(
    run_id="b" * 32,
    experiment_id=2,
    run_name="beta%1",
    start_time=2**40,
    tags={"mlflow.user": "Bob"},
    metrics={"loss": (NAN, 0.2, 0.4), "gap": (INF, -INF, INF)},
)
RUN_C = ToyRun(run_id="c" * 32, experiment_id=12, run_name=None, status="FAILED")


def _found(connection: Connection, text: str) -> str:
    store(connection, [RUN_A, RUN_B, RUN_C])
    expression = parse_filter(text)
    assert expression is not None
    return "".join("ABC"[index] for index in search(connection, expression))


@pytest.mark.parametrize(
    ("text", "found"),
    [
        (f"run_id = '{'a' * 32}'", "A"),
        (f"attribute.run_id != '{'a' * 32}'", "BC"),
        (f"attributes.run_id IN ('{'a' * 32}', '{'c' * 32}')", "AC"),
        (f"run.run_id NOT IN ('{'a' * 32}')", "BC"),
        ("attr.run_name LIKE 'Alpha%'", "A"),
        ("run_name LIKE 'alpha%'", ""),
        ("`Run Name` ILIKE 'alpha%'", "A"),
        ("attributes.`run name` LIKE '____a_1'", "A"),
        ("\"Run name\" = 'beta%1'", "B"),
        ("status = 'FINISHED'", "A"),
        ("status != 'FINISHED'", "BC"),
        ("status LIKE 'F%'", "AC"),
        ("status ILIKE '%ning'", "B"),
        ("status NOT IN ('FAILED', 'RUNNING')", "A"),
        ("experiment_id = '1'", "A"),
        ("experiment_id != '1'", "BC"),
        ("experiment_id IN ('12', 'x')", "C"),
        ("experiment_id = '01'", ""),
        ("start_time > 100", "B"),
        ("start_time >= 100", "AB"),
        ("created = 100", "A"),
        ("Created != 100", "BC"),
        ("start_time < 100.5", "AC"),
        ("attributes.end_time <= 200", "A"),
        ("end_time IN (200, 0.5)", "A"),
        ("version < 99999999999", "ABC"),
    ],
)
def test_attributes(toy_database: Connection, text: str, found: str) -> None:
    assert _found(toy_database, text) == found


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("metrics.loss = 0.5", "A"),
        ("metric.loss > 0.4", "A"),
        ("metrics.loss != 0.5", "B"),
        ("metrics.loss != 3", "AB"),
        ("metrics.loss = nan", "B"),
        ("metrics.loss != nan", "A"),
        ("metrics.loss IN (0.5, nan)", "AB"),
        ("metrics.loss NOT IN (0.5)", "B"),
        ("metrics.loss NOT IN (nan)", "A"),
        ("metrics.loss <= 1e9", "A"),
        ("metrics.loss.min < 0.15", "A"),
        ("metrics.loss.max < 0.5", "B"),
        ("metrics.loss.last = 0.5", "A"),
        ("metrics.`loss.min` = 7", "A"),
        ("metrics.gap = inf", "B"),
        ("metrics.gap.min = -Infinity", "B"),
        ("metrics.gap > 1e308", "B"),
        ("metrics.loss IS NULL", "C"),
        ("metrics.loss IS NOT NULL", "AB"),
        ("NOT metrics.loss > 0.4", "BC"),
    ],
)
def test_metrics(toy_database: Connection, text: str, found: str) -> None:
    assert _found(toy_database, text) == found


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("tags.mlflow.user = 'ann'", "A"),
        ("tag.`mlflow.user` != 'ann'", "B"),
        ("tags.\"mlflow.user\" ILIKE 'B%'", "B"),
        ("TAGS.mlflow.user LIKE 'b%'", ""),
        ("tags.mlflow.user IN ('ann', 'Bob')", "AB"),
        ("tags.mlflow.user IS NULL", "C"),
        ("tags.mlflow.user IS NOT NULL", "AB"),
        ("NOT tags.mlflow.user = 'ann'", "BC"),
        ("tags.mlflow.user NOT LIKE 'a%'", "BC"),
        (r"tags.path LIKE 'C:\d%'", "A"),
        (r"tags.path LIKE '%\\%'", ""),
        ("params.lr = '0.1'", "A"),
        ("parameters.lr LIKE '0._'", "A"),
        ("param.lr != '0.1'", ""),
        ("parameter.note = 'it''s'", "A"),
        ('params.missing IS NULL AND tags.mlflow.user = "Bob"', "B"),
        (
            f"""tags.mlflow.loggedArtifacts LIKE '%"path"%:%"t.json",%' and run_id IN ('{"a" * 32}')""",
            "A",
        ),
        ("datasets.name = 'wine'", "A"),
        ("dataset.digest LIKE 'd%'", "A"),
        ("datasets.context IN ('train')", "A"),
        ("datasets.name != 'iris'", "A"),
        ("NOT datasets.name = 'iris'", "BC"),
        ("datasets.name IS NULL", "BC"),
        ("run_name = ''' OR 1=1 --'", ""),
    ],
)
def test_tags_params_and_datasets(toy_database: Connection, text: str, found: str) -> None:
    assert _found(toy_database, text) == found


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("end_time != 5", "A"),
        ("NOT end_time != 5", "BC"),
        ("NOT end_time IN (0.5)", "ABC"),
        ("NOT end_time NOT IN (0.5)", "BC"),
        ("NOT (end_time > 5 OR tags.mlflow.user = 'Bob')", "C"),
        ("NOT (end_time > 5 AND run_name LIKE 'x%')", "ABC"),
        ("NOT NOT end_time > 5", "A"),
        ("run_name IS NULL OR metrics.loss > 0.4 AND status = 'FINISHED'", "AC"),
    ],
)
def test_logic_is_two_valued(toy_database: Connection, text: str, found: str) -> None:
    assert _found(toy_database, text) == found


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "start_tme > 1",
            "position 0: runs have no attribute start_tme. Did you mean start_time? Allowed: run_id,",
        ),
        (
            "mlflow.user = 'x'",
            "runs have no prefix mlflow. Allowed: metrics, params, tags, datasets, attributes",
        ),
        ("metricz.a = 1", "Did you mean metrics?"),
        (
            "datasets.nam = 'x'",
            "runs have no key of datasets nam. Did you mean name? Allowed: name, digest, context",
        ),
        ("a = 1 AND b = 2", "runs have no attribute a"),
        (
            "start_time > 1 AND start_time LIKE 'x'",
            "position 19: start_time cannot be compared with LIKE. Allowed: =,",
        ),
        ("start_time = '5'", "start_time is a number; write the value without quotes"),
        ("start_time > 9223372036854775808", "outside the 64-bit integers"),
        ("start_time IN (1, inf)", "is a whole number and never inf"),
        ("run_name = 5", "run_name is text; write the value in quotes: '5'"),
        (
            "run_name > 'a'",
            "cannot be compared with >. Allowed: =, !=, LIKE, ILIKE, IN, NOT IN, IS NULL, IS NOT NULL",
        ),
        ("experiment_id = 1", "experiment_id is text; write the value in quotes: '1'"),
        ("params.lr = 0.1", "params.lr is text; write the value in quotes: '0.1'"),
        ("tags.a IN ('x', 5)", "tags.a is text"),
        ("metrics.a = 'NaN'", "metrics.a is a number; write the value without quotes"),
        ("metrics.a LIKE 'x'", "cannot be compared with LIKE. Allowed: =, !=, >, >=, <, <=, IN"),
        ("metrics.a.max < nan", "nan is neither above nor below any number"),
        (
            "status = 'finished'",
            "'finished' is not a status. Allowed: RUNNING, SCHEDULED, FINISHED, FAILED, KILLED",
        ),
    ],
)
def test_a_refusal_says_what_the_entity_allows(text: str, message: str) -> None:
    expression = parse_filter(text)
    assert expression is not None
    with pytest.raises(SearchSyntaxError) as refusal:
        compile_filter(expression, RUNS)
    assert message in str(refusal.value)


def test_an_entity_may_narrow_the_operators_of_a_field() -> None:
    narrow = replace(RUNS, attributes={"run_id": StringAttribute(Run.run_id, EQUALITY)})
    expression = parse_filter("run_id LIKE 'a%'")
    assert expression is not None
    with pytest.raises(SearchSyntaxError, match=r"Allowed: =, !=$"):
        compile_filter(expression, narrow)


@pytest.mark.parametrize("dialect", [SQLiteDialect(), PGDialect_psycopg()])  # type: ignore[no-untyped-call]
def test_no_value_is_written_into_the_statement(dialect: Dialect) -> None:
    strings = "tags.k9 = 'v9' AND run_name LIKE 'p9' AND NOT run_id ILIKE 'i9'"
    text = f"{strings} AND metrics.m9 > 1999 AND version IN (29)"
    expression = parse_filter(text)
    assert expression is not None
    statement = str(compile_filter(expression, RUNS).compile(dialect=dialect))
    assert "9" not in statement


def test_integers_are_compared_in_64_bits_whatever_their_column() -> None:
    """PostgreSQL refuses a parameter beyond its cast, and rounds a fraction that is cast to an integer."""
    expression = parse_filter("version = 9000000000 OR version IN (0.5, 3.0, 9000000000)")
    assert expression is not None
    compiled = compile_filter(expression, RUNS).compile(dialect=PGDialect_psycopg())  # type: ignore[no-untyped-call]
    assert "::INTEGER" not in str(compiled)
    assert sorted(map(str, compiled.params.values())) == ["9000000000", "[3, 9000000000]"]


def test_the_deepest_and_widest_filters_still_run(toy_database: Connection) -> None:
    deepest = "(end_time = 1 OR (tags.a = 'x' AND " * 8 + "metrics.a = 1" + "))" * 8
    assert _found(toy_database, deepest) == ""
    assert _found(toy_database, " OR ".join(["NOT tags.a = 'x'"] * 200)) == "ABC"
    assert _found(toy_database, f"run_id IN ({', '.join(['0'.join(chr(39) * 2)] * 20_000)})") == ""
