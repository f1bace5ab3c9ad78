"""The port to the object store: what services ask of it, whichever kind it is.

It knows keys and bytes. It must not know runs, experiments or URIs of the wire. Bodies pass through in
blocks, so that a process's memory stays flat whatever a file's size.
"""

from collections.abc import AsyncIterable, AsyncIterator, Sequence
from dataclasses import dataclass
from typing import Protocol

from trackhelm_core.errors import DependencyUnavailableError
from trackhelm_core.objects.blocks import Block
from trackhelm_core.objects.direct import DirectAccess
from trackhelm_core.objects.keys import ObjectKey


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
