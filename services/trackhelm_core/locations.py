"""Artifact locations: what an experiment may name as the root of its files, and URIs below a root."""

from pathlib import Path
from urllib.parse import unquote, urlsplit

from trackhelm_core.errors import InvalidParameterError
from trackhelm_core.limits import ARTIFACT_LOCATION_LENGTH
from trackhelm_core.validation import check_length

PROXY_SCHEME = "mlflow-artifacts"
"""The scheme of files that clients reach through us."""

ALLOWED_SCHEMES = frozenset({PROXY_SCHEME, "s3", "gs", "abfss", "wasbs", "hdfs", "dbfs", "file"})


def check_artifact_location(location: str) -> str:
    """Check the root that a client names for an experiment's files, and return it without a last slash."""
    check_length(location, "Artifact location", ARTIFACT_LOCATION_LENGTH)
    try:
        parts = urlsplit(location)
    except ValueError as error:
        raise _invalid(location, str(error)) from error
    if not parts.scheme:
        # A path, as scripts on one machine give it: relative to where the server was started.
        if "\\" in location or ".." in unquote(location).split("/"):
            raise _invalid(location, "a path must have no '..' segment and no backslash")
        return check_length(str(Path(location).absolute()), "Artifact location", ARTIFACT_LOCATION_LENGTH)
    if parts.scheme not in ALLOWED_SCHEMES:
        raise _invalid(
            location, f"scheme '{parts.scheme}' is not one of {', '.join(sorted(ALLOWED_SCHEMES))}"
        )
    if parts.query or parts.fragment:
        raise _invalid(location, "it must have no query ('?') and no fragment ('#')")
    if ".." in unquote(parts.path).split("/"):
        raise _invalid(location, "it must have no '..' segment")
    return location.rstrip("/") if parts.path.strip("/") else location


def join(root: str, *segments: str) -> str:
    """Return the URI of `segments` below `root`."""
    return "/".join([root.rstrip("/"), *segments])


def _invalid(location: str, reason: str) -> InvalidParameterError:
    return InvalidParameterError(f"Invalid artifact location {location!r}: {reason}.")
