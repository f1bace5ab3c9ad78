"""The forms of a `models:/` URI."""

import pytest

from trackhelm_registry.model_versions.sources import (
    AliasUri,
    LoggedModelUri,
    ModelUri,
    StageUri,
    VersionUri,
    parse_model_uri,
)


@pytest.mark.parametrize(
    ("uri", "meaning"),
    [
        ("models:/m-0123", LoggedModelUri("m-0123")),
        ("models:/iris/3", VersionUri("iris", "3")),
        ("models:/my iris#1?/3", VersionUri("my iris#1?", "3")),
        ("models:/iris/Production", StageUri("iris", "Production")),
        ("models:/iris/LATEST", StageUri("iris", None)),
        ("models:/iris@champion", AliasUri("iris", "champion")),
        ("models:/a@b@champion", AliasUri("a@b", "champion")),
        ("MODELS:/iris/3", VersionUri("iris", "3")),
    ],
)
def test_each_form_is_told_from_the_others(uri: str, meaning: ModelUri) -> None:
    assert parse_model_uri(uri) == meaning


@pytest.mark.parametrize(
    "uri",
    [
        "models:",
        "models:/",
        "models:/ ",
        "models:iris/3",
        "models://iris/3",
        "models:///iris/3",
        "models:/iris/",
        "models:/ /3",
        "models:/iris/3/files",
        "models:/@champion",
        "models:/iris@",
    ],
)
def test_what_has_none_of_the_forms_means_nothing(uri: str) -> None:
    assert parse_model_uri(uri) is None
