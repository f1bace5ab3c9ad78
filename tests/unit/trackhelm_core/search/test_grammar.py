"""What each form of a filter means, and what a refusal says."""

import math

import pytest

from trackhelm_core.search.grammar import (
    Aggregate,
    And,
    Comparison,
    Expression,
    Field,
    Not,
    Operator,
    Or,
    comparisons,
    parse_filter,
    rewrite,
)
from trackhelm_core.search.text import MAX_COMPARISONS, MAX_DEPTH, MAX_TEXT_LENGTH, SearchSyntaxError

A = Comparison(Field(None, "a", 0), Operator.EQ, 1)
B = Comparison(Field(None, "b", 0), Operator.EQ, 2)
C = Comparison(Field(None, "c", 0), Operator.EQ, 3)


def _only(text: str) -> Comparison:
    expression = parse_filter(text)
    assert isinstance(expression, Comparison)
    return expression


@pytest.mark.parametrize("text", [None, "", "  \n\t"])
def test_no_text_is_no_filter(text: str | None) -> None:
    assert parse_filter(text) is None


@pytest.mark.parametrize(
    ("text", "prefix", "key"),
    [
        ("name = 'x'", None, "name"),
        ("`Run Name` = 'x'", None, "Run Name"),
        ("\"run name\" = 'x'", None, "run name"),
        ("attributes.`Run Name` = 'x'", "attributes", "Run Name"),
        ("tags.mlflow.user = 'x'", "tags", "mlflow.user"),
        ("tags.`mlflow.user` = 'x'", "tags", "mlflow.user"),
        ("tags.\"mlflow.user\" = 'x'", "tags", "mlflow.user"),
        ("`tags`.`a b` = 'x'", "tags", "a b"),
        ("tags.`a``b` = 'x'", "tags", "a`b"),
        ("tags.\"it's = (odd), ; 100%\" = 'x'", "tags", "it's = (odd), ; 100%"),
        ("params.train/learning-rate:0='x'", "params", "train/learning-rate:0"),
        ("params.1 = 'x'", "params", "1"),
        ("tags.and = 'x'", "tags", "and"),
        ("tags.a.min = 'x'", "tags", "a.min"),
    ],
)
def test_a_field(text: str, prefix: str | None, key: str) -> None:
    assert _only(text) == Comparison(Field(prefix, key, 0), Operator.EQ, "x")


@pytest.mark.parametrize(
    ("text", "key", "aggregate"),
    [
        ("metrics.loss", "loss", Aggregate.LAST),
        ("metrics.loss.last", "loss", Aggregate.LAST),
        ("metric.loss.min", "loss", Aggregate.MIN),
        ("metrics.val.loss.max", "val.loss", Aggregate.MAX),
        ("metrics.`loss.min`", "loss.min", Aggregate.LAST),
        ('metrics."loss.min".max', "loss.min", Aggregate.MAX),
        ("metrics.min", "min", Aggregate.LAST),
        ("metrics.min.min", "min", Aggregate.MIN),
        ("metrics.loss.mean", "loss.mean", Aggregate.LAST),
    ],
)
def test_quotes_make_a_metric_literal_and_a_bare_suffix_is_its_aggregate(
    text: str, key: str, aggregate: Aggregate
) -> None:
    field = _only(f"{text} > 0").field
    assert (field.key, field.aggregate) == (key, aggregate)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("'x'", "x"),
        ('"x"', "x"),
        ("''", ""),
        ("'it''s'", "it's"),
        ('"say ""hi"""', 'say "hi"'),
        (r"'it\'s'", "it's"),
        ("'a \"b\"'", 'a "b"'),
        (r"'C:\'", "C:\\"),
        (r"'C:\new\%'", r"C:\new\%"),
        (r"'\''", None),
        ("'AND OR ('", "AND OR ("),
        ("5", 5),
        ("+5", 5),
        ("-0.5", -0.5),
        (".5e-3", 0.0005),
        ("9007199254740993", 9007199254740993),
        ("inf", math.inf),
        ("-Infinity", -math.inf),
    ],
)
def test_a_value(text: str, value: object) -> None:
    if value is None:
        with pytest.raises(SearchSyntaxError, match="never closed"):
            parse_filter(f"a = {text}")
        return
    found = _only(f"a = {text}").value
    assert found == value
    assert type(found) is type(value)


def test_nan_is_a_value() -> None:
    value = _only("metrics.a = NaN").value
    assert isinstance(value, float)
    assert math.isnan(value)


@pytest.mark.parametrize("sign", ["=", "!=", ">", ">=", "<", "<="])
def test_signs_need_no_space(sign: str) -> None:
    assert _only(f"metrics.a{sign}-1") == Comparison(Field("metrics", "a", 0), Operator(sign), -1)


@pytest.mark.parametrize(
    ("text", "expression"),
    [
        ("a like 'x%'", Comparison(A.field, Operator.LIKE, "x%")),
        ("a iLike 'x%'", Comparison(A.field, Operator.ILIKE, "x%")),
        ("a NOT LIKE 'x'", Not(Comparison(A.field, Operator.LIKE, "x"))),
        ("a not ilike 'x'", Not(Comparison(A.field, Operator.ILIKE, "x"))),
        ("a in ('x', \"y\")", Comparison(A.field, Operator.IN, ("x", "y"))),
        ("a IN('x',)", Comparison(A.field, Operator.IN, ("x",))),
        ("a IN ('x', ')')", Comparison(A.field, Operator.IN, ("x", ")"))),
        ("a Not In (1, 2.5)", Comparison(A.field, Operator.NOT_IN, (1, 2.5))),
        ("a is null", Comparison(A.field, Operator.IS_NULL)),
        ("a IS NOT NULL", Comparison(A.field, Operator.IS_NOT_NULL)),
    ],
)
def test_worded_operators(text: str, expression: Expression) -> None:
    assert parse_filter(text) == expression


@pytest.mark.parametrize(
    ("text", "expression"),
    [
        ("a = 1 and b = 2 AND c = 3", And((A, B, C))),
        ("a = 1 or b = 2 and c = 3", Or((A, And((B, C))))),
        ("(a = 1 or b = 2) and c = 3", And((Or((A, B)), C))),
        ("not a = 1 and b = 2", And((Not(A), B))),
        ("NOT(a = 1 AND NOT b = 2)", Not(And((A, Not(B))))),
        ("((a=1))", A),
    ],
)
def test_not_binds_tighter_than_and_and_and_than_or(text: str, expression: Expression) -> None:
    assert parse_filter(text) == expression


@pytest.mark.parametrize(
    ("text", "position", "message"),
    [
        ("a = `x`", 4, "expected a quoted string or a number after =, got `x`"),
        ("a = 1 b = 2", 6, "expected AND, OR or the end of the filter, got b"),
        ("a", 1, "got the end of the text"),
        ("'a' = 1", 0, "expected a field such as"),
        ("and", 0, "expected a field such as"),
        (".a = 1", 0, "expected a field such as"),
        ("tags. a = 1", 6, "expected a key right after tags., got a"),
        ("tags.`a`.b = 1", 8, "expected an operator"),
        ("(a = 1", 6, "the ) that closes position 0"),
        ("a = 1)", 5, "expected AND, OR or the end of the filter, got )"),
        ("a IN 'x'", 5, "expected ( after IN"),
        ("a IN ('x' 'y')", 10, "expected , or ) in the list after IN"),
        ("a NOT 5", 6, "expected IN, LIKE or ILIKE after NOT, got 5"),
        ("a IS 5", 5, "expected NULL or NOT NULL after IS, got 5"),
        ("a IS NOT 5", 9, "expected NULL after IS NOT, got 5"),
        ("a = 'x", 4, "the ' opened here is never closed"),
        ("a = 1;", 5, "unexpected character ;"),
        ("a = '\x00'", 5, "NUL"),
        ("a = '\ud800'", 5, "surrogate"),
        ("a = 1e400", 4, "too large"),
        (f"a = {'9' * 101}", 4, "at most 100 characters"),
        (f"a LIKE '{'%' * 9000}'", 7, "at most 8192 characters"),
        ("(" * 10_000, MAX_DEPTH, f"at most {MAX_DEPTH} nested"),
        ("NOT " * 10_000, MAX_DEPTH * 4, f"at most {MAX_DEPTH} nested"),
        ("a=1 and " * 10_000, MAX_COMPARISONS * 8, f"at most {MAX_COMPARISONS} comparisons"),
        (f"a IN ({'1,' * 30_000}1)", 6 + 2 * 20_000, "at most 20000 values"),
        ("x" * (MAX_TEXT_LENGTH + 1), MAX_TEXT_LENGTH, "at most 1000000 are allowed"),
    ],
)
def test_a_refusal_points_at_its_cause_and_says_what_was_expected(
    text: str, position: int, message: str
) -> None:
    with pytest.raises(SearchSyntaxError) as refusal:
        parse_filter(text)
    assert refusal.value.position == position
    assert str(refusal.value).startswith(f"Invalid clause(s) in filter string at position {position}: ")
    assert message in str(refusal.value)


@pytest.mark.parametrize(
    ("text", "position", "words"),
    [
        ("a IN ()", 6, "While parsing a list in the query, expected a non-empty list"),
        ("a == 1", 2, "Invalid comparator '==' at position 2: expected an operator (=, !=, >"),
        ("a RLIKE 'x'", 2, "Invalid comparator 'RLIKE' at position 2: expected an operator (=, !=, >"),
        (
            "a = x",
            4,
            "Parameter value is either not quoted or unidentified quote types used for string value x",
        ),
        (
            "metrics.a = x",
            12,
            "Expected numeric value type for metric at position 12: expected a quoted string",
        ),
        ("a IN (x)", 6, "While parsing a list in the query, expected string value at position 6: expected a"),
        (
            "attributes.a LIKE 5",
            18,
            "Expected a quoted string value for attributes at position 18: expected a",
        ),
        ("tag.a = NULL", 8, "Expected a quoted string value for tag at position 8: expected a quoted string"),
        (
            "params.a LIKE 5",
            14,
            "Expected a quoted string value for parameter at position 14: expected a quoted",
        ),
        (
            "a = 1; b = 2",
            5,
            "Search filter contained multiple expression at position 5: unexpected character ;",
        ),
    ],
)
def test_a_refusal_begins_with_words_that_clients_match(text: str, position: int, words: str) -> None:
    with pytest.raises(SearchSyntaxError) as refusal:
        parse_filter(text)
    assert refusal.value.position == position
    assert str(refusal.value).startswith(words)


def test_positions_are_those_of_the_fields() -> None:
    expression = parse_filter("a = 1 AND (NOT tags.b = 'x' OR c IS NULL)")
    assert expression is not None
    assert [(found.field.key, found.field.position) for found in comparisons(expression)] == [
        ("a", 0),
        ("b", 15),
        ("c", 31),
    ]


def test_a_service_can_replace_comparisons() -> None:
    expression = And((A, Or((Not(B), C))))
    absent = Comparison(B.field, Operator.IS_NULL)
    changed = rewrite(expression, lambda found: Or((found, absent)) if found == B else found)
    assert changed == And((A, Or((Not(Or((B, absent))), C))))
