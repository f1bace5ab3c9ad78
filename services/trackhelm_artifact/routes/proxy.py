"""Endpoints of the proxied store: files by their path in it. No table is read."""

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from trackhelm_artifact.logic import files
from trackhelm_artifact.logic.checksums import expected_checksums
from trackhelm_artifact.logic.files import Announced
from trackhelm_artifact.logic.paging import Asked, next_page_of_path
from trackhelm_artifact.logic.paths import parse_path
from trackhelm_artifact.routes.book import RecordsDep
from trackhelm_artifact.routes.downloads import asks_for_all, file_response
from trackhelm_artifact.routes.listings import listing_response, page_response
from trackhelm_artifact.schemas.listings import DirectoryListing
from trackhelm_artifact.schemas.requests import ListPath
from trackhelm_core.objects.stores import stores_of
from trackhelm_core.runtime import RuntimeDep
from trackhelm_core.wire.bodies import announced_length, body_of
from trackhelm_core.wire.paths import ANY_PATH
from trackhelm_core.wire.replies import Empty, documented, empty_reply
from trackhelm_core.wire.route import WireRoute

router = APIRouter(prefix="/mlflow-artifacts")
listing_router = APIRouter(prefix="/mlflow-artifacts", route_class=WireRoute)


def announced(request: Request) -> Announced:
    """Return what a request's headers say of its body."""
    return Announced(announced_length(request), expected_checksums(request.headers))


@listing_router.get("/artifacts", **documented(DirectoryListing))
async def list_artifacts(message: Annotated[ListPath, Query()], runtime: RuntimeDep) -> Response:
    """List a directory by names; a file's path and a missing one have an empty answer."""
    if asked := Asked(message.max_results, message.page_token):
        return page_response(await next_page_of_path(stores_of(runtime).objects, message.path, asked))
    return await listing_response(await files.list_path(stores_of(runtime).objects, message.path))


@router.put(f"/artifacts/{ANY_PATH}", response_class=Response)
async def upload_artifact(path: str, request: Request, runtime: RuntimeDep, records: RecordsDep) -> Response:
    """Store the body as a file. It shows once it is whole, and is on the disk when this answers."""
    await files.upload_path(stores_of(runtime).objects, records, path, body_of(request), announced(request))
    return Response()


@router.get(f"/artifacts/{ANY_PATH}", response_class=Response)
async def download_artifact(path: str, request: Request, runtime: RuntimeDep) -> Response:
    """Send a file as an attachment, or a range of it."""
    key = parse_path(path)
    opened = await files.open_file(stores_of(runtime).objects, key, whole=asks_for_all(request))
    return file_response(request, opened, key.name)


@router.head(f"/artifacts/{ANY_PATH}", response_class=Response)
async def describe_artifact(path: str, request: Request, runtime: RuntimeDep) -> Response:
    """Answer as the download does, without the bytes."""
    return await download_artifact(path, request, runtime)


@router.delete(f"/artifacts/{ANY_PATH}", **documented(Empty))
async def delete_artifact(path: str, runtime: RuntimeDep, records: RecordsDep) -> Response:
    """Delete a file or a directory; what is not there is deleted already."""
    await files.delete_path(stores_of(runtime).objects, records, path)
    return empty_reply()
