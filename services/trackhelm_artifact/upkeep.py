"""The background work for the store, which the embedded server does itself and workers do otherwise."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Final

import structlog
from starlette.concurrency import run_in_threadpool

from trackhelm_artifact.integrity.purging import purge_files
from trackhelm_artifact.integrity.reconciliation import SWEEP_SECONDS, sweep_uploads
from trackhelm_artifact.objects.opening import stores_of
from trackhelm_artifact.objects.store import StoreUnavailableError
from trackhelm_core.runtime import Runtime
from trackhelm_domain.quotas.counting import recount_due

log = structlog.get_logger(__name__)

LOOK_SECONDS: Final = 60.0
"""How long after a start, and how often, tombstones are looked for."""

RECOUNT_SECONDS: Final = 600.0
"""How often it is looked for workspaces whose runs and files are to be counted."""

_SLICE_SECONDS: Final = 1.0

_PATIENCE_SECONDS: Final = 5.0
"""How long a server that stops waits for the end of a slice: a store may not answer."""


@asynccontextmanager
async def upkeep(runtime: Runtime) -> AsyncIterator[None]:
    """Delete files of tombstones, drop interrupted uploads and count usage, while the block runs."""
    stopping = asyncio.Event()
    task = asyncio.create_task(_run(runtime, stopping))
    try:
        yield
    finally:
        stopping.set()
        # `wait_for` is not used, because it waits for the task that it cancels and a thread cannot be
        # interrupted. The next start repeats what is half done.
        ended, _ = await asyncio.wait({task}, timeout=_PATIENCE_SECONDS)
        if not ended:
            task.cancel()


async def _run(runtime: Runtime, stopping: asyncio.Event) -> None:
    sweep_at = recount_at = time.monotonic()
    is_more = False
    while True:
        if not is_more:
            with suppress(TimeoutError):
                await asyncio.wait_for(stopping.wait(), LOOK_SECONDS)
        if stopping.is_set():
            return
        is_more = False
        try:
            is_more = (await purge_files(runtime, seconds=_SLICE_SECONDS)).is_more
            if time.monotonic() >= sweep_at:
                sweep_at = time.monotonic() + SWEEP_SECONDS
                await sweep_uploads(runtime)
            if time.monotonic() >= recount_at:
                recount_at = time.monotonic() + RECOUNT_SECONDS
                await run_in_threadpool(recount_due, runtime, stores_of(runtime).places)
        except StoreUnavailableError:
            # The reason is already logged.
            continue
        except Exception:
            log.exception("files that are to be deleted are left until the next turn")
