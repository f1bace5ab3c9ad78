"""The points of many chunks, a piece at a time: long lines are drawn in the memory of a part."""

from collections.abc import Iterable, Iterator
from typing import Final, NamedTuple

from trackhelm_core.chunks import Points, decode, merge

PIECE_POINTS: Final = 500_000
"""Points after which a piece ends where it can: some 40 MB while it is drawn."""


class EncodedChunk(NamedTuple):
    """A chunk as it is stored; its bounds are inclusive."""

    min_step: int
    max_step: int
    points: int
    data: bytes


def pieces_of(chunks: Iterable[EncodedChunk], size: int = PIECE_POINTS) -> Iterator[Points]:
    """Yield merged points by step, in pieces that have no step in common.

    A piece goes on beyond `size` for as long as the next chunk has steps of it: only together are they a set.
    """
    piece: list[EncodedChunk] = []
    held, last_step = 0, 0
    for chunk in sorted(chunks, key=lambda chunk: chunk.min_step):
        if held >= size and chunk.min_step > last_step:
            yield _merged(piece)
            piece, held = [], 0
        last_step = max(last_step, chunk.max_step) if piece else chunk.max_step
        held += chunk.points
        piece.append(chunk)
    if piece:
        yield _merged(piece)


def _merged(piece: Iterable[EncodedChunk]) -> Points:
    return merge([decode(chunk.data) for chunk in piece])
