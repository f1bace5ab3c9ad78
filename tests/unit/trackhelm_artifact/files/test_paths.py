"""No path of the wire leads out of the store, however it is written."""

import posixpath
from urllib.parse import quote, unquote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trackhelm_artifact.files.paths import parse_file_path, parse_path
from trackhelm_core.errors import InvalidParameterError

PIECES = ["..", ".", "/", "//", "\\", "#", "%", "25", "%2e", "%2E", "%252e", "%2f", "%5c", "%00", "%0a",
          "C:", "file:", "~", " ", "a", "é", "数", "\0", "\n", "\ud800", "\ufffd", "?", "*", "-"]  # fmt: skip

wild = st.lists(st.sampled_from(PIECES), max_size=12).map("".join) | st.text(max_size=40)


@given(wild, st.integers(0, 4))
def test_no_accepted_path_leads_outside(path: str, times: int) -> None:
    for _ in range(times):
        path = quote(path, errors="surrogatepass")
    try:
        key = parse_path(path)
    except InvalidParameterError as error:
        error.message.encode()  # it can be answered with
        return
    written = str(key)
    assert not any(character < " " or character == "\x7f" for character in written)
    for _ in range(times + 6):
        joined = posixpath.normpath(posixpath.join("/base", written))
        assert joined == "/base" or joined.startswith("/base/")
        assert not {"\\", "#"} & set(written)
        written = unquote(written)


@pytest.mark.parametrize(
    "path",
    [
        "../x", "a/../b", "%2e%2e/x", "a/%252e%252e/x", "/etc/passwd", "%2fetc", "//etc", "C:/x", "C:",
        "a\\b",
        "a%5Cb", "a#b", "a%23b", "file:///etc/passwd", "FILE:x", "a\0b", "a\nb", "x" * 256, "\ufffd",
        ".trackhelm/x",
    ],
)  # fmt: skip
def test_a_path_that_could_lead_elsewhere_is_refused(path: str) -> None:
    with pytest.raises(InvalidParameterError, match=r"^Invalid path"):
        parse_path(path)


def test_a_path_encoded_ten_times_is_judged_and_one_encoded_oftener_is_refused() -> None:
    def encoded(path: str, times: int) -> str:
        for _ in range(times):
            path = quote(path, safe="")
        return path

    assert str(parse_path(encoded("a%b", 9))) == encoded("a%b", 9)
    with pytest.raises(InvalidParameterError, match="segment"):
        parse_path(encoded("../b", 10))
    with pytest.raises(InvalidParameterError, match="more than 10 times"):
        parse_path(encoded("a/b", 11))


@pytest.mark.parametrize(
    "path",
    [
        "100%25.txt",
        "100%",
        "a b/c d",
        "größe 数据 ✓",
        "a+b&c=d?e",
        "..a/b..",
        "a:b",
        "...",
        "%zz",
        "images/loss%step%1%timestamp%1795452655189%00b62453.png",
    ],
)
def test_an_unusual_name_is_kept_as_it_is(path: str) -> None:
    assert str(parse_path(path)) == path


def test_empty_and_dot_segments_count_not() -> None:
    assert parse_path("a//./b/") == parse_path("a/b")


@pytest.mark.parametrize("path", ["", "a/", "."])
def test_a_file_to_be_written_needs_a_name(path: str) -> None:
    with pytest.raises(InvalidParameterError):
        parse_file_path(path)
