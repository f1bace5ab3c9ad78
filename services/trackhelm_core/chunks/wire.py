"""The smallest pieces of the chunk format: the error, bounded reading, variable-length integers.

Owns what every other module of the format reads and writes with. Must not know points, columns or
compression.
"""

from __future__ import annotations

_VARINT_BYTES = 10  # the length of the longest 64-bit integer at 7 bits a byte
_UINT64 = (1 << 64) - 1


class ChunkFormatError(ValueError):
    """The bytes are not a chunk: truncated, corrupted, or of a version this code does not read."""


class Reader:
    """A position in a sequence of bytes. Reading beyond the end raises `ChunkFormatError`."""

    __slots__ = ("_data", "_position")

    def __init__(self, data: memoryview) -> None:
        self._data = data
        self._position = 0

    def take(self, size: int) -> memoryview:
        """Return the next `size` bytes."""
        end = self._position + size
        if end > len(self._data):
            raise ChunkFormatError(f"the chunk ends {end - len(self._data)} bytes too early")
        taken = self._data[self._position : end]
        self._position = end
        return taken

    def byte(self) -> int:
        """Return the next byte."""
        return self.take(1)[0]

    def varint(self) -> int:
        """Return the next unsigned 64-bit integer, 7 bits a byte, least significant first."""
        result = 0
        for index in range(_VARINT_BYTES):
            byte = self.byte()
            result |= (byte & 0x7F) << (7 * index)
            if byte < 0x80:  # noqa: PLR2004 - the continuation bit
                if result > _UINT64:
                    break
                return result
        raise ChunkFormatError("an integer is longer than 64 bits")

    def signed(self) -> int:
        """Return the next signed 64-bit integer: a zigzag varint."""
        return unzigzag(self.varint())

    def expect_end(self) -> None:
        """Raise `ChunkFormatError` if there are bytes that have not been read."""
        rest = len(self._data) - self._position
        if rest:
            raise ChunkFormatError(f"{rest} bytes follow the last column")


def append_varint(out: bytearray, number: int) -> None:
    """Append an unsigned integer in the form that `Reader.varint` reads."""
    while number > 0x7F:  # noqa: PLR2004 - the largest integer of 7 bits
        out.append(number & 0x7F | 0x80)
        number >>= 7
    out.append(number)


def append_signed(out: bytearray, number: int) -> None:
    """Append a signed integer in the form that `Reader.signed` reads."""
    append_varint(out, zigzag(number))


def zigzag(number: int) -> int:
    """Map a signed 64-bit integer to an unsigned one, so that 0, -1, 1, -2 become 0, 1, 2, 3."""
    return number << 1 ^ number >> 63


def unzigzag(number: int) -> int:
    """Undo `zigzag`."""
    return number >> 1 ^ -(number & 1)
