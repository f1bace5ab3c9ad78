"""Deleting the files of what was deleted for good: page by page, then their records, then the tombstone.

Each step may be done again, so that it does not matter who is killed when, nor that two do it at once.
"""

import time
from dataclasses import dataclass
from typing import Final

import structlog
from anyio import to_thread

from trackhelm_artifact.logic.roots import Located, Root
from trackhelm_artifact.records import Records
from trackhelm_artifact.store import tombstones as store
from trackhelm_artifact.store.tombstones import Tombstone
from trackhelm_core.errors import ApiError
from trackhelm_core.objects.keys import ObjectKey
from trackhelm_core.objects.store import StoreUnavailableError
from trackhelm_core.runtime import Runtime

log = structlog.get_logger(__name__)

_AT_ONCE: Final = 100


@dataclass(slots=True)
class Deleted:
    """What a turn deleted.

    `is_more` says that its time was over before its work; `is_away` that a store did not answer.
    """

    files: int = 0
    tombstones: int = 0
    is_more: bool = False
    is_away: bool = False


def place_of(runtime: Runtime, artifact_uri: str) -> Located | None:
    """Return where the files below a URI are, None where the server does not reach them.

    Then they stay: the operator did not let the server write there.
    """
    try:
        there = Root(artifact_uri).locate(runtime.objects, runtime.locations, ObjectKey())
    except ApiError:
        return None
    # A root that is all of a store is nobody's.
    return there if there.key.segments else None


async def purge_files(runtime: Runtime, *, seconds: float) -> Deleted:
    """Delete files for a turn; a store that does not answer is passed over."""
    deadline = time.monotonic() + seconds
    deleted = Deleted()
    after = 0
    while found := await to_thread.run_sync(_next, runtime, after):
        for tombstone in found:
            after = tombstone.id
            try:
                done = await _purge(runtime, tombstone, deadline, deleted)
            except StoreUnavailableError:
                deleted.is_away = True
                continue
            if not done:
                deleted.is_more = True
                return deleted
            await to_thread.run_sync(_forget, runtime, tombstone)
            deleted.tombstones += 1
    return deleted


async def _purge(runtime: Runtime, tombstone: Tombstone, deadline: float, deleted: Deleted) -> bool:
    """Delete the files of a tombstone, and return whether all are gone."""
    there = await to_thread.run_sync(place_of, runtime, tombstone.artifact_uri)
    if there is None:
        log.warning("files are left where they are", uri=tombstone.artifact_uri, of=tombstone.entity_id)
        return True
    records = Records(runtime.database, runtime.objects, runtime.clock)
    forget = await records.deleting(there.key) if there.store is runtime.objects else None
    async for files in there.store.deleting(there.key):
        deleted.files += files
        if time.monotonic() > deadline:
            return False
    if forget is not None:
        await forget()
    return True


def _next(runtime: Runtime, after: int) -> list[Tombstone]:
    with runtime.database.reading_once() as session:
        return store.tombstones_after(session, after, _AT_ONCE)


def _forget(runtime: Runtime, tombstone: Tombstone) -> None:
    with runtime.database.writing() as session:
        store.delete_tombstone(session, tombstone.id)
