"""Which part of a file a request asks for, and whether it needs any.

By the headers `Range`, `If-Range`, `If-None-Match` and `If-Modified-Since`.
"""

import re
from dataclasses import dataclass
from email.utils import parsedate_to_datetime

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


def is_known(if_none_match: str | None, if_modified_since: str | None, etag: str, modified: float) -> bool:
    """Return whether a request's conditions say that its sender has the file as it is.

    Times count in whole seconds, and only where no version is named. `modified`: seconds since the epoch.
    """
    if if_none_match is not None or if_modified_since is None:
        return names_etag(if_none_match, etag)
    try:
        return int(modified) <= parsedate_to_datetime(if_modified_since).timestamp()
    except (ValueError, OverflowError):
        # What is no date is no condition.
        return False
