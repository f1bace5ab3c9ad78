"""Endpoints about the files of a run, a model version or a logged model."""

from typing import Annotated, Final

from fastapi import APIRouter, Query, Request, Response
from starlette.concurrency import run_in_threadpool

from trackhelm_artifact.logic import files, roots
from trackhelm_artifact.logic.paging import Asked, next_page
from trackhelm_artifact.logic.paths import parse_file_path, parse_path
from trackhelm_artifact.logic.roots import Located, Root
from trackhelm_artifact.routes.book import RecordsDep
from trackhelm_artifact.routes.downloads import asks_for_all, file_response
from trackhelm_artifact.routes.listings import listing_response, page_response
from trackhelm_artifact.routes.proxy import announced
from trackhelm_artifact.schemas import requests as schemas
from trackhelm_artifact.schemas.listings import EntityListing
from trackhelm_core.errors import ApiError, ErrorCode
from trackhelm_core.objects.keys import ObjectKey
from trackhelm_core.objects.stores import stores_of
from trackhelm_core.runtime import Runtime, RuntimeDep
from trackhelm_core.wire.bodies import body_of
from trackhelm_core.wire.replies import Empty, documented, empty_reply
from trackhelm_core.wire.route import QueryRoute, WireRoute

SMALL_UPLOAD_BYTES: Final = 10 * 1024 * 1024
"""Largest body of `upload-artifact`, through which browsers add a file to a run."""

api_router = APIRouter(prefix="/mlflow", route_class=WireRoute)
ajax_router = APIRouter(prefix="/mlflow", route_class=QueryRoute)
root_router = APIRouter(route_class=WireRoute)


@api_router.get("/artifacts/list", **documented(EntityListing))
async def list_run_artifacts(
    message: Annotated[schemas.ListArtifacts, Query()], runtime: RuntimeDep
) -> Response:
    """List a directory of a run; paths start at the run's root."""
    root = await run_in_threadpool(_run_root, runtime, message.run)
    return await _listing(runtime, root, message.path, message)


@api_router.get("/logged-models/{model_id}/artifacts/directories", **documented(EntityListing))
async def list_model_artifacts(
    model_id: str, message: Annotated[schemas.ListModelArtifacts, Query()], runtime: RuntimeDep
) -> Response:
    """List a directory of a logged model; paths start at the model's root."""
    root = await run_in_threadpool(_model_root, runtime, model_id)
    return await _listing(runtime, root, message.artifact_directory_path, message)


@api_router.head(
    "/logged-models/{model_id}/artifacts/files", response_class=Response, include_in_schema=False
)
@api_router.get("/logged-models/{model_id}/artifacts/files", response_class=Response)
async def download_model_artifact(
    model_id: str, message: Annotated[schemas.ModelFile, Query()], request: Request, runtime: RuntimeDep
) -> Response:
    """Send a file of a logged model."""
    if not message.artifact_file_path:
        raise ApiError(
            ErrorCode.BAD_REQUEST, 'Request must include the "artifact_file_path" query parameter.'
        )
    root = await run_in_threadpool(_model_root, runtime, model_id)
    return await _download(request, runtime, root, message.artifact_file_path)


@root_router.head("/get-artifact", response_class=Response, include_in_schema=False)
@root_router.get("/get-artifact", response_class=Response)
async def download_run_artifact(
    message: Annotated[schemas.RunFile, Query()], request: Request, runtime: RuntimeDep
) -> Response:
    """Send a file of a run."""
    root = await run_in_threadpool(_run_root, runtime, message.run)
    return await _download(request, runtime, root, message.path)


@root_router.head("/model-versions/get-artifact", response_class=Response, include_in_schema=False)
@root_router.get("/model-versions/get-artifact", response_class=Response)
async def download_version_artifact(
    message: Annotated[schemas.VersionFile, Query()], request: Request, runtime: RuntimeDep
) -> Response:
    """Send a file of a model version."""
    root = await run_in_threadpool(_version_root, runtime, message.name, message.version)
    return await _download(request, runtime, root, message.path)


@ajax_router.post("/upload-artifact", **documented(Empty))
async def upload_run_artifact(
    message: Annotated[schemas.UploadedFile, Query()],
    request: Request,
    runtime: RuntimeDep,
    records: RecordsDep,
) -> Response:
    """Store the body, of at most 10 MB, as a file of a run."""
    run = message.run_uuid or message.run_id
    files.check_named(run, message.path)
    path = parse_file_path(message.path)
    body = announced(request)
    files.check_small(body.length or 0, SMALL_UPLOAD_BYTES)
    root = await run_in_threadpool(_run_root, runtime, run)
    content = files.small(body_of(request), SMALL_UPLOAD_BYTES)
    there = await _located(runtime, root, path)
    stored, sha256 = await files.upload(there.store, there.key, content, body)
    if there.store is stores_of(runtime).objects:
        await records.note(there.key, stored, sha256)
    return empty_reply()


# The database is synchronous and these endpoints are not, so each look-up is made in a thread.
def _run_root(runtime: Runtime, run_id: str) -> Root:
    with runtime.database.reading() as session:
        return roots.run_root(session, run_id)


def _model_root(runtime: Runtime, model_id: str) -> Root:
    with runtime.database.reading() as session:
        return roots.logged_model_root(session, model_id)


def _version_root(runtime: Runtime, name: str, version: str) -> Root:
    with runtime.database.reading() as session:
        return roots.version_root(session, name, version)


async def _listing(runtime: Runtime, root: Root, path: str, message: schemas.Paged) -> Response:
    directory = parse_path(path)
    there = await _located(runtime, root, directory)
    prefix = f"{directory}/" if directory.segments else ""
    if asked := Asked(message.max_results, message.page_token):
        page = await next_page(there.store, there.key, asked)
        return page_response(page, root_uri=root.uri, prefix=prefix)
    pages = await files.pages(there.store, there.key)
    return await listing_response(pages, root_uri=root.uri, prefix=prefix)


async def _download(request: Request, runtime: Runtime, root: Root, path: str) -> Response:
    there = await _located(runtime, root, parse_path(path))
    opened = await files.open_file(there.store, there.key, whole=asks_for_all(request))
    return file_response(request, opened, there.key.name)


async def _located(runtime: Runtime, root: Root, path: ObjectKey) -> Located:
    # A location may have to be opened first, which reads files of credentials.
    return await run_in_threadpool(
        root.locate, stores_of(runtime).objects, stores_of(runtime).locations, path
    )
