"""Pages of a sorted SELECT, and the tokens that say where the next page begins.

It owns the form of tokens and the SQL that begins behind a row; it does not know what the values mean.
"""

import base64
import hashlib
import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple, TypeAlias

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

# Page tokens: where the next page of a query begins. It owns their form, not what the values mean.
#
# A token is not signed, and need not be: forged, it only starts the page elsewhere in what the caller may
# see.

JSON: TypeAlias = str | int | float | bool | Sequence["JSON"] | Mapping[str, "JSON"] | None
SortValue: TypeAlias = str | int | float | None

_MALFORMED = "Invalid page token: pass the next_page_token of the page before, unchanged"
_OTHER_QUERY = (
    "Invalid page token: it is of another query; pass the filter, order_by and other arguments of the page"
    " before, or leave page_token out to begin again"
)


def query_digest(*parts: JSON) -> str:
    """Give a short digest of whatever makes a query itself: its filter, its order, what it searches in."""
    text = json.dumps(parts, sort_keys=True)
    return hashlib.blake2b(text.encode(), digest_size=9).hexdigest()


def encode_cursor(values: Sequence[SortValue], digest: str) -> str:
    """Give the token of the page that begins after the row with these sort values.

    A metric that is NaN has no sort value: it is NULL in the database, and None here.
    """
    return encode_token({"q": digest, "after": list(values)})


def decode_cursor(text: str, digest: str, length: int) -> list[SortValue]:
    """Give the sort values in a token of the same query; each is fit to be a parameter of a statement.

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
    """Give the URL-safe text of a payload."""
    text = json.dumps(payload, separators=(",", ":"), ensure_ascii=False)
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def decode_token(text: str) -> dict[str, JSON]:
    """Give the payload of a token.

    Raises:
        PageTokenError: The text is not a token.
    """
    if len(text) > MAX_TOKEN_LENGTH:
        raise PageTokenError(_MALFORMED)
    try:
        padded = text + "=" * (-len(text) % 4)
        payload = json.loads(base64.b64decode(padded, altchars=b"-_", validate=True))
    except (ValueError, RecursionError):  # brackets nested by the thousand exhaust the JSON parser
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


# Pages of a sorted SELECT, each begun after the last row of the page before. It owns the SQL of that.
#
# A page found by offset shifts when rows arrive before it, and costs as much as all pages before it
# together. Found by the last row's sort values it does neither. The last sort column must tell any two rows
# apart.


@dataclass(frozen=True, slots=True)
class SortColumn:
    """A column to sort by. Rows in which a nullable one is NULL come last, whatever the direction."""

    column: SQLColumnExpression[Any]
    descending: bool = False
    nullable: bool = False


class PageRequest(NamedTuple):
    """Which page: up to `limit` rows, after the page that gave `token` (the first page: "").

    `digest` tells the query from others, see `pages.query_digest`.
    """

    digest: str
    token: str
    limit: int


class Page(NamedTuple):
    """Rows, each with its sort values at its end, and the token of the next page ("" when there is none)."""

    rows: Sequence[Row[*tuple[Any, ...]]]
    next_token: str


def read_page(
    session: Session, statement: Select[*tuple[Any, ...]], order: Sequence[SortColumn], page: PageRequest
) -> Page:
    """Read one page of a SELECT of columns that has neither order nor limit.

    Raises:
        PageTokenError: The token is malformed or of another query.
    """
    # By the connection: the session would copy every row on its way to objects that are not asked for.
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
    """Return the sort values of the row that a page begins after, None for the first page.

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
    """Return the SELECT of the first `limit` rows after a row, with sort values as `sort_0`, `sort_1`."""
    if after is not None:
        statement = statement.where(_begins_after(order, after))
    # Labelled, because the rows may hold the same columns under their own names.
    values: list[Label[Any]] = [
        term.column.label(f"sort_{index}") for index, term in enumerate(order, labels_from)
    ]
    return statement.add_columns(*values).order_by(*map(_clause, order)).limit(limit)


def sort_values_of(rows: str, order: Sequence[SortColumn]) -> list[SortColumn]:
    """Return the order of a subquery's rows, in terms of the sort values that `sorted_after` gave them.

    By the subquery's name: SQLAlchemy takes a millisecond to make column objects of one.
    """
    return [
        replace(term, column=literal_column(f"{rows}.sort_{index}", term.column.label(None).type))
        for index, term in enumerate(order)
    ]


def in_order(statement: Select[*tuple[Any, ...]], order: Sequence[SortColumn]) -> Select[*tuple[Any, ...]]:
    """Return a SELECT in an order."""
    return statement.order_by(*map(_clause, order))


def cut_page(rows: Sequence[Row[*tuple[Any, ...]]], order: Sequence[SortColumn], page: PageRequest) -> Page:
    """Return the page that the rows of `page_statement` make."""
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
    # Says nothing new, but in a form by which an index on the first column is entered at the right place.
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
    """Refuse a forged token before the database does: PostgreSQL compares no number with text."""
    for term, value in zip(order, values, strict=True):
        kind = term.column.label(None).type.python_type
        fits = term.nullable if value is None else isinstance(value, kind)
        if not fits:
            raise PageTokenError("Invalid page token: it is not one that this server gave out")


def _stored_sort_value(value: Any) -> SortValue:
    is_nan = isinstance(value, float) and math.isnan(value)
    return None if is_nan else value
