"""Predictions for files: read, asked and written a part at a time, so that files may be larger than memory.

The output has the predictions alone: as `{"predictions": […]}` in JSON, which is MLflow's form, or as columns
in CSV and Parquet.
"""

import json
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any, Final

from trackhelm.exceptions import MlflowException
from trackhelm.models import payloads
from trackhelm.models.examples import jsonable

ROWS: Final = 50_000
_SUFFIXES: Final = {
    ".csv": "csv",
    ".json": "json",
    ".jsonl": "jsonl",
    ".parquet": "parquet",
    ".pq": "parquet",
}

Progress = Callable[[int, int], None]
"""Is told the rows of a part, and the bytes of the input that were read until now."""


def kind_of(file: str | None, told: str | None, default: str = "json") -> str:
    """Return the kind of a file: as it is told, or by its suffix."""
    if told is not None:
        if told not in set(_SUFFIXES.values()):
            raise MlflowException.invalid_parameter_value(
                f"Unknown content type '{told}': it is csv, json, jsonl or parquet"
            )
        return told
    return _SUFFIXES.get(Path(file).suffix.lower(), default) if file is not None else default


def predict(
    model: Any,
    input_path: str | None,
    output_path: str | None,
    input_kind: str,
    output_kind: str,
    rows: int = ROWS,
    progress: Progress | None = None,
) -> int:
    """Ask a model about everything in a file, and write its predictions; return the number of rows.

    Args:
        model: A `PyFuncModel`.
        input_path: The file; standard input by default.
        output_path: The file; standard output by default. It appears once it is whole.
        input_kind: `csv`, `json`, `jsonl` (a record a line) or `parquet`.
        output_kind: Likewise.
        rows: The rows that are asked at a time. JSON, other than `jsonl`, is asked at once.
        progress: Is told how far it is.

    Raises:
        MlflowException: The input is not of its kind, or does not fit the model.
    """
    count = 0
    with _writer(output_path, output_kind) as write:
        for data, params, read, is_wrapped in _parts(model, input_path, input_kind, rows):
            predicted = model.predict(data, params=params)
            write(predicted, is_wrapped)
            count += len(data) if hasattr(data, "__len__") else 1
            if progress is not None:
                progress(count, read)
    return count


Part = tuple[Any, dict[str, Any] | None, int, bool]
"""An input, the params of the inference, the bytes that were read, and whether the answer is wrapped."""


def _parts(model: Any, path: str | None, kind: str, rows: int) -> Iterator[Part]:
    schema = model.metadata.get_input_schema()
    if kind == "parquet":
        if path is None:
            raise MlflowException.invalid_parameter_value("Parquet is read of a file: pass its path")
        yield from _parts_of_parquet(path, rows)
        return
    opened: Any = sys.stdin.buffer if path is None else Path(path).open("rb")  # noqa: SIM115 - closed below
    with opened as source:
        if kind == "csv":
            yield from _parts_of_csv(source, payloads.csv_types(schema), rows)
        elif kind == "jsonl":
            yield from _parts_of_lines(source, schema, rows)
        else:
            payload = payloads.read_json(source.read(), model.metadata)
            yield payload.data, payload.params, 0, not payload.is_llm


def _parts_of_csv(source: IO[bytes], types: Any, rows: int) -> Iterator[Part]:
    import pandas as pd

    try:
        with pd.read_csv(source, dtype=types, chunksize=rows) as frames:
            for frame in frames:
                yield frame.reset_index(drop=True), None, _place(source), True
    except (ValueError, UnicodeDecodeError) as error:
        raise MlflowException(
            "Failed to parse input as a Pandas DataFrame. Ensure that the input is a valid CSV-formatted "
            f"Pandas DataFrame produced using the `pandas.DataFrame.to_csv()` method. Error: '{error}'",
            error_code="BAD_REQUEST",
        ) from error


def _parts_of_lines(source: IO[bytes], schema: Any, rows: int) -> Iterator[Part]:
    lines: list[bytes] = []
    for line in source:
        if line.strip():
            lines.append(line)
        if len(lines) == rows:
            yield _of_lines(lines, schema), None, _place(source), True
            lines = []
    if lines:
        yield _of_lines(lines, schema), None, _place(source), True


def _of_lines(lines: list[bytes], schema: Any) -> Any:
    try:
        return payloads.frame_of_records([json.loads(line) for line in lines], schema)
    except ValueError as error:
        raise MlflowException(f"a line of the input is no JSON: {error}", error_code="BAD_REQUEST") from error


def _parts_of_parquet(path: str, rows: int) -> Iterator[Part]:
    from pyarrow import parquet

    with parquet.ParquetFile(path) as file:
        for batch in file.iter_batches(batch_size=rows):
            yield batch.to_pandas(), None, 0, True


def _place(source: IO[bytes]) -> int:
    try:
        return source.tell()
    except (OSError, ValueError):
        return 0


Write = Callable[[Any, bool], None]


@contextmanager
def _writer(path: str | None, kind: str) -> Iterator[Write]:
    """Yield what writes the predictions of a part; the file takes its place when all are written."""
    if path is None:
        if kind == "parquet":
            raise MlflowException.invalid_parameter_value("Parquet is written to a file: pass its path")
        with _format(sys.stdout.buffer, kind) as write:
            yield write
        sys.stdout.buffer.flush()
        return
    target = Path(path)
    beside = target.with_name(f".{target.name}.part")
    try:
        with beside.open("wb") as file, _format(file, kind) as write:
            yield write
        beside.replace(target)
    finally:
        beside.unlink(missing_ok=True)


@contextmanager
def _format(file: IO[bytes], kind: str) -> Iterator[Write]:
    forms = {"json": _json, "jsonl": _lines, "csv": _csv, "parquet": _parquet}
    writing = forms[kind](file)
    next(writing)
    yield lambda predicted, is_wrapped: writing.send((predicted, is_wrapped))
    writing.close()


Writing = Any
"""A generator that is sent predictions, and ends the file when it is closed."""


def _json(file: IO[bytes]) -> Writing:
    wrapped, count = True, 0
    try:
        while True:
            predicted, wrapped = yield
            value = payloads.as_plain(predicted)
            if not wrapped or not isinstance(value, list):
                file.write(payloads.predictions_as_json(predicted, wrapped=wrapped))
                wrapped = False
                continue
            items = json.dumps(value, default=jsonable)[1:-1]
            file.write((b'{"predictions": [' if not count else b", " if items else b"") + items.encode())
            count += 1
    finally:
        if wrapped:
            file.write(b"]}" if count else b'{"predictions": []}')


def _lines(file: IO[bytes]) -> Writing:
    while True:
        predicted, _ = yield
        for value in payloads.as_plain(predicted):
            file.write(json.dumps(value, default=jsonable).encode() + b"\n")


def _csv(file: IO[bytes]) -> Writing:
    is_first = True
    while True:
        predicted, _ = yield
        _frame(predicted).to_csv(file, header=is_first, index=False)
        is_first = False


def _parquet(file: IO[bytes]) -> Writing:
    import pyarrow as pa
    from pyarrow import parquet

    writer = None
    try:
        while True:
            predicted, _ = yield
            table = pa.Table.from_pandas(_frame(predicted), preserve_index=False)
            if writer is None:
                writer = parquet.ParquetWriter(file, table.schema)
            writer.write_table(table.cast(writer.schema))
    finally:
        if writer is not None:
            writer.close()


def _frame(predicted: Any) -> Any:
    """Return predictions as a data frame: a column `prediction`, or one for each output."""
    import numpy as np
    import pandas as pd

    if isinstance(predicted, pd.DataFrame):
        return predicted.rename(columns=str)
    if isinstance(predicted, pd.Series):
        return predicted.to_frame("prediction")
    array = np.asarray(predicted)
    if array.ndim == 2:  # noqa: PLR2004 - rows and outputs
        return pd.DataFrame(array, columns=[f"prediction_{place}" for place in range(array.shape[1])])
    return pd.DataFrame({"prediction": list(predicted)})
