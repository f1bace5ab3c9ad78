"""An expression written as text, for round-trip tests."""

from trackhelm_core.search.grammar import (
    Aggregate,
    And,
    Comparison,
    Expression,
    Field,
    Not,
    Or,
    Scalar,
    Value,
)


def to_text(expression: Expression) -> str:
    match expression:
        case And(parts):
            return " AND ".join(
                f"({to_text(part)})" if isinstance(part, And | Or) else to_text(part) for part in parts
            )
        case Or(parts):
            return " OR ".join(
                f"({to_text(part)})" if isinstance(part, Or) else to_text(part) for part in parts
            )
        case Not(part):
            return f"NOT ({to_text(part)})"
        case Comparison(field, operator, value):
            return f"{field_text(field)} {operator}{_value(value)}"


def field_text(field: Field) -> str:
    key = _quoted(field.key, "`")
    if field.prefix is None:
        return key
    suffix = "" if field.aggregate is Aggregate.LAST else f".{field.aggregate}"
    return f"{_quoted(field.prefix, '`')}.{key}{suffix}"


def _value(value: Value) -> str:
    if value is None:
        return ""
    if isinstance(value, tuple):
        return f" ({', '.join(_scalar(member) for member in value)})"
    return f" {_scalar(value)}"


def _scalar(value: Scalar) -> str:
    return _quoted(value, "'") if isinstance(value, str) else repr(value)


def _quoted(text: str, quote: str) -> str:
    return f"{quote}{text.replace(quote, quote * 2)}{quote}"
