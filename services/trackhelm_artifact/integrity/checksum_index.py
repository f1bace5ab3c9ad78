"""Owns the checksum index: each file's size and SHA-256, written after the file and before the answer.

The file is written first, then its record. A process that is killed between the two leaves a file that is
newer than its record, or has none; `artifacts verify` tells such a file from a damaged one by the store's tag
of the version. Uploads that end at about the same time share a transaction.
"""

import asyncio
from collections import defaultdict
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Request
from sqlalchemy.orm import Session
from starlette.concurrency import run_in_threadpool

from trackhelm_artifact.files.paths import owner_of_key
from trackhelm_artifact.integrity import store
from trackhelm_artifact.integrity.store import BATCH, Record
from trackhelm_artifact.objects.keys import ObjectKey
from trackhelm_artifact.objects.opening import stores_of
from trackhelm_artifact.objects.store import (
    DirectoryError,
    MissingObjectError,
    ObjectStore,
    Stored,
    StoreUnavailableError,
)
from trackhelm_core.db.unit_of_work import Database
from trackhelm_core.runtime import Clock, Runtime
from trackhelm_domain.access.checks import here
from trackhelm_domain.experiments import workspaces_of
from trackhelm_domain.locations import Places
from trackhelm_domain.quotas.book import QuotaBook
from trackhelm_domain.quotas.usage import Stock, has_quotas, note_use


@dataclass(slots=True)
class _Waiting:
    record: Record
    workspace_id: int
    is_new: asyncio.Future[bool]


class ChecksumIndex:
    """The records of the files in the server's own store; used from one event loop."""

    def __init__(
        self,
        database: Database,
        objects: ObjectStore,
        clock: Clock,
        places: Places | None = None,
        quotas: QuotaBook | None = None,
    ) -> None:
        self._database = database
        self._objects = objects
        self._clock = clock
        self._places = places or Places()
        self._quotas = quotas or QuotaBook()
        self._waiting: list[_Waiting] = []
        self._writing: asyncio.Task[None] | None = None

    async def note(self, key: ObjectKey, stored: Stored, sha256: bytes | None) -> None:
        """Record a file that was just stored; returns when the record is committed.

        If two clients write to one path, each records its own version unless the other's has replaced it: the
        record that remains is that of the file that remains. A file that was deleted meanwhile gets no
        record.
        """
        record = Record(str(key), stored.size, sha256, stored.etag, self._clock())
        while not await self._insert(record):
            # A record exists already: of the version that this one replaced, or of a version that replaced
            # this one.
            known = await run_in_threadpool(self._find, record.key)
            if known is None:
                continue
            if await self._etag_of(record.key) != record.etag:
                return
            if await run_in_threadpool(self._replace, record, known):
                break
        # If the file was deleted since it was stored, that deletion may have looked for records before this
        # one.
        await self._forget_if_missing(record)

    async def sha256_of(self, key: ObjectKey, etag: str) -> bytes | None:
        """Return the SHA-256 that was recorded when this version of a file was uploaded.

        None where none was, or only that of another version.
        """
        record = await run_in_threadpool(self._find, str(key))
        return record.sha256 if record is not None and record.etag == etag else None

    async def deleting(self, key: ObjectKey) -> Callable[[], Awaitable[None]]:
        """Return a function that deletes the records at a key and below it, once the files are deleted.

        Records of files that are uploaded after this call are kept, unless those files are deleted, too.
        """
        until = await run_in_threadpool(self._newest, key)

        async def forget() -> None:
            await run_in_threadpool(self._forget, key, until)
            after = ""
            while records := await run_in_threadpool(self._after, key, after):
                after = records[-1].key
                for record in records:
                    await self._forget_if_missing(record)

        return forget

    async def _forget_if_missing(self, record: Record) -> None:
        # If the store becomes unavailable now, the record that was written stays.
        with suppress(StoreUnavailableError):
            if await self._etag_of(record.key) is None:
                await run_in_threadpool(self._forget_one, record)

    async def _etag_of(self, key: str) -> str | None:
        """Return the tag of the file with a key; None if there is no such file."""
        try:
            found = await self._objects.open(ObjectKey.parse(key), whole=False)
        except (MissingObjectError, DirectoryError):
            return None
        found.close()
        return found.etag

    async def _insert(self, record: Record) -> bool:
        waiting = _Waiting(record, here(), asyncio.get_running_loop().create_future())
        self._waiting.append(waiting)
        if self._writing is None:
            self._writing = asyncio.create_task(self._write_all())
        # The future is shielded, because a cancelled caller must not cancel the batch of the others.
        return await asyncio.shield(waiting.is_new)

    async def _write_all(self) -> None:
        """Write the waiting records until none is left."""
        while self._waiting:
            batch, self._waiting = self._next_batch()
            try:
                is_counted = bool(await self._quotas.current(self._database))
                new = await run_in_threadpool(self._insert_counted if is_counted else self._insert_all, batch)
            except Exception as error:  # noqa: BLE001 - every error goes to the waiting callers
                for waiting in batch:
                    waiting.is_new.set_exception(error)
                    # The exception is marked as retrieved, because every caller may have been cancelled.
                    waiting.is_new.exception()
                continue
            for waiting in batch:
                waiting.is_new.set_result(waiting.record.key in new)
        self._writing = None

    def _next_batch(self) -> tuple[list[_Waiting], list[_Waiting]]:
        """Return the records that one statement can insert, one for each key, and those that must wait."""
        by_key: defaultdict[str, list[_Waiting]] = defaultdict(list)
        for waiting in self._waiting:
            by_key[waiting.record.key].append(waiting)
        first = [same[0] for same in by_key.values()][:BATCH]
        taken = {id(waiting) for waiting in first}
        return first, [waiting for waiting in self._waiting if id(waiting) not in taken]

    def _insert_all(self, batch: Sequence[_Waiting]) -> set[str]:
        with self._database.relaxed_write() as session:
            return store.insert_records(session, [waiting.record for waiting in batch])

    def _insert_counted(self, batch: Sequence[_Waiting]) -> set[str]:
        with self._database.writing() as session:
            new = store.insert_records(session, [waiting.record for waiting in batch])
            for waiting in batch:
                if waiting.record.key in new:
                    note_use(session, waiting.workspace_id, Stock.BYTES, waiting.record.size)
        return new

    def _find(self, key: str) -> Record | None:
        with self._database.reading_once() as session:
            return store.find_record(session, key)

    def _replace(self, record: Record, known: Record) -> bool:
        with self._database.writing() as session:
            is_replaced = store.replace_record(session, record, known)
            if is_replaced:
                note_use(session, here(), Stock.BYTES, record.size - known.size)
        return is_replaced

    def _after(self, key: ObjectKey, after: str) -> list[Record]:
        with self._database.reading_once() as session:
            return store.records_after(session, key, after)

    def _forget_one(self, record: Record) -> None:
        with self._database.writing() as session:
            if store.forget_record(session, record):
                self._note_gone(session, ObjectKey.parse(record.key), record.size)

    def _newest(self, key: ObjectKey) -> int | None:
        with self._database.reading_once() as session:
            return store.newest_time(session, key)

    def _forget(self, key: ObjectKey, until: int | None) -> None:
        while until is not None:
            with self._database.writing() as session:
                number, size = store.forget_records(session, key, until)
                self._note_gone(session, key, size)
            if number < BATCH:
                return

    def _note_gone(self, session: Session, key: ObjectKey, size: int) -> None:
        if size and has_quotas(session):
            owner = owner_of_key(session, self._places, key)
            workspaces = {} if owner is None else workspaces_of(session, [owner])
            for workspace_id in workspaces.values():
                note_use(session, workspace_id, Stock.BYTES, -size)


def checksum_index(runtime: Runtime) -> ChecksumIndex:
    """Return the checksum index of a process that serves or deletes files."""
    stores = stores_of(runtime)
    return ChecksumIndex(
        runtime.database, stores.objects, runtime.clock, stores.places, runtime.part(QuotaBook)
    )


# For endpoints.


async def _checksum_index(request: Request) -> ChecksumIndex:
    index: ChecksumIndex = request.app.state.checksum_index
    return index


ChecksumIndexDep = Annotated[ChecksumIndex, Depends(_checksum_index)]
"""The parameter type by which an endpoint gets the checksum index of its process."""
