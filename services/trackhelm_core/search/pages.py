"""Page tokens: where the next page of a query begins. It owns their form, not what the values mean.

A token is not signed, and need not be: forged, it only starts the page elsewhere in what the caller may see.
"""

import base64
import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import TypeAlias

from trackhelm_core.search.bounds import INT64, MAX_TOKEN_LENGTH
from trackhelm_core.search.errors import PageTokenError
from trackhelm_core.search.lexer import is_storable

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
