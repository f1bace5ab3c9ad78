"""Paths in requests: which are safe and which key each names, and where an owner's files are.

The HTTP server decodes a path once, and the result is the file's name: `100%25.txt` is a file of exactly
that name. This module decodes further only to check the path, because a proxy between a client and the server
may have encoded a `..` more than once.

A control character is refused in the name itself, by `ObjectKey`, and not in what the name would decode to:
MLflow 2 clients name images `key%step%1%timestamp%1700000000000%...`, and `%17` decodes to such a character.
"""

import re
from dataclasses import dataclass
from typing import Final
from urllib.parse import quote, unquote, urlsplit

from sqlalchemy.orm import Session

from trackhelm_artifact.files import store
from trackhelm_artifact.files.store import experiment_location
from trackhelm_artifact.objects.keys import InvalidKeyError, ObjectKey
from trackhelm_artifact.objects.opening import (
    SERVED_SCHEMES,
    LocationError,
    Locations,
    UnreadableLocationError,
)
from trackhelm_artifact.objects.store import MissingObjectError, ObjectStore
from trackhelm_core.access import DEFAULT_WORKSPACE_ID, asking_workspace, current_access
from trackhelm_core.errors import InvalidParameterError, NotFoundError
from trackhelm_core.validation import parse_experiment_id, parse_version
from trackhelm_core.wire.arguments import shown
from trackhelm_domain.access.checks import here, permits_experiment, permits_model, renew
from trackhelm_domain.locations import (
    KEY_STEP,
    OF_WORKSPACES,
    PROXY_SCHEME,
    RUNS_SCHEME,
    Places,
    join,
    location_key,
)

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


# The roots of files: the URI below which those of a run, logged model or version are.

# Any other text is no id, and may contain characters that a database does not accept as a parameter.
_ID = re.compile(r"[A-Za-z0-9][\w\-]{0,255}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Located:
    """A file or directory in a store."""

    store: ObjectStore
    key: ObjectKey


@dataclass(frozen=True, slots=True)
class Root:
    """The URI below which the files of a run, logged model or version are."""

    uri: str

    @property
    def is_proxied(self) -> bool:
        """Whether the files are in the server's own store."""
        return urlsplit(self.uri).scheme == PROXY_SCHEME

    def own_key(self) -> ObjectKey | None:
        """Return the root's key in the server's own store; None if the files are elsewhere."""
        if not self.is_proxied:
            return None
        # A URI is encoded in the same way as a request's path, so it is decoded once, too.
        return parse_path(unquote(urlsplit(self.uri).path).lstrip("/"))

    def locate(self, objects: ObjectStore, locations: Locations, path: ObjectKey) -> Located:
        """Return the store and key of a path below the root; refuses locations that are not served."""
        try:
            own = self.own_key()
            if own is not None:
                return Located(objects, own.join(path))
            remote, key = locations.find(self.uri, asking_workspace())
            return Located(remote, key.join(path))
        except UnreadableLocationError as error:
            # The message begins with MLflow's words.
            raise InvalidParameterError(
                f"Could not find a registered artifact repository for: {shown(self.uri)}. Currently "
                f"registered schemes are: {[PROXY_SCHEME, *SERVED_SCHEMES]}. This server never reads"
                f" locations with the scheme '{error}', whatever TRACKHELM_ARTIFACT_LOCATIONS allows: fetch"
                " the files from that URI directly."
            ) from error
        except LocationError as error:
            raise InvalidParameterError(
                f"The files at {shown(self.uri)} are not served: {error}. Fetch them from that URI directly, "
                "or have its location added to TRACKHELM_ARTIFACT_LOCATIONS."
            ) from error
        except InvalidKeyError as error:
            raise InvalidParameterError(f"Invalid path {shown(str(path))}: {error}.") from error


def run_root(session: Session, run_id: str) -> Root:
    """Return where a run's files are."""
    found = store.run_location(session, run_id) if _ID.fullmatch(run_id) else None
    if found is None or not permits_experiment(session, found.experiment_id):
        raise NotFoundError(f"Run with id={run_id} not found")
    return Root(found.uri)


def logged_model_root(session: Session, model_id: str) -> Root:
    """Return where a logged model's files are."""
    found = store.logged_model_location(session, model_id) if _ID.fullmatch(model_id) else None
    if found is None or not permits_experiment(session, found.experiment_id):
        raise NotFoundError(f"Logged model with ID '{model_id}' not found.")
    return Root(found.uri)


def version_root(session: Session, name: str, version: str) -> Root:
    """Return where a model version's files are; the files of a version of a `runs:/` source are its run's.

    Who may read the model may read them: who registered it had to be able to read the run.
    """
    number = parse_version(version)
    found = None if number is None else store.version_location(session, here(), name, number)
    if found is None or not permits_model(session, found[1], name):
        raise NotFoundError(f"Model Version (name={name}, version={version}) not found")
    location = found[0]
    parts = urlsplit(location)
    if parts.scheme != RUNS_SCHEME:
        _check_below(session, location)
        return Root(location)
    run_id, _, below = parts.path.lstrip("/").partition("/")
    run = store.run_location(session, run_id) if _ID.fullmatch(run_id) else None
    if run is None:
        raise NotFoundError(f"Run with id={run_id} not found")
    return Root(join(run.uri, below))


def _check_below(session: Session, location: str) -> None:
    """Refuse the files of a version at a place outside of the store that holds those of another workspace."""
    key = location_key(location)
    is_own = urlsplit(location).scheme == PROXY_SCHEME
    if is_own or key is None or not current_access().is_confined:
        return
    if store.holds_others(session, [key], here()):
        raise InvalidParameterError(
            f"The files at {shown(location)} are not served: below it are files of another workspace."
        )


def owner_of_key(session: Session, places: Places, key: ObjectKey) -> int | None:
    """Return the experiment that a path of the server's own store belongs to; None if it belongs to none."""
    spellings = places.keys(_uri(key))
    above = {spelled[:end] for spelled in spellings for end in range(KEY_STEP, len(spelled) + 1, KEY_STEP)}
    return store.owner_of_path(session, above)


def permits_path(session: Session, places: Places, key: ObjectKey) -> bool:
    """Return whether a path of the server's own store may be read; False is to be answered as if missing.

    It belongs to the experiment whose location is the nearest above it. What belongs to none is for managers
    of the workspace `default`, but for a folder with files of other workspaces: that is for administrators,
    because to delete it is to delete them.

    Raises:
        PermissionDeniedError: It may be read, and the route needs more than that.
    """
    access = current_access()
    if not access.is_confined:
        access.is_checked = True
        return True
    owner = owner_of_key(session, places, key)
    if owner is not None:
        return permits_experiment(session, owner)
    access.is_checked = True
    renew(session, access)
    if not access.rights.manages or access.workspace_id != DEFAULT_WORKSPACE_ID:
        return False
    return access.principal.is_admin or not _holds_others(session, places, key)


def _holds_others(session: Session, places: Places, key: ObjectKey) -> bool:
    """Return whether a path of no experiment is or holds a place of other workspaces than the default one."""
    if key.segments[:1] == (OF_WORKSPACES,):
        return True
    return store.holds_others(session, places.keys(_uri(key)), DEFAULT_WORKSPACE_ID)


def _uri(key: ObjectKey) -> str:
    return f"{PROXY_SCHEME}:/{quote(str(key))}"


def check_path(session: Session, places: Places, *keys: ObjectKey) -> None:
    """Refuse a path of the server's own store that may not be read, as if there were nothing.

    Raises:
        MissingObjectError: One of the keys may not be read.
    """
    for key in keys:
        if not permits_path(session, places, key):
            raise MissingObjectError(f"No such artifact: '{key}'")


def check_path_for_writing(session: Session, places: Places, key: ObjectKey) -> None:
    """Refuse to write a path of the server's own store that does not belong to who asks."""
    if not permits_path(session, places, key):
        raise current_access().denied(f"write to {shown(str(key))}")


def scope(
    session: Session, *, experiment: str = "", run: str = "", model: str = "", prefix: str = ""
) -> ObjectKey:
    """Return the key below which the files of one experiment, run or logged model are, or that of a prefix.

    Without any of them it is the root of the store. Raises `ApiError`.
    """
    given = [name for name in (experiment, run, model, prefix) if name]
    if len(given) > 1:
        raise InvalidParameterError("At most one of experiment, run, model and prefix can be given.")
    if experiment:
        location = experiment_location(session, parse_experiment_id(experiment))
        if location is None:
            raise NotFoundError(f"No Experiment with id={experiment} exists.")
        return _own_key(Root(location))
    if run:
        return _own_key(run_root(session, run))
    if model:
        return _own_key(logged_model_root(session, model))
    return parse_path(prefix)


def _own_key(root: Root) -> ObjectKey:
    key = root.own_key()
    if key is None:
        raise InvalidParameterError(
            f"The files are at {root.uri!r}, outside of the server's own store: nothing is recorded of them."
        )
    return key
