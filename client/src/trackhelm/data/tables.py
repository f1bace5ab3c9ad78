"""Datasets of what is in memory: data frames, arrays, and datasets of Hugging Face and Spark.

Each function takes the name, the digest and the source, which have defaults: `dataset`, the content's digest,
and the present program. The digest of a large table is that of its first and last 10,000 rows, its columns
and its size.
"""

import hashlib
import json
from collections.abc import Iterable, Mapping
from typing import Any, Final

from trackhelm.data.dataset import DIGEST_LENGTH, Dataset, source_of

_ROWS: Final = 10_000
_DEFAULT_NAME: Final = "dataset"

_KINDS: Final = (
    ("bool", "boolean"),
    ("int8", "integer"),
    ("int16", "integer"),
    ("int32", "integer"),
    ("int64", "long"),
    ("float32", "float"),
    ("float64", "double"),
    ("double", "double"),
    ("datetime", "datetime"),
    ("timestamp", "datetime"),
    ("date", "datetime"),
    ("binary", "binary"),
    ("str", "string"),
    ("utf8", "string"),
    ("category", "string"),
    ("int", "long"),
    ("float", "double"),
)
"""What a column's type begins with, and what MLflow's schemas call it."""


def from_pandas(
    df: Any,
    source: Any = None,
    targets: str | None = None,
    name: str | None = None,
    digest: str | None = None,
    predictions: str | None = None,
) -> Dataset:
    """Return the dataset of a pandas data frame.

    Args:
        df: The data frame.
        source: Where it came from: an address or a path.
        targets: The column of targets.
        name: Its name.
        digest: Its version.
        predictions: The column of predictions.
    """
    for column in (targets, predictions):
        if column is not None and column not in df.columns:
            from trackhelm.exceptions import MlflowException

            raise MlflowException(
                f"The specified pandas DataFrame does not contain the specified column '{column}'.",
                error_code="INVALID_PARAMETER_VALUE",
            )

    def content() -> Iterable[bytes]:
        from pandas import util

        # The module's types call it an object.
        hash_rows: Any = util.hash_pandas_object
        for rows in _ends(df, len(df)):
            texts = rows.apply(lambda column: column.map(str) if column.dtype == object else column)
            yield hash_rows(texts, index=True).to_numpy().tobytes()

    columns = [(str(column), str(kind)) for column, kind in df.dtypes.items()]
    profile = {"num_rows": len(df), "num_elements": int(df.size)}
    return _table(df, columns, profile, content, source, name, digest)


def from_polars(df: Any, source: Any = None, name: str | None = None, digest: str | None = None) -> Dataset:
    """Return the dataset of a polars data frame."""

    def content() -> Iterable[bytes]:
        for rows in _ends(df, df.height, slice_rows=df.slice):
            yield rows.hash_rows(seed=0).to_numpy().tobytes()

    columns = [(column, str(kind).lower()) for column, kind in df.schema.items()]
    profile = {"num_rows": df.height, "num_elements": df.height * df.width}
    return _table(df, columns, profile, content, source, name, digest)


def from_arrow(table: Any, source: Any = None, name: str | None = None, digest: str | None = None) -> Dataset:
    """Return the dataset of an Arrow table."""

    def content() -> Iterable[bytes]:
        import pyarrow as pa

        for rows in _ends(table, table.num_rows, slice_rows=table.slice):
            sink = pa.BufferOutputStream()
            with pa.ipc.new_stream(sink, rows.schema) as writer:
                writer.write_table(rows.combine_chunks())
            yield sink.getvalue().to_pybytes()

    columns = [(field.name, str(field.type)) for field in table.schema]
    profile = {"num_rows": table.num_rows, "num_elements": table.num_rows * table.num_columns}
    return _table(table, columns, profile, content, source, name, digest)


def from_numpy(
    features: Any,
    source: Any = None,
    targets: Any = None,
    name: str | None = None,
    digest: str | None = None,
) -> Dataset:
    """Return the dataset of a numpy array, or of a dictionary of arrays, with targets of the same form."""
    import numpy as np

    parts = {"features": features} | ({} if targets is None else {"targets": targets})
    named = {
        (part, key): np.ascontiguousarray(array)
        for part, arrays in parts.items()
        for key, array in (arrays.items() if isinstance(arrays, Mapping) else [("", arrays)])
    }

    def content() -> Iterable[bytes]:
        for (part, key), array in named.items():
            yield f"{part}/{key}/{array.dtype}/{array.shape}".encode()
            # The bytes of objects are addresses, which are others in the next process.
            yield repr(array.tolist()).encode() if array.dtype.hasobject else array.tobytes()

    schema = {
        "mlflow_tensorspec": {
            part: json.dumps(
                [
                    {
                        "type": "tensor",
                        "tensor-spec": {"dtype": str(array.dtype), "shape": [-1, *array.shape[1:]]},
                        **({"name": key} if key else {}),
                    }
                    for (owner, key), array in named.items()
                    if owner == part
                ]
            )
            if part in parts
            else None
            for part in ("features", "targets")
        }
    }
    profile: dict[str, Any] = {}
    for part in parts:
        arrays = {key: array for (owner, key), array in named.items() if owner == part}
        for quantity, measure in (
            ("shape", lambda array: list(array.shape)),
            ("size", lambda array: int(array.size)),
            ("nbytes", lambda array: int(array.nbytes)),
        ):
            values = {key: measure(array) for key, array in arrays.items()}
            profile[f"{part}_{quantity}"] = values[""] if list(values) == [""] else values
    source_type, fields = source_of(source)
    return Dataset(
        name or _DEFAULT_NAME, digest or _digest(content()), source_type, fields, schema, profile, features
    )


def from_huggingface(
    ds: Any,
    path: str | None = None,
    name: str | None = None,
    digest: str | None = None,
    revision: str | None = None,
    source: Any = None,
) -> Dataset:
    """Return the dataset of Hugging Face's library.

    Args:
        ds: A `datasets.Dataset`; its own fingerprint is its digest.
        path: The name by which it was loaded.
        name: Its name.
        digest: Its version.
        revision: The revision that was loaded.
        source: Where it came from, if it was not loaded by `path`.
    """
    if source is None and path is not None:
        source_type = "hugging_face"
        fields: dict[str, Any] = {"path": path, "revision": revision, "split": str(ds.split)}
    else:
        source_type, fields = source_of(source)
    # The library computes it of the content and of all that was done to it.
    fingerprint = str(ds._fingerprint)  # noqa: SLF001 - it has no public name
    columns = [(column, str(getattr(kind, "dtype", kind))) for column, kind in ds.features.items()]
    profile = {"num_rows": ds.num_rows, "dataset_size": ds.dataset_size, "size_in_bytes": ds.size_in_bytes}
    return Dataset(
        name or (path or _DEFAULT_NAME).rpartition("/")[2],
        digest or fingerprint[:DIGEST_LENGTH],
        source_type,
        fields,
        _column_schema(columns),
        {key: value for key, value in profile.items() if value is not None},
        ds,
    )


def from_spark(
    df: Any,
    path: str | None = None,
    table_name: str | None = None,
    version: str | None = None,
    sql: str | None = None,
    name: str | None = None,
    digest: str | None = None,
) -> Dataset:
    """Return the dataset of a Spark data frame. Its rows are not read: its digest is that of its plan.

    Args:
        df: The data frame.
        path: The path from which it was read, or
        table_name: the table, and
        version: the version of that, or
        sql: the query.
        name: Its name.
        digest: Its version.
    """
    fields = {"path": path, "table_name": table_name, "version": version, "sql": sql}
    given = {key: value for key, value in fields.items() if value is not None}
    plan = str(df._jdf.queryExecution().analyzed().semanticHash())  # noqa: SLF001 - it has no public name
    columns = [(field.name, field.dataType.simpleString()) for field in df.schema.fields]
    return Dataset(
        name or table_name or _DEFAULT_NAME,
        digest or _digest([plan.encode()]),
        "spark" if given else "code",
        given or source_of(None)[1],
        _column_schema(columns),
        None,
        df,
    )


def _table(
    data: Any,
    columns: list[tuple[str, str]],
    profile: dict[str, int],
    content: Any,
    source: Any,
    name: str | None,
    digest: str | None,
) -> Dataset:
    source_type, fields = source_of(source)
    found = digest or _digest([json.dumps([columns, profile]).encode(), *content()])
    return Dataset(name or _DEFAULT_NAME, found, source_type, fields, _column_schema(columns), profile, data)


def _ends(table: Any, rows: int, slice_rows: Any = None) -> Iterable[Any]:
    """Yield the first and the last rows of a table; all of them if there are not more than both."""
    cut = slice_rows or (lambda start, count: table.iloc[start : start + count])
    if rows <= 2 * _ROWS:
        yield table
        return
    yield cut(0, _ROWS)
    yield cut(rows - _ROWS, _ROWS)


def _digest(content: Iterable[Any]) -> str:
    whole = hashlib.sha256()
    for piece in content:
        whole.update(piece)
    return whole.hexdigest()[:DIGEST_LENGTH]


def _column_schema(columns: list[tuple[str, str]]) -> dict[str, Any]:
    return {
        "mlflow_colspec": [
            {"type": _kind(kind), "name": column, "required": True} for column, kind in columns
        ]
    }


def _kind(kind: str) -> str:
    lowered = kind.lower()
    lowered = lowered.removeprefix("u") if lowered.startswith("uint") else lowered
    return next((called for begin, called in _KINDS if lowered.startswith(begin)), "string")
