"""Keys, lengths and ids."""

import posixpath

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trackhelm_core.errors import InvalidParameterError
from trackhelm_core.validation import NOBODYS_ID, check_key, parse_experiment_id, parse_version
from trackhelm_domain.locations import check_artifact_location, join


@pytest.mark.parametrize("key", ["loss", "val/loss", "a b:c-d_e.f", "épôque", "x" * 250])
def test_a_key_that_is_allowed(key: str) -> None:
    assert check_key(key, "Metric name") == key


@pytest.mark.parametrize(
    "key", ["", ".", "..", "../x", "/a", "a//b", "./a", "a/", "a\n", "a\0", "ü?", "x" * 251]
)
def test_a_key_that_is_refused(key: str) -> None:
    with pytest.raises(InvalidParameterError, match="Metric name"):
        check_key(key, "Metric name")


@given(st.text(max_size=20))
def test_an_accepted_key_is_its_own_path(key: str) -> None:
    try:
        check_key(key, "Tag name")
    except InvalidParameterError:
        return
    assert posixpath.normpath(f"root/{key}") == f"root/{key}"


@given(st.text(max_size=25))
def test_an_accepted_experiment_id_fits_its_column(text: str) -> None:
    try:
        number = parse_experiment_id(text)
    except InvalidParameterError:
        return
    assert -(2**63) <= number < 2**63
    assert number == NOBODYS_ID or str(number) == text


@pytest.mark.parametrize(
    ("text", "number"),
    [("0", 0), ("7", 7), ("-1337", -1337), ("01", NOBODYS_ID), ("-0", NOBODYS_ID), ("-07", NOBODYS_ID)],
)
def test_an_experiment_id_has_one_spelling(text: str, number: int) -> None:
    assert parse_experiment_id(text) == number


@pytest.mark.parametrize("text", ["", "x", "1.0", "1e0", "+1", " 1", "1 ", "1_0", "\u0661", "9" * 19])
def test_what_is_no_whole_number_is_no_experiment_id(text: str) -> None:
    with pytest.raises(InvalidParameterError, match=r"^Invalid experiment ID"):
        parse_experiment_id(text)


@pytest.mark.parametrize(
    "location",
    ["s3://bucket/path", "gs://b", "mlflow-artifacts:/x", "file:///data", "/abs", "s3://b/", "s3://b?x=1",
     "oss://b/x", "x-y.z+1://b", "dbfs:/x", "/what?/is#this", "s3://b/100%/%zz", "s3://b/a..b"],
)  # fmt: skip
def test_a_location_that_is_allowed(location: str) -> None:
    assert check_artifact_location(location) == location


@pytest.mark.parametrize(
    "location",
    [
        "runs:/x/y",
        "http://host/x",
        "s3://b/../c",
        "s3://b/%2e%2e/c",
        "sftp://host/x",
        "s3://b?x=../y",
        "s3://b?x=%252e%252e",
        "s3://b/%25252e%25252e/c",
        "s3://b/%" + "25" * 12 + "2e",
        "s3://b#x",
        "s3://b/\n",
        "s3://b/%0a",
        "s3://b/%2500",
        " s3://b",
        "s3://b ",
        "oss://",
        "s3:///",
        "plugin:",
        "my_scheme://b",
        "c:/folder",
        "C:\\folder",
        "s3://[b/x",
        "file:///data?x=1",
        "mlflow-artifacts:/x?y=1",
        "a/../b",
        "a?/../b",
        "x" * 2049,
    ],
)
def test_a_location_that_is_refused(location: str) -> None:
    with pytest.raises(InvalidParameterError):
        check_artifact_location(location)


@pytest.mark.parametrize(
    ("root", "joined"),
    [
        ("s3://b/x", "s3://b/x/r/artifacts"),
        ("s3://b/x/", "s3://b/x/r/artifacts"),
        ("s3://b?v=1", "s3://b/r/artifacts?v=1"),
        ("s3://b/x/?v=a/b?c", "s3://b/x/r/artifacts?v=a/b?c"),
        ("/what?/", "/what?/r/artifacts"),
        ("dbfs:/", "dbfs:/r/artifacts"),
    ],
)
def test_a_query_stays_behind_the_path(root: str, joined: str) -> None:
    assert join(root, "r", "artifacts") == joined


def test_a_path_is_measured_as_it_is_stored() -> None:
    with pytest.raises(InvalidParameterError, match="Invalid artifact path length"):
        check_artifact_location("x" * 2048)


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("1", 1),
        ("007", None),
        ("-0", None),
        (str(2**31 - 1), 2**31 - 1),
        (str(2**31), None),
        ("0", None),
        ("-1", None),
        ("9" * 10_000, None),
    ],
)
def test_a_version_is_the_number_of_a_column_or_none(text: str, number: int | None) -> None:
    assert parse_version(text) == number


@pytest.mark.parametrize("text", ["", "-", "x", "1.0", "+1", " 1", "1_0", "\u0661", "--1"])
def test_what_is_no_whole_number_is_refused(text: str) -> None:
    with pytest.raises(InvalidParameterError, match="'version'"):
        parse_version(text)
