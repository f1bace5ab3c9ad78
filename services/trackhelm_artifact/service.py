"""The artifact service, as compositions see it."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from trackhelm_artifact.records import Records
from trackhelm_artifact.routes import entities, multipart, presigned, proxy, server_info
from trackhelm_artifact.upkeep import upkeep
from trackhelm_core.objects.stores import stores_of
from trackhelm_core.runtime import Runtime
from trackhelm_core.service import AJAX_2, API_3, ROOT, Mount, Service


@asynccontextmanager
async def _lifespan(runtime: Runtime) -> AsyncIterator[dict[str, object]]:
    state: dict[str, object] = {
        "artifact_records": Records(runtime.database, stores_of(runtime).objects, runtime.clock)
    }
    if runtime.redis is not None:
        yield state
        return
    async with upkeep(runtime):
        yield state


SERVICE = Service(
    name="artifact",
    lifespan=_lifespan,
    mounts=(
        Mount(proxy.listing_router),
        Mount(proxy.router),
        Mount(multipart.router),
        Mount(presigned.router),
        Mount(entities.api_router),
        Mount(entities.ajax_router, AJAX_2),
        Mount(entities.root_router, ROOT),
        Mount(server_info.router, API_3),
    ),
)
