"""The artifact service's record, which compositions use."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from trackhelm_artifact.direct import routes as direct_routes
from trackhelm_artifact.files import routes as files_routes
from trackhelm_artifact.integrity.checksum_index import checksum_index
from trackhelm_artifact.upkeep import upkeep
from trackhelm_core.runtime import AJAX_2, API_3, ROOT, Mount, Runtime, Service


@asynccontextmanager
async def _lifespan(runtime: Runtime) -> AsyncIterator[dict[str, object]]:
    state: dict[str, object] = {"checksum_index": checksum_index(runtime)}
    if runtime.redis is not None:
        yield state
        return
    async with upkeep(runtime):
        yield state


SERVICE = Service(
    name="artifact",
    lifespan=_lifespan,
    mounts=(
        Mount(files_routes.listing_router),
        Mount(files_routes.proxy_router),
        Mount(direct_routes.multipart_router),
        Mount(direct_routes.presigned_router),
        Mount(files_routes.api_router),
        Mount(files_routes.archive_router),
        Mount(files_routes.ajax_router, AJAX_2),
        Mount(files_routes.root_router, ROOT),
        Mount(files_routes.server_info_router, API_3),
    ),
)
