"""Stores outside the server's own, where an experiment's files may lie: only those the operator allows.

Whoever may create an experiment chooses its location, and the server reads there with its own credentials:
without a list of what is allowed, every bucket that these open would be open to every user.
"""

import threading
from dataclasses import dataclass
from typing import Final
from urllib.parse import quote, unquote, urlsplit

from trackhelm_core.objects.keys import ObjectKey
from trackhelm_core.objects.opening import StoreUrlError, open_store
from trackhelm_core.objects.remote_faults import unavailable
from trackhelm_core.objects.store import ObjectStore
from trackhelm_core.settings import ObjectSettings

_SCHEMES: Final = ("file", "s3", "gs")
_MOST_OPEN: Final = 64


class LocationError(Exception):
    """The server does not serve files there; the message says what it serves."""


@dataclass(frozen=True, slots=True)
class _Place:
    """A bucket and a key in it. A folder has no bucket, and its key starts at the machine's root."""

    scheme: str
    bucket: str
    key: ObjectKey

    def holds(self, other: "_Place") -> bool:
        """Return whether the other is the same place or below it. Without a bucket, all of a cloud is."""
        if self.scheme != other.scheme:
            return False
        if not self.bucket and self.scheme != "file":
            return True
        depth = len(self.key.segments)
        return self.bucket == other.bucket and other.key.segments[:depth] == self.key.segments


class Locations:
    """The allowed locations, and their stores once they were asked for; folders are swept if `sweep`."""

    def __init__(self, settings: ObjectSettings, *, sweep: bool = True) -> None:
        self._settings = settings
        self._sweep = sweep
        self._allowed = [
            _place(rule, rule=True)
            for part in settings.artifact_locations.split(",")
            if (rule := part.strip())
        ]
        self._stores: dict[str, ObjectStore] = {}
        self._opening = threading.Lock()

    def find(self, uri: str) -> tuple[ObjectStore, ObjectKey]:
        """Return the store that holds a location, and the location's key in it.

        Raises `LocationError`, `InvalidKeyError` and `StoreUnavailableError`.
        """
        try:
            place = _place(uri)
        except StoreUrlError as error:
            raise LocationError(str(error)) from error
        rule = next((rule for rule in self._allowed if rule.holds(place)), None)
        if rule is None:
            raise LocationError("the operator has not allowed this location")
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
    if scheme not in _SCHEMES or parts.query or parts.fragment:
        raise StoreUrlError(f"'{uri}' is no location that the server can read")
    if scheme == "file" and (parts.netloc not in {"", "localhost"} or not parts.path.startswith("/")):
        raise StoreUrlError(f"'{uri}' is no absolute path on this machine")
    if scheme != "file" and not parts.netloc and not rule:
        raise StoreUrlError(f"'{uri}' names no bucket")
    bucket = "" if scheme == "file" else parts.netloc
    path = parts.path if not parts.scheme else unquote(parts.path)
    return _Place(scheme, bucket, ObjectKey.parse(path))
