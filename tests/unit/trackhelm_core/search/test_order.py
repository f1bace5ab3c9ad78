"""Orders and what they are refused for."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.trackhelm_core.search.spelling import field_text
from tests.unit.trackhelm_core.search.strategies import any_field
from tests.unit.trackhelm_core.search.toy import RUNS
from trackhelm_core.search.entity import resolve_order
from trackhelm_core.search.grammar import Aggregate, Field, OrderTerm, parse_order_by
from trackhelm_core.search.text import SearchSyntaxError


def test_a_direction_may_be_left_out_and_is_read_in_any_case() -> None:
    items = ["start_time", "metrics.`val loss` DESC", "params.lr asc", "metrics.loss.max Desc"]
    assert parse_order_by(items) == (
        OrderTerm(Field(None, "start_time", 0)),
        OrderTerm(Field("metrics", "val loss", 0), descending=True),
        OrderTerm(Field("params", "lr", 0)),
        OrderTerm(Field("metrics", "loss", 0, Aggregate.MAX, is_bare=True), descending=True),
    )


def test_an_order_without_items_is_empty() -> None:
    assert parse_order_by([]) == ()


@pytest.mark.parametrize(
    ("items", "message"),
    [
        ([""], "Invalid order_by clause '' at position 0: expected a field"),
        (
            ["a", "b sideways"],
            "clause 'b sideways' at position 2: expected ASC, DESC or the end of the",
        ),
        (
            ["a DESC b"],
            "clause 'a DESC b' at position 7: expected ASC, DESC or the end of the",
        ),
        (["a", "a DESC"], "`order_by` contains duplicate fields at position 0: a is already sorted by"),
        (["a", "b"] * 17, "at most 32 items"),
    ],
)
def test_a_refusal_names_the_item(items: list[str], message: str) -> None:
    with pytest.raises(SearchSyntaxError) as refusal:
        parse_order_by(items)
    assert message in str(refusal.value)


@given(
    st.lists(st.builds(OrderTerm, any_field, st.booleans()), max_size=5, unique_by=lambda term: term.field)
)
def test_an_order_written_and_read_is_itself(terms: list[OrderTerm]) -> None:
    items = [f"{field_text(term.field)} {'DESC' if term.descending else 'ASC'}" for term in terms]
    assert parse_order_by(items) == tuple(terms)


@given(st.lists(st.text(), max_size=3))
def test_any_items_are_read_or_refused(items: list[str]) -> None:
    try:
        parse_order_by(items)
    except SearchSyntaxError as error:
        assert error.subject.startswith("order_by")  # noqa: PT017  # reading them is as good as refusing them


def test_terms_resolve_to_canonical_names() -> None:
    orders = resolve_order(parse_order_by(["attributes.Created DESC", "metric.loss.min"]), RUNS)
    assert [(str(order.by.field), order.descending) for order in orders] == [
        ("start_time", True),
        ("metrics.loss.min", False),
    ]
    assert orders[0].by.part is RUNS.attributes["start_time"]


@pytest.mark.parametrize(
    ("items", "message"),
    [
        (
            ["start_time", "attributes.created"],
            "duplicate fields at position 0: start_time is already sorted by",
        ),
        (["tags.a", "tag.a DESC"], "tags.a is already sorted by"),
        (["start_tim"], "Did you mean start_time?"),
    ],
)
def test_an_order_is_refused_by_what_it_means(items: list[str], message: str) -> None:
    with pytest.raises(SearchSyntaxError) as refusal:
        resolve_order(parse_order_by(items), RUNS)
    assert message in str(refusal.value)
