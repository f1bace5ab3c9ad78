"""Keys of objects: what every store can hold, and nothing that a store could take for something else.

An `ObjectKey` that exists is safe to use: no code that holds one needs to check it again. How a wire path
becomes a key (percent signs, absolute paths, URIs) is its service's matter.
"""

from dataclasses import dataclass
from typing import Final, Self

from trackhelm_core.limits import OBJECT_KEY_BYTES

SEGMENT_BYTES: Final = 255
"""Longest segment in UTF-8: what the file systems in use allow a file's name."""

KEY_SEGMENTS: Final = 128
"""Deepest key. Deleting a tree holds a descriptor a level open."""

RESERVED: Final = ".trackhelm"
"""The first segment that no key may have: a store keeps its unfinished uploads there."""


class InvalidKeyError(ValueError):
    """The text is no key; the message says why, as the end of a sentence."""


@dataclass(frozen=True, slots=True)
class ObjectKey:
    """A file's or directory's place in the store: segments below the root, the root itself has none."""

    segments: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if len(self.segments) > KEY_SEGMENTS:
            raise InvalidKeyError(f"it has {len(self.segments)} segments, at most {KEY_SEGMENTS} are allowed")
        for segment in self.segments:
            check_segment(segment)
        if len(str(self).encode()) > OBJECT_KEY_BYTES:
            raise InvalidKeyError(f"it has more than {OBJECT_KEY_BYTES} bytes in UTF-8")
        # Folded, because some file systems do not tell the two cases apart.
        if self.segments and self.segments[0].casefold() == RESERVED:
            raise InvalidKeyError(f"the name '{RESERVED}' is the store's own")

    @classmethod
    def parse(cls, text: str) -> Self:
        """Return the key of a path; segments that are empty or `.` count not."""
        return cls(tuple(segment for segment in text.split("/") if segment not in {"", "."}))

    @property
    def name(self) -> str:
        """The last segment; empty for the root."""
        return self.segments[-1] if self.segments else ""

    @property
    def parent(self) -> "ObjectKey":
        """The directory that holds this; the root's is the root."""
        return ObjectKey(self.segments[:-1])

    def join(self, below: "ObjectKey") -> "ObjectKey":
        """Return the key of what `below` names below this one."""
        return ObjectKey(self.segments + below.segments)

    def __str__(self) -> str:
        return "/".join(self.segments)


def check_segment(segment: str) -> None:
    """Refuse what cannot be the name of one file or directory everywhere; raises `InvalidKeyError`."""
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
