"""The settings page says of every setting what the code says."""

import re
from pathlib import Path

import pytest
from pydantic import ValidationError

from trackhelm_core.settings import GatewaySettings, known_names

PAGE = Path(__file__).parents[3] / "docs" / "settings.md"


def test_the_page_lists_every_setting_with_its_description() -> None:
    rows = re.findall(r"^\| `(TRACKHELM_\w+)` \|.*\| ([^|]+) \|$", PAGE.read_text(), flags=re.MULTILINE)
    assert dict(rows) == known_names()


@pytest.mark.parametrize("url", ["127.0.0.1:1", "https://x:1", "http://x", "http://x:1/path", "http://a b:1"])
def test_an_address_that_is_not_one_is_refused(url: str) -> None:
    with pytest.raises(ValidationError):
        GatewaySettings(ingest_url=url)
