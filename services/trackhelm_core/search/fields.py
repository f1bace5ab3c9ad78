"""Reading one field: `key`, `prefix.key`, quoted parts, a metric's aggregate. It owns no list of known names.

Quotes make a key literal. A bare key after the metric prefix that ends in `.last`, `.min` or `.max` names
that value of the metric, unless there is a key of the whole name: `resolve` decides, which is told of keys.
"""

from trackhelm_core.search.expression import Aggregate, Field
from trackhelm_core.search.lexer import Token, TokenKind
from trackhelm_core.search.reader import Reader

METRIC_PREFIXES = frozenset({"metric", "metrics"})
_AGGREGATES = frozenset(Aggregate)
_A_FIELD = "a field such as name, tags.team or metrics.`val loss`"


def read_field(reader: Reader) -> Field:
    """Take one field from the text."""
    first = last = reader.next
    if _is_quoted_name(first):
        reader.take()
        if not _continues(reader, first):
            return Field(None, first.text, first.position)
        last = reader.take()
        prefix, key = first.text, last.text[1:]
    elif first.kind is TokenKind.WORD and reader.keyword is None:
        reader.take()
        prefix, dot, key = first.text.partition(".")
        if not dot:
            return Field(None, prefix, first.position)
    else:
        reader.expected(_A_FIELD)
    if not prefix:
        reader.fail(f"expected {_A_FIELD}, got {first}", first.position)
    is_metric = prefix.lower() in METRIC_PREFIXES
    if key:
        name, _, suffix = key.rpartition(".")
        if is_metric and name and suffix in _AGGREGATES:
            return Field(prefix, name, first.position, Aggregate(suffix), is_bare=True)
        return Field(prefix, key, first.position)
    literal = reader.next
    if not (_is_quoted_name(literal) and reader.touches(last)):
        reader.expected(f"a key right after {prefix}.")
    reader.take()
    if is_metric and _continues(reader, literal) and reader.next.text[1:] in _AGGREGATES:
        return Field(prefix, literal.text, first.position, Aggregate(reader.take().text[1:]))
    return Field(prefix, literal.text, first.position)


def _is_quoted_name(token: Token) -> bool:
    return token.kind is TokenKind.QUOTED and token.quote != "'"


def _continues(reader: Reader, token: Token) -> bool:
    """Whether a dot stands right after a quoted part."""
    return reader.next.kind is TokenKind.WORD and reader.next.text.startswith(".") and reader.touches(token)
