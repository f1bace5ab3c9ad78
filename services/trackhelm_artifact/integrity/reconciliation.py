"""Reconciles the store with the database: finds, and deletes on request, what has no owner or no file.

It also drops uploads that were interrupted.
"""

import sqlite3
import time
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from enum import StrEnum
from types import TracebackType
from typing import Final, Self

from anyio import to_thread

from trackhelm_artifact.integrity import store
from trackhelm_artifact.integrity.purging import purge_files
from trackhelm_artifact.integrity.store import Record, Tombstone, owner_uris
from trackhelm_artifact.objects.keys import ObjectKey
from trackhelm_artifact.objects.opening import stores_of
from trackhelm_artifact.objects.store import DirectoryError, Interrupted, MissingObjectError
from trackhelm_core.errors import InvalidParameterError
from trackhelm_core.runtime import Runtime

# A set of paths on disk, with which stores of millions of files are compared in constant memory.


class Spool:
    """Paths, each of a kind, in a temporary file that is deleted when it is closed."""

    def __init__(self) -> None:
        # A database without a name: SQLite writes it to a temporary file when it outgrows its cache.
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
        """Add paths; a path that is already there is ignored."""
        self._file.executemany("INSERT OR IGNORE INTO path VALUES (?, ?)", ((kind, path) for path in paths))

    def has_any(self, kind: str, paths: Sequence[str]) -> bool:
        """Return whether any of the given paths is there."""
        marks = ", ".join("?" * len(paths))
        query = f"SELECT 1 FROM path WHERE kind = ? AND path IN ({marks}) LIMIT 1"  # noqa: S608 - only placeholders
        return bool(paths) and self._file.execute(query, (kind, *paths)).fetchone() is not None

    def has_below(self, kind: str, path: str) -> bool:
        """Return whether any path below the given one is there."""
        # `0` is the character after `/`, so this is the range of all paths that begin with the path and a
        # slash.
        query = "SELECT 1 FROM path WHERE kind = ? AND path > ? AND path < ? LIMIT 1"
        return self._file.execute(query, (kind, f"{path}/", f"{path}0")).fetchone() is not None


# The owners of the files in the server's own store: the roots of runs, logged models and versions.

_KIND: Final = "owner"


class Owners:
    """The roots of all owners, as the database had them, in a spool that the caller provides."""

    def __init__(self, runtime: Runtime, spool: Spool) -> None:
        self._spool = spool
        own_path = stores_of(runtime).places.own_path
        with runtime.database.reading() as session:
            spool.add(_KIND, (path for uri in owner_uris(session) if (path := own_path(uri))))

    def root_of(self, path: str) -> str:
        """Return the highest root at or above a file; empty if the file has no owner."""
        segments = path.split("/")
        above = ["/".join(segments[:depth]) for depth in range(1, len(segments) + 1)]
        if not self._spool.has_any(_KIND, above):
            return ""
        return next(each for each in above if self._spool.has_any(_KIND, [each]))

    def is_below(self, path: str) -> bool:
        """Return whether any owner's root lies below a path."""
        return self._spool.has_below(_KIND, path)


def has_owner(runtime: Runtime) -> bool:
    """Return whether any run, logged model or version has its files in the server's own store."""
    with runtime.database.reading() as session:
        return any(map(stores_of(runtime).places.own_path, owner_uris(session)))


# Interrupted uploads.

SWEEP_SECONDS: Final = 3_600
"""How often interrupted uploads are looked for."""

_INTERRUPTED_SECONDS: Final = 86_400
"""Age at which an upload counts as interrupted: the URLs of its parts have expired by then."""


async def sweep_uploads(runtime: Runtime) -> None:
    """Drop uploads that were begun more than a day ago and never finished.

    In a bucket to which others may write, too, only uploads of files of runs, logged models and versions are
    dropped.
    """
    async for page in stores_of(runtime).objects.interrupted(time.time() - _INTERRUPTED_SECONDS):
        ours = [upload for upload in page if upload.is_ours]
        if len(ours) < len(page):
            ours = await to_thread.run_sync(_of_somebody, runtime, page)
        for upload in ours:
            await stores_of(runtime).objects.drop(upload)


def _of_somebody(runtime: Runtime, uploads: Sequence[Interrupted]) -> list[Interrupted]:
    with Spool() as spool:
        owners = Owners(runtime, spool)
        return [upload for upload in uploads if upload.is_ours or owners.root_of(upload.name)]


_FILES: Final = "file"
_AT_ONCE: Final = 1_000


class OrphanKind(StrEnum):
    """The kinds of leftovers."""

    ORPHAN = "orphan"
    """A file that belongs to no run, logged model or version."""

    RECORD = "record without file"
    """A record in the checksum index whose file does not exist."""

    INTERRUPTED = "interrupted upload"
    """The parts of an upload that was never finished."""

    DELETED = "deleted for good"
    """Files of something that was deleted for good, which have a tombstone and still exist."""


@dataclass(frozen=True, slots=True)
class Orphan:
    """A leftover; `size` is in bytes, None if it is not known."""

    what: OrphanKind
    path: str
    size: int | None


class Reconciliation:
    """Finds the leftovers below a key that are older than `before`, and deletes them on request.

    `before` is in seconds since the epoch.
    """

    def __init__(self, runtime: Runtime, root: ObjectKey, before: float, *, deletes: bool = False) -> None:
        self._runtime = runtime
        self._root = root
        self._before = before
        self._deletes = deletes

    async def left_over(self) -> AsyncIterator[Orphan]:
        """Yield the leftovers, each after it was deleted if that was requested.

        Memory use does not depend on the number of files, because what is compared is kept in a temporary
        file. Raises `InvalidParameterError` if the database knows no owner at all, because every file would
        be deleted.
        """
        if self._deletes:
            await self._check_owners()
        async for left in self._deleted_for_good():
            yield left
        async for left in self._interrupted():
            yield left
        with Spool() as spool:
            owners = await to_thread.run_sync(Owners, self._runtime, spool)
            async for left in self._orphans(spool, owners):
                yield left
            async for left in self._records(spool):
                yield left

    async def _check_owners(self) -> None:
        if await to_thread.run_sync(has_owner, self._runtime):
            return
        async for page in stores_of(self._runtime).objects.walk(self._root):
            if page:
                raise InvalidParameterError(
                    "Nothing is deleted: the store has files, but the database knows no run, logged model or "
                    "version that has any there. Is it the database of this store? They are named by "
                    "TRACKHELM_DATABASE_URL and TRACKHELM_ARTIFACTS_URL."
                )

    async def _deleted_for_good(self) -> AsyncIterator[Orphan]:
        after = 0
        while page := await to_thread.run_sync(self._tombstones, after):
            for each in page:
                yield Orphan(OrphanKind.DELETED, each.artifact_uri, None)
            after = page[-1].id
        if self._deletes:
            await purge_files(self._runtime, seconds=float("inf"))

    async def _interrupted(self) -> AsyncIterator[Orphan]:
        async for page in stores_of(self._runtime).objects.interrupted(self._before):
            for upload in page:
                if self._deletes:
                    await stores_of(self._runtime).objects.drop(upload)
                yield Orphan(OrphanKind.INTERRUPTED, upload.name, None)

    async def _orphans(self, spool: Spool, owners: Owners) -> AsyncIterator[Orphan]:
        owned = ""
        async for page in stores_of(self._runtime).objects.walk(self._root):
            spool.add(_FILES, (str(file.key) for file in page))
            for file in page:
                path = str(file.key)
                # Files of one owner mostly follow one another, so its root is remembered.
                if owned and path.startswith(owned):
                    continue
                if root := owners.root_of(path):
                    owned = f"{root}/"
                # In a bucket a file may have the name of a directory. It is kept if there are owners below
                # that directory.
                elif file.modified < self._before and not owners.is_below(path):
                    if self._deletes:
                        await self._delete(file.key)
                    yield Orphan(OrphanKind.ORPHAN, path, file.size)

    async def _records(self, spool: Spool) -> AsyncIterator[Orphan]:
        after = ""
        while page := await to_thread.run_sync(self._recorded, after):
            after = page[-1].key
            for record in page:
                if record.time >= self._before * 1000 or spool.has_any(_FILES, [record.key]):
                    continue
                # The file may have been uploaded since the store was listed.
                if await self._is_there(record.key):
                    continue
                if self._deletes:
                    await to_thread.run_sync(self._forget, record)
                yield Orphan(OrphanKind.RECORD, record.key, record.size)

    async def _delete(self, key: ObjectKey) -> None:
        record = await to_thread.run_sync(self._record_of, key)
        await stores_of(self._runtime).objects.delete_file(key)
        if record is not None:
            await to_thread.run_sync(self._forget, record)

    async def _is_there(self, path: str) -> bool:
        try:
            found = await stores_of(self._runtime).objects.open(ObjectKey.parse(path), whole=False)
        except (MissingObjectError, DirectoryError):
            return False
        found.close()
        return True

    def _tombstones(self, after: int) -> list[Tombstone]:
        with self._runtime.database.reading_once() as session:
            return store.tombstones_after(session, after, _AT_ONCE)

    def _recorded(self, after: str) -> list[Record]:
        with self._runtime.database.reading_once() as session:
            return store.records_after(session, self._root, after)

    def _record_of(self, key: ObjectKey) -> Record | None:
        with self._runtime.database.reading_once() as session:
            return store.find_record(session, str(key))

    def _forget(self, record: Record) -> None:
        with self._runtime.database.writing() as session:
            store.forget_record(session, record)
