"""Which part of a file a request asks for, and whether it needs any: `Range`, `If-Range`, `If-None-Match`."""

import re
from dataclasses import dataclass

# 18 digits: more than any file has, and no number that takes long to read.
_RANGE = re.compile(r"bytes=\s*(\d{0,18})\s*-\s*(\d{0,18})\s*", re.ASCII | re.IGNORECASE)


class UnsatisfiableRangeError(Exception):
    """The range begins behind the file's end."""


@dataclass(frozen=True, slots=True)
class Span:
    """The bytes from `start` up to `stop`."""

    start: int
    stop: int


def asked_span(header: str | None, size: int) -> Span | None:
    """Return the single range that a `Range` header asks for; None to send the whole file.

    Several ranges, other units and what is no range at all are answered with the whole, as RFC 9110 allows.
    """
    match = _RANGE.fullmatch(header or "")
    if match is None or match[0].count("-") != 1 or not (match[1] or match[2]):
        return None
    if not match[1]:
        start, stop = max(size - int(match[2]), 0), size
    else:
        start = int(match[1])
        if match[2] and int(match[2]) < start:
            return None
        stop = min(int(match[2]) + 1, size) if match[2] else size
    if start >= size or start >= stop:
        raise UnsatisfiableRangeError
    return Span(start, stop)


def names_etag(header: str | None, etag: str) -> bool:
    """Return whether an `If-None-Match` header names the file as it is."""
    if header is None:
        return False
    named = {tag.strip().removeprefix("W/") for tag in header.split(",")}
    return "*" in named or f'"{etag}"' in named
