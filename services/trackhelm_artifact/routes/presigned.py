"""Endpoints that sign an address of the store for one upload or download: none that we serve has one."""

from fastapi import APIRouter, Response

from trackhelm_artifact.logic import roots
from trackhelm_artifact.logic.paths import parse_path
from trackhelm_artifact.logic.roots import Root
from trackhelm_artifact.schemas import requests as schemas
from trackhelm_core.errors import ApiError, ErrorCode, InvalidParameterError
from trackhelm_core.runtime import RuntimeDep
from trackhelm_core.wire.route import WireRoute

router = APIRouter(prefix="/mlflow/artifacts", route_class=WireRoute)


@router.post("/presigned-upload-url", response_class=Response)
def presign_upload(body: schemas.PresignUpload, runtime: RuntimeDep) -> Response:
    """Refuse; the message says why."""
    if bool(body.run_id) == bool(body.model_id):
        raise InvalidParameterError("Exactly one of run_id and model_id must be provided.")
    parse_path(body.path)
    with runtime.database.reading() as session:
        if body.run_id:
            root = roots.run_root(session, body.run_id)
        else:
            root = roots.logged_model_root(session, body.model_id)
    raise _refusal("upload", root)


@router.post("/presigned-download-url", response_class=Response)
def presign_download(body: schemas.PresignDownload, runtime: RuntimeDep) -> Response:
    """Refuse; the message says why."""
    parse_path(body.path)
    with runtime.database.reading() as session:
        root = roots.run_root(session, body.run_id)
    raise _refusal("download", root)


def _refusal(what: str, root: Root) -> ApiError:
    if root.is_proxied:
        return InvalidParameterError(
            f"Presigned {what} is not supported for proxied artifact storage ('{root.uri}'). "
            "This endpoint requires a direct cloud storage artifact URI."
        )
    return ApiError(
        ErrorCode.NOT_IMPLEMENTED,
        f"Presigned {what} is not supported for the current artifact repository: "
        "this server holds no credentials for it.",
    )
