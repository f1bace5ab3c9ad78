"""An object store in a folder: what the embedded server keeps files in.

Plain POSIX calls, not obstore's `LocalStore`: that neither waits for the disk (an acknowledged file could be
lost with the power) nor refuses to follow a symbolic link out of the folder. Calls run in threads of their
own limit, so that many slow uploads leave the endpoints' threads alone.
"""

import errno
from collections.abc import AsyncIterable, AsyncIterator, Callable, Sequence
from pathlib import Path
from typing import Final, TypeVar, TypeVarTuple, Unpack

from anyio import CapacityLimiter, to_thread

from trackhelm_core.objects.blocks import BLOCK_BYTES, in_blocks
from trackhelm_core.objects.drafts import Draft, Drafts
from trackhelm_core.objects.keys import ObjectKey
from trackhelm_core.objects.store import Entry, StoreFullError
from trackhelm_core.objects.tree import FolderTree, OpenFile

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
    """Files in a folder; see `ObjectStore`."""

    def __init__(self, root: Path, *, make: bool = True) -> None:
        if make:
            root.mkdir(parents=True, exist_ok=True)
        self._drafts = Drafts(root)
        self._drafts.sweep()
        self._tree = FolderTree(root, self._drafts)
        self._limiter = CapacityLimiter(_THREADS)

    @property
    def direct(self) -> None:
        """A folder has no address of its own."""
        return

    async def put(self, key: ObjectKey, content: AsyncIterable[bytes], *, length: int | None = None) -> None:
        """Write a draft, wait until it is on the disk, then move it to its key."""
        # Asked first: 50 GB need not travel to learn that their path is taken.
        await self.check_free(key)
        draft = self._drafts.new()
        try:
            await self._run(draft.open)
            async for block in in_blocks(content):
                await self._run(draft.write, block)
            await self._run(self._publish, draft, key)
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

    async def entries(self, key: ObjectKey) -> Sequence[Entry]:
        """Return what a directory holds."""
        return await self._run(self._tree.entries, key)

    async def delete(self, key: ObjectKey) -> None:
        """Delete a file or a directory."""
        await self._run(self._tree.delete, key)

    def _publish(self, draft: Draft, key: ObjectKey) -> None:
        draft.sync()
        self._tree.publish(draft, key)

    async def _run(self, call: Callable[[Unpack[Args]], Result], *args: *Args) -> Result:
        return await to_thread.run_sync(call, *args, limiter=self._limiter)
