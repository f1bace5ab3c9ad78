# The compiled reader of batches; `reading.py` owns its use.
from typing import TypeAlias

_Columns: TypeAlias = tuple[str, tuple[str, ...], tuple[str, ...], tuple[int, ...], bytes, bytes, bytes]

def read(body: bytes, /) -> _Columns | None: ...
