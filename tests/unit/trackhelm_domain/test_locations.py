"""Two spellings of one place are the same, those of the server's own store too."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trackhelm_domain.locations import Places, location_key


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("mlflow-artifacts:/1/r/artifacts", "mlflow-artifacts://host:5000/1/r//artifacts/"),
        ("s3://Bucket/a%20b/c", "s3a://bucket/a b/./c"),
        ("s3://bucket/a%2Fb", "S3N://bucket/a/b?versionId=1"),
        ("file:///folder/a%20b", "/folder/a b"),
        ("file://localhost/folder", "file:///folder"),
        ("abfss://data@team.dfs.core.windows.net/x", "wasbs://data@team.blob.core.windows.net/x/"),
        ("abfss://data@team.dfs.core.windows.net/x", "az://team/data/x"),
    ],
)
def test_spellings_of_one_place(one: str, other: str) -> None:
    assert Places().place(one) == Places().place(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("s3://bucket/a", "s3://bucket/b"),
        ("s3://bucket/a", "s3://other/a"),
        ("s3://bucket/a", "gs://bucket/a"),
        ("/folder/a%20b", "/folder/a b"),
    ],
)
def test_other_places(one: str, other: str) -> None:
    assert Places().place(one) != Places().place(other)


@pytest.mark.parametrize(
    ("store", "uri"),
    [
        ("s3://bucket/prefix", "s3://bucket/prefix/1/r/artifacts"),
        ("s3://bucket/prefix/", "s3a://bucket//prefix/1/r/artifacts/"),
        ("s3://bucket", "s3://bucket/1/r/artifacts"),
        ("gs://bucket/a/b", "gs://bucket/a/b/1/r/artifacts"),
        ("az://team/data/x", "abfss://data@team.dfs.core.windows.net/x/1/r/artifacts"),
        ("file:///folder", "/folder/1/r/artifacts"),
        ("s3://bucket/prefix", "mlflow-artifacts://elsewhere/1/r/artifacts"),
    ],
)
def test_the_servers_own_store_by_its_url(store: str, uri: str) -> None:
    places = Places(store)
    assert places.place(uri) == places.place("mlflow-artifacts:/1/r/artifacts")
    assert places.own_path(uri) == "1/r/artifacts"


@pytest.mark.parametrize(
    "uri", ["s3://bucket/prefix2/1", "s3://bucket/1", "s3://other/prefix/1", "runs:/1/x", "/prefix/1",
            "s3://bucket/prefix", "mlflow-artifacts:/", "dummy-source"],
)  # fmt: skip
def test_what_is_not_in_the_servers_own_store_or_all_of_it(uri: str) -> None:
    assert Places("s3://bucket/prefix").own_path(uri) == ""


def test_a_folder_behind_a_link_has_two_names(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "real")
    places = Places((tmp_path / "link").as_uri())
    for name in ("link", "real"):
        assert places.own_path(f"{tmp_path}/{name}/1/r") == "1/r"


segments = st.lists(st.sampled_from(["a", "b", "a b", "aa"]), max_size=4)
buckets = st.sampled_from(
    ["s3://one", "S3A://One/", "gs://one", "mlflow-artifacts:/", "s3://own/store", "/srv"]
)


def uri_of(bucket: str, path: list[str]) -> str:
    encoded = "/".join(path).replace(" ", "%20" if ":" in bucket else " ")
    return f"{bucket}/{encoded}" if path else bucket


@given(buckets, segments, buckets, segments)
def test_keys_lie_in_one_another_as_places_do(
    one: str, path: list[str], other: str, other_path: list[str]
) -> None:
    places = Places("s3://own/store")
    above, below = uri_of(one, path), uri_of(other, other_path)
    stored = location_key(below)
    assert stored is not None
    lies = places.place(below)[: len(places.place(above))] == places.place(above)
    assert any(stored.startswith(key) for key in places.keys(above)) == lies
    holds = places.place("mlflow-artifacts:/x")[: len(places.place(above))] == places.place(above)
    assert places.holds_store(above) == (holds or places.place("s3://own/store") == places.place(above))


def test_a_key_fits_an_index_whatever_the_uri() -> None:
    key = location_key("s3://b/" + "x/" * 2000)
    assert key is not None
    assert len(key) == 2048
    for nowhere in ("runs:/1/model", "models:/iris/1", "dummy-source", ""):
        assert location_key(nowhere) is None
