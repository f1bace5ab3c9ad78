"""The tasks that workers run for the artifact service."""

from typing import Final

import anyio

from trackhelm_artifact.integrity.purging import purge_files
from trackhelm_artifact.integrity.reconciliation import SWEEP_SECONDS, sweep_uploads
from trackhelm_artifact.objects.opening import stores_of
from trackhelm_artifact.upkeep import RECOUNT_SECONDS
from trackhelm_core.queue.slices import run_slice
from trackhelm_core.queue.tasks import Task, TaskQueue
from trackhelm_core.runtime import Runtime
from trackhelm_domain.quotas.counting import RECOUNT, recount_due

SLICE_SECONDS: Final = 30.0
"""How long a slice of a task lasts; the task then sends itself the rest, so that others get their turn."""


def _purge_files(runtime: Runtime, ticket: str = "") -> None:
    async def slice_of_work() -> bool:
        return (await purge_files(runtime, seconds=SLICE_SECONDS)).is_more

    assert runtime.redis is not None, "a worker is configured with Redis"
    run_slice(runtime.redis, PURGE_FILES, ticket, lambda: anyio.run(slice_of_work))


def _sweep_uploads(runtime: Runtime) -> None:
    anyio.run(sweep_uploads, runtime)


def _recount(runtime: Runtime) -> None:
    recount_due(runtime, stores_of(runtime).places)


PURGE_FILES: Final = Task(
    "trackhelm.artifact.purge_files", TaskQueue.UPKEEP, _purge_files, delay_seconds=1, every_seconds=60
)
"""Deletes the files of what was deleted for good; takes the ticket of its slices."""

SWEEP_UPLOADS: Final = Task(
    "trackhelm.artifact.sweep_uploads", TaskQueue.UPKEEP, _sweep_uploads, every_seconds=SWEEP_SECONDS
)
"""Drops uploads that were begun more than a day ago and never finished."""

COUNT: Final = Task(RECOUNT.name, RECOUNT.queue, _recount, every_seconds=RECOUNT_SECONDS)
"""Counts the runs and files of workspaces, of each once a day and after its quotas were set."""

TASKS: Final = (PURGE_FILES, SWEEP_UPLOADS, COUNT)
