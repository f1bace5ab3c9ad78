"""Verification: reads files back and compares them with the checksum index."""

import asyncio
import hashlib
import re
from collections.abc import AsyncIterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from anyio import to_thread

from trackhelm_artifact.integrity import store
from trackhelm_artifact.integrity.store import Record
from trackhelm_artifact.objects.keys import ObjectKey
from trackhelm_artifact.objects.store import (
    DirectoryError,
    MissingObjectError,
    ObjectStore,
    StoreUnavailableError,
    UnfitKeyError,
)
from trackhelm_core.db.unit_of_work import Database
from trackhelm_core.runtime import Clock

_AT_ONCE: Final = 8
"""Files that are read at the same time; reading small files of a bucket is mostly waiting."""

# The tag that S3 gives a file that was sent in one request is its MD5.
_MD5 = re.compile(r"[0-9a-f]{32}")


class Fault(StrEnum):
    """What is wrong with a file."""

    MISSING = "missing"
    """It has a record and does not exist. A file that was deleted through the server while it was uploaded
    has no record: whichever of the two ends last checks whether the file exists, and deletes the record."""

    CHANGED = "changed"
    """It is the version that was recorded, but its bytes are different."""

    REPLACED = "replaced"
    """It is another version than the recorded one: its upload was interrupted before the record was written,
    or it was written to the store directly."""

    UNRECORDED = "unrecorded"
    """It has no record."""

    UNREADABLE = "unreadable"
    """It exists, and the disk or the store fails to read it."""


@dataclass(frozen=True, slots=True)
class Finding:
    """A file with a fault."""

    fault: Fault
    path: str
    detail: str


@dataclass(slots=True)
class Tally:
    """How much a verification has read, and how much it has recorded on request."""

    files: int = 0
    size: int = 0
    recorded: int = 0


@dataclass(frozen=True, slots=True)
class _Read:
    """A file as it was read back."""

    size: int
    sha256: bytes
    md5: str
    etag: str


@dataclass(frozen=True, slots=True)
class _Unreadable:
    """A file that could not be read, and why."""

    reason: str


class Verification:
    """Compares the files at a key and below it with their records.

    `mends` adds the records that were never written, also those of versions that replaced a recorded one. It
    never changes the record of a version whose bytes differ from it.
    """

    def __init__(
        self, database: Database, objects: ObjectStore, clock: Clock, *, mends: bool = False
    ) -> None:
        self._database = database
        self._objects = objects
        self._clock = clock
        self._mends = mends
        self.tally = Tally()

    async def findings(self, root: ObjectKey) -> AsyncIterator[Finding]:
        """Yield the faults; memory use does not depend on the number of files.

        A file that cannot be read is a finding. Raises `StoreUnavailableError` if no file can be read.
        """
        async for records in self._recorded(root):
            for finding in await self._all(records):
                yield finding
        try:
            async for page in self._objects.walk(root):
                paths = [str(file.key) for file in page]
                known = await to_thread.run_sync(self._find_all, paths)
                for finding in await self._all([path for path in paths if path not in known]):
                    yield finding
        except OSError as error:
            # Files with a record have all been read by now, in whichever directory they are.
            detail = f"not all that is unrecorded was found: a directory gave '{_reason(error)}'"
            yield Finding(Fault.UNREADABLE, str(root) or ".", detail)

    async def _recorded(self, root: ObjectKey) -> AsyncIterator[Sequence[Record]]:
        after = ""
        while records := await to_thread.run_sync(self._after, root, after):
            yield records
            after = records[-1].key

    async def _all(self, files: Sequence[Record | str]) -> list[Finding]:
        found: list[Finding] = []
        for start in range(0, len(files), _AT_ONCE):
            some = files[start : start + _AT_ONCE]
            answers = await asyncio.gather(
                *(self._judged(file) if isinstance(file, Record) else self._new(file) for file in some)
            )
            found += [answer for answer in answers if answer]
        return found

    async def _judged(self, record: Record) -> Finding | None:
        read = await self._read(record.key)
        fault = Fault.UNREADABLE if isinstance(read, _Unreadable) else _fault(record, read)
        if fault is None:
            if record.sha256 is None and isinstance(read, _Read):
                await self._replace(record, read)
            return None
        # The file may have been uploaded or deleted since its record was read; then the new record is
        # compared.
        now = await to_thread.run_sync(self._find_all, [record.key])
        current = now.get(record.key)
        if current is None:
            return None
        if current != record:
            return await self._judged(current)
        if fault is Fault.REPLACED and self._mends and isinstance(read, _Read):
            await self._replace(record, read)
            self.tally.recorded += 1
            return None
        return Finding(fault, record.key, _detail(record, read))

    async def _new(self, path: str) -> Finding | None:
        read = await self._read(path)
        if read is None:
            return None
        if isinstance(read, _Unreadable):
            return Finding(Fault.UNREADABLE, path, read.reason)
        if not self._mends:
            # The upload of this file recorded it in the meantime.
            if await to_thread.run_sync(self._find_all, [path]):
                return None
            return Finding(Fault.UNRECORDED, path, f"{read.size} bytes, sha256 {read.sha256.hex()}")
        await to_thread.run_sync(self._insert, self._record_of(path, read))
        self.tally.recorded += 1
        return None

    async def _read(self, path: str) -> _Read | _Unreadable | None:
        # Reading a file of a bucket breaks off if the file is replaced meanwhile; then the new version is
        # read.
        with suppress(OSError, StoreUnavailableError):
            return await self._read_once(path)
        try:
            return await self._read_once(path)
        except OSError as error:
            return _Unreadable(_reason(error))
        except StoreUnavailableError as error:
            # This tells whether only this file fails or the store, in which case no further file is tried.
            await self._objects.page(ObjectKey(), "", 1)
            return _Unreadable(error.reason)

    async def _read_once(self, path: str) -> _Read | None:
        try:
            opened = await self._objects.open(ObjectKey.parse(path))
        except (MissingObjectError, DirectoryError, UnfitKeyError):
            return None
        sha256 = hashlib.sha256()
        md5 = hashlib.md5(usedforsecurity=False)
        is_md5 = _MD5.fullmatch(opened.etag) is not None
        try:
            async for block in opened.blocks(0, opened.size):
                sha256.update(block)
                if is_md5:
                    md5.update(block)
        finally:
            opened.close()
        self.tally.files += 1
        self.tally.size += opened.size
        return _Read(opened.size, sha256.digest(), md5.hexdigest() if is_md5 else "", opened.etag)

    async def _replace(self, record: Record, read: _Read) -> None:
        await to_thread.run_sync(self._put, self._record_of(record.key, read), record)

    def _record_of(self, path: str, read: _Read) -> Record:
        return Record(path, read.size, read.sha256, read.etag, self._clock())

    def _after(self, root: ObjectKey, after: str) -> list[Record]:
        with self._database.reading_once() as session:
            return store.records_after(session, root, after)

    def _find_all(self, paths: list[str]) -> dict[str, Record]:
        with self._database.reading_once() as session:
            return store.find_records(session, paths)

    def _insert(self, record: Record) -> None:
        with self._database.writing() as session:
            store.insert_records(session, [record])

    def _put(self, record: Record, known: Record) -> None:
        with self._database.writing() as session:
            store.replace_record(session, record, known)


def _fault(record: Record, read: _Read | None) -> Fault | None:
    if read is None:
        return Fault.MISSING
    if record.sha256 is None:
        # The server never read its bytes. Known are its version and, in S3, its MD5.
        if read.etag != record.etag:
            return Fault.REPLACED
        is_whole = read.size == record.size and read.md5 in {"", record.etag}
        return None if is_whole else Fault.CHANGED
    if (read.size, read.sha256) == (record.size, record.sha256):
        return None
    return Fault.CHANGED if read.etag == record.etag else Fault.REPLACED


def _reason(error: OSError) -> str:
    return error.strerror or str(error)


def _detail(record: Record, read: _Read | _Unreadable | None) -> str:
    recorded = f"{record.size} bytes, sha256 {record.sha256.hex() if record.sha256 else 'unknown'}"
    if read is None:
        return f"recorded: {recorded}"
    if isinstance(read, _Unreadable):
        return f"recorded: {recorded}; {read.reason}"
    return f"recorded: {recorded}; found: {read.size} bytes, sha256 {read.sha256.hex()}"
