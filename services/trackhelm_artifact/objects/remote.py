"""A bucket as an object store: S3, Google Cloud Storage or Azure, through obstore.

A bucket has keys and no directories, so the port's rules about directories are checked before each write. Two
concurrent writers can therefore make both `a` and `a/b` files. `a` is then listed as a directory, and each
file is read and deleted by its key.

What a store reports about directories is not trusted. SeaweedFS keeps the folders of keys that were deleted,
and web consoles create an empty object as the marker of a folder: here a directory is one that holds a file.
Folders that are left over are hidden and not deleted, because a file may just be stored in one of them.
"""

import asyncio
from collections import deque
from collections.abc import AsyncGenerator, AsyncIterable, AsyncIterator, Callable, Iterable, Sequence
from contextlib import AbstractContextManager, AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import obstore
from obstore.store import AzureStore, GCSStore, S3Store

from trackhelm_artifact.objects.keys import RESERVED, InvalidKeyError, ObjectKey, check_segment
from trackhelm_artifact.objects.remote_calls import Budget, translate_errors
from trackhelm_artifact.objects.s3 import S3Listing
from trackhelm_artifact.objects.store import (
    BLOCK_BYTES,
    Block,
    ConflictError,
    DirectAccess,
    DirectoryError,
    Entry,
    FoundFile,
    Interrupted,
    MissingObjectError,
    Page,
    Stored,
    TooLargeError,
    UnfitKeyError,
    in_blocks,
    page_behind,
    read_ahead,
    unavailable,
)
from trackhelm_core.limits import OBJECT_KEY_BYTES

if TYPE_CHECKING:  # These names of obstore exist for type checkers only.
    from obstore import GetOptions, GetResult

Bucket = S3Store | GCSStore | AzureStore

PART_BYTES: Final = 8 * 1024 * 1024
"""A file up to this size is sent in one request; a larger one in parts of at least this size."""

MOST_PARTS: Final = 10_000
"""The most parts that a file may have in every cloud."""

_PARTS_AT_ONCE: Final = 2
_PARTS_IN_MEMORY: Final = _PARTS_AT_ONCE + 1
"""One part is gathered while the others are being sent."""

# Listing a directory of 100,000 files in one piece takes 110 MiB.
_LISTINGS_AT_ONCE: Final = 4
_HEADS_AT_ONCE: Final = 16
# This is half of the requests that listings share, so that one with many directories does not block others.
_LOOKS_AT_ONCE: Final = 8
_PAGE: Final = 1000
_REMEMBERED: Final = 10_000


@dataclass(frozen=True, slots=True)
class Bounds:
    """How much memory all uploads together may take, and for how many seconds one waits for its share."""

    upload_bytes: int
    seconds: float


class RemoteObject:
    """A file of a bucket; see `OpenObject`. Reading breaks off if the file is replaced meanwhile."""

    def __init__(self, remote: "RemoteStore", path: str, result: "GetResult", *, whole: bool) -> None:
        self._remote = remote
        self._path = path
        self._whole: GetResult | None = result if whole else None
        meta = result.meta
        self.size = meta["size"]
        self.modified = meta["last_modified"].timestamp()
        self._version = meta["e_tag"]
        self.etag = _bare(self._version) or f"{self.modified:.0f}-{self.size:x}"

    async def blocks(self, start: int, stop: int) -> AsyncIterator[Block]:
        """Yield the bytes from `start` up to `stop`."""
        if start >= stop:
            return
        with self._remote.translate_errors():
            result = self._whole
            if result is None or (start, stop) != (0, self.size):
                self.close()
                options: GetOptions = {"range": (start, stop)}
                if self._version:
                    options["if_match"] = self._version
                result = await obstore.get_async(self._remote.bucket, self._path, options=options)
            async for block in read_ahead(result.stream(min_chunk_size=BLOCK_BYTES)):
                yield memoryview(block)

    def close(self) -> None:
        """Close the connection, if one is open."""
        self._whole = None


class RemoteStore:
    """Files in a bucket, below the prefix with which `bucket` was made; see `ObjectStore`."""

    def __init__(
        self,
        bucket: Bucket,
        name: str,
        *,
        bounds: Bounds,
        direct: DirectAccess | None = None,
        listing: S3Listing | None = None,
        on_missing_bucket: Callable[[], None] = lambda: None,
    ) -> None:
        self.bucket = bucket
        self.direct = direct
        self._name = name
        self._listing = listing
        self._patience = bounds.seconds
        self._upload_bytes = bounds.upload_bytes
        self._memory = Budget(bounds.upload_bytes)
        self._on_missing_bucket = on_missing_bucket
        self._listings = Budget(_LISTINGS_AT_ONCE)
        # A run's files share their directories, so each directory is checked once and not once for each file.
        self._directories: set[ObjectKey] = set()

    def translate_errors(self) -> AbstractContextManager[None]:
        """Return the context manager that turns obstore's errors into the port's."""
        return translate_errors(self._name, self._on_missing_bucket)

    async def put(
        self, key: ObjectKey, content: AsyncIterable[bytes], *, length: int | None = None
    ) -> Stored:
        """Send a small file in one request, and a large one in parts that become visible as one file."""
        path = self._path(key)
        part = self._part_of(length)
        await self.check_free(key)
        most = _PARTS_IN_MEMORY * part
        counter = _Counter(MOST_PARTS * part)
        async with self._share(self._memory, most if length is None else min(length, most)):
            etag = await self._send(path, counter.counted(in_blocks(content)), part)
        self._remember(key)
        return Stored(counter.size, etag or (await self.open(key, whole=False)).etag)

    def _part_of(self, length: int | None) -> int:
        """Return the size of a file's parts: above 80 GB, as large as the limit on their number requires."""
        part = max(PART_BYTES, -(-(length or 0) // MOST_PARTS))
        largest = self._upload_bytes // _PARTS_IN_MEMORY
        if part > max(largest, PART_BYTES):
            raise TooLargeError(
                f"The file has {length} bytes, and at most {largest * MOST_PARTS} can be sent to the store "
                "in the memory that TRACKHELM_ARTIFACTS_UPLOAD_MEMORY_MEBIBYTES allows."
            )
        return part

    async def _send(self, path: str, blocks: AsyncIterator[bytes], part: int) -> str:
        """Send a file, and return the tag that the store reports for it, if any."""
        beginning = await _beginning(blocks)
        with self.translate_errors():
            if sum(map(len, beginning)) < PART_BYTES:
                result = await obstore.put_async(self.bucket, path, b"".join(beginning), use_multipart=False)
            else:
                # If reading the content raises, obstore drops the parts and raises the same error.
                result = await obstore.put_async(
                    self.bucket,
                    path,
                    _chained(beginning, blocks),
                    use_multipart=True,
                    chunk_size=part,
                    max_concurrency=_PARTS_AT_ONCE,
                )
        return _bare(result["e_tag"])

    @asynccontextmanager
    async def _share(self, budget: Budget, amount: int) -> AsyncIterator[None]:
        async with AsyncExitStack() as held:
            try:
                await held.enter_async_context(budget.share(amount, self._patience))
            except TimeoutError as error:
                raise unavailable(self._name, "what was begun before takes too long", "") from error
            yield

    async def check_free(self, key: ObjectKey) -> None:
        """Raise `ConflictError` if no file can have the key."""
        above = [ObjectKey(key.segments[:depth]) for depth in range(1, len(key.segments))]
        unknown = [directory for directory in above if directory not in self._directories]
        is_directory, *are_files = await asyncio.gather(
            self._is_directory(key), *(self._is_file(directory) for directory in unknown)
        )
        for directory, is_file in zip(unknown, are_files, strict=True):
            if is_file:
                raise ConflictError(f"'{directory}' is a file, so nothing can be below it.")
        if is_directory:
            raise ConflictError(f"'{key}' is a directory, so no file can have its name.")

    async def open(self, key: ObjectKey, *, whole: bool = True) -> RemoteObject:
        """Open a file, and request its content at once if `whole`."""
        if not key.segments:
            raise DirectoryError("Artifact path refers to a directory, not a file: it is the root")
        path = self._path(key)
        try:
            with self.translate_errors():
                result = await obstore.get_async(self.bucket, path, options={"head": not whole})
        except MissingObjectError:
            if await self._is_directory(key):
                raise DirectoryError(f"Artifact path refers to a directory, not a file: '{key}'") from None
            raise MissingObjectError(f"No such artifact: '{key}'") from None
        return RemoteObject(self, path, result, whole=whole)

    async def pages(self, key: ObjectKey) -> AsyncGenerator[Sequence[Entry]]:
        """Yield the contents of a directory: by pages if the store can, otherwise in one piece."""
        if self._listing is not None:
            rest = ""
            while True:
                page = await self.page(key, rest, _PAGE)
                yield page.entries
                rest = page.rest
                if not rest:
                    return
        path = self._path(key)
        async with self._share(self._listings, 1):
            with self.translate_errors():
                listed = await obstore.list_with_delimiter_async(self.bucket, path or None)
        files = [(_last(item["path"]), item["size"]) for item in listed["objects"] if item["path"] != path]
        yield await self._entries(key, files, map(_last, listed["common_prefixes"]))

    async def page(self, key: ObjectKey, rest: str, limit: int) -> Page:
        """Return a page of a directory; `rest` is the store's own token, or a name."""
        if self._listing is None:
            return await page_behind(self.pages(key), rest, limit)
        while True:
            with self.translate_errors():
                files, directories, rest = await self._listing.page(self._path(key), rest, limit)
            # A page is never empty while more follow, though a thousand folders in a row may hold no file.
            if (entries := await self._entries(key, files, directories)) or not rest:
                return Page(entries, rest)

    async def walk(self, key: ObjectKey) -> AsyncIterator[Sequence[FoundFile]]:
        """Yield all files at a key and below it, a page at a time."""
        path = self._path(key)
        if path:
            # A listing of what is below a key does not include the key itself.
            with self.translate_errors():
                try:
                    meta = await obstore.head_async(self.bucket, path)
                    yield [FoundFile(key, meta["size"], meta["last_modified"].timestamp())]
                except FileNotFoundError:
                    pass
        with self.translate_errors():
            async for items in obstore.list(self.bucket, path or None, chunk_size=_PAGE):
                found = [
                    FoundFile(below, item["size"], item["last_modified"].timestamp())
                    for item in items
                    if item["path"] != path and (below := _key(item["path"]))
                ]
                # Web consoles mark a directory `a` with an empty object `a/`, which obstore reports as `a`.
                markers = await self._missing([file.key for file in found if not file.size])
                yield [file for file in found if file.key not in markers]

    async def delete(self, key: ObjectKey) -> None:
        """Delete a file and everything below its key."""
        async for _ in self.deleting(key):
            pass

    async def delete_file(self, key: ObjectKey) -> None:
        """Delete the one object with a key."""
        self._directories.clear()
        await self._delete([self._path(key)])

    async def deleting(self, key: ObjectKey) -> AsyncIterator[int]:
        """Delete a file and everything below its key, a page at a time."""
        path = self._path(key)
        self._directories.clear()
        with self.translate_errors():
            async for items in obstore.list(self.bucket, path, chunk_size=_PAGE):
                await self._delete([item["path"] for item in items])
                yield len(items)
        await self._delete([path])

    async def interrupted(self, before: float) -> AsyncIterator[Sequence[Interrupted]]:
        """Yield multipart uploads that were never finished, if the store lists them."""
        if self._listing is not None:
            with self.translate_errors():
                async for page in self._listing.uploads(before):
                    yield page

    async def drop(self, upload: Interrupted) -> None:
        """Abort a multipart upload."""
        if self._listing is not None:
            await self._listing.drop(upload)

    async def _delete(self, paths: list[str]) -> None:
        try:
            with self.translate_errors():
                await obstore.delete_async(self.bucket, paths)
        except MissingObjectError:
            # Some clouds report a missing key in this way, and then the other keys of the list are deleted
            # one by one.
            if len(paths) > 1:
                for path in paths:
                    await self._delete([path])

    async def _is_file(self, key: ObjectKey) -> bool:
        try:
            with self.translate_errors():
                await obstore.head_async(self.bucket, self._path(key))
        except MissingObjectError:
            return False
        return True

    async def _missing(self, keys: Sequence[ObjectKey]) -> set[ObjectKey]:
        """Return those keys that no file has."""
        missing = set()
        for start in range(0, len(keys), _HEADS_AT_ONCE):
            some = keys[start : start + _HEADS_AT_ONCE]
            are_files = await asyncio.gather(*map(self._is_file, some))
            missing |= {key for key, is_file in zip(some, are_files, strict=True) if not is_file}
        return missing

    async def _is_directory(self, key: ObjectKey) -> bool:
        path = self._path(key)
        with self.translate_errors():
            async for items in obstore.list(self.bucket, path, chunk_size=2):
                found = [item for item in items if item["path"] != path]
                if any(item["size"] for item in found):
                    return True
                # These are markers of directories below, or empty files.
                empty = [below for item in found if (below := _key(item["path"]))]
                if len(await self._missing(empty)) < len(empty):
                    return True
        return False

    async def _entries(
        self, directory: ObjectKey, files: Iterable[tuple[str, int]], directories: Iterable[str]
    ) -> list[Entry]:
        """Return a page of a directory by name, without names that are no keys and empty directories."""
        found = {name: Entry(name, size) for name, size in files if _is_name(name)}
        names = [*filter(_is_name, directories)]
        for start in range(0, len(names), _LOOKS_AT_ONCE):
            some = names[start : start + _LOOKS_AT_ONCE]
            hold = await asyncio.gather(*(self._holds_file(directory, name) for name in some))
            found |= {name: Entry(name, None) for name, holds in zip(some, hold, strict=True) if holds}
        return [found[name] for name in sorted(found) if directory.segments or name.casefold() != RESERVED]

    async def _holds_file(self, directory: ObjectKey, name: str) -> bool:
        try:
            below = ObjectKey((*directory.segments, name))
        except InvalidKeyError:
            return False
        if self._listing is None:
            return await self._is_directory(below)
        with self.translate_errors():
            return await self._listing.holds_file(self._path(below))

    def _remember(self, key: ObjectKey) -> None:
        if len(self._directories) >= _REMEMBERED:
            self._directories.clear()
        self._directories.update(ObjectKey(key.segments[:depth]) for depth in range(1, len(key.segments)))

    def _path(self, key: ObjectKey) -> str:
        path = str(key)
        length = len("/".join([str(self.bucket.prefix or ""), path]).encode())
        if length > OBJECT_KEY_BYTES:
            raise UnfitKeyError(
                f"it has {length} bytes in the bucket, at most {OBJECT_KEY_BYTES} are allowed"
            )
        return path


async def _beginning(blocks: AsyncIterator[bytes]) -> deque[bytes]:
    """Return the content up to the size of a part, which is all of it if it is smaller."""
    beginning: deque[bytes] = deque()
    size = 0
    async for block in blocks:
        beginning.append(block)
        size += len(block)
        if size >= PART_BYTES:
            break
    return beginning


async def _chained(beginning: deque[bytes], rest: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    while beginning:
        yield beginning.popleft()
    async for block in rest:
        yield block


class _Counter:
    """Counts the bytes of a content while they are read, and refuses more than `most`."""

    def __init__(self, most: int) -> None:
        self.size = 0
        self._most = most

    async def counted(self, blocks: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
        async for block in blocks:
            self.size += len(block)
            if self.size > self._most:
                raise TooLargeError(
                    f"The file has more than {self._most} bytes: so large a one must announce its length."
                )
            yield block


def _bare(etag: str | None) -> str:
    return (etag or "").removeprefix("W/").strip('"')


def _last(path: str) -> str:
    return path.rstrip("/").rpartition("/")[2]


def _is_name(name: str) -> bool:
    try:
        check_segment(name)
    except InvalidKeyError:
        return False
    return True


def _key(path: str) -> ObjectKey | None:
    """Return the key of a path in the bucket; None if it has no valid key."""
    try:
        return ObjectKey(tuple(path.split("/")))
    except InvalidKeyError:
        return None
