"""SQL agrees with plain Python, and no text at all reaches the database as an error."""

from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection

from tests.unit.trackhelm_core.search import strategies
from tests.unit.trackhelm_core.search.naive import holds
from tests.unit.trackhelm_core.search.spelling import to_text
from tests.unit.trackhelm_core.search.toy import ToyRun, search, store
from trackhelm_core.search.grammar import Expression, parse_filter
from trackhelm_core.search.text import SearchSyntaxError

_PIECES = [
    *"()',\"`;.%\\",
    *["=", "!=", "<", "<=", "like", "ILIKE", "in", "NOT", "AND", "or", "is", "null"],
    *["name", "status", "run_name", "start_time", "end_time", "version", "experiment_id", "run_id"],
    *[
        "metrics.loss",
        "tags.a",
        "params.`a\tb`",
        "datasets.name",
        "metrics.loss.max",
        "tags.",
        "attributes.status",
    ],
    *[
        "'a'",
        "'FINISHED'",
        "'1'",
        "('a','b')",
        "(1,nan)",
        "5",
        "-1.5",
        "inf",
        "NaN",
        "99999999999999999999",
        "1e308",
        "'%a\\'",
    ],
]


@settings(deadline=None)  # a busy machine is not a failure
@given(strategies.runs, strategies.run_expression)
def test_the_database_finds_what_plain_python_finds(
    toy_database: Connection, runs: list[ToyRun], expression: Expression
) -> None:
    parsed = parse_filter(to_text(expression))
    assert parsed is not None
    store(toy_database, runs)
    expected = [index for index, run in enumerate(runs) if holds(expression, run)]
    assert search(toy_database, parsed) == expected


@settings(deadline=None)  # a busy machine is not a failure
@given(st.lists(st.sampled_from(_PIECES), max_size=12).map(" ".join))
def test_whatever_is_not_refused_can_be_run(toy_database: Connection, text: str) -> None:
    try:
        expression = parse_filter(text)
        if expression is not None:
            search(toy_database, expression)
    except SearchSyntaxError:
        pass
