"""Whatever the bytes, decoding returns points or raises ChunkFormatError, in bounded memory."""

from __future__ import annotations

import tracemalloc
import zlib
from contextlib import suppress

import numpy as np
import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st

from trackhelm_core.chunks.codec import MAX_POINTS, decode, encode
from trackhelm_core.chunks.columns import ChunkFormatError
from trackhelm_core.chunks.points import Points

from .strategies import points


def sealed(content: bytes) -> bytes:
    """Give hostile content a checksum that passes, so that the parser itself is tested."""
    return content + zlib.crc32(content).to_bytes(4, "little")


def noisy(count: int = 100) -> Points:
    rng = np.random.default_rng(5)
    return Points.of(
        np.arange(count), 1000 * np.arange(count) + rng.integers(0, 9, count), rng.normal(size=count)
    )


@given(st.binary(max_size=200))
def test_random_bytes_are_refused(data: bytes) -> None:
    with pytest.raises(ChunkFormatError):
        decode(data)


@given(st.sampled_from([0x10, 0x11, 0x12]), st.binary(max_size=200))
def test_random_content_under_a_valid_checksum_never_crashes(layout: int, content: bytes) -> None:
    with suppress(ChunkFormatError):
        decode(sealed(bytes([layout]) + content))


@given(given_points=points(max_size=100), tight=st.booleans(), data=st.data())
def test_a_flipped_bit_is_detected(given_points: Points, *, tight: bool, data: st.DataObject) -> None:
    chunk = bytearray(encode(given_points, tight=tight))
    chunk[data.draw(st.integers(0, len(chunk) - 1))] ^= 1 << data.draw(st.integers(0, 7))
    with pytest.raises(ChunkFormatError):
        decode(bytes(chunk))


@given(given_points=points(max_size=100), tight=st.booleans(), data=st.data())
def test_a_truncated_chunk_is_detected(given_points: Points, *, tight: bool, data: st.DataObject) -> None:
    chunk = encode(given_points, tight=tight)
    with pytest.raises(ChunkFormatError):
        decode(chunk[: data.draw(st.integers(0, len(chunk) - 1))])


@given(given_points=st.one_of(points(max_size=100), st.just(noisy())), tight=st.booleans(), data=st.data())
def test_damage_under_a_valid_checksum_never_crashes(
    given_points: Points, *, tight: bool, data: st.DataObject
) -> None:
    content = bytearray(encode(given_points, tight=tight)[:-4])
    for _ in range(data.draw(st.integers(1, 4))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    with suppress(ChunkFormatError):
        decode(sealed(bytes(content)))


# These are the three layouts; of a longer chunk every byte means what one of a short chunk means.
@pytest.mark.parametrize(
    ("count", "tight", "layout"), [(8, False, 0x10), (16, False, 0x12), (16, True, 0x11)]
)
def test_every_single_byte_of_a_chunk_may_be_anything(*, count: int, tight: bool, layout: int) -> None:
    content = encode(noisy(count), tight=tight)[:-4]
    assert content[0] == layout
    for index in range(len(content)):
        for byte in range(256):
            with suppress(ChunkFormatError):
                decode(sealed(content[:index] + bytes([byte]) + content[index + 1 :]))


@pytest.mark.parametrize("count", [1, 100, 1000])
def test_bytes_after_the_last_column_are_refused(count: int) -> None:
    with pytest.raises(ChunkFormatError, match="3 bytes follow"):
        decode(sealed(encode(noisy(count))[:-4] + b"abc"))


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", "ends 1 bytes too early"),
        ("20 00", "unknown chunk version or layout 0x20"),
        ("13 00", "unknown chunk version or layout 0x13"),
        ("12 80 02", "256 points, the limit is 255"),
        ("12 01 03 00", "offsets of 3 bytes"),
        ("12 01 00 00 00 00 02", "values of 2 bytes"),
        ("12 02 01 00 00", "ends 1 bytes too early"),
        ("10 80 02", "256 points, the limit is 255"),
        ("11 81 80 40", "1048577 points, the limit is 1048576"),
        ("11 ff ff ff ff ff ff ff ff ff 01", "18446744073709551615 points"),
        ("11 ff ff ff ff ff ff ff ff ff 02", "longer than 64 bits"),
        ("11 ff ff ff ff ff ff ff ff ff ff 01", "longer than 64 bits"),
        ("11 00 00", "0 integers differenced 0 times"),
        ("11 01 01", "1 integers differenced 1 times"),
        ("11 09 03", "9 integers differenced 3 times"),
        ("11 09 00 00 09", "9 byte planes"),
        ("11 01 00 00 01 02", "not stored is marked as compressed"),
        ("11 01 00 00 00 00 00 00 0d 00 00 00", "unknown map 13"),
        # 2^31 as the ordered bits of a float32
        ("11 01 00 00 00 00 00 00 20 00 80 80 80 80 10 00", "more than 32 bits"),
        ("10 01 80", "unused bit"),
    ],
)
def test_each_rule_of_the_format_is_checked(content: str, message: str) -> None:
    with pytest.raises(ChunkFormatError, match=message):
        decode(sealed(bytes.fromhex(content)))


@pytest.mark.parametrize("size", [31, 33, 1 << 28])
def test_a_plane_that_declares_another_size_is_refused(size: int) -> None:
    bomb = zstandard.ZstdCompressor().compress(bytes(size))[4:]
    frame = (
        len(bomb).to_bytes(1, "little") if len(bomb) < 128 else bytes([len(bomb) & 127 | 128, len(bomb) >> 7])
    )
    tracemalloc.start()
    try:
        with pytest.raises(ChunkFormatError, match=f"a plane of {size} bytes in a column of 32"):
            decode(sealed(bytes.fromhex("11 20 00 00 01 01") + frame + bomb))
        assert tracemalloc.get_traced_memory()[1] < 1 << 20
    finally:
        tracemalloc.stop()


def test_the_longest_chunk_in_a_few_bytes_stays_within_the_documented_memory() -> None:
    column = np.arange(MAX_POINTS)
    chunk = encode(Points.of(column, column, column))
    tracemalloc.start()
    try:
        decode(chunk)
        assert tracemalloc.get_traced_memory()[1] < 45e6
    finally:
        tracemalloc.stop()
