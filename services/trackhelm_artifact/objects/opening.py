"""Opens stores: the server's own by its URL, and those of the locations that the operator allows."""

import threading
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Self
from urllib.parse import quote, unquote, urlsplit

from trackhelm_artifact.objects.folder import FolderStore
from trackhelm_artifact.objects.keys import ObjectKey
from trackhelm_artifact.objects.store import ObjectStore, StoreUrlError, unavailable
from trackhelm_core.runtime import Runtime
from trackhelm_core.settings import ObjectSettings, StorageSettings
from trackhelm_domain.locations import Places, location_rules

SCHEMES: Final = ("file", "s3", "gs", "az")


def open_store(url: str, settings: ObjectSettings, *, own: bool = True, sweep: bool = True) -> ObjectStore:
    """Open the store at a URL; creates its bucket or folder if it is the server's `own` and that is allowed.

    In a folder, the drafts of killed processes are deleted if `sweep`. An unavailable bucket is no error
    here. Raises `StoreUrlError`.
    """
    try:
        return _opened(url, settings, own=own, sweep=sweep)
    except StoreUrlError:
        raise
    except (OSError, ValueError) as error:
        raise StoreUrlError(f"'{url}' cannot be opened: {error}") from error


def _opened(url: str, settings: ObjectSettings, *, own: bool, sweep: bool) -> ObjectStore:
    parts = urlsplit(url)
    if parts.query or parts.fragment:
        raise StoreUrlError(f"'{url}' must have no query ('?') and no fragment ('#')")
    match parts.scheme:
        case "file":
            return FolderStore(_folder(url, parts.netloc, unquote(parts.path)), make=own, sweep=sweep)
        case "s3" | "gs" | "az" if parts.netloc:
            # The clients of clouds take 90 ms to import, and most servers have a folder.
            from trackhelm_artifact.objects.buckets import open_bucket  # noqa: PLC0415

            return open_bucket(url, settings, own=own)
        case scheme if scheme in SCHEMES:
            raise StoreUrlError(f"'{url}' names no bucket: '{scheme}://bucket/prefix' is expected")
        case scheme:
            raise StoreUrlError(f"'{url}' has scheme '{scheme}', which is not one of {', '.join(SCHEMES)}")


def _folder(url: str, host: str, path: str) -> Path:
    if host not in {"", "localhost"}:
        raise StoreUrlError(f"'{url}' names a host: 'file:///folder' is expected")
    if not path.startswith("/"):
        raise StoreUrlError(f"'{url}' is not absolute: 'file:///folder' is expected")
    return Path(path)


# Locations of experiments outside the server's own store: only those that the operator allows.
#
# A user who creates an experiment chooses its location, and the server reads there with its own credentials:
# without a list of allowed locations, every user could read every bucket that these credentials open.

SERVED_SCHEMES: Final = ("file", "s3", "gs")
"""Schemes of locations that the server can read if they are allowed."""

_MOST_OPEN: Final = 64


class LocationError(Exception):
    """The server does not serve files at this location; the message says which it serves."""


class UnreadableLocationError(LocationError):
    """The server cannot read locations with this scheme, even if they are allowed."""


@dataclass(frozen=True, slots=True)
class _Place:
    """A bucket and a key in it. A folder has no bucket, and its key starts at the root of the file system."""

    scheme: str
    bucket: str
    key: ObjectKey

    def holds(self, other: "_Place") -> bool:
        """Return whether the other place is this one or below it; without a bucket, all of a cloud is."""
        if self.scheme != other.scheme:
            return False
        if not self.bucket and self.scheme != "file":
            return True
        depth = len(self.key.segments)
        return self.bucket == other.bucket and other.key.segments[:depth] == self.key.segments


class Locations:
    """The allowed locations. Their stores are opened on first use; folders are swept if `sweep`."""

    def __init__(self, settings: ObjectSettings, *, sweep: bool = True) -> None:
        self._settings = settings
        self._sweep = sweep
        rules = location_rules(settings.artifact_locations)
        self._allowed = [_place(rule.url, rule=True) for rule in rules]
        self._places = Places(rules=rules)
        self._stores: dict[str, ObjectStore] = {}
        self._opening = threading.Lock()

    def find(self, uri: str, workspace: str | None = None) -> tuple[ObjectStore, ObjectKey]:
        """Return the store that holds a location, and the location's key in it.

        Places that are kept for other workspaces than the one that is named are not served.

        Raises `LocationError` (`UnreadableLocationError` for most schemes), `InvalidKeyError` and
        `StoreUnavailableError`.
        """
        scheme = urlsplit(uri).scheme or "file"
        if scheme not in SERVED_SCHEMES:
            raise UnreadableLocationError(scheme)
        try:
            place = _place(uri)
        except StoreUrlError as error:
            raise LocationError(str(error)) from error
        rule = next((rule for rule in self._allowed if rule.holds(place)), None)
        if rule is None:
            raise LocationError("the operator has not allowed this location")
        if workspace is not None and self._places.keeps_from(workspace, uri):
            raise LocationError("the operator keeps this location, or one below it, for other workspaces")
        if place.scheme == "file":
            below = ObjectKey(place.key.segments[len(rule.key.segments) :])
            return self._store(f"file:///{quote(str(rule.key))}"), below
        return self._store(f"{place.scheme}://{place.bucket}"), place.key

    def _store(self, url: str) -> ObjectStore:
        with self._opening:
            store = self._stores.get(url)
            if store is None:
                if len(self._stores) >= _MOST_OPEN:
                    self._stores.clear()
                try:
                    store = open_store(url, self._settings, own=False, sweep=self._sweep)
                except StoreUrlError as error:
                    raise unavailable(url, "it could not be opened", str(error)) from error
                self._stores[url] = store
        return store


def _place(uri: str, *, rule: bool = False) -> _Place:
    parts = urlsplit(uri)
    scheme = parts.scheme or "file"
    if scheme not in SERVED_SCHEMES or parts.query or parts.fragment:
        raise StoreUrlError(f"'{uri}' is no location that the server can read")
    if scheme == "file" and (parts.netloc not in {"", "localhost"} or not parts.path.startswith("/")):
        raise StoreUrlError(f"'{uri}' is no absolute path on this machine")
    if scheme != "file" and not parts.netloc and not rule:
        raise StoreUrlError(f"'{uri}' names no bucket")
    bucket = "" if scheme == "file" else parts.netloc
    path = parts.path if not parts.scheme else unquote(parts.path)
    return _Place(scheme, bucket, ObjectKey.parse(path))


@dataclass(frozen=True, slots=True)
class ArtifactStores:
    """The server's own store, the allowed locations, and what artifact URIs mean."""

    objects: ObjectStore
    """The server's own store."""
    locations: Locations
    places: Places

    @classmethod
    def open(
        cls, storage: StorageSettings, artifacts: ObjectSettings | None = None, *, untouched: bool = False
    ) -> Self:
        """Open the stores that the settings name; reads the settings of artifacts if none are given.

        A bucket may be unavailable. A store that is to be left `untouched` is neither created nor swept.

        Raises:
            ValueError: The settings contradict one another, or name no store.
        """
        artifacts = artifacts or ObjectSettings()
        objects = open_store(_url(storage, artifacts), artifacts, own=not untouched, sweep=not untouched)
        return cls(objects, Locations(artifacts, sweep=not untouched), places_of(storage, artifacts))


def places_of(storage: StorageSettings, artifacts: ObjectSettings) -> Places:
    """Return what artifact URIs mean, for a process that does not open the store."""
    return Places(_url(storage, artifacts), location_rules(artifacts.artifact_locations))


def _url(storage: StorageSettings, artifacts: ObjectSettings) -> str:
    return artifacts.artifacts_url or storage.artifact_folder.as_uri()


def stores_of(runtime: Runtime) -> ArtifactStores:
    """Return the stores of a process that serves files."""
    return runtime.part(ArtifactStores)
