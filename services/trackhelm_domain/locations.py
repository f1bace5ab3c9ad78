"""Locations of files: which ones an experiment may name, when two URIs name the same place, and its owner.

Two owners of one place would list, overwrite and delete each other's files. Owners are the experiments, below
which all runs and logged models lie, also while they are in the bin; the versions of registered models,
wherever their files are; and the server itself, for the root of its store. Every statement here reads a range
of an index, so the number of owners does not matter. Must not read or open a file.
"""

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from urllib.parse import SplitResult, unquote, urlsplit

from sqlalchemy import ColumnElement, or_, select, text
from sqlalchemy.orm import InstrumentedAttribute, Session

from trackhelm_core.access import Level, current_access
from trackhelm_core.db.statements import dialect_of
from trackhelm_core.errors import InvalidParameterError
from trackhelm_core.limits import ARTIFACT_LOCATION_LENGTH
from trackhelm_core.wire.arguments import quoted, shown
from trackhelm_domain.access.checks import here, permits_experiment, permits_model
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


# Rules: outside of its own store a server shows files where the operator allows it, to all workspaces or one.

_RULE = re.compile(r"(?:([a-z0-9][-a-z0-9]*)=)?(.*)", re.DOTALL)


@dataclass(frozen=True, slots=True)
class LocationRule:
    """A part of `TRACKHELM_ARTIFACT_LOCATIONS`: a URL, and the workspace that it is kept for, if for one."""

    url: str
    workspace: str | None


def location_rules(setting: str) -> list[LocationRule]:
    """Return the rules that a setting lists; whether a URL means anything is not checked."""
    found = (_RULE.fullmatch(rule) for part in setting.split(",") if (rule := part.strip()))
    return [LocationRule(match[2].strip(), match[1]) for match in found if match]


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
    """Maps URIs to places, for a server that opens its own store by a URL, and shows others by rules."""

    def __init__(self, store_url: str | None = None, rules: Sequence[LocationRule] = ()) -> None:
        self._shown = [_ruled(rule.url) for rule in rules]
        self._kept: dict[Place, set[str]] = {}
        for rule in rules:
            if rule.workspace is not None:
                self._kept.setdefault(_ruled(rule.url), set()).add(rule.workspace)
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

    def shows(self, uri: str) -> bool:
        """Return whether the server reads files outside of its own store at a URI, or below it."""
        spelled = _spelled(uri)
        return any(_touch(spelled, rule) for rule in self._shown)

    def keeps_from(self, workspace: str, uri: str) -> bool:
        """Return whether a URI names a place that is kept for other workspaces, or one that holds such a one.

        Of the rules that hold a place, the one nearest to it says for whom it is kept.
        """
        spelled = _spelled(uri)
        over = [rule for rule in self._kept if spelled[: len(rule)] == rule]
        if over and workspace not in self._kept[max(over, key=len)]:
            return True
        return any(
            len(rule) > len(spelled) and rule[: len(spelled)] == spelled and workspace not in names
            for rule, names in self._kept.items()
        )

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


def _ruled(url: str) -> Place:
    """Return the place of a rule: `s3:` holds every bucket."""
    spelled = _spelled(url)
    return spelled[:1] if spelled[0] != "file" and not spelled[1] else spelled


def _touch(one: Place, other: Place) -> bool:
    """Return whether two places are the same, or one holds the other."""
    depth = min(len(one), len(other))
    return one[:depth] == other[:depth]


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
    for relation, lies in relations(Experiment.location_key, keys):
        found = session.execute(
            select(*columns)
            .where(lies, Experiment.id != but, Experiment.lifecycle_stage != LifecycleStage.PURGED)
            .limit(1)
        ).one_or_none()
        if found is None:
            continue
        if not permits_experiment(session, found.id, Level.READ):
            return f"it {relation} the location of an experiment that you may not read"
        location = found.artifact_location
        whose = f"it {relation} the location {location!r} of experiment {found.id} ({found.name!r})"
        if found.lifecycle_stage == LifecycleStage.DELETED:
            whose += ", which is deleted: restore it, or delete it for good with `trackhelm-server gc`"
        return whose
    return None


def _version(session: Session, keys: list[str]) -> str | None:
    for relation, lies in relations(ModelVersion.location_key, keys):
        found = session.execute(
            select(
                RegisteredModel.id, RegisteredModel.name, RegisteredModel.workspace_id, ModelVersion.version
            )
            .join(RegisteredModel, RegisteredModel.id == ModelVersion.registered_model_id)
            .where(lies)
            .limit(1)
        ).one_or_none()
        if found is None:
            continue
        is_here = not current_access().is_confined or found.workspace_id == here()
        if not is_here or not permits_model(session, found.id, found.name, Level.READ):
            return f"it {relation} the files of a version of a registered model that you may not read"
        return f"it {relation} the files of version {found.version} of registered model {found.name!r}"
    return None


def _coming_experiment(session: Session, places: Places, location: str) -> str | None:
    """Return the owner if the location is a store folder kept for an experiment that is not there.

    Files of one that was deleted for good may be in it for a while.
    """
    first, *below = places.own_path(location).split("/")
    number = below[1] if first == OF_WORKSPACES and len(below) > 1 else first
    if not (number.isascii() and number.isdigit()) or len(number) > len(str(2**63)):
        return None
    is_there = select(Experiment.id).where(
        Experiment.id == int(number), Experiment.lifecycle_stage != LifecycleStage.PURGED
    )
    if int(number) < 2**63 and session.scalar(is_there) is not None:
        return None
    return f"the folder {number!r} of this server's store is kept for an experiment with that id"


def relations(
    column: InstrumentedAttribute[str | None], keys: list[str]
) -> list[tuple[str, ColumnElement[bool]]]:
    """Return the conditions that a column's place is that of keys, above or below it, and their names."""
    above = [key[:end] for key in keys for end in range(KEY_STEP, len(key), KEY_STEP)]
    # Keys are hexadecimal, so `g` sorts after everything that begins with a key.
    below = [(column > key) & (column < f"{key}g") for key in keys]
    return [("is", column.in_(keys)), ("lies below", column.in_(above)), ("lies above", or_(*below))]
