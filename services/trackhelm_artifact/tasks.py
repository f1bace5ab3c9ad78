"""What workers do for artifact."""

import time
from typing import Final

import anyio

from trackhelm_artifact.logic.purging import purge_files
from trackhelm_core.queue.tasks import Task, TaskQueue
from trackhelm_core.runtime import Runtime

TURN_SECONDS: Final = 30.0
"""After so long a worker lets others have their turn, and sends the rest to itself."""

INTERRUPTED_SECONDS: Final = 86_400
"""Age at which an upload that nobody finished is dropped: no address to send a part to lives so long."""


def _purge_files(runtime: Runtime) -> None:
    async def turn() -> bool:
        return (await purge_files(runtime, seconds=TURN_SECONDS)).is_more

    if anyio.run(turn) and runtime.redis is not None:
        runtime.redis.send(PURGE_FILES)


def _sweep_uploads(runtime: Runtime) -> None:
    async def sweep() -> None:
        async for page in runtime.objects.interrupted(time.time() - INTERRUPTED_SECONDS):
            for upload in page:
                await runtime.objects.drop(upload)

    anyio.run(sweep)


PURGE_FILES: Final = Task(
    "trackhelm.artifact.purge_files", TaskQueue.UPKEEP, _purge_files, delay_seconds=1, every_seconds=60
)
"""Deletes the files of what was deleted for good."""

SWEEP_UPLOADS: Final = Task(
    "trackhelm.artifact.sweep_uploads", TaskQueue.UPKEEP, _sweep_uploads, every_seconds=3_600
)
"""Drops uploads that were interrupted more than a day ago."""

TASKS: Final = (PURGE_FILES, SWEEP_UPLOADS)
