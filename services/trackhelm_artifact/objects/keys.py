"""Keys of objects, restricted to what every store can hold without changing its meaning.

An `ObjectKey` that exists is valid: code that has one need not check it again. Turning a path of a request
into a key (percent signs, absolute paths, URIs) is not done here, but by the service.
"""

from dataclasses import dataclass
from typing import Final, Self

from trackhelm_core.limits import OBJECT_KEY_BYTES

SEGMENT_BYTES: Final = 255
"""The longest segment in bytes of UTF-8: the limit of common file systems for a name."""

KEY_SEGMENTS: Final = 128
"""The deepest key. Deleting a tree keeps one descriptor open for each level."""

RESERVED: Final = ".trackhelm"
"""A first segment that no key may have: a folder keeps its unfinished uploads there."""


class InvalidKeyError(ValueError):
    """The text is not a valid key; the message is the end of a sentence that says why."""


@dataclass(frozen=True, slots=True)
class ObjectKey:
    """The place of a file or directory in the store: its segments below the root; the root has none."""

    segments: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if len(self.segments) > KEY_SEGMENTS:
            raise InvalidKeyError(f"it has {len(self.segments)} segments, at most {KEY_SEGMENTS} are allowed")
        for segment in self.segments:
            check_segment(segment)
        if len(str(self).encode()) > OBJECT_KEY_BYTES:
            raise InvalidKeyError(f"it has more than {OBJECT_KEY_BYTES} bytes in UTF-8")
        # The case is folded, because some file systems ignore it.
        if self.segments and self.segments[0].casefold() == RESERVED:
            raise InvalidKeyError(f"the name '{RESERVED}' is the store's own")

    @classmethod
    def parse(cls, text: str) -> Self:
        """Return the key of a path; segments that are empty or `.` are ignored."""
        return cls(tuple(segment for segment in text.split("/") if segment not in {"", "."}))

    @property
    def name(self) -> str:
        """The last segment; empty for the root."""
        return self.segments[-1] if self.segments else ""

    @property
    def parent(self) -> "ObjectKey":
        """The directory that contains this key; the parent of the root is the root."""
        return ObjectKey(self.segments[:-1])

    def join(self, below: "ObjectKey") -> "ObjectKey":
        """Return this key extended by the segments of `below`."""
        return ObjectKey(self.segments + below.segments)

    def __str__(self) -> str:
        return "/".join(self.segments)


def check_segment(segment: str) -> None:
    """Raise `InvalidKeyError` for text that is not a valid file name in every store."""
    if segment in {"", ".", ".."}:
        raise InvalidKeyError(f"'{segment}' is no name")
    if any(character < " " or character in "/\\\x7f" for character in segment):
        raise InvalidKeyError("a name must hold no slash, backslash or control character")
    try:
        length = len(segment.encode())
    except UnicodeEncodeError as error:
        raise InvalidKeyError("a name must be valid Unicode") from error
    if length > SEGMENT_BYTES:
        raise InvalidKeyError(
            f"the name that starts with '{segment[:40]}' has {length} bytes in UTF-8, "
            f"at most {SEGMENT_BYTES} are allowed"
        )
