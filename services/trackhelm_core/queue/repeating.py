"""Work that an embedded server repeats in the background, as workers do it in the split shape."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress

import structlog
from starlette.concurrency import run_in_threadpool

log = structlog.get_logger(__name__)


@asynccontextmanager
async def repeated(work: Callable[[], None], seconds: float) -> AsyncIterator[None]:
    """Do some work on a thread every so many seconds while the block runs. A failure is logged."""
    stopping = asyncio.Event()

    async def run() -> None:
        while True:
            with suppress(TimeoutError):
                await asyncio.wait_for(stopping.wait(), seconds)
            if stopping.is_set():
                return
            try:
                await run_in_threadpool(work)
            except Exception:
                log.exception("background work failed, and is tried again later")

    task = asyncio.create_task(run())
    try:
        yield
    finally:
        stopping.set()
        await task
