"""The registry service's record, which compositions use."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from threading import BoundedSemaphore
from typing import Final

from starlette.concurrency import run_in_threadpool

from trackhelm_core.queue.repeating import repeated
from trackhelm_core.runtime import Mount, Runtime, Service
from trackhelm_domain.gone_workspaces import LOOK_SECONDS
from trackhelm_domain.outbox import Outbox
from trackhelm_registry.audit import routes as audit_routes
from trackhelm_registry.governance import (
    routes as governance_routes,
)
from trackhelm_registry.left_overs import purge_left_overs
from trackhelm_registry.lineage import routes as lineage_routes
from trackhelm_registry.logged_models import routes as logged_models_routes
from trackhelm_registry.model_versions import routes as model_versions_routes
from trackhelm_registry.registered_models import (
    routes as registered_models_routes,
)
from trackhelm_registry.webhooks import routes as webhooks_routes
from trackhelm_registry.webhooks.delivery.dispatcher import Dispatcher

# A test call occupies a thread of the server until the endpoint answers.
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
        async with repeated(partial(purge_left_overs, runtime), LOOK_SECONDS):
            yield state
    finally:
        await run_in_threadpool(dispatcher.stop)


SERVICE = Service(
    name="registry",
    mounts=(
        Mount(registered_models_routes.router),
        Mount(registered_models_routes.aliases_router),
        Mount(model_versions_routes.router),
        Mount(logged_models_routes.router),
        Mount(audit_routes.router),
        Mount(governance_routes.protections_router),
        Mount(governance_routes.approvals_router),
        Mount(governance_routes.rollbacks_router),
        Mount(lineage_routes.router),
        Mount(webhooks_routes.router),
        Mount(webhooks_routes.deliveries_router),
    ),
    lifespan=_lifespan,
)
