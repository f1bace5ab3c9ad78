"""Rules about files: media types, byte ranges and conditions, uploads and downloads, listings page by page.

It also turns the store's errors into answers. It must not know HTTP's framework or SQL.
"""

import mimetypes
import re
from collections.abc import AsyncIterable, AsyncIterator, Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from pathlib import PurePosixPath
from typing import Final
from urllib.parse import quote

from trackhelm_artifact.files.checksums import Checked, Expected
from trackhelm_artifact.files.paths import decoded, parse_file_path, parse_path
from trackhelm_artifact.integrity.checksum_index import ChecksumIndex
from trackhelm_artifact.objects.keys import ObjectKey
from trackhelm_artifact.objects.store import (
    ConflictError,
    DirectoryError,
    Entry,
    MissingObjectError,
    ObjectStore,
    OpenObject,
    Page,
    PageError,
    Stored,
    StoreFullError,
    TooLargeError,
    UnfitKeyError,
)
from trackhelm_core.errors import ApiError, ErrorCode, InvalidParameterError, NotFoundError
from trackhelm_core.search.pages import decode_cursor, encode_cursor, query_digest
from trackhelm_core.search.text import PageTokenError
from trackhelm_core.validation import check_page_size

# The headers with which a file is sent: its media type and name.
#
# The type is derived from the name alone: what a client sends or accepts must not make a browser run the
# file.

BINARY: Final = "application/octet-stream"
TEXT: Final = "text/plain"

# Text formats that the web interface shows; among them are some that a browser would run as a script.
_TEXT_SUFFIX = re.compile(
    r"txt|log|err|cfg|conf|cnf|cf|ini|properties|prop|hocon|toml|yaml|yml|xml|json|js|mjs|py|py3|csv|tsv|md"
    r"|rst|ipynb"
)
_TEXT_NAMES: Final = frozenset({"mlmodel", "mlproject"})

# Python's own table, without the host's /etc/mime.types, because the answer must not depend on the machine.
_TYPES: Final = mimetypes.MimeTypes()

_TOKEN = re.compile(r"[A-Za-z0-9!#$&+.^_`|~-]+")


def media_type(name: str) -> str:
    """Return the media type with which a file of this name is sent."""
    suffix = PurePosixPath(name).suffix.removeprefix(".").lower()
    if _TEXT_SUFFIX.fullmatch(suffix) or name.lower() in _TEXT_NAMES:
        return TEXT
    guessed, encoding = _TYPES.guess_type(name)
    return BINARY if guessed is None or encoding else guessed


def attachment(name: str) -> str:
    """Return the `Content-Disposition` header that makes a browser save a file under its name."""
    if _TOKEN.fullmatch(name):
        return f"attachment; filename={name}"
    fallback = re.sub(r'[^ -~]|["\\%]', "_", name)
    return f"attachment; filename=\"{fallback}\"; filename*=UTF-8''{quote(name, safe='')}"


# The range of a file that a request asks for, and whether it needs any bytes at all, by the headers `Range`,
# `If-Range`, `If-None-Match` and `If-Modified-Since`.

# 18 digits are more than any file's size needs, and such a number is still parsed quickly.
_RANGE = re.compile(r"bytes=\s*(\d{0,18})\s*-\s*(\d{0,18})\s*", re.ASCII | re.IGNORECASE)


class UnsatisfiableRangeError(Exception):
    """The range begins after the file's end."""


@dataclass(frozen=True, slots=True)
class Span:
    """The bytes from `start` up to, but not including, `stop`."""

    start: int
    stop: int


def asked_span(header: str | None, size: int) -> Span | None:
    """Return the single range that a `Range` header asks for; None to send the whole file.

    Several ranges, other units and invalid ranges are answered with the whole file, as RFC 9110 allows.
    """
    match = _RANGE.fullmatch(header or "")
    if match is None or match[0].count("-") != 1 or not (match[1] or match[2]):
        return None
    if not match[1]:
        start, stop = max(size - int(match[2]), 0), size
    else:
        start = int(match[1])
        if match[2] and int(match[2]) < start:
            return None
        stop = min(int(match[2]) + 1, size) if match[2] else size
    if start >= size or start >= stop:
        raise UnsatisfiableRangeError
    return Span(start, stop)


def names_etag(header: str | None, etag: str) -> bool:
    """Return whether an `If-None-Match` header contains the file's current ETag."""
    if header is None:
        return False
    named = {tag.strip().removeprefix("W/") for tag in header.split(",")}
    return "*" in named or f'"{etag}"' in named


def is_known(if_none_match: str | None, if_modified_since: str | None, etag: str, modified: float) -> bool:
    """Return whether a request's conditions say that the client already has the current version of the file.

    Times are compared in whole seconds, and only if the request has no `If-None-Match`. `modified` is in
    seconds since the epoch.
    """
    if if_none_match is not None or if_modified_since is None:
        return names_etag(if_none_match, etag)
    try:
        return int(modified) <= parsedate_to_datetime(if_modified_since).timestamp()
    except (ValueError, OverflowError):
        # An invalid date is ignored.
        return False


# Operations on files, and the answers to the store's errors.

Pages = AsyncIterator[Sequence[Entry]]
"""The contents of a directory, a page at a time."""


@dataclass(frozen=True, slots=True)
class Announced:
    """What a request announces about its body: its length in bytes, or None, and its checksums."""

    length: int | None
    checksums: list[Expected]


async def upload(
    objects: ObjectStore, key: ObjectKey, content: AsyncIterable[bytes], announced: Announced
) -> tuple[Stored, bytes]:
    """Store a file and return what was stored, with its SHA-256; refuses a body unlike `announced`."""
    checked = Checked(_whole(content, announced.length), announced.checksums)
    with translate_errors():
        stored = await objects.put(key, checked.blocks(), length=announced.length)
    return stored, checked.sha256


async def open_file(objects: ObjectStore, key: ObjectKey, *, whole: bool) -> OpenObject:
    """Open a file to send all of it, or a range of it if not `whole`."""
    with translate_errors():
        return await objects.open(key, whole=whole)


async def pages(objects: ObjectStore, key: ObjectKey) -> Pages:
    """Return the contents of a directory by pages; nothing if the key is a file's or does not exist.

    The first page is read before this returns, so that an unavailable store is reported with a status code.
    """
    rest = objects.pages(key)
    with translate_errors():
        first: Sequence[Entry] = await anext(rest, [])
    return _led_by(first, rest)


async def list_path(objects: ObjectStore, path: str) -> Pages:
    """Return the contents of a directory of the store by pages, as `pages` does."""
    found = await pages(objects, parse_path(path))
    if (other := decoded(path)) == path:
        return found
    # The stock client uploads a folder named `a%20b` without encoding the name, so that it arrives here as
    # `a b`, but encodes the percent sign when it lists the folder.
    first: Sequence[Entry] = await anext(found, [])
    return _led_by(first, found) if first else await pages(objects, parse_path(other))


async def _led_by(first: Sequence[Entry], rest: Pages) -> Pages:
    yield first
    async for page in rest:
        yield page


async def delete_path(objects: ObjectStore, records: ChecksumIndex, path: str) -> None:
    """Delete a file or a directory and its records; a path that does not exist is no error."""
    key = parse_path(path)
    if not key.segments:
        raise InvalidParameterError("Invalid path: the root of all files cannot be deleted.")
    forget = await records.deleting(key)
    with translate_errors():
        await objects.delete(key)
    await forget()


Room = Callable[[int | None], Awaitable[int | None]]
"""Returns for how many bytes there is room, None for any number; raises `ApiError` if not for so many."""


async def within(content: AsyncIterable[bytes], room: int | None, check: Room) -> AsyncIterator[bytes]:
    """Pass a body on as long as there is room for it; asks `check` again before it gives up."""
    size = 0
    async for chunk in content:
        size += len(chunk)
        if room is not None and size > room:
            room = await check(size)
        yield chunk


async def upload_path(
    objects: ObjectStore,
    records: ChecksumIndex,
    path: str,
    content: AsyncIterable[bytes],
    announced: Announced,
) -> None:
    """Store a file at a path of the store, and record it."""
    key = parse_file_path(path)
    stored, sha256 = await upload(objects, key, content, announced)
    with translate_errors():
        await records.note(key, stored, sha256)


async def small(content: AsyncIterable[bytes], limit: int) -> AsyncIterator[bytes]:
    """Pass on a body of 1 to `limit` bytes; refuses any other."""
    size = 0
    async for chunk in content:
        size += len(chunk)
        check_small(size, limit)
        yield chunk
    if not size:
        raise InvalidParameterError("Request must specify data: the file's content as its body.")


def check_named(run: str, path: str) -> None:
    """Refuse an upload by `upload-artifact` that does not name its run and its path."""
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
    """Pass a body on; refuses one that is shorter or longer than the announced length."""
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
def translate_errors() -> Iterator[None]:
    """Turn the store's errors into errors of the API."""
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
        # The status is 507 and not 503, because the stock client would repeat a 503 for minutes, with the
        # whole file.
        raise ApiError(
            ErrorCode.TEMPORARILY_UNAVAILABLE, str(error), status=HTTPStatus.INSUFFICIENT_STORAGE
        ) from error


# Listings page by page, for clients that ask for pages; stock clients read the whole directory in one answer.

PAGE: Final = 1_000
"""The most entries of a page, and the default."""


@dataclass(frozen=True, slots=True)
class Asked:
    """The page parameters of a request; none are given if it asks for the whole directory."""

    max_results: int
    page_token: str

    def __bool__(self) -> bool:
        return bool(self.max_results or self.page_token)


async def next_page(objects: ObjectStore, key: ObjectKey, asked: Asked) -> Page:
    """Return a page of a directory; its `rest` is the token of the next page. Raises `ApiError`."""
    limit = check_page_size(asked.max_results or PAGE, PAGE)
    digest = query_digest(str(key))
    rest = ""
    if asked.page_token:
        (rest,) = map(str, decode_cursor(asked.page_token, digest, 1))
    try:
        # JSON can contain half of a surrogate pair, which no store accepts.
        rest.encode()
        with translate_errors():
            page = await objects.page(key, rest, limit)
    except (PageError, UnicodeEncodeError) as error:
        raise PageTokenError("Invalid page token: it is not one that this server gave out") from error
    return Page(page.entries, encode_cursor([page.rest], digest) if page.rest else "")


async def next_page_of_path(objects: ObjectStore, path: str, asked: Asked) -> Page:
    """Return a page of a directory of the store; its path may be encoded twice, as `list_path` explains."""
    key = parse_path(path)
    try:
        page = await next_page(objects, key, asked)
    except PageTokenError:
        if (other := parse_path(decoded(path))) == key:
            raise
        return await next_page(objects, other, asked)
    if page.entries or page.rest or (other := parse_path(decoded(path))) == key:
        return page
    return await next_page(objects, other, Asked(asked.max_results, ""))
