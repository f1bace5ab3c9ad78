"""Page tokens survive a round trip, are bound to their query, and fail with one error only."""

import base64
import json
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trackhelm_core.search.pages import (
    JSON,
    SortValue,
    decode_cursor,
    decode_token,
    encode_cursor,
    encode_token,
    query_digest,
)
from trackhelm_core.search.text import PageTokenError

_text = st.text(st.characters(exclude_characters="\x00", exclude_categories=["Cs"]), max_size=9)
_scalars = st.none() | st.integers(-(2**63), 2**63 - 1) | st.floats(allow_nan=False) | _text
_json = st.recursive(
    _scalars | st.booleans(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_text, inner, max_size=3),
)


@given(st.dictionaries(_text, _json, max_size=4))
def test_a_payload_goes_round_in_url_safe_text(payload: dict[str, JSON]) -> None:
    token = encode_token(payload)
    assert set(token) <= set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_")
    assert decode_token(token) == payload


@given(st.lists(_scalars, max_size=4), _text)
def test_a_cursor_goes_round_with_its_query(values: list[SortValue], query: str) -> None:
    digest = query_digest(query)
    assert decode_cursor(encode_cursor(values, digest), digest, len(values)) == values
    with pytest.raises(PageTokenError, match="another query"):
        decode_cursor(encode_cursor(values, digest), query_digest(query, "more"), len(values))
    with pytest.raises(PageTokenError):
        decode_cursor(encode_cursor(values, digest), digest, len(values) + 1)


@given(st.text() | st.binary().map(lambda data: base64.urlsafe_b64encode(data).decode()))
def test_any_text_is_a_token_or_a_page_token_error(text: str) -> None:
    try:
        payload = decode_token(text)
    except PageTokenError:
        return
    assert isinstance(payload, dict)


def _token(json_text: str) -> str:
    return base64.urlsafe_b64encode(json_text.encode()).decode()


@pytest.mark.parametrize(
    "text",
    [
        "",
        "abc",
        "é",
        "a b=",
        _token("[1]"),
        _token("5"),
        _token("{"),
        _token("[" * 100_000),
        _token("1" * 5_000),
        "A" * 1_000_001,
    ],
)
def test_what_is_no_token_is_refused(text: str) -> None:
    with pytest.raises(PageTokenError, match="Invalid page token"):
        decode_token(text)


@pytest.mark.parametrize("value", [True, 2**63, "\x00", "\ud800", [1], {"a": 1}])
def test_a_forged_value_never_reaches_a_statement(value: JSON) -> None:
    digest = query_digest("q")
    forged = _token(json.dumps({"q": digest, "after": [value]}))
    with pytest.raises(PageTokenError):
        decode_cursor(forged, digest, 1)


def test_infinity_is_a_position_in_an_order() -> None:
    digest = query_digest("q", ["metrics.a"])
    assert decode_cursor(encode_cursor([-math.inf, None], digest), digest, 2) == [-math.inf, None]


def test_a_digest_tells_apart_what_only_looks_alike() -> None:
    queries: list[tuple[JSON, ...]] = [
        ("a", "b"),
        ("ab",),
        (["a", "b"],),
        ("a", None),
        ("a",),
        (),
        (None,),
        (1,),
        ("1",),
    ]
    assert len({query_digest(*parts) for parts in queries}) == len(queries)
