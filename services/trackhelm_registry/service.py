"""The registry service, as compositions see it."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from threading import BoundedSemaphore
from typing import Final

from starlette.concurrency import run_in_threadpool

from trackhelm_core.runtime import Runtime
from trackhelm_core.service import Mount, Service
from trackhelm_core.webhooks.outbox import Outbox
from trackhelm_registry.calling.dispatcher import Dispatcher
from trackhelm_registry.routes import (
    aliases,
    approvals,
    audit_events,
    deliveries,
    lineage,
    logged_models,
    model_versions,
    protections,
    registered_models,
    rollbacks,
    webhooks,
)

# A test call holds a thread of the server for as long as the endpoint makes it wait.
_TESTS_AT_ONCE: Final = 4


@asynccontextmanager
async def _lifespan(runtime: Runtime) -> AsyncIterator[dict[str, object]]:
    state: dict[str, object] = {"webhook_tests": BoundedSemaphore(_TESTS_AT_ONCE)}
    if runtime.redis is not None:
        yield state
        return
    dispatcher = Dispatcher(runtime).start()
    runtime.part(Outbox).notify_by(dispatcher.notify)
    try:
        yield state
    finally:
        await run_in_threadpool(dispatcher.stop)


SERVICE = Service(
    name="registry",
    mounts=(
        Mount(registered_models.router),
        Mount(aliases.router),
        Mount(model_versions.router),
        Mount(logged_models.router),
        Mount(audit_events.router),
        Mount(protections.router),
        Mount(approvals.router),
        Mount(rollbacks.router),
        Mount(lineage.router),
        Mount(webhooks.router),
        Mount(deliveries.router),
    ),
    lifespan=_lifespan,
)
