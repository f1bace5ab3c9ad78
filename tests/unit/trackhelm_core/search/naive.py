"""The meaning of a filter in plain Python, regardless of speed, with which SQL is compared."""

import math
import string

from tests.unit.trackhelm_core.search.toy import RUNS, ToyRun
from trackhelm_core.search.entity import StringAttribute
from trackhelm_core.search.grammar import And, Comparison, Expression, Field, Not, Operator, Or

_LOWER = str.maketrans(string.ascii_uppercase, string.ascii_lowercase)
_AGGREGATES = ("last", "min", "max")


def holds(expression: Expression, run: ToyRun) -> bool:
    match expression:
        case And(parts):
            return all(holds(part, run) for part in parts)
        case Or(parts):
            return any(holds(part, run) for part in parts)
        case Not(part):
            return not holds(part, run)
        case Comparison(field, Operator.IS_NULL):
            return not _is_there(field, run)
        case Comparison(field, Operator.IS_NOT_NULL):
            return _is_there(field, run)
        case Comparison(field, operator, value):
            return any(_compare(found, operator, value) for found in _values(field, run))


def like(text: str, pattern: str) -> bool:
    if not pattern:
        return not text
    head, rest = pattern[0], pattern[1:]
    if head == "%":
        return any(like(text[start:], rest) for start in range(len(text) + 1))
    return bool(text) and head in {"_", text[0]} and like(text[1:], rest)


def _is_there(field: Field, run: ToyRun) -> bool:
    values = _values(field, run)
    is_of_collection = RUNS.prefixes.get(field.prefix or "", field.prefix) in RUNS.collections
    part = None if is_of_collection else RUNS.attributes.get(RUNS.aliases.get(field.key, field.key))
    # An attribute of text that is empty is absent.
    return bool(values) and not (isinstance(part, StringAttribute) and values == [""])


def _values(field: Field, run: ToyRun) -> list[object]:
    prefix = RUNS.prefixes.get(field.prefix or "", field.prefix)
    match prefix:
        case "tags" | "params":
            rows = getattr(run, prefix)
            return [rows[field.key]] if field.key in rows else []
        case "metrics":
            index = _AGGREGATES.index(field.aggregate)
            return [run.metrics[field.key][index]] if field.key in run.metrics else []
        case "datasets":
            return [dataset[field.key] for dataset in run.datasets]
    value = getattr(run, RUNS.aliases.get(field.key, field.key))
    if field.key == "experiment_id":
        return [str(value)]
    return [] if value is None else [value]


def _equal(found: object, value: object) -> bool:
    if isinstance(found, float) and isinstance(value, int | float):
        return found == float(value) or (math.isnan(found) and math.isnan(value))
    return found == value


def _compare(found: object, operator: Operator, value: object) -> bool:  # noqa: PLR0911  # a line an operator
    match operator:
        case Operator.EQ:
            return _equal(found, value)
        case Operator.NE:
            return not _equal(found, value)
        case Operator.IN:
            return any(_equal(found, member) for member in value)  # type: ignore[attr-defined]
        case Operator.NOT_IN:
            return not any(_equal(found, member) for member in value)  # type: ignore[attr-defined]
        case Operator.LIKE:
            return like(str(found), str(value))
        case Operator.ILIKE:
            return like(str(found).translate(_LOWER), str(value).translate(_LOWER))
    assert isinstance(found, int | float)
    assert isinstance(value, int | float)
    limit = float(value) if isinstance(found, float) else value
    return {
        Operator.GT: found > limit,
        Operator.GE: found >= limit,
        Operator.LT: found < limit,
        Operator.LE: found <= limit,
    }[operator]
