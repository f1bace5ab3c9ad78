"""A metric's name that ends like an aggregate: the key wins where there is one, and quotes always decide."""

from hypothesis import given
from hypothesis import strategies as st

from tests.unit.trackhelm_core.search.spelling import field_text
from tests.unit.trackhelm_core.search.toy import RUNS
from trackhelm_core.search.entity import (
    EntitySearch,
    MetricCollection,
    keys_of_fields,
    resolve_field,
    resolve_order,
)
from trackhelm_core.search.grammar import Aggregate, Comparison, Field, parse_filter, parse_order_by

_names = st.sampled_from(["loss", "loss.max", "loss.max.max", "max", "max.max", "loss.last", "val.loss.min"])
_key_sets = st.sets(_names)
_aggregates = st.sampled_from(list(Aggregate))


def runs_with(keys: set[str]) -> EntitySearch:
    exists = RUNS.collections["metrics"].exists
    metrics = MetricCollection(exists, has_key=keys.__contains__)  # type: ignore[arg-type]  # the toy's own
    return EntitySearch(name="runs", attributes={}, collections={"metrics": metrics})


def field_of(text: str) -> Field:
    comparison = parse_filter(f"{text} > 0")
    assert isinstance(comparison, Comparison)
    return comparison.field


def meant(text: str, keys: set[str]) -> tuple[str, Aggregate]:
    field = resolve_field(field_of(text), runs_with(keys)).field
    assert not field.is_bare
    return field.key, field.aggregate


@given(_names, _aggregates, _key_sets)
def test_a_bare_name_is_the_key_if_there_is_one_and_else_an_aggregate(
    name: str, aggregate: Aggregate, keys: set[str]
) -> None:
    whole = f"{name}.{aggregate}"
    expected = (whole, Aggregate.LAST) if whole in keys else (name, aggregate)
    assert meant(f"metrics.{whole}", keys) == expected


@given(_names, _aggregates, _key_sets)
def test_a_quoted_name_is_itself_whatever_keys_there_are(
    name: str, aggregate: Aggregate, keys: set[str]
) -> None:
    assert meant(f"metrics.`{name}`", keys) == (name, Aggregate.LAST)
    assert meant(field_text(Field("metrics", name, 0, aggregate)), keys) == (name, aggregate)


@given(_names, _aggregates)
def test_a_service_looks_up_each_key_that_may_be_meant(name: str, aggregate: Aggregate) -> None:
    assert keys_of_fields([field_of(f"metrics.{name}.{aggregate}"), Field(None, "status", 0)]) == {
        name,
        f"{name}.{aggregate}",
    }


def test_an_order_may_have_both_the_key_and_the_aggregate() -> None:
    terms = parse_order_by(["metrics.loss.max", "metrics.`loss`.max DESC"])
    orders = resolve_order(terms, runs_with({"loss", "loss.max"}))
    assert [(order.by.field.key, order.by.field.aggregate) for order in orders] == [
        ("loss.max", Aggregate.LAST),
        ("loss", Aggregate.MAX),
    ]
