"""Paths in requests: which are safe, and which key each names.

The HTTP server decodes a path once, and the result is the file's name: `100%25.txt` is a file of exactly
that name. This module decodes further only to check the path, because a proxy between a client and the server
may have encoded a `..` more than once.

A control character is refused in the name itself, by `ObjectKey`, and not in what the name would decode to:
MLflow 2 clients name images `key%step%1%timestamp%1700000000000%...`, and `%17` decodes to such a character.
"""

import re
from typing import Final
from urllib.parse import unquote

from trackhelm_artifact.objects.keys import InvalidKeyError, ObjectKey
from trackhelm_core.errors import InvalidParameterError
from trackhelm_core.wire.violations import shown

_DECODINGS: Final = 10

_REPLACEMENT: Final = "\N{REPLACEMENT CHARACTER}"

# This matches `c:` and `c:/x`, but not `a:b.txt`, which is an ordinary name.
_DRIVE = re.compile(r"[A-Za-z]:(/|$)")

_UNNAMEABLE = re.compile(f"[\x00-\x1f\x7f{_REPLACEMENT}]")


def parse_path(path: str) -> ObjectKey:
    """Return the key of a relative path; an empty path is the root. Refuses a path that could leave it."""
    if _REPLACEMENT in path:
        # The HTTP server replaces bytes that are not UTF-8 with it, so that two names would become one.
        raise invalid_path(path, "it is not valid UTF-8")
    for spelling in _spellings(path):
        if fault := _fault(spelling):
            raise invalid_path(path, fault)
    try:
        return ObjectKey.parse(path)
    except InvalidKeyError as error:
        raise invalid_path(path, str(error)) from error


def parse_file_path(path: str) -> ObjectKey:
    """Return the key of a file to be written, which must have a name and no trailing slash."""
    key = parse_path(path)
    if path.endswith("/") or not key.segments:
        raise invalid_path(path, "it must name a file and cannot end with '/'")
    return key


def decoded(path: str) -> str:
    """Return the path with its percent signs decoded; the path itself if the result is not a valid name."""
    last = _spellings(path)[-1]
    return path if _UNNAMEABLE.search(last) else last


def invalid_path(path: str, fault: str) -> InvalidParameterError:
    """Return the error for a path that is not allowed; `fault` is the end of the message."""
    return InvalidParameterError(f"Invalid path {shown(path)}: {fault}.")


def _spellings(path: str) -> list[str]:
    """Return the path and each further decoding of it, until decoding changes nothing."""
    spellings = [path]
    while (further := unquote(spellings[-1])) != spellings[-1]:
        if len(spellings) > _DECODINGS:
            raise invalid_path(path, f"it is percent-encoded more than {_DECODINGS} times")
        spellings.append(further)
    return spellings


def _fault(spelling: str) -> str | None:
    if ".." in spelling.split("/"):
        return "it must have no '..' segment"
    if spelling.startswith("/"):
        return "it must be relative"
    if spelling.lower().startswith("file:") or _DRIVE.match(spelling):
        return "it must be a path, without scheme or drive"
    if "\\" in spelling or "#" in spelling:
        return "it must hold no backslash and no '#'"
    return None
