"""Order text to terms: `<field> [ASC|DESC]`. Which columns the terms mean is the entity's to say."""

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass

from trackhelm_core.search.bounds import MAX_ORDER_TERMS
from trackhelm_core.search.errors import SearchSyntaxError, clause
from trackhelm_core.search.expression import Field
from trackhelm_core.search.fields import read_field
from trackhelm_core.search.lexer import TokenKind
from trackhelm_core.search.reader import Reader


@dataclass(frozen=True, slots=True)
class OrderTerm:
    """One field to sort by, and the text that names it."""

    field: Field
    descending: bool = False
    text: str = dataclasses.field(default="", compare=False)


def parse_order_by(items: Sequence[str]) -> tuple[OrderTerm, ...]:
    """Give the terms that a request's order_by means, in its order.

    Raises:
        SearchSyntaxError: An item is not an order, or a field comes twice.
    """
    if len(items) > MAX_ORDER_TERMS:
        raise SearchSyntaxError(f"at most {MAX_ORDER_TERMS} items are allowed", 0, "order_by")
    terms: list[OrderTerm] = []
    for item in items:
        term = _term(item)
        if any(term.field == earlier.field for earlier in terms):
            raise sorted_twice(term.field, item)
        terms.append(term)
    return tuple(terms)


def sorted_twice(by: Field, item: str) -> SearchSyntaxError:
    """Return the error for an order that has a field twice, the second time in `item`."""
    return SearchSyntaxError(
        f"{by} is already sorted by", by.position, clause(item), "`order_by` contains duplicate fields"
    )


def _term(item: str) -> OrderTerm:
    reader = Reader(item, clause(item))
    by = read_field(reader)
    direction = reader.next
    if direction.kind is TokenKind.WORD:
        reader.take()
    if reader.next.kind is not TokenKind.END:
        reader.expected("ASC, DESC or the end of the text")
    if direction.kind is TokenKind.WORD and direction.text.upper() not in {"ASC", "DESC"}:
        reason = f"expected ASC, DESC or the end of the text, got {direction}"
        reader.fail(reason, direction.position, f"Invalid ordering key in {reader.subject}")
    return OrderTerm(by, descending=direction.text.upper() == "DESC", text=item)
