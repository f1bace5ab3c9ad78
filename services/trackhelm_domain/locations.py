"""Locations of files: which ones an experiment may name, when two URIs name the same place, and its owner.

Two owners of one place would list, overwrite and delete each other's files. Owners are the experiments, below
which all runs and logged models lie, also while they are in the bin; the versions of registered models,
wherever their files are; and the server itself, for the root of its store. Every statement here reads a range
of an index, so the number of owners does not matter. Must not read or open a file.
"""

import hashlib
import re
from pathlib import Path
from typing import Final
from urllib.parse import SplitResult, unquote, urlsplit

from sqlalchemy import ColumnElement, or_, select, text
from sqlalchemy.orm import InstrumentedAttribute, Session

from trackhelm_core.db.statements import dialect_of
from trackhelm_core.errors import InvalidParameterError
from trackhelm_core.limits import ARTIFACT_LOCATION_LENGTH
from trackhelm_core.wire.arguments import quoted, shown
from trackhelm_domain.tables import Experiment, ModelVersion, RegisteredModel
from trackhelm_domain.tables.runs import LifecycleStage

# Artifact locations: the roots that an experiment may name for its files, and URIs below a root.
#
# A location is meant for clients, which have credentials and plugins of their own: any scheme is allowed, and
# the location is returned as it was given. For what the server itself reads see
# `trackhelm_artifact.objects.opening`.

PROXY_SCHEME: Final = "mlflow-artifacts"
"""The scheme of files that clients access through the server."""

OF_WORKSPACES: Final = "workspaces"
"""The folder of the server's store with a folder for each workspace but the default one."""

RUNS_SCHEME: Final = "runs"
"""The scheme of URIs that name files by their run."""

_HOSTS: Final = frozenset({"http", "https", "ftp", "sftp"})
"""Schemes with a host to which MLflow's server would connect, and which it refuses."""

_WITHOUT_QUERY: Final = frozenset({PROXY_SCHEME, "file"})
"""Schemes of the server's store and of local files, for which clients would drop a query."""

_DECODINGS: Final = 10
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")


def check_artifact_location(location: str) -> str:
    """Check the root that a client names for an experiment's files, and return the location to store.

    That is the location itself, or the full path if it is relative to the server's working folder.
    """
    _check_length(location)
    try:
        parts = urlsplit(location)
    except ValueError as error:
        raise _invalid(location, str(error)) from error
    if parts.scheme == RUNS_SCHEME:
        raise InvalidParameterError(f"Artifact location cannot be a runs:/ URI. Given: {quoted(location)}")
    if parts.scheme and parts.fragment:
        raise InvalidParameterError(
            f"'artifact_location' URL can't include fragments or params: {location!r} has a '#'."
        )
    if ".." in _decoded(parts.query, location):
        raise InvalidParameterError(f"Invalid query string: {shown(parts.query)} holds '..'.")
    if parts.scheme in _HOSTS:
        raise InvalidParameterError(
            f"'artifact_location' cannot use the '{parts.scheme}' scheme: it names a host, and no store "
            "that keeps files for clients."
        )
    path = _decoded(parts.path if parts.scheme else location, location)
    if location != location.strip() or _CONTROL.search(location) or _CONTROL.search(path + parts.netloc):
        raise _invalid(location, "it must have no control character and no space at either end")
    if ".." in path.split("/") or ".." in unquote(parts.netloc).split("/"):
        raise _invalid(location, "it must have no '..' segment")
    return _checked_uri(location, parts) if parts.scheme else _checked_path(location)


def join(root: str, *segments: str) -> str:
    """Return the URI of `segments` below `root`. A query stays at the end, where clients expect it."""
    path, mark, query = root.partition("?") if urlsplit(root).scheme else (root, "", "")
    return "/".join([path.rstrip("/"), *segments]) + mark + query


def _checked_uri(location: str, parts: SplitResult) -> str:
    if len(parts.scheme) == 1:
        raise _invalid(location, "it is a path of Windows, and no URI")
    if not (parts.netloc or parts.path.strip("/")) and parts.scheme not in _WITHOUT_QUERY:
        raise _invalid(location, "it names no place")
    if parts.query and parts.scheme in _WITHOUT_QUERY:
        raise _invalid(location, f"a URI with the scheme '{parts.scheme}' has no query ('?')")
    return location


def _checked_path(path: str) -> str:
    # A path, as scripts on the same machine give it, relative to the folder where the server was started.
    if "\\" in path:
        raise _invalid(path, "a path must have no backslash")
    if "://" in path:
        raise _invalid(path, "a scheme has letters, digits, '+', '-' and '.', and begins with a letter")
    return _check_length(str(Path(path).absolute()))


def _decoded(text: str, location: str) -> str:
    """Return a text decoded until nothing in it is encoded any more, as its last reader may see it."""
    for _ in range(_DECODINGS):
        decoded = unquote(text)
        if decoded == text:
            return text
        text = decoded
    raise _invalid(location, f"it is percent-encoded more than {_DECODINGS} times")


def _check_length(location: str) -> str:
    if len(location) > ARTIFACT_LOCATION_LENGTH:
        raise InvalidParameterError(
            "Invalid artifact path length. The length of the artifact path cannot be greater than "
            f"{ARTIFACT_LOCATION_LENGTH} characters, and it has {len(location)}."
        )
    return location


def _invalid(location: str, reason: str) -> InvalidParameterError:
    return InvalidParameterError(f"Invalid artifact location {location!r}: {reason}.")


# Places: what the URIs of files name. Two spellings of one place are the same `Place`.
#
# The server's own store has two spellings: `mlflow-artifacts:/path`, and the path below the URL by which the
# server opens it, because clients may know that URL, too. Nothing is refused here.

Place = tuple[str, ...]
"""A URI as scheme, authority and segments. A place below another one begins with it."""

_OWN: Final[Place] = (PROXY_SCHEME, "")
# Files of the server's own store are the same, whatever server a URI names.
_WITHOUT_AUTHORITY: Final = frozenset({PROXY_SCHEME, RUNS_SCHEME})
_S3: Final = frozenset({"s3a", "s3n"})
_AZURE: Final = frozenset({"abfs", "abfss", "wasb", "wasbs"})

KEY_STEP: Final = 16
"""The characters of a key for each part of a place."""

_KEYED_PARTS: Final = 128
_NOWHERE: Final = frozenset({RUNS_SCHEME, "models"})


def location_key(uri: str) -> str | None:
    """Return the key by which a database finds what lies at, above or below a URI; None if it has no place.

    It begins with the key of every place above, and fits an index for a URI of any length. It depends on the
    spelling only, so that it stays valid when the server's own store is moved. Keys are stored, so a change
    here needs a migration.
    """
    parts = urlsplit(uri)
    if parts.scheme in _NOWHERE or not (parts.scheme or uri.startswith("/")):
        return None
    return _key_of(_spelled(uri))


def _key_of(place: Place) -> str:
    digests = (
        hashlib.blake2b(part.encode("utf-8", "surrogatepass"), digest_size=KEY_STEP // 2).hexdigest()
        for part in place[:_KEYED_PARTS]
    )
    return "".join(digests)


class Places:
    """Maps URIs to places, for a server that opens its own store by a URL."""

    def __init__(self, store_url: str | None = None) -> None:
        self._own: list[Place] = []
        if store_url is None:
            return
        self._own.append(_spelled(store_url))
        if self._own[0][0] == "file":
            # The path of the folder may contain symbolic links.
            path = "/".join(self._own[0][2:])
            self._own.append(_spelled(Path(f"/{path}").resolve().as_uri()))

    def place(self, uri: str) -> Place:
        """Return the place that a URI names."""
        spelled = _spelled(uri)
        for own in self._own:
            if spelled[: len(own)] == own:
                return (*_OWN, *spelled[len(own) :])
        return spelled

    def keys(self, uri: str) -> list[str]:
        """Return the keys of all spellings of a URI's place; `location_key` returns one of them for any."""
        named = self.place(uri)
        spellings = [named]
        if named[:2] == _OWN:
            spellings += [(*own, *named[2:]) for own in self._own]
        return [_key_of(place) for place in dict.fromkeys(spellings)]

    def holds_store(self, uri: str) -> bool:
        """Return whether a URI names the root of the server's own store or a place above it."""
        spelled = _spelled(uri)
        return self.place(uri) == _OWN or any(own[: len(spelled)] == spelled for own in self._own)

    def holds(self, root: str, uri: str) -> bool:
        """Return whether a URI names a root's place or one below it, in whatever spelling."""
        above = self.place(root)
        return self.place(uri)[: len(above)] == above

    def is_own(self, uri: str) -> bool:
        """Return whether a URI names a place in the server's own store, in whatever spelling."""
        return self.place(uri)[:2] == _OWN

    def own_path(self, uri: str) -> str:
        """Return the path of a URI in the server's own store; empty for the root and for other places."""
        named = self.place(uri)
        return "/".join(named[2:]) if named[:2] == _OWN else ""


def _spelled(uri: str) -> Place:
    parts = urlsplit(uri)
    scheme, authority = parts.scheme or "file", parts.netloc.lower()
    # Decoded first, because an encoded slash counts as a slash when the path is read.
    path = unquote(parts.path) if parts.scheme else uri
    segments = [segment for segment in path.split("/") if segment not in {"", "."}]
    if scheme in _WITHOUT_AUTHORITY or (scheme, authority) == ("file", "localhost"):
        authority = ""
    elif scheme in _S3:
        scheme = "s3"
    elif scheme in _AZURE and "@" in authority:
        # `abfss://container@account.dfs.core.windows.net/path` is `az://account/container/path`.
        container, _, host = authority.partition("@")
        scheme, authority, segments = "az", host.partition(".")[0], [container, *segments]
    return (scheme, authority, *segments)


# The owner of a place: whether an experiment may have its files at a location.

_LOCK: Final = 5_207_302_615
"""The number of the advisory lock in PostgreSQL. No other lock of ours has it."""


def lock_locations(session: Session) -> None:
    """Wait for other transactions that choose a location, and keep new ones out until this one ends.

    Two transactions that chose locations at the same time would not see each other's. SQLite has one writer
    at a time anyway.
    """
    if dialect_of(session) == "postgresql":
        session.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _LOCK})


def owner_of(session: Session, places: Places, location: str, experiment_id: int) -> str | None:
    """Return a description of another owner at, above or below an experiment's new location, or None."""
    if places.holds_store(location):
        return "it is, or holds, the root of this server's own store"
    keys = places.keys(location)
    return (
        _experiment(session, keys, experiment_id)
        or _version(session, keys)
        or _coming_experiment(session, places, location)
    )


def _experiment(session: Session, keys: list[str], but: int) -> str | None:
    columns = (Experiment.id, Experiment.name, Experiment.artifact_location, Experiment.lifecycle_stage)
    for relation, lies in _relations(Experiment.location_key, keys):
        found = session.execute(
            select(*columns)
            .where(lies, Experiment.id != but, Experiment.lifecycle_stage != LifecycleStage.PURGED)
            .limit(1)
        ).one_or_none()
        if found is None:
            continue
        location = found.artifact_location
        whose = f"it {relation} the location {location!r} of experiment {found.id} ({found.name!r})"
        if found.lifecycle_stage == LifecycleStage.DELETED:
            whose += ", which is deleted: restore it, or delete it for good with `trackhelm-server gc`"
        return whose
    return None


def _version(session: Session, keys: list[str]) -> str | None:
    for relation, lies in _relations(ModelVersion.location_key, keys):
        found = session.execute(
            select(RegisteredModel.name, ModelVersion.version)
            .join(RegisteredModel, RegisteredModel.id == ModelVersion.registered_model_id)
            .where(lies)
            .limit(1)
        ).one_or_none()
        if found is not None:
            return f"it {relation} the files of version {found.version} of registered model {found.name!r}"
    return None


def _coming_experiment(session: Session, places: Places, location: str) -> str | None:
    """Return the owner if the location is a store folder kept for an experiment that does not exist yet."""
    number = places.own_path(location).split("/")[0]
    if not (number.isascii() and number.isdigit()) or len(number) > len(str(2**63)):
        return None
    is_there = select(Experiment.id).where(Experiment.id == int(number))
    if int(number) < 2**63 and session.scalar(is_there) is not None:
        return None
    return f"the folder {number!r} of this server's store is kept for an experiment with that id"


def _relations(
    column: InstrumentedAttribute[str | None], keys: list[str]
) -> list[tuple[str, ColumnElement[bool]]]:
    above = [key[:end] for key in keys for end in range(KEY_STEP, len(key), KEY_STEP)]
    # Keys are hexadecimal, so `g` sorts after everything that begins with a key.
    below = [(column > key) & (column < f"{key}g") for key in keys]
    return [("is", column.in_(keys)), ("lies below", column.in_(above)), ("lies above", or_(*below))]
