"""Expression to SQL. It owns the logic of AND, OR, NOT and absence; it knows no table and writes no literal.

The logic is two-valued. A comparison is true or it is not, and a field that is absent fulfils no comparison
but IS NULL: neither `tags.x = 'a'` nor `tags.x != 'a'` holds where there is no tag x. NOT turns exactly that
around: `NOT (tags.x = 'a')` holds where there is no tag x, and so does `tags.x NOT LIKE 'a%'`, which is the
NOT of LIKE. A metric that is NaN is present: it fulfils `= nan` and `!=` any number. It is not NULL.
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
from trackhelm_core.search.expression import And, Comparison, Expression, Not, Operator, Or, comparisons
from trackhelm_core.search.predicates import (
    choice_predicate,
    id_predicate,
    metric_predicate,
    number_predicate,
    string_predicate,
)
from trackhelm_core.search.resolve import ResolvedAttribute, ResolvedKey, resolve_field


def compile_filter(expression: Expression, entity: EntitySearch) -> ColumnElement[bool]:
    """Give the condition that an expression means for an entity, to go in a WHERE.

    Raises:
        SearchSyntaxError: A field, operator or value is not valid for the entity.
    """
    match expression:
        case And(parts):
            return and_(*(compile_filter(part, entity) for part in parts))
        case Or(parts):
            return or_(*(compile_filter(part, entity) for part in parts))
        case Not(part):
            return _negate(part, entity)
        case Comparison():
            resolved = resolve_field(expression.field, entity)
            check_comparison(expression, resolved)
            if isinstance(resolved, ResolvedKey):
                return _compare_key(expression, resolved)
            return _compare_attribute(expression, resolved)


def _negate(part: Expression, entity: EntitySearch) -> ColumnElement[bool]:
    condition = compile_filter(part, entity)
    fields = (resolve_field(comparison.field, entity) for comparison in comparisons(part))
    if all(isinstance(field, ResolvedKey) for field in fields):
        return not_(condition)  # EXISTS is never NULL, and a bare NOT EXISTS is what databases plan well
    # AND and OR never make true of NULL what they would not make of false, so once, here, is enough.
    return not_(func.coalesce(condition, false()))


def _compare_attribute(comparison: Comparison, resolved: ResolvedAttribute) -> ColumnElement[bool]:
    part, operator, value = resolved.part, comparison.operator, comparison.value
    match part:
        case StringAttribute():
            return string_predicate(part.column, operator, value)
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
