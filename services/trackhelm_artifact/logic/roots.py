"""Where an entity's files are, and whether they are in our store."""

import re
from dataclasses import dataclass
from typing import Final
from urllib.parse import unquote, urlsplit

from sqlalchemy.orm import Session

from trackhelm_artifact.logic.paths import parse_path
from trackhelm_artifact.store import roots as store
from trackhelm_core.errors import InvalidParameterError, NotFoundError
from trackhelm_core.locations import PROXY_SCHEME
from trackhelm_core.objects.keys import InvalidKeyError, ObjectKey
from trackhelm_core.objects.locations import LocationError, Locations
from trackhelm_core.objects.store import ObjectStore
from trackhelm_core.validation import parse_version
from trackhelm_core.wire.faults import shown

# What else can be nobody's id may hold what no database takes as a parameter.
_ID = re.compile(r"[A-Za-z0-9][\w\-]{0,255}", re.ASCII)

_RUNS_SCHEME: Final = "runs"


@dataclass(frozen=True, slots=True)
class Located:
    """A file or directory in a store."""

    store: ObjectStore
    key: ObjectKey


@dataclass(frozen=True, slots=True)
class Root:
    """The URI below which an entity's files are."""

    uri: str

    @property
    def is_proxied(self) -> bool:
        """Whether the files are in our store."""
        return urlsplit(self.uri).scheme == PROXY_SCHEME

    def own_key(self) -> ObjectKey | None:
        """Return the key of it in our store, None where the files are elsewhere."""
        if not self.is_proxied:
            return None
        # A URI is encoded as the path of a request is: the server decodes both once.
        return parse_path(unquote(urlsplit(self.uri).path).lstrip("/"))

    def locate(self, objects: ObjectStore, locations: Locations, path: ObjectKey) -> Located:
        """Return where a file or directory of the entity is; refuses locations that are not served."""
        try:
            own = self.own_key()
            if own is not None:
                return Located(objects, own.join(path))
            store, key = locations.find(self.uri)
            return Located(store, key.join(path))
        except LocationError as error:
            raise InvalidParameterError(
                f"The files at {shown(self.uri)} are not served: {error}. Fetch them from that URI directly, "
                "or have its location added to TRACKHELM_ARTIFACT_LOCATIONS."
            ) from error
        except InvalidKeyError as error:
            raise InvalidParameterError(f"Invalid path {shown(str(path))}: {error}.") from error


def run_root(session: Session, run_id: str) -> Root:
    """Return where a run's files are."""
    location = store.run_location(session, run_id) if _ID.fullmatch(run_id) else None
    if location is None:
        raise NotFoundError(f"Run with id={run_id} not found")
    return Root(location)


def logged_model_root(session: Session, model_id: str) -> Root:
    """Return where a logged model's files are."""
    location = store.logged_model_location(session, model_id) if _ID.fullmatch(model_id) else None
    if location is None:
        raise NotFoundError(f"Logged model with ID '{model_id}' not found.")
    return Root(location)


def version_root(session: Session, name: str, version: str) -> Root:
    """Return where a model version's files are; one registered from `runs:/` has its run's."""
    number = parse_version(version)
    location = None if number is None else store.version_location(session, name, number)
    if location is None:
        raise NotFoundError(f"Model Version (name={name}, version={version}) not found")
    parts = urlsplit(location)
    if parts.scheme != _RUNS_SCHEME:
        return Root(location)
    run_id, _, below = parts.path.lstrip("/").partition("/")
    return Root("/".join([run_root(session, run_id).uri.rstrip("/"), below]))
