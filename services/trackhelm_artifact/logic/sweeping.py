"""Dropping what is left of uploads that nobody finished."""

import time
from collections.abc import Sequence
from typing import Final

from anyio import to_thread

from trackhelm_artifact.logic.owners import Owners
from trackhelm_artifact.logic.spool import Spool
from trackhelm_core.objects.store import Interrupted
from trackhelm_core.objects.stores import stores_of
from trackhelm_core.runtime import Runtime

SWEEP_SECONDS: Final = 3_600
"""How often they are looked for."""

_INTERRUPTED_SECONDS: Final = 86_400
"""Age at which an upload counts as interrupted: no address to send a part to lives so long."""


async def sweep_uploads(runtime: Runtime) -> None:
    """Drop uploads that were begun more than a day ago and never finished.

    In a bucket that others may use, too, those of files of runs, logged models and versions alone.
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
