"""Metric points and their compressed form: pure functions over NumPy columns.

Owns what a point set is (`points`) and how it becomes bytes (`codec`). Must not touch a database, a queue,
settings or the clock: the caller decides when to encode, merge and store.
"""

from trackhelm_core.chunks.codec import MAX_POINTS, decode, encode
from trackhelm_core.chunks.points import Points, Summary, merge, summarise
from trackhelm_core.chunks.wire import ChunkFormatError

__all__ = ["MAX_POINTS", "ChunkFormatError", "Points", "Summary", "decode", "encode", "merge", "summarise"]
