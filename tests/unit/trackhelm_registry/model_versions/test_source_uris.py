"""Source URIs as paths: safe or not, under another or not."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trackhelm_core.errors import InvalidParameterError
from trackhelm_registry.model_versions.sources import Location, lies_under, parse_source

ROOT = "mlflow-artifacts:/1/run/artifacts"


@pytest.mark.parametrize(
    "source", [ROOT, f"{ROOT}/", f"{ROOT}/model", f"{ROOT}//a", "MLFLOW-ARTIFACTS:/1/%72un/artifacts/a"]
)
def test_the_root_and_what_is_below_lies_under_it(source: str) -> None:
    assert lies_under(source, ROOT)


@pytest.mark.parametrize(
    "source",
    [
        "mlflow-artifacts:/1/run",
        f"{ROOT}-2/model",
        "mlflow-artifacts://host/1/run/artifacts/model",
        "mlflow-artifacts:/1/run%2fartifacts/model",
        "s3:/1/run/artifacts/model",
        f"{ROOT}/model#x",
        f"{ROOT}/model?x",
    ],
)
def test_nothing_else_does(source: str) -> None:
    assert not lies_under(source, ROOT)


def test_nothing_lies_under_a_root_without_a_path() -> None:
    assert not lies_under("s3://bucket/a", "s3://bucket")


@pytest.mark.parametrize(
    ("one", "other"), [("/a/b", "/a"), ("file:///a/b", "/a"), ("file://localhost/a/b", "file:/a")]
)
def test_a_path_and_a_file_uri_are_one_place(one: str, other: str) -> None:
    assert lies_under(one, other)


def test_a_location_is_decoded_to_the_end() -> None:
    assert parse_source("s3://Bucket/a%2520b//c/") == Location("s3", "bucket", ("a b", "c"))


@given(st.text(max_size=60))
def test_no_text_is_read_with_another_exception(text: str) -> None:
    for source in (text, f"s3://{text}", f"mlflow-artifacts:/{text}"):
        try:
            location = parse_source(source)
        except InvalidParameterError:
            continue
        assert not {"", ".", ".."} & set(location.segments)
        assert lies_under(source, ROOT) in {True, False}


@given(st.lists(st.sampled_from(["..", ".", "a", "%2e", "%2E%2e", "%252e.", "run"]), max_size=6))
def test_no_spelling_of_dots_leaves_the_root(segments: list[str]) -> None:
    source = "/".join([ROOT, *segments])
    try:
        location = parse_source(source)
    except InvalidParameterError:
        return
    assert location.segments[:3] == ("1", "run", "artifacts")
    assert not {".", ".."} & set(location.segments)
