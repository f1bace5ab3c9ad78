"""The settings page says of every setting what the code says."""

import re
from pathlib import Path

import pytest
from pydantic import ValidationError

from trackhelm_core.settings import GatewaySettings, RedisSettings, StorageSettings, known_names

PAGE = Path(__file__).parents[4] / "docs" / "settings.md"


def test_the_page_lists_every_setting_with_its_description() -> None:
    rows = re.findall(r"^\| `(TRACKHELM_\w+)` \|.*\| ([^|]+) \|$", PAGE.read_text(), flags=re.MULTILINE)
    assert dict(rows) == known_names()


@pytest.mark.parametrize("url", ["127.0.0.1:1", "https://x:1", "http://x", "http://x:1/path", "http://a b:1"])
def test_an_address_that_is_not_one_is_refused(url: str) -> None:
    with pytest.raises(ValidationError):
        GatewaySettings(ingest_url=url)


@pytest.mark.parametrize(
    ("group", "name", "read"),
    [
        (RedisSettings, "redis_url", "effective_redis_url"),
        (StorageSettings, "database_url", "effective_database_url"),
    ],
)
def test_an_address_with_a_password_may_be_in_a_file(
    group: type[RedisSettings | StorageSettings], name: str, read: str, tmp_path: Path
) -> None:
    file = tmp_path / "url"
    with pytest.raises(ValidationError, match="cannot be read"):
        group.model_validate({f"{name}_file": file})
    file.write_text("\n")
    with pytest.raises(ValidationError, match="is empty"):
        group.model_validate({f"{name}_file": file})
    file.write_text("scheme://user:password@host/0\n")
    settings = group.model_validate({f"{name}_file": file})
    assert getattr(settings, read) == "scheme://user:password@host/0"
    assert getattr(group.model_validate({name: "scheme://other"}), read) == "scheme://other"
    with pytest.raises(ValidationError, match="both given"):
        group.model_validate({f"{name}_file": file, name: "scheme://other"})


@pytest.mark.parametrize(
    "page", sorted((PAGE.parent / "operations").glob("*.md")), ids=lambda page: page.stem
)
def test_pages_of_operators_name_settings_that_there_are(page: Path) -> None:
    named = set(re.findall(r"\bTRACKHELM_[A-Z0-9]+(?:_[A-Z0-9]+)*\b(?!_)", page.read_text(encoding="utf-8")))
    assert named <= known_names().keys()
