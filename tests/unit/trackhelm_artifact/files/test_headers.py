"""Ranges that are asked for, and the type and name a file is sent under."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trackhelm_artifact.files.logic import (
    Span,
    UnsatisfiableRangeError,
    asked_span,
    attachment,
    is_known,
    media_type,
    names_etag,
)


@pytest.mark.parametrize(
    ("header", "span"),
    [
        ("bytes=0-0", Span(0, 1)),
        ("bytes=2-4", Span(2, 5)),
        ("bytes=7-", Span(7, 10)),
        ("bytes=7-99", Span(7, 10)),
        ("bytes=-3", Span(7, 10)),
        ("bytes=-99", Span(0, 10)),
        ("Bytes = 1-2", None),
        (None, None),
        ("", None),
        ("bytes=-", None),
        ("bytes=4-2", None),
        ("bytes=0-1,3-4", None),
        ("lines=0-1", None),
        ("bytes=" + "9" * 5000 + "-", None),
        ("bytes=٣-٤", None),
    ],
)
def test_a_range_of_ten_bytes(header: str | None, span: Span | None) -> None:
    assert asked_span(header, 10) == span


@pytest.mark.parametrize(("header", "size"), [("bytes=10-", 10), ("bytes=-0", 10), ("bytes=0-", 0)])
def test_a_range_without_a_byte_is_unsatisfiable(header: str, size: int) -> None:
    with pytest.raises(UnsatisfiableRangeError):
        asked_span(header, size)


@given(st.text() | st.from_regex(r"bytes=\d{0,4}-\d{0,4}"), st.integers(0, 100))
def test_a_range_is_always_inside_the_file(header: str, size: int) -> None:
    try:
        span = asked_span(header, size)
    except UnsatisfiableRangeError:
        return
    assert span is None or 0 <= span.start < span.stop <= size


@given(st.text(max_size=40))
def test_whatever_stands_for_a_time_is_a_condition_or_none(text: str) -> None:
    assert is_known(None, text, "etag", 1.0) in {True, False}


def test_an_etag_is_found_among_several() -> None:
    assert names_etag('"a", W/"b"', "b")
    assert names_etag("*", "b")
    assert not names_etag('"a"', "b")
    assert not names_etag(None, "b")


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("MLmodel", "text/plain"),
        ("mlproject", "text/plain"),
        ("c.txt", "text/plain"),
        ("conda.YAML", "text/plain"),
        ("x.js", "text/plain"),
        ("x.mjs", "text/plain"),
        ("c.pkl", "application/octet-stream"),
        ("weights", "application/octet-stream"),
        ("a.txt.gz", "application/octet-stream"),
        ("c.png", "image/png"),
        ("c.pdf", "application/pdf"),
        ("report.html", "text/html"),
    ],
)
def test_the_type_is_told_by_the_name(name: str, kind: str) -> None:
    assert media_type(name) == kind


def test_a_plain_name_stands_as_it_is() -> None:
    assert attachment("c.txt") == "attachment; filename=c.txt"


def test_another_name_is_encoded_beside_a_plain_one() -> None:
    header = attachment('größe "1".txt')
    assert header == "attachment; filename=\"gr__e _1_.txt\"; filename*=UTF-8''gr%C3%B6%C3%9Fe%20%221%22.txt"


@given(st.text(st.characters(codec="utf-8", exclude_categories=["Cc"]), min_size=1))
def test_no_name_breaks_the_header(name: str) -> None:
    assert set(attachment(name)) <= {chr(code) for code in range(32, 127)}
