"""What a stock client asks before its first download: whether to fetch files from the store directly."""

from fastapi import APIRouter, Response

from trackhelm_artifact.schemas.server_info import Features, ServerInfo
from trackhelm_core.wire.replies import documented, reply

router = APIRouter(prefix="/mlflow")

_INFO = ServerInfo(
    store_type="SqlStore",
    workspaces_enabled=False,
    trace_archival_enabled=False,
    # To advertise these makes clients fail on every file, unless each can reach the store itself.
    multipart_uploads_enabled=False,
    multipart_downloads_enabled=False,
    presigned_upload_run_id_supported=False,
    presigned_upload_model_id_supported=False,
    features_enabled=Features(gateway=False),
)


@router.get("/server-info", **documented(ServerInfo))
async def server_info() -> Response:
    """Say which of MLflow's optional parts this server has."""
    return reply(_INFO)
