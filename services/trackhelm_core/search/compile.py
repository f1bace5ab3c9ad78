"""Expression to SQL. It owns the logic of AND, OR, NOT and absence; it knows no table and writes no literal.

The logic is two-valued. A comparison is true or it is not, and a field that is absent fulfils no comparison
but IS NULL: neither `tags.x = 'a'` nor `tags.x != 'a'` holds where there is no tag x. NOT turns exactly that
around: `NOT (tags.x = 'a')` holds where there is no tag x, and so does `tags.x NOT LIKE 'a%'`, which is the
NOT of LIKE. A metric that is NaN is present: it fulfils `= nan` and `!=` any number. It is not NULL.
An attribute of text that is empty is absent, too, and besides equal to '': callers see one as the other.
A collection with several rows of a key, such as the datasets of a run, fulfils a comparison if any row does.
"""

from functools import partial

from sqlalchemy import ColumnElement, SQLColumnExpression, and_, false, func, not_, or_, true

from trackhelm_core.search.checks import check_comparison
from trackhelm_core.search.entity import (
    ChoiceAttribute,
    EntitySearch,
    IdAttribute,
    MetricCollection,
    NumberAttribute,
    Predicate,
    StringAttribute,
)
from trackhelm_core.search.expression import And, Comparison, Expression, Not, Operator, Or
from trackhelm_core.search.predicates import (
    choice_predicate,
    id_predicate,
    metric_predicate,
    number_predicate,
    string_predicate,
    text_predicate,
)
from trackhelm_core.search.resolve import ResolvedAttribute, ResolvedKey, resolve_field


def compile_filter(expression: Expression, entity: EntitySearch) -> ColumnElement[bool]:
    """Give the condition that an expression means for an entity, to go in a WHERE.

    Raises:
        SearchSyntaxError: A field, operator or value is not valid for the entity.
    """
    return _compile(expression, entity, negated=False)


def _compile(expression: Expression, entity: EntitySearch, *, negated: bool) -> ColumnElement[bool]:
    """Carry NOT down to the comparisons: there it is easy to plan, and nested NOTs cost no nested SQL."""
    match expression:
        case Not(part):
            return _compile(part, entity, negated=not negated)
        case And(parts) | Or(parts):
            conditions = (_compile(part, entity, negated=negated) for part in parts)
            return and_(*conditions) if isinstance(expression, And) is not negated else or_(*conditions)
        case Comparison():
            resolved = resolve_field(expression.field, entity)
            check_comparison(expression, resolved, entity)
            if isinstance(resolved, ResolvedKey):
                found = _compare_key(expression, resolved)
                return not_(found) if negated else found
            holds = _compare_attribute(expression, resolved)
            return not_(func.coalesce(holds, false())) if negated else holds


def _compare_attribute(comparison: Comparison, resolved: ResolvedAttribute) -> ColumnElement[bool]:
    part, operator, value = resolved.part, comparison.operator, comparison.value
    match part:
        case StringAttribute():
            return text_predicate(part.column, operator, value, nullable=part.nullable)
        case NumberAttribute():
            return number_predicate(part.column, operator, value)
        case IdAttribute():
            return id_predicate(part.column, operator, value)
        case ChoiceAttribute():
            return choice_predicate(part.column, operator, value, part.choices)


def _compare_key(comparison: Comparison, resolved: ResolvedKey) -> ColumnElement[bool]:
    operator = comparison.operator
    if operator is Operator.IS_NULL:
        return not_(_exists(resolved, _anything))
    if operator is Operator.IS_NOT_NULL:
        return _exists(resolved, _anything)
    predicate = metric_predicate if isinstance(resolved.part, MetricCollection) else string_predicate
    return _exists(resolved, partial(predicate, operator=operator, value=comparison.value))


def _exists(resolved: ResolvedKey, predicate: Predicate) -> ColumnElement[bool]:
    field, part = resolved.field, resolved.part
    if isinstance(part, MetricCollection):
        return part.exists(field.key, field.aggregate, predicate)
    return part.exists(field.key, predicate)


def _anything(_column: SQLColumnExpression[object]) -> ColumnElement[bool]:
    return true()
