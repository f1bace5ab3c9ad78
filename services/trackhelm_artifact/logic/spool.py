"""A set of paths on disk, for comparisons of stores with millions of files in memory of a fixed size."""

import sqlite3
from collections.abc import Iterable, Sequence
from contextlib import suppress
from types import TracebackType
from typing import Self


class Spool:
    """Paths of one kind each, kept in a temporary file that is gone when it is closed."""

    def __init__(self) -> None:
        # Without a name: SQLite keeps it in a temporary file once it outgrows its cache.
        self._file = sqlite3.connect("", check_same_thread=False, isolation_level=None)
        self._file.execute("PRAGMA cache_size=-8192")
        self._file.execute("CREATE TABLE path (kind TEXT, path TEXT, PRIMARY KEY (kind, path)) WITHOUT ROWID")
        self._file.execute("BEGIN")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, _type: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        with suppress(sqlite3.Error):
            self._file.close()

    def add(self, kind: str, paths: Iterable[str]) -> None:
        """Add paths; one that is there stays."""
        self._file.executemany("INSERT OR IGNORE INTO path VALUES (?, ?)", ((kind, path) for path in paths))

    def has_any(self, kind: str, paths: Sequence[str]) -> bool:
        """Return whether one of some paths is there."""
        marks = ", ".join("?" * len(paths))
        query = f"SELECT 1 FROM path WHERE kind = ? AND path IN ({marks}) LIMIT 1"  # noqa: S608 - marks
        return bool(paths) and self._file.execute(query, (kind, *paths)).fetchone() is not None

    def has_below(self, kind: str, path: str) -> bool:
        """Return whether one is there that lies below a path."""
        # `0` is what comes after `/`, so this is the range of all that begins with the path and a slash.
        query = "SELECT 1 FROM path WHERE kind = ? AND path > ? AND path < ? LIMIT 1"
        return self._file.execute(query, (kind, f"{path}/", f"{path}0")).fetchone() is not None
