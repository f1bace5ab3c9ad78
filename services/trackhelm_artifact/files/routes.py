"""Endpoints about files: in the server's own store by path, and of runs, model versions and logged models."""

from collections.abc import AsyncIterator, Sequence
from functools import partial
from typing import Annotated, Final

from fastapi import APIRouter, Query, Request, Response
from starlette.concurrency import run_in_threadpool

from trackhelm_artifact.files import logic, paths, schemas
from trackhelm_artifact.files.archives import archive_blocks, files_of
from trackhelm_artifact.files.checksums import expected_checksums, repr_digest, wants_sha256
from trackhelm_artifact.files.downloads import StoreResponse, asks_for_all, file_response
from trackhelm_artifact.files.logic import Announced, Asked, Pages, next_page, next_page_of_path
from trackhelm_artifact.files.paths import Located, Root, decoded, parse_file_path, parse_path
from trackhelm_artifact.files.schemas import (
    DirectoryListing,
    EntityListing,
    Features,
    FileInfo,
    ListPath,
    ServerInfo,
)
from trackhelm_artifact.integrity.checksum_index import ChecksumIndexDep
from trackhelm_artifact.objects.keys import ObjectKey
from trackhelm_artifact.objects.opening import stores_of
from trackhelm_artifact.objects.store import Entry, MissingObjectError, Page
from trackhelm_core.access import Need, needs
from trackhelm_core.errors import ApiError, ErrorCode, InvalidParameterError
from trackhelm_core.runtime import Runtime, RuntimeDep
from trackhelm_core.wire.replies import JSON_MEDIA_TYPE, Empty, documented, empty_reply, encode, reply
from trackhelm_core.wire.requests import ANY_PATH
from trackhelm_core.wire.routes import QueryRoute, WireRoute, announced_length, body_of
from trackhelm_domain.access.checks import here
from trackhelm_domain.quotas import usage
from trackhelm_domain.quotas.book import QuotaBook

_BEGIN: Final = b'{"files":['
_END: Final = b"]}"


async def listing_response(pages: Pages, *, root_uri: str | None = None, prefix: str = "") -> Response:
    """Return the answer that lists a directory, with `prefix` before each path and an entity's `root_uri`."""
    first: Sequence[Entry] = await anext(pages, [])
    second = await anext(pages, None)
    if second is not None:
        return StoreResponse(_written(root_uri, [first, second], pages, prefix), media_type=JSON_MEDIA_TYPE)
    return page_response(Page(first, ""), root_uri=root_uri, prefix=prefix)


def page_response(page: Page, *, root_uri: str | None = None, prefix: str = "") -> Response:
    """Return the answer that lists one page of a directory, with `root_uri` and `prefix` as above."""
    files = _infos(page.entries, prefix)
    if root_uri is None:
        return reply(DirectoryListing(files=files, next_page_token=page.rest))
    return reply(EntityListing(root_uri=root_uri, files=files, next_page_token=page.rest))


async def _written(
    root_uri: str | None, begun: Sequence[Sequence[Entry]], rest: Pages, prefix: str
) -> AsyncIterator[bytes]:
    """Yield a listing as JSON in pieces. If the store fails midway, the answer is cut off."""
    yield b"{" if root_uri is None else encode(EntityListing(root_uri=root_uri)).removesuffix(b"}") + b","
    yield b'"files":['
    between = b""
    async for page in _chained(begun, rest):
        if page:
            listed = encode(DirectoryListing(files=_infos(page, prefix)))
            yield between + listed.removeprefix(_BEGIN).removesuffix(_END)
            between = b","
    yield _END


async def _chained(begun: Sequence[Sequence[Entry]], rest: Pages) -> Pages:
    for page in begun:
        yield page
    async for page in rest:
        yield page


def _infos(entries: Sequence[Entry], prefix: str) -> list[FileInfo]:
    return [
        FileInfo(path=prefix + entry.name, is_dir=entry.is_dir, file_size=entry.size or 0)
        for entry in entries
    ]


proxy_router = APIRouter(prefix="/mlflow-artifacts")
listing_router = APIRouter(prefix="/mlflow-artifacts", route_class=WireRoute)


def check_reading(runtime: Runtime, *keys: ObjectKey) -> None:
    """Raise `MissingObjectError` for a path of the store that the request may not read."""
    with runtime.database.reading_once() as session:
        paths.check_path(session, stores_of(runtime).places, *keys)


def check_writing(runtime: Runtime, key: ObjectKey) -> None:
    """Refuse a path of the store that the request may not change."""
    with runtime.database.reading_once() as session:
        paths.check_path_for_writing(session, stores_of(runtime).places, key)


async def check_room(runtime: Runtime, size: int | None = None) -> int | None:
    """Refuse what the request's workspace has no room for; return for how many bytes there is, None for any.

    What a workspace may have is the size of its files in the server's own store.
    """
    quotas = runtime.part(QuotaBook)
    if (await quotas.of(runtime.database, here())).bytes is None:
        return None

    def look() -> int | None:
        with runtime.database.reading_once() as session:
            return usage.check_room(session, quotas, here(), size)

    return await run_in_threadpool(look)


async def _fitting(request: Request, runtime: Runtime, length: int | None) -> AsyncIterator[bytes]:
    """Yield a request's body as long as the workspace has room for it."""
    room = await check_room(runtime, length)
    async for chunk in logic.within(body_of(request), room, partial(check_room, runtime)):
        yield chunk


def announced(request: Request) -> Announced:
    """Return what a request's headers announce about its body."""
    return Announced(announced_length(request), expected_checksums(request.headers))


@listing_router.get("/artifacts", **documented(DirectoryListing))
@needs(Need.READ)
async def list_artifacts(message: Annotated[ListPath, Query()], runtime: RuntimeDep) -> Response:
    """List a directory in the order of names; the answer is empty for a file's path and for a missing one."""
    # A client may have encoded the path twice: both of what it may mean are looked at.
    keys = [parse_path(message.path), parse_path(decoded(message.path))]
    try:
        await run_in_threadpool(check_reading, runtime, *keys)
    except MissingObjectError:
        return page_response(Page((), ""))
    if asked := Asked(message.max_results, message.page_token):
        return page_response(await next_page_of_path(stores_of(runtime).objects, message.path, asked))
    return await listing_response(await logic.list_path(stores_of(runtime).objects, message.path))


@proxy_router.put(f"/artifacts/{ANY_PATH}", response_class=Response)
@needs(Need.EDIT)
async def upload_artifact(
    path: str, request: Request, runtime: RuntimeDep, records: ChecksumIndexDep
) -> Response:
    """Store the body as a file. It is visible once it is complete, and is on the disk when this answers."""
    await run_in_threadpool(check_writing, runtime, parse_file_path(path))
    headers = announced(request)
    content = _fitting(request, runtime, headers.length)
    await logic.upload_path(stores_of(runtime).objects, records, path, content, headers)
    return Response()


@proxy_router.get(f"/artifacts/{ANY_PATH}", response_class=Response)
@needs(Need.READ)
async def download_artifact(
    path: str, request: Request, runtime: RuntimeDep, records: ChecksumIndexDep
) -> Response:
    """Send a file as an attachment, or a range of it.

    If the request has `Want-Repr-Digest` (RFC 9530) with `sha-256`, the answer has the checksum that was
    recorded when the file was uploaded, as `Repr-Digest`.
    """
    key = parse_path(path)
    with logic.translate_errors():
        await run_in_threadpool(check_reading, runtime, key)
    opened = await logic.open_file(stores_of(runtime).objects, key, whole=asks_for_all(request))
    sha256 = None
    if wants_sha256(request.headers):
        try:
            sha256 = await records.sha256_of(key, opened.etag)
        except BaseException:
            opened.close()
            raise
    response = file_response(request, opened, key.name)
    if sha256 is not None:
        response.headers["Repr-Digest"] = repr_digest(sha256)
    return response


@proxy_router.head(f"/artifacts/{ANY_PATH}", response_class=Response)
@needs(Need.READ)
async def describe_artifact(
    path: str, request: Request, runtime: RuntimeDep, records: ChecksumIndexDep
) -> Response:
    """Answer the headers of the download, without the bytes."""
    return await download_artifact(path, request, runtime, records)


@proxy_router.delete(f"/artifacts/{ANY_PATH}", **documented(Empty))
@needs(Need.MANAGE)
async def delete_artifact(path: str, runtime: RuntimeDep, records: ChecksumIndexDep) -> Response:
    """Delete a file or a directory; a path that does not exist is no error."""
    await run_in_threadpool(check_writing, runtime, parse_path(path))
    await logic.delete_path(stores_of(runtime).objects, records, path)
    return empty_reply()


SMALL_UPLOAD_BYTES: Final = 10 * 1024 * 1024
"""The largest body of `upload-artifact`, with which browsers add a file to a run."""

api_router = APIRouter(prefix="/mlflow", route_class=WireRoute)
ajax_router = APIRouter(prefix="/mlflow", route_class=QueryRoute)
root_router = APIRouter(route_class=WireRoute)


@api_router.get("/artifacts/list", **documented(EntityListing))
@needs(Need.READ)
async def list_run_artifacts(
    message: Annotated[schemas.ListArtifacts, Query()], runtime: RuntimeDep
) -> Response:
    """List a directory of a run; paths are relative to the run's root."""
    root = await run_in_threadpool(_run_root, runtime, message.run)
    return await _listing(runtime, root, message.path, message)


@api_router.get("/logged-models/{model_id}/artifacts/directories", **documented(EntityListing))
@needs(Need.READ)
async def list_model_artifacts(
    model_id: str, message: Annotated[schemas.ListModelArtifacts, Query()], runtime: RuntimeDep
) -> Response:
    """List a directory of a logged model; paths are relative to the model's root."""
    root = await run_in_threadpool(_model_root, runtime, model_id)
    return await _listing(runtime, root, message.artifact_directory_path, message)


@api_router.head(
    "/logged-models/{model_id}/artifacts/files", response_class=Response, include_in_schema=False
)
@api_router.get("/logged-models/{model_id}/artifacts/files", response_class=Response)
@needs(Need.READ)
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
@needs(Need.READ)
async def download_run_artifact(
    message: Annotated[schemas.RunFile, Query()], request: Request, runtime: RuntimeDep
) -> Response:
    """Send a file of a run."""
    root = await run_in_threadpool(_run_root, runtime, message.run)
    return await _download(request, runtime, root, message.path)


@root_router.head("/model-versions/get-artifact", response_class=Response, include_in_schema=False)
@root_router.get("/model-versions/get-artifact", response_class=Response)
@needs(Need.READ)
async def download_version_artifact(
    message: Annotated[schemas.VersionFile, Query()], request: Request, runtime: RuntimeDep
) -> Response:
    """Send a file of a model version."""
    root = await run_in_threadpool(_version_root, runtime, message.name, message.version)
    return await _download(request, runtime, root, message.path)


@ajax_router.post("/upload-artifact", **documented(Empty))
@needs(Need.EDIT)
async def upload_run_artifact(
    message: Annotated[schemas.UploadedFile, Query()],
    request: Request,
    runtime: RuntimeDep,
    records: ChecksumIndexDep,
) -> Response:
    """Store the body, of at most 10 MB, as a file of a run."""
    run = message.run_uuid or message.run_id
    logic.check_named(run, message.path)
    path = parse_file_path(message.path)
    body = announced(request)
    logic.check_small(body.length or 0, SMALL_UPLOAD_BYTES)
    root = await run_in_threadpool(_run_root, runtime, run)
    there = await _located(runtime, root, path)
    is_own = there.store is stores_of(runtime).objects
    whole = _fitting(request, runtime, body.length) if is_own else body_of(request)
    content = logic.small(whole, SMALL_UPLOAD_BYTES)
    stored, sha256 = await logic.upload(there.store, there.key, content, body)
    if is_own:
        await records.note(there.key, stored, sha256)
    return empty_reply()


archive_router = APIRouter(prefix="/trackhelm/artifacts", route_class=WireRoute)


@archive_router.get("/archive", response_class=Response)
@needs(Need.READ)
async def download_archive(message: Annotated[schemas.Archive, Query()], runtime: RuntimeDep) -> Response:
    """Send a folder of a run, a logged model or a model version as a zip, which is made while it is sent."""
    root = await run_in_threadpool(_asked_root, runtime, message)
    path = parse_path(message.path)
    there = await _located(runtime, root, path)
    files = await files_of(there.store, there.key)
    name = path.name or message.run_id or message.model_id or f"{message.name} {message.version}"
    headers = {"Content-Disposition": logic.attachment(f"{name}.zip"), "Cache-Control": "no-store"}
    blocks = archive_blocks(there.store, there.key, files, path.name or "artifacts")
    return StoreResponse(blocks, media_type="application/zip", headers=headers)


def _asked_root(runtime: Runtime, message: schemas.Archive) -> Root:
    owners = (message.run_id, message.model_id, message.name)
    if sum(map(bool, owners)) != 1:
        raise InvalidParameterError(
            "An archive is of exactly one of 'run_id', 'model_id', 'name' (with 'version')."
        )
    if message.run_id:
        return _run_root(runtime, message.run_id)
    if message.model_id:
        return _model_root(runtime, message.model_id)
    return _version_root(runtime, message.name, message.version)


# Calls of the database block and these endpoints are asynchronous, so each look-up runs in a thread.
def _run_root(runtime: Runtime, run_id: str) -> Root:
    with runtime.database.reading() as session:
        return paths.run_root(session, run_id)


def _model_root(runtime: Runtime, model_id: str) -> Root:
    with runtime.database.reading() as session:
        return paths.logged_model_root(session, model_id)


def _version_root(runtime: Runtime, name: str, version: str) -> Root:
    with runtime.database.reading() as session:
        return paths.version_root(session, name, version)


async def _listing(runtime: Runtime, root: Root, path: str, message: schemas.Paged) -> Response:
    directory = parse_path(path)
    there = await _located(runtime, root, directory)
    prefix = f"{directory}/" if directory.segments else ""
    if asked := Asked(message.max_results, message.page_token):
        page = await next_page(there.store, there.key, asked)
        return page_response(page, root_uri=root.uri, prefix=prefix)
    pages = await logic.pages(there.store, there.key)
    return await listing_response(pages, root_uri=root.uri, prefix=prefix)


async def _download(request: Request, runtime: Runtime, root: Root, path: str) -> Response:
    there = await _located(runtime, root, parse_path(path))
    opened = await logic.open_file(there.store, there.key, whole=asks_for_all(request))
    return file_response(request, opened, there.key.name)


async def _located(runtime: Runtime, root: Root, path: ObjectKey) -> Located:
    # Opening a location's store for the first time may read files with credentials.
    return await run_in_threadpool(
        root.locate, stores_of(runtime).objects, stores_of(runtime).locations, path
    )


server_info_router = APIRouter(prefix="/mlflow")


@server_info_router.get("/server-info", **documented(ServerInfo))
@needs(Need.PUBLIC)
async def server_info(runtime: RuntimeDep) -> Response:
    """Answer which of MLflow's optional features this server has."""
    # These are announced only if clients can reach the store, because otherwise every transfer would fail.
    direct = stores_of(runtime).objects.direct
    return reply(
        ServerInfo(
            store_type="SqlStore",
            workspaces_enabled=True,
            trace_archival_enabled=False,
            multipart_uploads_enabled=direct is not None and direct.multipart is not None,
            multipart_downloads_enabled=direct is not None,
            presigned_upload_run_id_supported=direct is not None,
            presigned_upload_model_id_supported=direct is not None,
            features_enabled=Features(gateway=False),
        )
    )
