"""Endpoints of direct access: multipart uploads and presigned URLs."""

from fastapi import APIRouter, Response
from starlette.concurrency import run_in_threadpool

from trackhelm_artifact.direct import logic
from trackhelm_artifact.direct.schemas import (
    Download,
    PartAddress,
    PresignedDownload,
    PresignedUpload,
    Upload,
)
from trackhelm_artifact.files import paths, schemas
from trackhelm_artifact.files.logic import translate_errors
from trackhelm_artifact.files.paths import Located, Root, parse_file_path, parse_path
from trackhelm_artifact.files.routes import check_reading, check_room, check_writing
from trackhelm_artifact.integrity.checksum_index import ChecksumIndexDep
from trackhelm_artifact.objects.keys import ObjectKey
from trackhelm_artifact.objects.opening import stores_of
from trackhelm_artifact.objects.store import DirectAccess, Part
from trackhelm_core.access import Need, needs
from trackhelm_core.errors import ApiError, ErrorCode, InvalidParameterError
from trackhelm_core.runtime import Runtime, RuntimeDep
from trackhelm_core.wire.arguments import shown
from trackhelm_core.wire.replies import Empty, documented, empty_reply, reply
from trackhelm_core.wire.requests import ANY_PATH
from trackhelm_core.wire.routes import WireRoute

multipart_router = APIRouter(prefix="/mlflow-artifacts", route_class=WireRoute)


@multipart_router.post(f"/mpu/create/{ANY_PATH}", **documented(Upload))
@needs(Need.EDIT)
async def create_upload(path: str, body: schemas.CreateUpload, runtime: RuntimeDep) -> Response:
    """Begin a multipart upload; the answer has a URL for each part."""
    await run_in_threadpool(check_writing, runtime, logic.upload_key(path, body.path))
    await check_room(runtime)
    upload_id, signed = await logic.begin_upload(stores_of(runtime).objects, path, body.path, body.num_parts)
    credentials = [
        PartAddress(url=part.url, part_number=number, headers=part.headers)
        for number, part in enumerate(signed, start=1)
    ]
    return reply(Upload(upload_id=upload_id, credentials=credentials))


@multipart_router.post(f"/mpu/complete/{ANY_PATH}", **documented(Empty))
@needs(Need.EDIT)
async def complete_upload(
    path: str, body: schemas.CompleteUpload, runtime: RuntimeDep, records: ChecksumIndexDep
) -> Response:
    """Combine the parts into one file, which is visible from then on."""
    await run_in_threadpool(check_writing, runtime, logic.upload_key(path, body.path))
    await check_room(runtime)
    parts = [Part(part.part_number, part.etag) for part in body.parts]
    key, stored = await logic.complete_upload(
        stores_of(runtime).objects, path, body.path, body.upload_id, parts
    )
    await records.note(key, stored, None)
    return empty_reply()


@multipart_router.post(f"/mpu/abort/{ANY_PATH}", **documented(Empty))
@needs(Need.EDIT)
async def abort_upload(path: str, body: schemas.AbortUpload, runtime: RuntimeDep) -> Response:
    """Abort an upload and delete the parts that were sent."""
    await run_in_threadpool(check_writing, runtime, logic.upload_key(path, body.path))
    await logic.abort_upload(stores_of(runtime).objects, path, body.path, body.upload_id)
    return empty_reply()


@multipart_router.get(f"/presigned/{ANY_PATH}", **documented(Download))
@needs(Need.READ)
async def presigned_download(path: str, runtime: RuntimeDep) -> Response:
    """Answer the presigned URL of a file in the store."""
    key = parse_path(path)
    with translate_errors():
        await run_in_threadpool(check_reading, runtime, key)
    signed, size = await logic.download_url(stores_of(runtime).objects, key)
    return reply(Download(url=signed.url, headers=signed.headers, file_size=size))


presigned_router = APIRouter(prefix="/mlflow/artifacts", route_class=WireRoute)


@presigned_router.post("/presigned-upload-url", **documented(PresignedUpload))
@needs(Need.EDIT)
async def presign_upload(body: schemas.PresignUpload, runtime: RuntimeDep) -> Response:
    """Answer the URL to which a file of a run or a logged model is sent with PUT."""
    if bool(body.run_id) == bool(body.model_id):
        raise InvalidParameterError("Exactly one of run_id and model_id must be provided.")
    path = parse_file_path(body.path)
    there, access = await run_in_threadpool(_reached, runtime, "upload", path, body.run_id, body.model_id)
    if there.store is stores_of(runtime).objects:
        await check_room(runtime)
    signed = await logic.upload_url(there.store, access, there.key, body.expiration)
    return reply(PresignedUpload(presigned_url=signed.url, headers=signed.headers))


@presigned_router.post("/presigned-download-url", **documented(PresignedDownload))
@needs(Need.READ)
async def presign_download(body: schemas.PresignDownload, runtime: RuntimeDep) -> Response:
    """Answer the URL from which a file of a run is read with GET."""
    there, _ = await run_in_threadpool(_reached, runtime, "download", parse_path(body.path), body.run_id, "")
    signed, size = await logic.download_url(there.store, there.key, body.expiration)
    return reply(PresignedDownload(presigned_url=signed.url, headers=signed.headers, file_size=size))


def _reached(
    runtime: Runtime, what: str, path: ObjectKey, run_id: str, model_id: str
) -> tuple[Located, DirectAccess]:
    """Return where a file is, and the direct access to its store."""
    with runtime.database.reading() as session:
        root = paths.run_root(session, run_id) if run_id else paths.logged_model_root(session, model_id)
    there = root.locate(stores_of(runtime).objects, stores_of(runtime).locations, path)
    if there.store.direct is None:
        raise _refusal(what, root)
    return there, there.store.direct


def _refusal(what: str, root: Root) -> ApiError:
    if root.is_proxied:
        # MLflow's two messages differ in these words.
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
