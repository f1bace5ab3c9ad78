"""Dropping what is left of uploads that nobody finished."""

import time
from typing import Final

from trackhelm_core.objects.store import ObjectStore

SWEEP_SECONDS: Final = 3_600
"""How often they are looked for."""

_INTERRUPTED_SECONDS: Final = 86_400
"""Age at which an upload counts as interrupted: no address to send a part to lives so long."""


async def sweep_uploads(objects: ObjectStore) -> None:
    """Drop uploads that were begun more than a day ago and never finished."""
    async for page in objects.interrupted(time.time() - _INTERRUPTED_SECONDS):
        for upload in page:
            await objects.drop(upload)
