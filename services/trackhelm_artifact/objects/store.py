"""The port to the object store: what services ask of it, whichever kind it is.

It knows keys and bytes. It must not know runs, experiments or URIs of the wire. Bodies pass in blocks, never
whole.
"""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterable, AsyncIterator, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field
from typing import Final, Protocol, TypeVar

from trackhelm_artifact.objects.keys import ObjectKey
from trackhelm_core.errors import DependencyUnavailableError

# Bodies in blocks of a size that is worth a call.
#
# A thread hop or a request for each of the network's small chunks would cost more than what is done with
# it.

Block = bytes | memoryview
"""What a file is read in: a view where the bytes would only be copied to be sent."""

Item = TypeVar("Item")

BLOCK_BYTES: Final = 1024 * 1024
"""Bytes that are read or written at once."""


async def in_blocks(content: AsyncIterable[bytes], size: int = BLOCK_BYTES) -> AsyncIterator[bytes]:
    """Gather chunks to blocks of at least `size` bytes; the last may be smaller, and none is empty."""
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
    """Yield each block while the next one is being read, so that a store and a client are busy at once."""
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
        # Looked at, so that nobody is told of a failure that no longer matters.
        _ = coming.cancelled() or coming.exception()


# The part of the port by which clients move files to and from a store themselves.
#
# Whoever holds a signed address may use it until it ends, without credentials: it is for one method on one
# key.


class UploadError(Exception):
    """The store refuses to complete a multipart upload; the message says what is wrong with it."""


class MissingUploadError(Exception):
    """There is no such multipart upload, or no longer."""


@dataclass(frozen=True, slots=True)
class SignedUrl:
    """An address for one request, and the headers that must be sent with it."""

    url: str
    headers: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Part:
    """A part that a client has sent; `etag` as the store answered it."""

    number: int
    etag: str


@dataclass(frozen=True, slots=True)
class Label:
    """How the store is to label a file that it sends, so that no browser runs it."""

    media_type: str
    disposition: str


class Multipart(Protocol):
    """Uploads whose parts a client sends to the store, in any order and at once.

    Nobody sees the file before it is completed. Raises `StoreUnavailableError`.
    """

    async def begin(self, key: ObjectKey) -> str:
        """Return the id of a new upload."""

    async def part_urls(
        self, key: ObjectKey, upload_id: str, count: int, seconds: int
    ) -> Sequence[SignedUrl]:
        """Return the addresses to PUT the parts 1 to `count` to."""

    async def complete(self, key: ObjectKey, upload_id: str, parts: Sequence[Part]) -> None:
        """Make the parts one file; again is no fault. Raises `UploadError` and `MissingUploadError`."""

    async def abort(self, key: ObjectKey, upload_id: str) -> None:
        """Drop the upload; one that is not there is dropped already."""


class DirectAccess(Protocol):
    """Addresses of a store for clients."""

    @property
    def multipart(self) -> Multipart | None:
        """Uploads in parts; None if the store has none that it could sign."""

    async def download_url(self, key: ObjectKey, seconds: int, label: Label) -> SignedUrl:
        """Return the address to GET a file from."""

    async def upload_url(self, key: ObjectKey, seconds: int) -> SignedUrl:
        """Return the address to PUT a file to."""


# The port to the object store: what services ask of it, whichever kind it is.
#
# It knows keys and bytes. It must not know runs, experiments or URIs of the wire. Bodies pass through in
# blocks, so that a process's memory stays flat whatever a file's size.


class ObjectError(Exception):
    """A failure that the caller of a store must tell apart; the message is for people."""


class MissingObjectError(ObjectError):
    """No file has the key."""


class DirectoryError(ObjectError):
    """The key is a directory's, where a file's is needed."""


class ConflictError(ObjectError):
    """A file is where the key needs a directory, or a directory where it needs a file."""


class StoreFullError(ObjectError):
    """The store has no room for more."""


class TooLargeError(ObjectError):
    """The file is larger than the store can take, or this process can send it."""


class UnfitKeyError(ObjectError):
    """This kind of store cannot hold the key."""


class PageError(ObjectError):
    """A page of a directory was asked for behind a place that the store does not know."""


class StoreUnavailableError(ObjectError, DependencyUnavailableError):
    """The store is away, slow, or refuses us: the same call may succeed later. The log says why.

    `reason` says the same shortly, without addresses.
    """

    def __init__(self, message: str, reason: str = "") -> None:
        super().__init__(message)
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Entry:
    """What a directory holds: a file with its size in bytes, or a directory, which has none."""

    name: str
    size: int | None

    @property
    def is_dir(self) -> bool:
        """Whether this is a directory."""
        return self.size is None


@dataclass(frozen=True, slots=True)
class Page:
    """Some of what a directory holds; `rest` leads to what is behind it, and is empty if that is nothing."""

    entries: Sequence[Entry]
    rest: str


@dataclass(frozen=True, slots=True)
class Stored:
    """A file that was just stored; `etag` is what `OpenObject` has while nobody replaces it."""

    size: int
    etag: str


@dataclass(frozen=True, slots=True)
class FoundFile:
    """A file that a walk came upon: its size in bytes, and when it was stored, in seconds since the epoch."""

    key: ObjectKey
    size: int
    modified: float


@dataclass(frozen=True, slots=True)
class Interrupted:
    """An upload that nobody finished: what is left of it shows nowhere and takes room.

    `name` is for people, `handle` for the store that found it. `started` is in seconds since the epoch.
    `is_ours` says that nobody else writes where it was found: the store has a folder or prefix of its own.
    """

    name: str
    handle: str
    started: float
    is_ours: bool = True


class OpenObject(Protocol):
    """A file as it was when it was opened: replacing or deleting it meanwhile changes nothing here."""

    @property
    def size(self) -> int:
        """Bytes."""

    @property
    def etag(self) -> str:
        """Text that changes whenever the content may have: ASCII, without quotes."""

    @property
    def modified(self) -> float:
        """When it was stored: seconds since the epoch."""

    def blocks(self, start: int, stop: int) -> AsyncIterator[Block]:
        """Yield the bytes from `start` up to `stop`."""

    def close(self) -> None:
        """Let go of the file. Must be called."""


class ObjectStore(Protocol):
    """Files by key. A directory exists while it holds a file, and only then.

    Every call may raise `StoreUnavailableError` and `UnfitKeyError`.
    """

    @property
    def direct(self) -> DirectAccess | None:
        """How clients reach the store without us; None if they cannot."""

    async def put(
        self, key: ObjectKey, content: AsyncIterable[bytes], *, length: int | None = None
    ) -> Stored:
        """Store a file, replacing one that is there; it survives a power cut once this returns.

        Nobody sees it before it is whole, and if `content` raises nobody ever does. Of several at once on
        one key the last to finish stays. `length` is how many bytes are expected, if that is known. Raises
        `ConflictError` and `TooLargeError`, where it can before `content` is asked for, and `StoreFullError`.
        """

    async def check_free(self, key: ObjectKey) -> None:
        """Raise `ConflictError` if no file can have the key."""

    async def open(self, key: ObjectKey, *, whole: bool = True) -> OpenObject:
        """Open a file; raises `MissingObjectError` and `DirectoryError`.

        `whole` says that all of it will be read, which a remote store can then begin to send.
        """

    def pages(self, key: ObjectKey) -> AsyncIterator[Sequence[Entry]]:
        """Yield what a directory holds, a page at a time; nothing for a file's key and for a missing one.

        A page is in order of names, and each page lies behind the one before it.
        """

    async def page(self, key: ObjectKey, rest: str, limit: int) -> Page:
        """Return the first page, or the one that `rest` of another leads to; raises `PageError`.

        `limit` is the most entries that it may have, and 1,000 at most.
        """

    def walk(self, key: ObjectKey) -> AsyncIterator[Sequence[FoundFile]]:
        """Yield all files at a key and below it, a page at a time, in the store's own order."""

    async def delete(self, key: ObjectKey) -> None:
        """Delete a file, or a directory with all below it; a missing key is deleted already."""

    async def delete_file(self, key: ObjectKey) -> None:
        """Delete the file of a key, and nothing that may be below it; one that is missing is deleted."""

    def deleting(self, key: ObjectKey) -> AsyncIterator[int]:
        """Delete likewise, and yield after each page how many files went: a deletion that may be stopped."""

    def interrupted(self, before: float) -> AsyncIterator[Sequence[Interrupted]]:
        """Yield uploads begun before a time (seconds since the epoch) that were never finished."""

    async def drop(self, upload: Interrupted) -> None:
        """Delete what is left of an interrupted upload; one that is gone is dropped already."""


# A page of a directory, of a store that knows no other place in it than a name.


async def page_behind(pages: AsyncGenerator[Sequence[Entry]], name: str, limit: int) -> Page:
    """Return the next entries behind a name, from all that a directory holds in order of names."""
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
