"""Counting what workspaces have, of which the kept numbers may differ: once a day, and after quotas are set.

The numbers are kept with each change. They may be off by what a process did in the seconds before it knew of
a new quota, by what an import brought, and by files that went to the store directly.
"""

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from typing import Final

from sqlalchemy import func, or_, select
from sqlalchemy.orm import Session

from trackhelm_core.queue.tasks import TaskQueue, TaskRef
from trackhelm_core.runtime import Runtime
from trackhelm_domain.locations import Places
from trackhelm_domain.quotas.book import REMEMBERED_SECONDS
from trackhelm_domain.quotas.usage import count_runs, store_usage, usage_of
from trackhelm_domain.tables import ArtifactRecord, Experiment, Workspace, WorkspaceQuota, WorkspaceUsage
from trackhelm_domain.tables.runs import LifecycleStage

RECOUNT: Final = TaskRef("trackhelm.artifact.recount", TaskQueue.UPKEEP)
"""Counts the workspaces whose count is due. It is sent after quotas were set."""

_DAY_MS: Final = 24 * 3_600_000
_UNTIL_KNOWN_MS: Final = int(3_000 * REMEMBERED_SECONDS)
"""After this time every process counts for a workspace that had no quotas before."""


def recount_due(runtime: Runtime, places: Places) -> None:
    """Count each workspace that was not counted today, or not since its quotas were set."""
    with runtime.database.reading_once() as session:
        due = list(_due(session, runtime.clock()))
    for workspace_id in due:
        with runtime.database.writing() as session:
            recount(session, places, workspace_id, runtime.clock())


def recount(session: Session, places: Places, workspace_id: int, now: int) -> None:
    """Count the runs and files of a workspace, while nobody else adds to it."""
    if session.get(Workspace, workspace_id) is None:
        return
    store_usage(session, workspace_id, runs=0, size=0, counted_time=0, keep=True)
    # Who has added something holds this lock until it can be seen.
    usage_of(session, workspace_id, lock=True)
    store_usage(
        session,
        workspace_id,
        runs=count_runs(session, workspace_id),
        size=_count_bytes(session, places, workspace_id),
        counted_time=now,
    )


def _due(session: Session, now: int) -> Iterator[int]:
    counted = WorkspaceUsage.counted_time
    statement = (
        select(Workspace.id)
        .outerjoin(WorkspaceUsage, WorkspaceUsage.workspace_id == Workspace.id)
        .outerjoin(WorkspaceQuota, WorkspaceQuota.workspace_id == Workspace.id)
        .where(
            or_(
                counted.is_(None),
                counted < now - _DAY_MS,
                counted < WorkspaceQuota.set_time + _UNTIL_KNOWN_MS,
            )
        )
    )
    yield from session.scalars(statement.order_by(Workspace.id))


def _count_bytes(session: Session, places: Places, workspace_id: int) -> int:
    """Return the size of the files of a workspace in the server's own store.

    A file belongs to the experiment whose location is the nearest above it, as in
    `trackhelm_artifact.files.paths`.
    """
    statement = select(Experiment.workspace_id, Experiment.artifact_location).where(
        Experiment.lifecycle_stage != LifecycleStage.PURGED
    )
    owners: dict[str, int] = {}
    for owner, location in session.execute(statement):
        if path := places.own_path(location):
            owners.setdefault(f"{path}/", owner)
    folders = sorted(owners)
    size = 0
    for folder, owner in owners.items():
        if owner == workspace_id:
            size += _size_below(session, folder)
            size -= sum(_size_below(session, inner) for inner in _directly_below(folders, folder))
    return size


def _directly_below(folders: Sequence[str], folder: str) -> Iterator[str]:
    last = None
    for inner in folders[bisect_left(folders, folder) + 1 :]:
        if not inner.startswith(folder):
            return
        if last is None or not inner.startswith(last):
            yield inner
            last = inner


def _size_below(session: Session, folder: str) -> int:
    # `0` is the character after `/`, so this is the range of all keys that begin with the folder.
    below = (ArtifactRecord.key >= folder) & (ArtifactRecord.key < f"{folder[:-1]}0")
    return int(session.scalar(select(func.sum(ArtifactRecord.size)).where(below)) or 0)
