"""Order text to terms: `<field> [ASC|DESC]`. Which columns the terms mean is the entity's to say."""

from collections.abc import Sequence
from dataclasses import dataclass

from trackhelm_core.search.bounds import MAX_ORDER_TERMS
from trackhelm_core.search.errors import SearchSyntaxError
from trackhelm_core.search.expression import Field
from trackhelm_core.search.fields import read_field
from trackhelm_core.search.lexer import TokenKind
from trackhelm_core.search.reader import Reader


@dataclass(frozen=True, slots=True)
class OrderTerm:
    """One field to sort by."""

    field: Field
    descending: bool = False


def parse_order_by(items: Sequence[str]) -> tuple[OrderTerm, ...]:
    """Give the terms that a request's order_by means, in its order.

    Raises:
        SearchSyntaxError: An item is not an order, or a field comes twice.
    """
    if len(items) > MAX_ORDER_TERMS:
        raise SearchSyntaxError(f"at most {MAX_ORDER_TERMS} items are allowed", 0, "order_by")
    terms: list[OrderTerm] = []
    for index, item in enumerate(items):
        subject = f"order_by[{index}]"
        term = _term(Reader(item, subject))
        if any(term.field == earlier.field for earlier in terms):
            raise SearchSyntaxError(f"{term.field} is already sorted by", term.field.position, subject)
        terms.append(term)
    return tuple(terms)


def _term(reader: Reader) -> OrderTerm:
    field = read_field(reader)
    direction = reader.next
    if direction.kind is TokenKind.WORD and direction.text.upper() in {"ASC", "DESC"}:
        reader.take()
    if reader.next.kind is not TokenKind.END:
        reader.expected("ASC, DESC or the end of the text")
    return OrderTerm(field, descending=direction.text.upper() == "DESC")
