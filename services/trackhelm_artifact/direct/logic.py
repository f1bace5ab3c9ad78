"""Rules of direct access: multipart uploads and presigned URLs, and the errors where a store has neither.

The error messages are MLflow's: a stock client that receives one sends the file through the server.
"""

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Final

from trackhelm_artifact.files.logic import attachment, media_type, translate_errors
from trackhelm_artifact.files.paths import parse_file_path
from trackhelm_artifact.objects.keys import ObjectKey
from trackhelm_artifact.objects.store import (
    DirectAccess,
    Label,
    MissingUploadError,
    Multipart,
    ObjectStore,
    Part,
    SignedUrl,
    Stored,
    UploadError,
)
from trackhelm_core.errors import ApiError, ErrorCode, InvalidParameterError, NotFoundError, missing_parameter
from trackhelm_core.wire.arguments import invalid_value

MOST_PARTS: Final = 10_000
"""The most parts that a file may have in S3."""

_UPLOAD_SECONDS: Final = 6 * 3600
"""How long the URLs of one file's parts are valid: enough for 100 GB at 5 MB a second."""

_DOWNLOAD_SECONDS: Final = 3600
_UPLOAD_ID_LENGTH: Final = 2000
_ETAG = re.compile(r"[!-~]{1,200}")


async def begin_upload(
    objects: ObjectStore, directory: str, local_path: str, count: int
) -> tuple[str, Sequence[SignedUrl]]:
    """Begin a multipart upload; return its id and the URLs of its parts in order."""
    key = upload_key(directory, local_path)
    multipart = _multipart(objects)
    if not 1 <= count <= MOST_PARTS:
        raise invalid_value(count, "num_parts", f"a file has 1 to {MOST_PARTS} parts")
    with translate_errors():
        await objects.check_free(key)
        upload_id = await multipart.begin(key)
        return upload_id, await multipart.part_urls(key, upload_id, count, _UPLOAD_SECONDS)


async def complete_upload(
    objects: ObjectStore, directory: str, local_path: str, upload_id: str, parts: Sequence[Part]
) -> tuple[ObjectKey, Stored]:
    """Combine the parts that a client has sent into one file; return its key and what is stored now."""
    key = upload_key(directory, local_path)
    multipart = _multipart(objects)
    _check_upload_id(upload_id)
    _check_parts(parts)
    with translate_errors(), _translate_upload_errors():
        await objects.check_free(key)
        await multipart.complete(key, upload_id, sorted(parts, key=lambda part: part.number))
        opened = await objects.open(key, whole=False)
        opened.close()
    return key, Stored(opened.size, opened.etag)


async def abort_upload(objects: ObjectStore, directory: str, local_path: str, upload_id: str) -> None:
    """Abort an upload; an upload that does not exist is no error."""
    key = upload_key(directory, local_path)
    multipart = _multipart(objects)
    _check_upload_id(upload_id)
    with translate_errors():
        await multipart.abort(key, upload_id)


async def download_url(
    objects: ObjectStore, key: ObjectKey, seconds: int = _DOWNLOAD_SECONDS
) -> tuple[SignedUrl, int]:
    """Return a presigned URL that downloads a file from the store, and the file's size."""
    direct = objects.direct
    if direct is None:
        raise _unsupported("Multipart download", "fetch the file with GET mlflow-artifacts/artifacts")
    with translate_errors():
        opened = await objects.open(key, whole=False)
        opened.close()
        label = Label(media_type(key.name), attachment(key.name))
        return await direct.download_url(key, seconds, label), opened.size


async def upload_url(objects: ObjectStore, direct: DirectAccess, key: ObjectKey, seconds: int) -> SignedUrl:
    """Return a presigned URL that uploads a file to the store in one request."""
    with translate_errors():
        await objects.check_free(key)
        return await direct.upload_url(key, seconds)


def _multipart(objects: ObjectStore) -> Multipart:
    if objects.direct is None or objects.direct.multipart is None:
        raise _unsupported("Multipart upload", "send the file with PUT mlflow-artifacts/artifacts")
    return objects.direct.multipart


def _unsupported(what: str, instead: str) -> ApiError:
    return ApiError(
        ErrorCode.NOT_IMPLEMENTED,
        f"{what} is not supported for the current artifact repository: {instead}.",
    )


def upload_key(directory: str, local_path: str) -> ObjectKey:
    """Return the key of the file that a client uploads to a directory from a path of its own machine."""
    if not local_path:
        raise missing_parameter("path")
    # A client sends the path on its own machine, of which only the last segment is used.
    name = re.split(r"[\\/]", local_path)[-1]
    return parse_file_path(f"{directory}/{name}" if directory else name)


def _check_upload_id(upload_id: str) -> None:
    if not upload_id:
        raise missing_parameter("upload_id")
    if len(upload_id) > _UPLOAD_ID_LENGTH or not upload_id.isprintable():
        raise InvalidParameterError(
            "Invalid value for parameter 'upload_id' supplied: it is not one that this server gave."
        )


def _check_parts(parts: Sequence[Part]) -> None:
    numbers = {part.number for part in parts}
    if not parts or len(numbers) != len(parts) or not all(1 <= number <= MOST_PARTS for number in numbers):
        raise InvalidParameterError(
            "Invalid value for parameter 'parts' supplied: each part has a number of its own, "
            f"from 1 to {MOST_PARTS}, and there is at least one."
        )
    for part in parts:
        if not _ETAG.fullmatch(part.etag):
            raise InvalidParameterError(
                f"Invalid value for parameter 'parts' supplied: part {part.number} has no ETag of a store."
            )


@contextmanager
def _translate_upload_errors() -> Iterator[None]:
    try:
        yield
    except MissingUploadError as error:
        raise NotFoundError(str(error)) from error
    except UploadError as error:
        raise InvalidParameterError(str(error)) from error
