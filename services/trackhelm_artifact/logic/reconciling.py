"""Reconciling: what is in the store and belongs to nobody, and what is noted of files that are not there."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from anyio import to_thread

from trackhelm_artifact.logic.owners import Owners, has_owner
from trackhelm_artifact.logic.purging import purge_files
from trackhelm_artifact.logic.spool import Spool
from trackhelm_artifact.store import records as records_store
from trackhelm_artifact.store import tombstones as tombstones_store
from trackhelm_artifact.store.records import Record
from trackhelm_artifact.store.tombstones import Tombstone
from trackhelm_core.errors import InvalidParameterError
from trackhelm_core.objects.keys import ObjectKey
from trackhelm_core.objects.store import DirectoryError, MissingObjectError
from trackhelm_core.objects.stores import stores_of
from trackhelm_core.runtime import Runtime

_FILES: Final = "file"
_AT_ONCE: Final = 1_000


class Left(StrEnum):
    """What can be left over."""

    ORPHAN = "orphan"
    """A file of no run, logged model or version."""

    RECORD = "record without file"
    """A record of a file that is not there."""

    INTERRUPTED = "interrupted upload"
    """What is left of an upload that nobody finished."""

    DELETED = "deleted for good"
    """Files of something that was deleted for good, which are still to be deleted."""


@dataclass(frozen=True, slots=True)
class LeftOver:
    """Something that is left over; `size` is in bytes, None where it is not known."""

    what: Left
    path: str
    size: int | None


class Reconciliation:
    """Finds what is left over below a key, or deletes it: what is older than `before`.

    That is in seconds since the epoch.
    """

    def __init__(self, runtime: Runtime, root: ObjectKey, before: float, *, deletes: bool = False) -> None:
        self._runtime = runtime
        self._root = root
        self._before = before
        self._deletes = deletes

    async def left_over(self) -> AsyncIterator[LeftOver]:
        """Yield what is left over, and if it is to be deleted, after it is.

        Memory is the same for any number of files: what is compared is kept in a temporary file. Raises
        `InvalidParameterError` where all files would be deleted, for nobody is known who has any.
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

    async def _deleted_for_good(self) -> AsyncIterator[LeftOver]:
        after = 0
        while page := await to_thread.run_sync(self._tombstones, after):
            for each in page:
                yield LeftOver(Left.DELETED, each.artifact_uri, None)
            after = page[-1].id
        if self._deletes:
            await purge_files(self._runtime, seconds=float("inf"))

    async def _interrupted(self) -> AsyncIterator[LeftOver]:
        async for page in stores_of(self._runtime).objects.interrupted(self._before):
            for upload in page:
                if self._deletes:
                    await stores_of(self._runtime).objects.drop(upload)
                yield LeftOver(Left.INTERRUPTED, upload.name, None)

    async def _orphans(self, spool: Spool, owners: Owners) -> AsyncIterator[LeftOver]:
        owned = ""
        async for page in stores_of(self._runtime).objects.walk(self._root):
            spool.add(_FILES, (str(file.key) for file in page))
            for file in page:
                path = str(file.key)
                # Files of one owner mostly follow one another.
                if owned and path.startswith(owned):
                    continue
                if root := owners.root_of(path):
                    owned = f"{root}/"
                # In a bucket a file may have the name of a directory: of one with owners below, it stays.
                elif file.modified < self._before and not owners.is_below(path):
                    if self._deletes:
                        await self._delete(file.key)
                    yield LeftOver(Left.ORPHAN, path, file.size)

    async def _records(self, spool: Spool) -> AsyncIterator[LeftOver]:
        after = ""
        while page := await to_thread.run_sync(self._recorded, after):
            after = page[-1].key
            for record in page:
                if record.time >= self._before * 1000 or spool.has_any(_FILES, [record.key]):
                    continue
                # It may have come since the store was listed.
                if await self._is_there(record.key):
                    continue
                if self._deletes:
                    await to_thread.run_sync(self._forget, record)
                yield LeftOver(Left.RECORD, record.key, record.size)

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
            return tombstones_store.tombstones_after(session, after, _AT_ONCE)

    def _recorded(self, after: str) -> list[Record]:
        with self._runtime.database.reading_once() as session:
            return records_store.records_after(session, self._root, after)

    def _record_of(self, key: ObjectKey) -> Record | None:
        with self._runtime.database.reading_once() as session:
            return records_store.find_record(session, str(key))

    def _forget(self, record: Record) -> None:
        with self._runtime.database.writing() as session:
            records_store.forget_record(session, record)
