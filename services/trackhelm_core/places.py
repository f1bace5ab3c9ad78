"""Places: what the URIs of files name, so that two spellings of one place are the same.

The server's own store has two: `mlflow-artifacts:/path`, and the path below the URL that the server opens it
by, for clients may know that as well. Nothing is read here, and nothing is refused.
"""

from pathlib import Path
from typing import Final
from urllib.parse import unquote, urlsplit

from trackhelm_core.locations import PROXY_SCHEME

Place = tuple[str, ...]
"""A URI as scheme, authority and segments: what lies under another begins with it."""

RUNS_SCHEME: Final = "runs"
"""The scheme of files that are named by their run."""

_OWN: Final[Place] = (PROXY_SCHEME, "")
# Files of the server's own store are the same whichever server a URI names.
_WITHOUT_AUTHORITY: Final = frozenset({PROXY_SCHEME, RUNS_SCHEME})
_S3: Final = frozenset({"s3a", "s3n"})
_AZURE: Final = frozenset({"abfs", "abfss", "wasb", "wasbs"})


class Places:
    """What URIs name, for a server that opens its own store by a URL."""

    def __init__(self, store_url: str | None = None) -> None:
        self._own: list[Place] = []
        if store_url is None:
            return
        self._own.append(_spelled(store_url))
        if self._own[0][0] == "file":
            # A folder may be reached through links.
            path = "/".join(self._own[0][2:])
            self._own.append(_spelled(Path(f"/{path}").resolve().as_uri()))

    def place(self, uri: str) -> Place:
        """Return what a URI names."""
        spelled = _spelled(uri)
        for own in self._own:
            if spelled[: len(own)] == own:
                return (*_OWN, *spelled[len(own) :])
        return spelled

    def own_path(self, uri: str) -> str:
        """Return the path in the server's own store that a URI names; empty for all of it and elsewhere."""
        named = self.place(uri)
        return "/".join(named[2:]) if named[:2] == _OWN else ""


def _spelled(uri: str) -> Place:
    parts = urlsplit(uri)
    scheme, authority = parts.scheme or "file", parts.netloc.lower()
    segments = [segment for segment in parts.path.split("/") if segment not in {"", "."}]
    if parts.scheme:
        segments = [unquote(segment) for segment in segments]
    if scheme in _WITHOUT_AUTHORITY or (scheme, authority) == ("file", "localhost"):
        authority = ""
    elif scheme in _S3:
        scheme = "s3"
    elif scheme in _AZURE and "@" in authority:
        # `abfss://container@account.dfs.core.windows.net/path` for `az://account/container/path`.
        container, _, host = authority.partition("@")
        scheme, authority, segments = "az", host.partition(".")[0], [container, *segments]
    return (scheme, authority, *segments)
