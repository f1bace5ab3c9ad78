"""Locations: where files are. Which ones an experiment may name, and when two URIs name the same place.

Nothing is read or opened here.
"""

from pathlib import Path
from typing import Final
from urllib.parse import unquote, urlsplit

from trackhelm_core.errors import InvalidParameterError
from trackhelm_core.limits import ARTIFACT_LOCATION_LENGTH

# Artifact locations: what an experiment may name as the root of its files, and URIs below a root.

PROXY_SCHEME = "mlflow-artifacts"
"""The scheme of files that clients reach through us."""

ALLOWED_SCHEMES = frozenset({PROXY_SCHEME, "s3", "gs", "abfss", "wasbs", "hdfs", "dbfs", "file"})


def check_artifact_location(location: str) -> str:
    """Check the root that a client names for an experiment's files, and return it without a last slash."""
    _check_length(location)
    try:
        parts = urlsplit(location)
    except ValueError as error:
        raise _invalid(location, str(error)) from error
    if not parts.scheme:
        # A path, as scripts on one machine give it: relative to where the server was started.
        if "\\" in location or ".." in unquote(location).split("/"):
            raise _invalid(location, "a path must have no '..' segment and no backslash")
        return _check_length(str(Path(location).absolute()))
    if parts.scheme == "runs":
        raise InvalidParameterError(f"Artifact location cannot be a runs:/ URI. Given: {location!r}")
    if parts.scheme not in ALLOWED_SCHEMES:
        raise _invalid(
            location, f"scheme '{parts.scheme}' is not one of {', '.join(sorted(ALLOWED_SCHEMES))}"
        )
    if parts.fragment:
        raise InvalidParameterError(
            f"'artifact_location' URL can't include fragments or params: {location!r} has a '#'."
        )
    if parts.query:
        raise _invalid(location, "it must have no query ('?')")
    if ".." in unquote(parts.path).split("/"):
        raise _invalid(location, "it must have no '..' segment")
    return location.rstrip("/") if parts.path.strip("/") else location


def join(root: str, *segments: str) -> str:
    """Return the URI of `segments` below `root`."""
    return "/".join([root.rstrip("/"), *segments])


def _check_length(location: str) -> str:
    if len(location) > ARTIFACT_LOCATION_LENGTH:
        raise InvalidParameterError(
            "Invalid artifact path length. The length of the artifact path cannot be greater than "
            f"{ARTIFACT_LOCATION_LENGTH} characters, and it has {len(location)}."
        )
    return location


def _invalid(location: str, reason: str) -> InvalidParameterError:
    return InvalidParameterError(f"Invalid artifact location {location!r}: {reason}.")


# Places: what the URIs of files name, so that two spellings of one place are the same.
#
# The server's own store has two: `mlflow-artifacts:/path`, and the path below the URL that the server opens
# it by, for clients may know that as well. Nothing is read here, and nothing is refused.

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
