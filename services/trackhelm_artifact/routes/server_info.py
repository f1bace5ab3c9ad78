"""What a stock client asks before its first download: whether to fetch files from the store directly."""

from fastapi import APIRouter, Response

from trackhelm_artifact.schemas.server_info import Features, ServerInfo
from trackhelm_core.objects.stores import stores_of
from trackhelm_core.runtime import RuntimeDep
from trackhelm_core.wire.replies import documented, reply

router = APIRouter(prefix="/mlflow")


@router.get("/server-info", **documented(ServerInfo))
async def server_info(runtime: RuntimeDep) -> Response:
    """Say which of MLflow's optional parts this server has."""
    # To advertise these makes clients fail on every file, unless each can reach the store itself.
    direct = stores_of(runtime).objects.direct
    return reply(
        ServerInfo(
            store_type="SqlStore",
            workspaces_enabled=False,
            trace_archival_enabled=False,
            multipart_uploads_enabled=direct is not None and direct.multipart is not None,
            multipart_downloads_enabled=direct is not None,
            presigned_upload_run_id_supported=direct is not None,
            presigned_upload_model_id_supported=direct is not None,
            features_enabled=Features(gateway=False),
        )
    )
