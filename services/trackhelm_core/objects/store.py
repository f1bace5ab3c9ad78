"""The port to the object store, with obstore under it.

It knows keys and bytes. It must not know runs, experiments or URIs of the wire.
"""

from pathlib import Path
from typing import Self

from obstore.store import LocalStore


class ObjectStore:
    """Files by key, in a folder. Keys are relative, with `/` between segments."""

    def __init__(self, store: LocalStore) -> None:
        self._store = store

    @classmethod
    def folder(cls, root: Path) -> Self:
        """Keep files in a folder, made if missing."""
        root.mkdir(parents=True, exist_ok=True)
        return cls(LocalStore(root, mkdir=True))
