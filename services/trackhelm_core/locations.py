"""Artifact locations: what an experiment may name as the root of its files, and URIs below a root."""

from pathlib import Path
from urllib.parse import unquote, urlsplit

from trackhelm_core.errors import InvalidParameterError
from trackhelm_core.limits import ARTIFACT_LOCATION_LENGTH

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
