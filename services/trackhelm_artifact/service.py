"""The artifact service, as compositions see it."""

from trackhelm_artifact.routes import entities, multipart, presigned, proxy, server_info
from trackhelm_core.service import AJAX_2, API_3, ROOT, Mount, Service

SERVICE = Service(
    name="artifact",
    mounts=(
        Mount(proxy.router),
        Mount(multipart.router),
        Mount(presigned.router),
        Mount(entities.api_router),
        Mount(entities.ajax_router, AJAX_2),
        Mount(entities.root_router, ROOT),
        Mount(server_info.router, API_3),
    ),
)
