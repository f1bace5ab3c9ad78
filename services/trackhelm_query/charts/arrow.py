"""Charts as an Apache Arrow stream: one record batch, with the rest of the answer in the schema's metadata.

It is imported when a client first asks for such a stream, because nanoarrow takes 25 ms to import.
"""

import io
from collections.abc import Sequence
from typing import Any, Final

import nanoarrow
import numpy as np
from nanoarrow.ipc import StreamWriter

from trackhelm_core.wire.replies import encode
from trackhelm_query.charts.logic import Chart
from trackhelm_query.charts.schemas import ALL_COLUMNS, Column, ColumnName, chart_message, columns_of

METADATA_KEY: Final = "trackhelm"
"""The entry of the schema's metadata with everything in the JSON answer except the columns."""

_FLOATS: Final = frozenset({"first", "last", "min", "max", "mean"})
_NULLABLE: Final = frozenset({"min", "max", "mean"})
_TYPES: Final = {
    name: (nanoarrow.float64 if name in _FLOATS else nanoarrow.int64)(nullable=name in _NULLABLE)
    for name in ("line", "bucket", *ALL_COLUMNS)
}


def chart_stream(chart: Chart, columns: Sequence[ColumnName] = ()) -> bytes:
    """Return a chart with the given columns (none: all) as a stream of one record batch.

    `line` is the position among the lines in the metadata. Each point of an exact line is a bucket of its
    own. A statistic is null if no value of the bucket is finite.
    """
    parts = [
        {"line": np.full(len(drawn.buckets), position), **columns_of(chart, drawn, columns)}
        for position, drawn in enumerate(chart.lines)
    ]
    names = ("line", "bucket", *dict.fromkeys(columns or ALL_COLUMNS))
    table = {name: _joined(name, [part[name] for part in parts]) for name in names}
    header = encode(chart_message(chart, with_columns=False)).decode()
    schema = nanoarrow.c_schema(nanoarrow.struct({name: _TYPES[name] for name in names})).modify(
        metadata={METADATA_KEY: header}
    )
    rows = len(table["line"])
    children = [_array(name, column) for name, column in table.items()]
    stream = io.BytesIO()
    with StreamWriter.from_writable(stream) as writer:
        writer.write_array(nanoarrow.c_array_from_buffers(schema, rows, [None], children=children))
    return stream.getvalue()


def _joined(name: str, parts: Sequence[Column]) -> Column:
    return np.concatenate([np.empty(0, np.float64 if name in _FLOATS else np.int64), *parts])


def _array(name: str, column: Column) -> Any:
    known = None
    if name in _NULLABLE and (absent := np.isnan(column)).any():
        known = np.packbits(~absent, bitorder="little")
    return nanoarrow.c_array_from_buffers(_TYPES[name], len(column), [known, column])
