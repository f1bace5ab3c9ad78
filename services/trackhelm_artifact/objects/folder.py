"""An object store in a folder, in which the embedded server keeps files.

It uses plain POSIX calls and not obstore's `LocalStore`, which neither waits for the disk (an acknowledged
file could be lost in a power cut) nor refuses to follow a symbolic link out of the folder. The calls run in
threads with a limit of their own, so that many slow uploads do not occupy the threads of the endpoints.
"""

import errno
from collections.abc import AsyncGenerator, AsyncIterable, AsyncIterator, Callable, Generator, Sequence
from pathlib import Path
from typing import Final, TypeVar, TypeVarTuple, Unpack

from anyio import CapacityLimiter, to_thread

from trackhelm_artifact.objects.keys import RESERVED, ObjectKey
from trackhelm_artifact.objects.store import (
    BLOCK_BYTES,
    Entry,
    FoundFile,
    Interrupted,
    Page,
    Stored,
    StoreFullError,
    in_blocks,
    page_behind,
)
from trackhelm_artifact.objects.tree import Draft, Drafts, FolderTree, OpenFile, etag_of

_THREADS: Final = 24
_FULL: Final = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})

Args = TypeVarTuple("Args")
Result = TypeVar("Result")


class FolderObject:
    """An open file of the folder; see `OpenObject`."""

    def __init__(self, file: OpenFile, limiter: CapacityLimiter) -> None:
        self._file = file
        self._limiter = limiter
        self.size = file.size
        self.etag = file.etag
        self.modified = file.modified

    async def blocks(self, start: int, stop: int) -> AsyncIterator[bytes]:
        """Yield the bytes from `start` up to `stop`."""
        while start < stop:
            length = min(BLOCK_BYTES, stop - start)
            block = await to_thread.run_sync(self._file.read, start, length, limiter=self._limiter)
            start += len(block)
            yield block

    def close(self) -> None:
        """Close the file."""
        self._file.close()


class FolderStore:
    """Files in a folder; see `ObjectStore`.

    Opening it creates the folder and deletes the drafts of killed processes, unless it is told not to.
    """

    def __init__(self, root: Path, *, make: bool = True, sweep: bool = True) -> None:
        if make:
            root.mkdir(parents=True, exist_ok=True)
        self._drafts = Drafts(root)
        if sweep:
            self._drafts.sweep()
        self._tree = FolderTree(root, self._drafts)
        self._limiter = CapacityLimiter(_THREADS)

    @property
    def direct(self) -> None:
        """None: clients cannot reach a folder themselves."""
        return

    async def put(
        self, key: ObjectKey, content: AsyncIterable[bytes], *, length: int | None = None
    ) -> Stored:
        """Write a draft, wait until it is on the disk, then move it to its key."""
        # This is checked first, so that a client need not send 50 GB to learn that the path is taken.
        await self.check_free(key)
        draft = self._drafts.new()
        try:
            await self._run(draft.open)
            async for block in in_blocks(content):
                await self._run(draft.write, block)
            return await self._run(self._publish, draft, key)
        except OSError as error:
            if error.errno in _FULL:
                raise StoreFullError("The artifact folder has no room left.") from error
            raise
        finally:
            draft.discard()

    async def check_free(self, key: ObjectKey) -> None:
        """Raise `ConflictError` if no file can have the key."""
        await self._run(self._tree.check_free, key)

    async def open(self, key: ObjectKey, *, whole: bool = True) -> FolderObject:
        """Open a file."""
        return FolderObject(await self._run(self._tree.open, key), self._limiter)

    async def pages(self, key: ObjectKey) -> AsyncIterator[Sequence[Entry]]:
        """Yield what a directory holds, a page at a time."""
        async for page in self._each(self._tree.pages(key)):
            yield page

    async def page(self, key: ObjectKey, rest: str, limit: int) -> Page:
        """Return a page of a directory; `rest` is the name after which it begins."""
        return await page_behind(self._each(self._tree.pages(key, rest)), rest, limit)

    async def walk(self, key: ObjectKey) -> AsyncIterator[Sequence[FoundFile]]:
        """Yield all files at a key and below it, a page at a time."""
        async for page in self._each(self._tree.walk(key)):
            yield page

    async def delete(self, key: ObjectKey) -> None:
        """Delete a file or a directory."""
        await self._run(self._tree.delete, key)

    async def delete_file(self, key: ObjectKey) -> None:
        """Delete a file; a directory stays."""
        await self._run(self._tree.delete_file, key)

    async def deleting(self, key: ObjectKey) -> AsyncIterator[int]:
        """Delete a file or a directory, a page of files at a time, and at last what has no valid key."""
        async for page in self.walk(key):
            await self._run(self._tree.unlink, [file.key for file in page])
            yield len(page)
        await self.delete(key)

    async def interrupted(self, before: float) -> AsyncIterator[Sequence[Interrupted]]:
        """Yield drafts whose writer no longer runs."""
        found = await self._run(lambda: list(self._drafts.left()))
        yield [Interrupted(f"{RESERVED}/{name}", name, since) for name, since in found if since < before]

    async def drop(self, upload: Interrupted) -> None:
        """Delete a draft whose writer no longer runs."""
        await self._run(self._drafts.drop, upload.handle)

    def _publish(self, draft: Draft, key: ObjectKey) -> Stored:
        draft.sync()
        facts = draft.facts()
        self._tree.publish(draft, key)
        return Stored(facts.st_size, etag_of(facts))

    async def _each(self, pages: Generator[Result]) -> AsyncGenerator[Result]:
        """Yield the items of a blocking generator, each read in a thread."""
        try:
            while (page := await self._run(next, pages, None)) is not None:
                yield page
        finally:
            # The generator holds a directory open.
            pages.close()

    async def _run(self, call: Callable[[Unpack[Args]], Result], *args: *Args) -> Result:
        return await to_thread.run_sync(call, *args, limiter=self._limiter)
