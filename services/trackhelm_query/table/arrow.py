"""Tables of runs as an Apache Arrow stream: one record batch, and the rest in the schema's metadata.

It is imported when a client first asks for such a stream, because nanoarrow takes 25 ms to import.
"""

import io
from itertools import accumulate
from typing import Any, Final

import nanoarrow
import numpy as np
from nanoarrow.ipc import StreamWriter

from trackhelm_core.wire.replies import encode
from trackhelm_query.table.logic import Column, RunTable, ValueType
from trackhelm_query.table.schemas import table_message

METADATA_KEY: Final = "trackhelm"

_TYPES: Final = {
    ValueType.TEXT: nanoarrow.string(),
    ValueType.INTEGER: nanoarrow.int64(),
    ValueType.NUMBER: nanoarrow.float64(),
}
_NUMPY: Final = {ValueType.INTEGER: np.int64, ValueType.NUMBER: np.float64}


def table_stream(table: RunTable) -> bytes:
    """Return a table as a stream of one record batch. Null is a run without a value; NaN is a value."""
    fields = {column.name: _TYPES[column.type] for column in table.columns}
    header = encode(table_message(table, with_columns=False)).decode()
    schema = nanoarrow.c_schema(nanoarrow.struct(fields)).modify(metadata={METADATA_KEY: header})
    children = [_array(column) for column in table.columns]
    stream = io.BytesIO()
    with StreamWriter.from_writable(stream) as writer:
        writer.write_array(nanoarrow.c_array_from_buffers(schema, table.rows, [None], children=children))
    return stream.getvalue()


def _array(column: Column) -> Any:
    values = column.values
    known = None
    if None in values:
        known = np.packbits(np.fromiter((value is not None for value in values), bool), bitorder="little")
    if column.type is ValueType.TEXT:
        texts = [b"" if value is None else str(value).encode() for value in values]
        ends = np.fromiter(accumulate(map(len, texts), initial=0), np.int32, len(texts) + 1)
        buffers: list[Any] = [known, ends, b"".join(texts)]
    else:
        given = (0 if value is None else value for value in values)
        buffers = [known, np.fromiter(given, _NUMPY[column.type], len(values))]
    return nanoarrow.c_array_from_buffers(_TYPES[column.type], len(values), buffers)
