"""The port to the object store: what services require of a store of any kind.

It knows keys and bytes. It must not know runs, experiments or URIs of requests. Bodies are passed in blocks,
never whole, so that memory use does not depend on a file's size.
"""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterable, AsyncIterator, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field
from typing import Final, Protocol, TypeVar

import structlog

from trackhelm_artifact.objects.keys import ObjectKey
from trackhelm_core.errors import DependencyUnavailableError

log = structlog.get_logger(__name__)

# Bodies in blocks that are large enough for a call each.
#
# A hop to a thread or a request for each small chunk of the network would cost more than processing it.

Block = bytes | memoryview
"""What reading a file yields: a memory view where bytes would be copied only to be sent."""

Item = TypeVar("Item")

BLOCK_BYTES: Final = 1024 * 1024
"""How many bytes are read or written at once."""


async def in_blocks(content: AsyncIterable[bytes], size: int = BLOCK_BYTES) -> AsyncIterator[bytes]:
    """Join chunks into blocks of at least `size` bytes; the last may be smaller, and none is empty."""
    gathered: list[bytes] = []
    length = 0
    async for chunk in content:
        gathered.append(chunk)
        length += len(chunk)
        if length >= size:
            yield b"".join(gathered)
            gathered.clear()
            length = 0
    if length:
        yield b"".join(gathered)


async def read_ahead(blocks: AsyncIterator[Item]) -> AsyncIterator[Item]:
    """Yield each block while the next one is being read, so that the store and the client work at once."""
    coming = asyncio.ensure_future(anext(blocks))
    try:
        while True:
            try:
                block = await coming
            except StopAsyncIteration:
                return
            coming = asyncio.ensure_future(anext(blocks))
            yield block
    finally:
        coming.cancel()
        await asyncio.wait((coming,))
        # The exception is retrieved, so that asyncio does not log a failure that no longer matters.
        _ = coming.cancelled() or coming.exception()


# The part of the port with which clients exchange files with a store themselves.
#
# A signed URL needs no credentials until it expires, and is valid for one method on one key.


class UploadError(Exception):
    """The store refuses to complete a multipart upload; the message says what is wrong with it."""


class MissingUploadError(Exception):
    """The multipart upload does not exist, or no longer."""


@dataclass(frozen=True, slots=True)
class SignedUrl:
    """The URL of one request, and the headers that must be sent with it."""

    url: str
    headers: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Part:
    """A part that a client has sent; `etag` is the one that the store answered."""

    number: int
    etag: str


@dataclass(frozen=True, slots=True)
class Label:
    """The headers with which the store sends a file, chosen so that no browser runs it."""

    media_type: str
    disposition: str


class Multipart(Protocol):
    """Uploads whose parts a client sends to the store, in any order and concurrently.

    The file is visible only once it is complete. Raises `StoreUnavailableError`.
    """

    async def begin(self, key: ObjectKey) -> str:
        """Return the id of a new upload."""

    async def part_urls(
        self, key: ObjectKey, upload_id: str, count: int, seconds: int
    ) -> Sequence[SignedUrl]:
        """Return the URLs to which the parts 1 to `count` are sent with PUT."""

    async def complete(self, key: ObjectKey, upload_id: str, parts: Sequence[Part]) -> None:
        """Combine the parts into one file; may be repeated. Raises `UploadError` and `MissingUploadError`."""

    async def abort(self, key: ObjectKey, upload_id: str) -> None:
        """Abort the upload; one that does not exist is no error."""


class DirectAccess(Protocol):
    """Presigned URLs of a store, for clients."""

    @property
    def multipart(self) -> Multipart | None:
        """Multipart uploads; None if the store has none whose URLs can be signed."""

    async def download_url(self, key: ObjectKey, seconds: int, label: Label) -> SignedUrl:
        """Return the URL from which a file is read with GET."""

    async def upload_url(self, key: ObjectKey, seconds: int) -> SignedUrl:
        """Return the URL to which a file is sent with PUT."""


# The port itself, and its errors.


class ObjectError(Exception):
    """An error of a store that its caller must handle; the message is for people."""


class MissingObjectError(ObjectError):
    """No file has the key."""


class DirectoryError(ObjectError):
    """The key is a directory's, and a file's is needed."""


class ConflictError(ObjectError):
    """There is a file where the key needs a directory, or a directory where it needs a file."""


class StoreFullError(ObjectError):
    """The store has no room for more."""


class TooLargeError(ObjectError):
    """The file is larger than the store accepts, or than this process can send."""


class UnfitKeyError(ObjectError):
    """This kind of store cannot hold the key."""


class PageError(ObjectError):
    """The token of a page is not one of the store's."""


class StoreUnavailableError(ObjectError, DependencyUnavailableError):
    """The store is unreachable, slow, or refuses the server: the same call may succeed later.

    The log says why; `reason` says it in few words, without addresses.
    """

    def __init__(self, message: str, reason: str = "") -> None:
        super().__init__(message)
        self.reason = reason


def unavailable(store: str, reason: str, answer: str) -> StoreUnavailableError:
    """Log why a store is unavailable, and return the error to raise."""
    log.error("object store unavailable", store=store, reason=reason, answer=answer)
    return StoreUnavailableError("The artifact store is not available. Send the request again.", reason)


class StoreUrlError(ValueError):
    """The URL is not that of a store; the message says why."""


@dataclass(frozen=True, slots=True)
class Entry:
    """An entry of a directory: a file with its size in bytes, or a directory, whose size is None."""

    name: str
    size: int | None

    @property
    def is_dir(self) -> bool:
        """Whether this is a directory."""
        return self.size is None


@dataclass(frozen=True, slots=True)
class Page:
    """Some entries of a directory; `rest` is the token of the next page, empty if there is none."""

    entries: Sequence[Entry]
    rest: str


@dataclass(frozen=True, slots=True)
class Stored:
    """A file that was just stored; `etag` is what `OpenObject` returns until the file is replaced."""

    size: int
    etag: str


@dataclass(frozen=True, slots=True)
class FoundFile:
    """A file that `walk` found: its size in bytes, and when it was stored, in seconds since the epoch."""

    key: ObjectKey
    size: int
    modified: float


@dataclass(frozen=True, slots=True)
class Interrupted:
    """An upload that was never finished: its parts are not visible and take up space.

    `name` is for people, `handle` for the store that found it. `started` is in seconds since the epoch.
    `is_ours` says that only this server writes where it was found: the store has a folder or prefix of its
    own.
    """

    name: str
    handle: str
    started: float
    is_ours: bool = True


class OpenObject(Protocol):
    """A file as it was when it was opened: replacing or deleting it afterwards has no effect here."""

    @property
    def size(self) -> int:
        """The size in bytes."""

    @property
    def etag(self) -> str:
        """A tag that changes whenever the content may have changed: ASCII, without quotes."""

    @property
    def modified(self) -> float:
        """When the file was stored, in seconds since the epoch."""

    def blocks(self, start: int, stop: int) -> AsyncIterator[Block]:
        """Yield the bytes from `start` up to `stop`."""

    def close(self) -> None:
        """Close the file. Must be called."""


class ObjectStore(Protocol):
    """Files by key. A directory exists exactly as long as it contains a file.

    Every call may raise `StoreUnavailableError` and `UnfitKeyError`.
    """

    @property
    def direct(self) -> DirectAccess | None:
        """How clients reach the store without the server; None if they cannot."""

    async def put(
        self, key: ObjectKey, content: AsyncIterable[bytes], *, length: int | None = None
    ) -> Stored:
        """Store a file, replacing an existing one; the file survives a power cut once this returns.

        It is visible only once it is complete, and never if `content` raises. Of several writers on one key,
        the last to finish wins. `length` is the expected number of bytes, if known. Raises `ConflictError`
        and `TooLargeError`, before reading `content` where possible, and `StoreFullError`.
        """

    async def check_free(self, key: ObjectKey) -> None:
        """Raise `ConflictError` if no file can have the key."""

    async def open(self, key: ObjectKey, *, whole: bool = True) -> OpenObject:
        """Open a file; raises `MissingObjectError` and `DirectoryError`.

        `whole` says that all of it will be read, so that a remote store can begin to send it.
        """

    def pages(self, key: ObjectKey) -> AsyncIterator[Sequence[Entry]]:
        """Yield the contents of a directory, a page at a time; nothing for a file's key or a missing one.

        All entries are in the order of names, within a page and across pages.
        """

    async def page(self, key: ObjectKey, rest: str, limit: int) -> Page:
        """Return the first page, or the page of a token (`rest`); raises `PageError`.

        `limit` is the most entries that it may have, and 1,000 at most.
        """

    def walk(self, key: ObjectKey) -> AsyncIterator[Sequence[FoundFile]]:
        """Yield all files at a key and below it, a page at a time, in the store's own order."""

    async def delete(self, key: ObjectKey) -> None:
        """Delete a file, or a directory with everything below it; a missing key is no error."""

    async def delete_file(self, key: ObjectKey) -> None:
        """Delete the file with a key, and nothing that may be below it; a missing key is no error."""

    def deleting(self, key: ObjectKey) -> AsyncIterator[int]:
        """Delete as `delete` does, and yield the number of files deleted after each page; may be stopped."""

    def interrupted(self, before: float) -> AsyncIterator[Sequence[Interrupted]]:
        """Yield uploads begun before a time (seconds since the epoch) that were never finished."""

    async def drop(self, upload: Interrupted) -> None:
        """Delete the parts of an interrupted upload; one that no longer exists is no error."""


async def page_behind(pages: AsyncGenerator[Sequence[Entry]], name: str, limit: int) -> Page:
    """Return the entries after a name, from the contents of a directory in the order of names.

    It is for stores whose pages can only continue after a name.
    """
    found: list[Entry] = []
    async with aclosing(pages):
        async for page in pages:
            for entry in page:
                if entry.name <= name:
                    continue
                if len(found) == limit:
                    return Page(found, found[-1].name)
                found.append(entry)
    return Page(found, "")
