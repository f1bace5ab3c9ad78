"""How a file is labelled when it is sent: its media type and name.

The type is ours to choose, by the name alone: what a client sent or accepts must not make a browser run it.
"""

import mimetypes
import re
from pathlib import PurePosixPath
from typing import Final
from urllib.parse import quote

BINARY: Final = "application/octet-stream"
TEXT: Final = "text/plain"

# Formats of text that the web interface shows; among them what a browser would run as a script.
_TEXT_SUFFIX = re.compile(
    r"txt|log|err|cfg|conf|cnf|cf|ini|properties|prop|hocon|toml|yaml|yml|xml|json|js|mjs|py|py3|csv|tsv|md"
    r"|rst|ipynb"
)
_TEXT_NAMES: Final = frozenset({"mlmodel", "mlproject"})

# Python's own table, without the host's /etc/mime.types: the answer must not depend on the machine.
_TYPES: Final = mimetypes.MimeTypes()

_TOKEN = re.compile(r"[A-Za-z0-9!#$&+.^_`|~-]+")


def media_type(name: str) -> str:
    """Return the type to send a file of this name as."""
    suffix = PurePosixPath(name).suffix.removeprefix(".").lower()
    if _TEXT_SUFFIX.fullmatch(suffix) or name.lower() in _TEXT_NAMES:
        return TEXT
    guessed, encoding = _TYPES.guess_type(name)
    return BINARY if guessed is None or encoding else guessed


def attachment(name: str) -> str:
    """Return the `Content-Disposition` that makes a browser save a file under its name."""
    if _TOKEN.fullmatch(name):
        return f"attachment; filename={name}"
    fallback = re.sub(r'[^ -~]|["\\%]', "_", name)
    return f"attachment; filename=\"{fallback}\"; filename*=UTF-8''{quote(name, safe='')}"
