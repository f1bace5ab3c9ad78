"""Endpoints by which the stock client moves large files to and from the store itself."""

from fastapi import APIRouter, Response

from trackhelm_artifact.logic import direct
from trackhelm_artifact.logic.paths import parse_path
from trackhelm_artifact.routes.book import RecordsDep
from trackhelm_artifact.schemas import requests as schemas
from trackhelm_artifact.schemas.direct import Download, PartAddress, Upload
from trackhelm_core.objects.direct import Part
from trackhelm_core.objects.stores import stores_of
from trackhelm_core.runtime import RuntimeDep
from trackhelm_core.wire.paths import ANY_PATH
from trackhelm_core.wire.replies import Empty, documented, empty_reply, reply
from trackhelm_core.wire.route import WireRoute

router = APIRouter(prefix="/mlflow-artifacts", route_class=WireRoute)


@router.post(f"/mpu/create/{ANY_PATH}", **documented(Upload))
async def create_upload(path: str, body: schemas.CreateUpload, runtime: RuntimeDep) -> Response:
    """Begin an upload; the answer has an address for each part."""
    upload_id, signed = await direct.begin_upload(stores_of(runtime).objects, path, body.path, body.num_parts)
    credentials = [
        PartAddress(url=part.url, part_number=number, headers=part.headers)
        for number, part in enumerate(signed, start=1)
    ]
    return reply(Upload(upload_id=upload_id, credentials=credentials))


@router.post(f"/mpu/complete/{ANY_PATH}", **documented(Empty))
async def complete_upload(
    path: str, body: schemas.CompleteUpload, runtime: RuntimeDep, records: RecordsDep
) -> Response:
    """Make the parts one file, which shows from now on."""
    parts = [Part(part.part_number, part.etag) for part in body.parts]
    key, stored = await direct.complete_upload(
        stores_of(runtime).objects, path, body.path, body.upload_id, parts
    )
    await records.note(key, stored, None)
    return empty_reply()


@router.post(f"/mpu/abort/{ANY_PATH}", **documented(Empty))
async def abort_upload(path: str, body: schemas.AbortUpload, runtime: RuntimeDep) -> Response:
    """Drop an upload and what was sent of it."""
    await direct.abort_upload(stores_of(runtime).objects, path, body.path, body.upload_id)
    return empty_reply()


@router.get(f"/presigned/{ANY_PATH}", **documented(Download))
async def presigned_download(path: str, runtime: RuntimeDep) -> Response:
    """Answer the address of a file in the store."""
    signed, size = await direct.download_url(stores_of(runtime).objects, parse_path(path))
    return reply(Download(url=signed.url, headers=signed.headers, file_size=size))
