"""Paths of the wire: which ones are safe, and the key each names.

A path arrives here decoded once, by the HTTP server. That is its name: `100%25.txt` is a file of exactly
that name. It is decoded further only to judge it, because something between a client and us may have encoded
a `..` more than once.

A control character is refused in the name itself, by `ObjectKey`, and not in what the name would decode to:
clients of generation 2 name images `key%step%1%timestamp%1700000000000%...`, and `%17` is one.
"""

import re
from typing import Final
from urllib.parse import unquote

from trackhelm_artifact.objects.keys import InvalidKeyError, ObjectKey
from trackhelm_core.errors import InvalidParameterError
from trackhelm_core.wire.violations import shown

_DECODINGS: Final = 10

_REPLACEMENT: Final = "\N{REPLACEMENT CHARACTER}"

# `c:` and `c:/x`, but not `a:b.txt`, which is an ordinary name.
_DRIVE = re.compile(r"[A-Za-z]:(/|$)")

_UNNAMEABLE = re.compile(f"[\x00-\x1f\x7f{_REPLACEMENT}]")


def parse_path(path: str) -> ObjectKey:
    """Return the key of a relative path; an empty path is the root. Refuses what could lead elsewhere."""
    if _REPLACEMENT in path:
        # The HTTP server puts it in place of bytes that are no UTF-8: two names would become one.
        raise invalid_path(path, "it is not valid UTF-8")
    for spelling in _spellings(path):
        if fault := _fault(spelling):
            raise invalid_path(path, fault)
    try:
        return ObjectKey.parse(path)
    except InvalidKeyError as error:
        raise invalid_path(path, str(error)) from error


def parse_file_path(path: str) -> ObjectKey:
    """Return the key of a file to be written: it has a name, and no slash behind it."""
    key = parse_path(path)
    if path.endswith("/") or not key.segments:
        raise invalid_path(path, "it must name a file and cannot end with '/'")
    return key


def decoded(path: str) -> str:
    """Return what a path is when no percent sign in it is meant as one; itself, if that can be no name."""
    last = _spellings(path)[-1]
    return path if _UNNAMEABLE.search(last) else last


def invalid_path(path: str, fault: str) -> InvalidParameterError:
    """Return the error for a path that is not allowed; `fault` ends the sentence."""
    return InvalidParameterError(f"Invalid path {shown(path)}: {fault}.")


def _spellings(path: str) -> list[str]:
    """Return the path and what it decodes to, step by step, up to what decoding leaves as it is."""
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
