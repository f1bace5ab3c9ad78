"""Any text is read or refused, and what is written back is what was read."""

import contextlib

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.trackhelm_core.search.spelling import to_text
from tests.unit.trackhelm_core.search.strategies import any_expression
from trackhelm_core.search.grammar import Expression, parse_filter
from trackhelm_core.search.text import SearchSyntaxError

_PIECES = [
    "a",
    "tags.b",
    "metrics.`c`",
    ".max",
    "=",
    "!=",
    "<",
    "IN",
    "like",
    "NOT",
    "is",
    "NULL",
    "and",
    "OR",
]
_MARKS = [
    "(",
    ")",
    ",",
    "'",
    '"',
    "`",
    "\\",
    ".",
    " ",
    "5",
    "-1e9",
    "nan",
    "'x'",
    "''",
    "\x00",
    "\ud800",
    ";",
]


_some_pieces = st.lists(st.sampled_from(_PIECES + _MARKS))


@settings(deadline=None)  # a busy machine is not a failure
@given(st.text() | _some_pieces.map("".join) | _some_pieces.map(" ".join))
def test_any_text_is_read_or_refused_at_a_position_within_it(text: str) -> None:
    refusal = None
    try:
        parse_filter(text)
    except SearchSyntaxError as error:
        refusal = error
    assert refusal is None or 0 <= refusal.position <= len(text)


@settings(deadline=None)  # a busy machine is not a failure
@given(any_expression)
def test_an_expression_written_and_read_is_itself(expression: Expression) -> None:
    assert parse_filter(to_text(expression)) == expression


@settings(deadline=None)  # a busy machine is not a failure
@given(
    st.sampled_from(["(", "NOT ", "NOT (", "a IN (", "a = 1 AND (", "'", "`", "((a = 1) OR "]),
    st.integers(1, 20_000),
)
def test_hostile_repetition_is_refused_and_never_exhausts_the_stack(piece: str, times: int) -> None:
    with contextlib.suppress(SearchSyntaxError):
        parse_filter(piece * times)
