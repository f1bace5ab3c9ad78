"""Endpoints that sign an address of the store for one upload or download of a run or a logged model."""

from fastapi import APIRouter, Response
from starlette.concurrency import run_in_threadpool

from trackhelm_artifact.logic import direct, roots
from trackhelm_artifact.logic.paths import parse_file_path, parse_path
from trackhelm_artifact.logic.roots import Located, Root
from trackhelm_artifact.schemas import requests as schemas
from trackhelm_artifact.schemas.direct import PresignedDownload, PresignedUpload
from trackhelm_core.errors import ApiError, ErrorCode, InvalidParameterError
from trackhelm_core.objects.direct import DirectAccess
from trackhelm_core.objects.keys import ObjectKey
from trackhelm_core.objects.stores import stores_of
from trackhelm_core.runtime import Runtime, RuntimeDep
from trackhelm_core.wire.faults import shown
from trackhelm_core.wire.replies import documented, reply
from trackhelm_core.wire.route import WireRoute

router = APIRouter(prefix="/mlflow/artifacts", route_class=WireRoute)


@router.post("/presigned-upload-url", **documented(PresignedUpload))
async def presign_upload(body: schemas.PresignUpload, runtime: RuntimeDep) -> Response:
    """Answer the address to PUT a file of a run or a logged model to."""
    if bool(body.run_id) == bool(body.model_id):
        raise InvalidParameterError("Exactly one of run_id and model_id must be provided.")
    path = parse_file_path(body.path)
    there, access = await run_in_threadpool(_reached, runtime, "upload", path, body.run_id, body.model_id)
    signed = await direct.upload_url(there.store, access, there.key, body.expiration)
    return reply(PresignedUpload(presigned_url=signed.url, headers=signed.headers))


@router.post("/presigned-download-url", **documented(PresignedDownload))
async def presign_download(body: schemas.PresignDownload, runtime: RuntimeDep) -> Response:
    """Answer the address to GET a file of a run from."""
    there, _ = await run_in_threadpool(_reached, runtime, "download", parse_path(body.path), body.run_id, "")
    signed, size = await direct.download_url(there.store, there.key, body.expiration)
    return reply(PresignedDownload(presigned_url=signed.url, headers=signed.headers, file_size=size))


def _reached(
    runtime: Runtime, what: str, path: ObjectKey, run_id: str, model_id: str
) -> tuple[Located, DirectAccess]:
    """Return where a file is, and how clients reach the store it is in."""
    with runtime.database.reading() as session:
        root = roots.run_root(session, run_id) if run_id else roots.logged_model_root(session, model_id)
    there = root.locate(stores_of(runtime).objects, stores_of(runtime).locations, path)
    if there.store.direct is None:
        raise _refusal(what, root)
    return there, there.store.direct


def _refusal(what: str, root: Root) -> ApiError:
    if root.is_proxied:
        # MLflow's words differ that much.
        whose = "runs with " if what == "download" else ""
        return InvalidParameterError(
            f"Presigned {what} is not supported for {whose}proxied artifact storage (artifact URI scheme: "
            f"mlflow-artifacts): clients of this server do not reach {shown(root.uri)} themselves."
        )
    return ApiError(
        ErrorCode.NOT_IMPLEMENTED,
        f"Presigned {what} is not supported for the current artifact repository: "
        "clients of this server do not reach it themselves.",
    )
