"""Filter text to expression. It owns the grammar; which fields and operators exist is each entity's to say.

    either     = both (OR both)*
    both       = negation (AND negation)*
    negation   = NOT negation | "(" either ")" | comparison
    comparison = field ( sign literal | [NOT] (LIKE | ILIKE) string
                       | [NOT] IN "(" literal ("," literal)* [","] ")" | IS [NOT] NULL )

Keywords are read in any case. Depth and size are bounded, so no text can exhaust the stack or the database.
"""

from collections.abc import Callable

from trackhelm_core.search.bounds import MAX_COMPARISONS, MAX_DEPTH, MAX_PATTERN_LENGTH, MAX_VALUES
from trackhelm_core.search.errors import FILTER
from trackhelm_core.search.expression import And, Comparison, Expression, Field, Not, Operator, Or, Scalar
from trackhelm_core.search.fields import read_field
from trackhelm_core.search.lexer import TokenKind
from trackhelm_core.search.literals import read_literal, read_string
from trackhelm_core.search.reader import Reader

_SIGNS = {str(operator): operator for operator in Operator if not operator.value[0].isalpha()}
_PATTERN_OPERATORS = {"LIKE": Operator.LIKE, "ILIKE": Operator.ILIKE}
EMPTY_LIST = "While parsing a list in the query, expected a non-empty list of string values"
_AN_OPERATOR = f"an operator ({', '.join(Operator)}, NOT LIKE, NOT ILIKE)"


def parse_filter(text: str | None, subject: str = FILTER) -> Expression | None:
    """Give the expression that a filter means; None when the filter is absent or blank.

    `subject` is what messages call it.

    Raises:
        SearchSyntaxError: The text is not a filter.
    """
    if text is None or not text.strip():
        return None
    return _Parser(Reader(text, subject)).whole()


class _Parser:
    __slots__ = ("_comparisons", "_depth", "_reader", "_values")

    def __init__(self, reader: Reader) -> None:
        self._reader = reader
        self._depth = 0
        self._comparisons = 0
        self._values = 0

    def whole(self) -> Expression:
        expression = self._either()
        if self._reader.next.kind is not TokenKind.END:
            self._reader.expected("AND, OR or the end of the filter")
        return expression

    def _either(self) -> Expression:
        parts = self._chain(self._both, "OR")
        return parts[0] if len(parts) == 1 else Or(parts)

    def _both(self) -> Expression:
        parts = self._chain(self._negation, "AND")
        return parts[0] if len(parts) == 1 else And(parts)

    def _chain(self, part: Callable[[], Expression], keyword: str) -> tuple[Expression, ...]:
        parts = [part()]
        while self._reader.take_keyword(keyword):
            parts.append(part())
        return tuple(parts)

    def _negation(self) -> Expression:
        position = self._reader.next.position
        if self._reader.take_keyword("NOT"):
            return Not(self._deeper(self._negation, position))
        if self._reader.take_mark("("):
            inner = self._deeper(self._either, position)
            if not self._reader.take_mark(")"):
                self._reader.expected(f"AND, OR or the ) that closes position {position}")
            return inner
        return self._comparison()

    def _deeper(self, part: Callable[[], Expression], position: int) -> Expression:
        self._depth += 1
        if self._depth > MAX_DEPTH:
            self._reader.fail(f"at most {MAX_DEPTH} nested parentheses and NOTs are allowed", position)
        expression = part()
        self._depth -= 1
        return expression

    def _comparison(self) -> Expression:
        field = read_field(self._reader)
        self._comparisons += 1
        if self._comparisons > MAX_COMPARISONS:
            self._reader.fail(f"at most {MAX_COMPARISONS} comparisons are allowed", field.position)
        sign = self._reader.next
        if sign.kind is TokenKind.SIGN and sign.text in _SIGNS:
            self._reader.take()
            return Comparison(field, _SIGNS[sign.text], self._literal(sign.text))
        if sign.kind is TokenKind.SIGN:
            lead = f"Invalid comparator '{sign}'"
            self._reader.fail(f"expected {_AN_OPERATOR}, got {sign}", sign.position, lead)
        if self._reader.take_keyword("IS"):
            negated = self._reader.take_keyword("NOT")
            if not self._reader.take_keyword("NULL"):
                self._reader.expected("NULL after IS NOT" if negated else "NULL or NOT NULL after IS")
            return Comparison(field, Operator.IS_NOT_NULL if negated else Operator.IS_NULL)
        return self._worded(field, negated=self._reader.take_keyword("NOT"))

    def _worded(self, field: Field, *, negated: bool) -> Expression:
        if self._reader.take_keyword("IN"):
            return Comparison(field, Operator.NOT_IN if negated else Operator.IN, self._list())
        operator = _PATTERN_OPERATORS.get(self._reader.keyword or "")
        if operator is None:
            self._reader.expected("IN, LIKE or ILIKE after NOT" if negated else _AN_OPERATOR)
        self._reader.take()
        comparison = Comparison(field, operator, self._pattern(operator))
        return Not(comparison) if negated else comparison

    def _pattern(self, operator: Operator) -> str:
        position = self._reader.next.position
        pattern = read_string(self._reader, operator)
        if len(pattern) > MAX_PATTERN_LENGTH:
            self._reader.fail(f"a pattern may have at most {MAX_PATTERN_LENGTH} characters", position)
        return pattern

    def _list(self) -> tuple[Scalar, ...]:
        if not self._reader.take_mark("("):
            self._reader.expected("( after IN")
        if self._reader.is_mark(")"):
            reason = "a list after IN holds one value at least"
            self._reader.fail(reason, self._reader.next.position, EMPTY_LIST)
        values = [self._literal("(")]
        while self._reader.take_mark(","):
            if self._reader.is_mark(")"):
                break  # a Python tuple of one is written ('a',), and callers format tuples into filters
            values.append(self._literal(","))
        if not self._reader.take_mark(")"):
            self._reader.expected(", or ) in the list after IN")
        return tuple(values)

    def _literal(self, after: str) -> Scalar:
        self._values += 1
        if self._values > MAX_VALUES:
            self._reader.fail(f"at most {MAX_VALUES} values are allowed", self._reader.next.position)
        return read_literal(self._reader, after)
