import hashlib
import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from trackhelm import data
from trackhelm.exceptions import MlflowException

LFS = "version https://git-lfs.github.com/spec/v1\noid sha256:{}\nsize 5\n"


def frame() -> pd.DataFrame:
    return pd.DataFrame({"a": [1, 2], "b": [0.5, float("nan")], "c": ["x", "y"]})


def test_a_file_has_the_digest_of_its_content(tmp_path: Path) -> None:
    file = tmp_path / "a"
    file.write_bytes(b"hello")
    assert data.digest(file) == hashlib.sha256(b"hello").hexdigest()[:32]
    file.write_bytes(b"hallo")
    assert data.digest(file) == hashlib.sha256(b"hallo").hexdigest()[:32]


def test_a_file_that_did_not_change_is_not_read_again(tmp_path: Path) -> None:
    file = tmp_path / "a"
    file.write_bytes(b"hello")
    known = data.digest(file)
    about = file.stat()
    # Same size, same time, same file: nothing tells that the content is another.
    with file.open("r+b") as content:
        content.write(b"world")
    import os

    os.utime(file, ns=(about.st_atime_ns, about.st_mtime_ns))
    assert data.digest(file) == known


def folder_of(root: Path, files: dict[str, bytes]) -> Path:
    for name, content in files.items():
        file = root / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content)
    return root


def test_a_folder_changes_with_every_name_and_content(tmp_path: Path) -> None:
    versions = [
        {"a": b"1", "d/b": b"2"},
        {"a": b"2", "d/b": b"1"},
        {"a": b"1", "d/c": b"2"},
        {"a": b"1", "db": b"2"},
        {"a": b"1", "d/b": b"2", "e": b""},
    ]
    folders = [folder_of(tmp_path / str(number), files) for number, files in enumerate(versions)]
    assert len({data.digest(folder) for folder in folders}) == len(versions)
    again = folder_of(tmp_path / "again", dict(reversed(versions[0].items())))
    assert data.digest(again) == data.digest(folders[0])


def test_a_pointer_of_git_lfs_has_the_digest_of_its_file(tmp_path: Path) -> None:
    file = tmp_path / "weights"
    file.write_bytes(b"hello")
    pointer = tmp_path / "pointer"
    pointer.write_text(LFS.format(hashlib.sha256(b"hello").hexdigest()))
    assert data.digest(pointer) == data.digest(file)
    real = folder_of(tmp_path / "real", {"w": b"hello"})
    pointed = folder_of(tmp_path / "pointed", {"w": pointer.read_bytes()})
    assert data.digest(real) == data.digest(pointed)


def test_what_dvc_tracks_has_dvcs_digest(tmp_path: Path) -> None:
    (tmp_path / "images.dvc").write_text(
        "outs:\n- md5: 0123456789abcdef0123456789abcdef.dir\n  path: images\n"
    )
    assert data.digest(tmp_path / "images") == "0123456789abcdef0123456789abcdef.dir"
    assert data.digest(tmp_path / "images.dvc") == "0123456789abcdef0123456789abcdef.dir"
    dataset = data.from_path(tmp_path / "images")
    assert dataset.source["tracked_by"] == "dvc"
    assert len(dataset.digest) <= 36


def test_there_must_be_something(tmp_path: Path) -> None:
    with pytest.raises(MlflowException, match="no file or folder"):
        data.digest(tmp_path / "nothing")


def test_a_path_has_a_profile_and_a_source(tmp_path: Path) -> None:
    dataset = data.from_path(folder_of(tmp_path / "images", {"a": b"123", "b/c": b"4"}))
    assert (dataset.name, dataset.source_type) == ("images", "local")
    assert dataset.profile == {"num_files": 2, "size_bytes": 4}
    assert json.loads(dataset.to_entity().source)["uri"] == str(tmp_path / "images")


def test_a_frame_has_a_schema_and_a_profile() -> None:
    dataset = data.from_pandas(frame(), source="https://host/iris.csv", name="iris", targets="c")
    entity = dataset.to_entity()
    assert (entity.name, entity.source_type, json.loads(entity.source)) == (
        "iris",
        "http",
        {"uri": "https://host/iris.csv"},
    )
    assert entity.schema is not None
    assert [(column["name"], column["type"]) for column in json.loads(entity.schema)["mlflow_colspec"]] == [
        ("a", "long"),
        ("b", "double"),
        ("c", "string"),
    ]
    assert dataset.profile == {"num_rows": 2, "num_elements": 6}
    with pytest.raises(MlflowException, match="does not contain the specified column 'z'"):
        data.from_pandas(frame(), targets="z")


def test_digests_are_the_same_in_every_process() -> None:
    script = (
        "import numpy as np, pandas as pd, polars as pl, pyarrow as pa; from trackhelm import data;"
        "f = pd.DataFrame({'a': [1, 2], 'b': [0.5, float('nan')], 'c': ['x', 'y']});"
        "print(data.from_pandas(f).digest, data.from_polars(pl.DataFrame({'a': [1, 2]})).digest,"
        "data.from_arrow(pa.table({'a': [1, 2]})).digest, data.from_numpy(np.arange(6).reshape(2, 3)).digest)"
    )
    printed = subprocess.run(
        [sys.executable, "-c", script], check=True, capture_output=True, text=True
    ).stdout
    assert printed.split() == [
        data.from_pandas(frame()).digest,
        data.from_polars(pl.DataFrame({"a": [1, 2]})).digest,
        data.from_arrow(pa.table({"a": [1, 2]})).digest,
        data.from_numpy(np.arange(6).reshape(2, 3)).digest,
    ]


def test_digests_change_with_values_names_and_order() -> None:
    frames = [
        frame(),
        frame().rename(columns={"a": "d"}),
        frame().iloc[::-1],
        frame().assign(a=[1, 3]),
        frame().assign(c=["x", "z"]),
        frame()[["b", "a", "c"]],
    ]
    assert len({data.from_pandas(one).digest for one in frames}) == len(frames)
    arrays = [np.arange(6), np.arange(6).reshape(2, 3), np.arange(6.0), np.arange(1, 7)]
    assert len({data.from_numpy(one).digest for one in arrays}) == len(arrays)


@given(
    st.lists(st.floats(allow_nan=False), min_size=1, max_size=30),
    st.integers(0, 29),
    st.floats(allow_nan=False),
)
def test_no_value_of_an_array_is_left_out(values: list[float], index: int, value: float) -> None:
    before = np.array(values)
    after = before.copy()
    after[index % len(values)] = value
    same = before.tobytes() == after.tobytes()
    assert (data.from_numpy(before).digest == data.from_numpy(after).digest) == same


def test_large_tables_are_read_at_both_ends() -> None:
    large = pd.DataFrame({"a": np.arange(50_000)})
    changed = large.copy()
    changed.loc[49_999, "a"] = 7
    assert data.from_pandas(large).digest != data.from_pandas(changed).digest
    assert data.from_pandas(large).digest != data.from_pandas(large.iloc[:-1]).digest


def test_arrays_of_a_dictionary_have_shapes_each() -> None:
    dataset = data.from_numpy({"x": np.zeros((4, 2)), "y": np.zeros(4)}, targets=np.ones(4))
    assert dataset.profile is not None
    assert dataset.profile["features_shape"] == {"x": [4, 2], "y": [4]}
    assert dataset.profile["targets_shape"] == [4]
