"""Which origins a setting can list."""

import pytest
from pydantic import ValidationError

from trackhelm_core.settings import HttpSettings


@pytest.mark.parametrize(
    ("text", "origins"),
    [
        ("", set()),
        (" , ", set()),
        ("*", {"*"}),
        (
            "https://ui.example.com, http://localhost:5173",
            {"https://ui.example.com", "http://localhost:5173"},
        ),
        ("HTTPS://UI.Example.com:443", {"https://ui.example.com"}),
        ("http://localhost:80,http://localhost:443", {"http://localhost", "http://localhost:443"}),
        ("http://[::1]:3000", {"http://[::1]:3000"}),
    ],
)
def test_origins_are_as_browsers_write_them(text: str, origins: set[str]) -> None:
    assert HttpSettings(cors_origins=text).allowed_origins == origins


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("localhost:5173", "must begin with http"),
        ("ui.example.com", "must begin with http"),
        ("null", "must begin with http"),
        ("file:///x", "must begin with http"),
        ("https://", "must begin with http"),
        ("https://ui.example.com/", "nothing else"),
        ("https://ui.example.com/app", "nothing else"),
        ("https://ui.example.com?", "nothing else"),
        ("https://me@ui.example.com", "nothing else"),
        ("https://*.example.com", "written out"),
        ("http://localhost:*", "written out"),
        ("https://ü.example", "written out"),
        ("http://localhost:99999", "99999.*is no origin.*Port out of range"),
        ("http://[", "is no origin"),
        ("*,https://ui.example.com", "alone"),
    ],
)
def test_what_is_no_origin_is_refused(text: str, fault: str) -> None:
    with pytest.raises(ValidationError, match=fault):
        HttpSettings(cors_origins=text)
