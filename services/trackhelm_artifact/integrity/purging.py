"""Deletes the files of what was deleted for good: page by page, then their records, then the tombstone.

Every step may be repeated, so a process may be killed at any point and two may work at the same time. Files
that a model version was registered for after the tombstone was written are kept, with all files beside them.
"""

import secrets
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

import structlog
from anyio import to_thread

from trackhelm_artifact.files.paths import Located, Root
from trackhelm_artifact.integrity import store
from trackhelm_artifact.integrity.checksum_index import checksum_index
from trackhelm_artifact.integrity.store import Tombstone
from trackhelm_artifact.objects.keys import ObjectKey
from trackhelm_artifact.objects.opening import stores_of
from trackhelm_artifact.objects.store import ObjectError, StoreUnavailableError
from trackhelm_core.errors import ApiError
from trackhelm_core.runtime import Runtime
from trackhelm_domain.deletion import FilesInUse

log = structlog.get_logger(__name__)

_AT_ONCE: Final = 100


@dataclass(slots=True)
class Deleted:
    """What one slice deleted.

    `is_more` says that the slice's time ended before its work; `is_away` says that a store failed.
    """

    files: int = 0
    tombstones: int = 0
    is_more: bool = False
    is_away: bool = False


def place_of(runtime: Runtime, artifact_uri: str) -> Located | None:
    """Return where the files below a URI are; None if the server does not reach them.

    Such files stay, because the operator has not allowed the server to write there.
    """
    try:
        there = Root(artifact_uri).locate(
            stores_of(runtime).objects, stores_of(runtime).locations, ObjectKey()
        )
    except ApiError:
        return None
    # The root of a whole store belongs to no single owner.
    return there if there.key.segments else None


async def purge_files(runtime: Runtime, *, seconds: float) -> Deleted:
    """Delete files for a slice of time, at least those of one tombstone.

    What a store refuses to delete is left for another slice, and a store that does not answer is not tried
    again in this one. A slice begins at a random tombstone, so that one that always fails does not block the
    others.
    """
    deadline = time.monotonic() + seconds
    deleted = Deleted()
    in_use = FilesInUse(stores_of(runtime).places, runtime.clock)
    away: set[str] = set()
    async for tombstone in _from_anywhere(runtime):
        where = _store_of(tombstone.artifact_uri)
        if where in away:
            continue
        try:
            if user := await to_thread.run_sync(_user_of, runtime, in_use, tombstone):
                log.warning("files are kept", uri=tombstone.artifact_uri, of=tombstone.entity_id, user=user)
                done = True
            else:
                done = await _purge(runtime, tombstone, deadline, deleted)
        except (ObjectError, OSError) as error:
            log.warning("files are left until another turn", uri=tombstone.artifact_uri, error=repr(error))
            deleted.is_away = True
            if isinstance(error, StoreUnavailableError):
                away.add(where)
        else:
            if done:
                await to_thread.run_sync(_forget, runtime, tombstone)
                deleted.tombstones += 1
        if time.monotonic() > deadline:
            deleted.is_more = True
            break
    return deleted


async def _from_anywhere(runtime: Runtime) -> AsyncIterator[Tombstone]:
    """Yield all tombstones: from a random one to the newest, then those before it."""
    oldest, newest = await to_thread.run_sync(_ends, runtime)
    begin = oldest + secrets.randbelow(newest - oldest + 1)
    for after, until in ((begin - 1, newest), (oldest - 1, begin - 1)):
        last = after
        while found := await to_thread.run_sync(_next, runtime, last, until):
            for tombstone in found:
                last = tombstone.id
                yield tombstone


def _store_of(artifact_uri: str) -> str:
    """Return the part of a URI that is the same for all locations in one store."""
    parts = urlsplit(artifact_uri)
    return f"{parts.scheme}://{parts.netloc}"


async def _purge(runtime: Runtime, tombstone: Tombstone, deadline: float, deleted: Deleted) -> bool:
    """Delete the files of a tombstone, and return whether all are gone."""
    there = await to_thread.run_sync(place_of, runtime, tombstone.artifact_uri)
    if there is None:
        log.warning("files are left where they are", uri=tombstone.artifact_uri, of=tombstone.entity_id)
        return True
    records = checksum_index(runtime)
    forget = await records.deleting(there.key) if there.store is stores_of(runtime).objects else None
    async for files in there.store.deleting(there.key):
        deleted.files += files
        if time.monotonic() > deadline:
            return False
    if forget is not None:
        await forget()
    return True


def _user_of(runtime: Runtime, in_use: FilesInUse, tombstone: Tombstone) -> str | None:
    """Return the name of what needs the files of a tombstone by now; None if nothing does."""
    with runtime.database.reading() as session:
        return in_use.below(session, {tombstone.entity_id: tombstone.artifact_uri}).get(tombstone.entity_id)


def _ends(runtime: Runtime) -> tuple[int, int]:
    with runtime.database.reading_once() as session:
        return store.ends_of_tombstones(session)


def _next(runtime: Runtime, after: int, until: int) -> list[Tombstone]:
    with runtime.database.reading_once() as session:
        return store.tombstones_after(session, after, _AT_ONCE, until=until)


def _forget(runtime: Runtime, tombstone: Tombstone) -> None:
    with runtime.database.writing() as session:
        store.delete_tombstone(session, tombstone.id)
