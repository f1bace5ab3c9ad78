"""Whether a comparison is valid for what it compares: its operator and its values. It writes no SQL."""

import math
import re
from typing import NoReturn

from trackhelm_core.search.bounds import INT64
from trackhelm_core.search.entity import (
    EQUALITY,
    LISTS,
    PATTERNS,
    Attribute,
    ChoiceAttribute,
    Collection,
    EntitySearch,
    MetricCollection,
    NumberAttribute,
)
from trackhelm_core.search.errors import SearchSyntaxError
from trackhelm_core.search.expression import Comparison, Operator, Scalar
from trackhelm_core.search.resolve import Resolved

# As an id is written: without a plus sign, zeros in front, or a point.
_WHOLE = re.compile(r"-?[1-9][0-9]{0,99}|0")

_KINDS = {"tags": "tag", "params": "parameter", "metrics": "metric", "datasets": "dataset"}


def check_comparison(comparison: Comparison, resolved: Resolved, entity: EntitySearch) -> None:
    """Refuse an operator or a value that the field does not take."""
    part = resolved.part
    kind = _KINDS.get(resolved.field.prefix or "", "")
    if comparison.operator not in part.operators:
        allowed = ", ".join(operator for operator in Operator if operator in part.operators)
        name = comparison.field if kind else f"attributes.{resolved.field}"
        _refuse(
            comparison,
            f"{comparison.field} cannot be compared with {comparison.operator}. Allowed: {allowed}",
            entity.comparator_words.format(
                field=name, kind=kind or "attribute", operator=comparison.operator
            ),
        )
    values = comparison.value if isinstance(comparison.value, tuple) else (comparison.value,)
    for value in values:
        if value is not None:
            _check_value(comparison, part, _without_quotes(comparison, part, value), kind)


def _without_quotes(comparison: Comparison, part: Attribute | Collection, value: Scalar) -> Scalar:
    """Return the number that a text writes, where a number may be written so."""
    if not (isinstance(part, NumberAttribute) and part.is_text and isinstance(value, str)):
        return value
    if not _WHOLE.fullmatch(value):
        lead = f"Expected numeric value type for numeric attribute: {comparison.field}"
        _refuse(comparison, f"{comparison.field} is a whole number, and never {value!r}", lead)
    return int(value)


def _check_value(comparison: Comparison, part: Attribute | Collection, value: Scalar, kind: str) -> None:
    field, operator = comparison.field, comparison.operator
    match part, value:
        case ((NumberAttribute() | MetricCollection()), str()):
            lead = f"Expected numeric value type for {kind or f'numeric attribute: {field}'}"
            _refuse(comparison, f"{field} is a number; write the value without quotes", lead)
        case NumberAttribute(), float() if not math.isfinite(value):
            _refuse(comparison, f"{field} is a whole number and never {value}")
        case NumberAttribute(), int() if value not in INT64:
            _refuse(comparison, f"{value} is outside the 64-bit integers, from {INT64[0]} to {INT64[-1]}")
        case MetricCollection(), float() if math.isnan(value) and operator not in EQUALITY | LISTS:
            _refuse(
                comparison,
                f"nan is neither above nor below any number. Allowed: {', '.join(EQUALITY | LISTS)}",
            )
        case ((NumberAttribute() | MetricCollection()), _):
            return
        case _, (int() | float()):
            lead = f"Expected a quoted string value for {kind or 'attributes'}"
            if operator in LISTS:
                lead = "While parsing a list in the query, expected string value"
            _refuse(comparison, f"{field} is text; write the value in quotes: '{value}'", lead)
        case ChoiceAttribute(), str() if operator not in PATTERNS and value not in part.choices:
            _refuse(comparison, f"{value!r} is not a {field}. Allowed: {', '.join(part.choices)}")


def _refuse(comparison: Comparison, reason: str, lead: str = "") -> NoReturn:
    raise SearchSyntaxError(reason, comparison.field.position, lead=lead)
