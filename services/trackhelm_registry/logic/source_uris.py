"""Source URIs as paths: whether one is safe, and whether it lies under another. Pure functions.

A source is handed to clients, which load (that is, run) what is there. So the check must read it as every
client will: percent-encoding is undone to the end, and what tools read in different ways is refused.
"""

import re
from dataclasses import dataclass
from typing import Final
from urllib.parse import SplitResult, unquote, urlsplit

from trackhelm_core.errors import InvalidParameterError

FILE: Final = "file"
_DECODING_ROUNDS: Final = 10
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")


@dataclass(frozen=True, slots=True)
class Location:
    """A place that a URI names: its path is compared decoded, segment by segment."""

    scheme: str
    authority: str
    segments: tuple[str, ...]


def invalid_source(source: str, reason: str) -> InvalidParameterError:
    """Return the error for a source that is not allowed."""
    return InvalidParameterError(f"Invalid model version source: {source!r}. {reason}")


def scheme_of(source: str) -> str:
    """Return the scheme of a source; a path without one is a file's."""
    return _split(source).scheme or FILE


def parse_source(source: str) -> Location:
    """Return the place that a source names; refuse one that is not absolute and in its plainest form."""
    parts = _split(source)
    decoded = _decoded(source)
    if source != source.strip() or _CONTROL.search(decoded):
        raise invalid_source(source, "It must have no control character and no space at either end.")
    if {".", ".."} & set(decoded.split("/")):
        raise invalid_source(source, "It must have no '.' and no '..' segment, percent-encoded or not.")
    location = _location(parts)
    if not parts.path.startswith("/") or not location.segments:
        raise invalid_source(source, "It must have an absolute path, as in 's3://bucket/model'.")
    return location


def lies_under(source: str, root: str) -> bool:
    """Return whether a source is the root or lies under it."""
    parts = _split(source)
    if parts.query or parts.fragment:
        return False
    place, above = _location(parts), _location(_split(root))
    depth = len(above.segments)
    return (
        (place.scheme, place.authority) == (above.scheme, above.authority)
        and depth > 0
        and place.segments[:depth] == above.segments
    )


def _split(source: str) -> SplitResult:
    try:
        return urlsplit(source)
    except ValueError as error:
        raise invalid_source(source, f"It is not a URI: {error}.") from error


def _decoded(text: str) -> str:
    for _ in range(_DECODING_ROUNDS):
        decoded = unquote(text)
        if decoded == text:
            return text
        text = decoded
    raise invalid_source(text, f"It is percent-encoded more than {_DECODING_ROUNDS} times.")


def _location(parts: SplitResult) -> Location:
    scheme = parts.scheme or FILE
    authority = parts.netloc.lower()
    if scheme == FILE and authority == "localhost":
        authority = ""
    segments = tuple(_decoded(segment) for segment in parts.path.split("/") if segment)
    return Location(scheme, authority, segments)
