"""Pages of a sorted SELECT, and the tokens that say where the next page begins.

Owns the form of tokens and the SQL that continues after a row. Must not know what the values mean.
"""

import base64
import hashlib
import json
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Generic, NamedTuple, TypeAlias, TypeVar

from sqlalchemy import (
    ColumnElement,
    Label,
    Row,
    Select,
    SQLColumnExpression,
    UnaryExpression,
    and_,
    false,
    literal_column,
    or_,
)
from sqlalchemy.orm import Session

from trackhelm_core.search.text import INT64, MAX_TOKEN_LENGTH, PageTokenError, is_storable

# Page tokens: where the next page of a query begins. A token need not be signed: with a forged one the page
# only begins elsewhere in what the caller may see anyway.

JSON: TypeAlias = str | int | float | bool | Sequence["JSON"] | Mapping[str, "JSON"] | None
SortValue: TypeAlias = str | int | float | None

_MALFORMED = "Invalid page token: pass the next_page_token of the page before, unchanged"
_OTHER_QUERY = (
    "Invalid page token: it is of another query; pass the filter, order_by and other arguments of the page"
    " before, or leave page_token out to begin again"
)


def query_digest(*parts: JSON) -> str:
    """Return a short digest of all that identifies a query: its filter, its order, where it searches."""
    text = json.dumps(parts, sort_keys=True)
    return hashlib.blake2b(text.encode(), digest_size=9).hexdigest()


def encode_cursor(values: Sequence[SortValue], digest: str) -> str:
    """Return the token of the page that begins after the row with these sort values.

    A metric that is NaN has no sort value: it is NULL in the database, and None here.
    """
    return encode_token({"q": digest, "after": list(values)})


def decode_cursor(text: str, digest: str, length: int) -> list[SortValue]:
    """Return the sort values in a token of the same query; each can be a parameter of a statement.

    Raises:
        PageTokenError: The token is malformed, of another query, or does not hold `length` values.
    """
    payload = decode_token(text)
    if payload.get("q") != digest:
        raise PageTokenError(_OTHER_QUERY)
    values = payload.get("after")
    if not isinstance(values, list) or len(values) != length:
        raise PageTokenError(_MALFORMED)
    return [_sort_value(value) for value in values]


def encode_token(payload: Mapping[str, JSON]) -> str:
    """Return a payload as URL-safe text."""
    text = json.dumps(payload, separators=(",", ":"), ensure_ascii=False)
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def decode_token(text: str) -> dict[str, JSON]:
    """Return the payload of a token.

    Raises:
        PageTokenError: The text is not a token.
    """
    if len(text) > MAX_TOKEN_LENGTH:
        raise PageTokenError(_MALFORMED)
    try:
        padded = text + "=" * (-len(text) % 4)
        payload = json.loads(base64.b64decode(padded, altchars=b"-_", validate=True))
    except (ValueError, RecursionError):  # thousands of nested brackets exhaust the JSON parser
        raise PageTokenError(_MALFORMED) from None
    if not isinstance(payload, dict):
        raise PageTokenError(_MALFORMED)
    return payload


def _sort_value(value: JSON) -> SortValue:
    match value:
        case bool():
            pass
        case None | float():
            return value
        case int() if value in INT64:
            return value
        case str() if is_storable(value):
            return value
    raise PageTokenError(_MALFORMED)


# Pages of a sorted SELECT, each of which begins after the last row of the page before.
#
# A page by OFFSET would shift when rows are inserted before it, and would cost as much as all pages before it
# together. A page that begins after the last row's sort values does neither. The last sort column must be
# unique.


@dataclass(frozen=True, slots=True)
class SortColumn:
    """A column to sort by. Rows in which a nullable column is NULL come last in both directions."""

    column: SQLColumnExpression[Any]
    descending: bool = False
    nullable: bool = False


class PageRequest(NamedTuple):
    """Which page: up to `limit` rows after the page that returned `token` ("" for the first page).

    `digest` identifies the query, see `query_digest`.
    """

    digest: str
    token: str
    limit: int


RowType = TypeVar("RowType")
MadeType = TypeVar("MadeType")
CutType = TypeVar("CutType", bound=Sequence[Any])
"""A row of any form: SQLAlchemy's, or the driver's tuple."""

AnyRow = Row[*tuple[Any, ...]]


class Page(NamedTuple, Generic[RowType]):
    """Rows, each with its sort values at the end, and the token of the next page ("" if there is none)."""

    rows: Sequence[RowType]
    next_token: str

    def of(self, make: Callable[[RowType], MadeType]) -> "Page[MadeType]":
        """Return the page of what is made of each row. No row of the database leaves a store."""
        return Page([make(row) for row in self.rows], self.next_token)


def read_page(
    session: Session, statement: Select[*tuple[Any, ...]], order: Sequence[SortColumn], page: PageRequest
) -> Page[AnyRow]:
    """Read one page of a SELECT of columns that has neither an order nor a limit.

    Raises:
        PageTokenError: The token is malformed or of another query.
    """
    # On the connection, because the session would copy every row for ORM objects that are not needed.
    rows = session.connection().execute(page_statement(statement, order, page)).all()
    return cut_page(rows, order, page)


def page_statement(
    statement: Select[*tuple[Any, ...]], order: Sequence[SortColumn], page: PageRequest
) -> Select[*tuple[Any, ...]]:
    """Return the SELECT of a page and of one more row, which says whether another page follows.

    Raises:
        PageTokenError: The token is malformed or of another query.
    """
    return sorted_after(statement, order, after_of(order, page), page.limit + 1)


def after_of(order: Sequence[SortColumn], page: PageRequest) -> list[SortValue] | None:
    """Return the sort values of the row after which a page begins, None for the first page.

    Raises:
        PageTokenError: The token is malformed or of another query.
    """
    if not page.token:
        return None
    after = decode_cursor(page.token, page.digest, len(order))
    _check(order, after)
    return after


def sorted_after(
    statement: Select[*tuple[Any, ...]],
    order: Sequence[SortColumn],
    after: Sequence[SortValue] | None,
    limit: int | ColumnElement[int],
    *,
    labels_from: int = 0,
) -> Select[*tuple[Any, ...]]:
    """Return the SELECT of the first `limit` rows after a row, with its sort values as `sort_0`, …."""
    if after is not None:
        statement = statement.where(_begins_after(order, after))
    # Labelled, because the rows may also have the same columns under their own names.
    values: list[Label[Any]] = [
        term.column.label(f"sort_{index}") for index, term in enumerate(order, labels_from)
    ]
    return statement.add_columns(*values).order_by(*map(_clause, order)).limit(limit)


def sort_values_of(rows: str, order: Sequence[SortColumn]) -> list[SortColumn]:
    """Return the order of a subquery's rows by the sort values that `sorted_after` added to them.

    `rows` is the name of the subquery: from a subquery, SQLAlchemy takes a millisecond to make columns.
    """
    return [
        replace(term, column=literal_column(f"{rows}.sort_{index}", term.column.label(None).type))
        for index, term in enumerate(order)
    ]


def in_order(statement: Select[*tuple[Any, ...]], order: Sequence[SortColumn]) -> Select[*tuple[Any, ...]]:
    """Return a SELECT with an order."""
    return statement.order_by(*map(_clause, order))


def cut_page(rows: Sequence[CutType], order: Sequence[SortColumn], page: PageRequest) -> Page[CutType]:
    """Return the page of the rows that `page_statement` has read."""
    if len(rows) <= page.limit:
        return Page(rows, "")
    rows = rows[: page.limit]
    values = [_stored_sort_value(value) for value in rows[-1][-len(order) :]]
    return Page(rows, encode_cursor(values, page.digest))


def _clause(term: SortColumn) -> UnaryExpression[Any]:
    clause = term.column.desc() if term.descending else term.column.asc()
    return clause.nulls_last() if term.nullable else clause


def _begins_after(order: Sequence[SortColumn], values: Sequence[SortValue]) -> ColumnElement[bool]:
    first, value = order[0], values[0]
    condition = _after(order, values)
    if first.nullable:
        return condition
    # It excludes no further row, but lets the database use an index on the first column to find the start.
    bound = first.column <= value if first.descending else first.column >= value
    return and_(bound, condition)


def _after(order: Sequence[SortColumn], values: Sequence[SortValue]) -> ColumnElement[bool]:
    condition: ColumnElement[bool] = false()
    for term, value in zip(reversed(order), reversed(values), strict=True):
        if value is None:
            condition = and_(term.column.is_(None), condition)
            continue
        beyond = term.column < value if term.descending else term.column > value
        if term.nullable:
            beyond = or_(beyond, term.column.is_(None))
        condition = or_(beyond, and_(term.column == value, condition))
    return condition


def _check(order: Sequence[SortColumn], values: Sequence[SortValue]) -> None:
    """Refuse a forged token before the database does: PostgreSQL cannot compare a number with text."""
    for term, value in zip(order, values, strict=True):
        kind = term.column.label(None).type.python_type
        fits = term.nullable if value is None else isinstance(value, kind)
        if not fits:
            raise PageTokenError("Invalid page token: it is not one that this server gave out")


def _stored_sort_value(value: Any) -> SortValue:
    is_nan = isinstance(value, float) and math.isnan(value)
    return None if is_nan else value
