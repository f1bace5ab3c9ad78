"""Whose files are where in the server's own store: the roots of runs, logged models and versions."""

from typing import Final

from trackhelm_artifact.logic.spool import Spool
from trackhelm_artifact.store.owners import owner_uris
from trackhelm_core.objects.stores import stores_of
from trackhelm_core.runtime import Runtime

_KIND: Final = "owner"


class Owners:
    """The roots of all owners as the database had them, in a spool of the caller's."""

    def __init__(self, runtime: Runtime, spool: Spool) -> None:
        self._spool = spool
        own_path = stores_of(runtime).places.own_path
        with runtime.database.reading() as session:
            spool.add(_KIND, (path for uri in owner_uris(session) if (path := own_path(uri))))

    def root_of(self, path: str) -> str:
        """Return the highest root that a file lies at or below; empty if it is nobody's."""
        segments = path.split("/")
        above = ["/".join(segments[:depth]) for depth in range(1, len(segments) + 1)]
        if not self._spool.has_any(_KIND, above):
            return ""
        return next(each for each in above if self._spool.has_any(_KIND, [each]))

    def is_below(self, path: str) -> bool:
        """Return whether somebody's root lies below a path."""
        return self._spool.has_below(_KIND, path)


def has_owner(runtime: Runtime) -> bool:
    """Return whether anybody has files in the server's own store."""
    with runtime.database.reading() as session:
        return any(map(stores_of(runtime).places.own_path, owner_uris(session)))
