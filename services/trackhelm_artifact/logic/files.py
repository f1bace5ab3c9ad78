"""What is done with files, and what a caller is told when the store cannot do it."""

from collections.abc import AsyncIterable, AsyncIterator, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from http import HTTPStatus

from trackhelm_artifact.logic.checksums import Checked, Expected
from trackhelm_artifact.logic.paths import decoded, parse_file_path, parse_path
from trackhelm_artifact.records import Records
from trackhelm_core.errors import ApiError, ErrorCode, InvalidParameterError, NotFoundError
from trackhelm_core.objects.keys import ObjectKey
from trackhelm_core.objects.store import (
    ConflictError,
    DirectoryError,
    Entry,
    MissingObjectError,
    ObjectStore,
    OpenObject,
    Stored,
    StoreFullError,
    TooLargeError,
    UnfitKeyError,
)

Pages = AsyncIterator[Sequence[Entry]]
"""What a directory holds, a page at a time."""


@dataclass(frozen=True, slots=True)
class Announced:
    """What a request says of its body: its length in bytes, None if it does not, and checksums."""

    length: int | None
    checksums: list[Expected]


async def upload(
    objects: ObjectStore, key: ObjectKey, content: AsyncIterable[bytes], announced: Announced
) -> tuple[Stored, bytes]:
    """Store a file and return what was stored, with its SHA-256; refuses a body that is not as announced."""
    checked = Checked(_whole(content, announced.length), announced.checksums)
    with told():
        stored = await objects.put(key, checked.blocks(), length=announced.length)
    return stored, checked.sha256


async def open_file(objects: ObjectStore, key: ObjectKey, *, whole: bool) -> OpenObject:
    """Open a file to send it, or a part of it if not `whole`."""
    with told():
        return await objects.open(key, whole=whole)


async def pages(objects: ObjectStore, key: ObjectKey) -> Pages:
    """Return what a directory holds, by pages; nothing if the key is a file's or leads nowhere.

    The first page is there when this returns, so that a store that is away is told as for any other request.
    """
    rest = objects.pages(key)
    with told():
        first: Sequence[Entry] = await anext(rest, [])
    return _led_by(first, rest)


async def list_path(objects: ObjectStore, path: str) -> Pages:
    """Return what a directory of the store holds, likewise."""
    found = await pages(objects, parse_path(path))
    if (other := decoded(path)) == path:
        return found
    # The stock client sends a folder named `a%20b` as it stands when it uploads, which reaches us as
    # `a b`, but encodes the percent sign when it lists.
    first: Sequence[Entry] = await anext(found, [])
    return _led_by(first, found) if first else await pages(objects, parse_path(other))


async def _led_by(first: Sequence[Entry], rest: Pages) -> Pages:
    yield first
    async for page in rest:
        yield page


async def delete_path(objects: ObjectStore, records: Records, path: str) -> None:
    """Delete a file or a directory and its records; what is not there is deleted already."""
    key = parse_path(path)
    if not key.segments:
        raise InvalidParameterError("Invalid path: the root of all files cannot be deleted.")
    forget = await records.deleting(key)
    with told():
        await objects.delete(key)
    await forget()


async def upload_path(
    objects: ObjectStore, records: Records, path: str, content: AsyncIterable[bytes], announced: Announced
) -> None:
    """Store a file at a path of the store, and record it."""
    key = parse_file_path(path)
    stored, sha256 = await upload(objects, key, content, announced)
    with told():
        await records.note(key, stored, sha256)


async def small(content: AsyncIterable[bytes], limit: int) -> AsyncIterator[bytes]:
    """Pass a body on, of one byte up to `limit`; refuses another."""
    size = 0
    async for chunk in content:
        size += len(chunk)
        check_small(size, limit)
        yield chunk
    if not size:
        raise InvalidParameterError("The request has no body: the file's content is expected.")


def check_named(run: str, path: str) -> None:
    """Refuse an upload through a form that does not say of which run or where the file is."""
    for name, value in (("run_uuid", run), ("path", path)):
        if not value:
            raise InvalidParameterError(f"Request must specify {name}.")


def check_small(size: int, limit: int) -> None:
    """Refuse a body of more than `limit` bytes."""
    if size > limit:
        raise InvalidParameterError(
            f"Artifact size is too large: this endpoint takes at most {limit} bytes. "
            "Use PUT /api/2.0/mlflow-artifacts/artifacts/ for larger files."
        )


async def _whole(content: AsyncIterable[bytes], length: int | None) -> AsyncIterator[bytes]:
    """Pass a body on; refuses one that ends before or after the length that was announced."""
    size = 0
    async for chunk in content:
        size += len(chunk)
        yield chunk
    if length is not None and size != length:
        raise ApiError(
            ErrorCode.BAD_REQUEST,
            f"The body has {size} bytes but Content-Length says {length}: the file was not stored.",
        )


@contextmanager
def told() -> Iterator[None]:
    """Turn the store's failures into answers."""
    try:
        yield
    except MissingObjectError as error:
        raise NotFoundError(str(error)) from error
    except DirectoryError as error:
        raise InvalidParameterError(str(error)) from error
    except (ConflictError, UnfitKeyError) as error:
        raise InvalidParameterError(f"Invalid path: {error}") from error
    except TooLargeError as error:
        raise ApiError(
            ErrorCode.INVALID_PARAMETER_VALUE, str(error), status=HTTPStatus.REQUEST_ENTITY_TOO_LARGE
        ) from error
    except StoreFullError as error:
        # 507, not 503: the stock client would send the whole file again for minutes.
        raise ApiError(
            ErrorCode.TEMPORARILY_UNAVAILABLE, str(error), status=HTTPStatus.INSUFFICIENT_STORAGE
        ) from error
