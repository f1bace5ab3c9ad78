"""Drafts: files that are being written and that no key leads to yet.

They lie in a directory of the folder itself, since only within one file system is moving a file one step
that either happens or does not. A draft is locked while its writer lives: what a killed process left is
told apart from what another is writing, and swept at the next start.
"""

import errno
import fcntl
import os
import secrets
import shutil
import stat
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from trackhelm_core.objects.keys import RESERVED


class Draft:
    """A file being written. Every call may come from another thread."""

    def __init__(self, path: Path) -> None:
        self.path = path
        # Discarding may come while an abandoned thread still writes: never close a descriptor under it.
        self._lock = threading.Lock()
        self._file = -1
        self._discarded = False

    def open(self) -> None:
        """Make the file."""
        with self._lock:
            if self._discarded:
                return
            while self._file < 0:
                file = os.open(self.path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o666)
                fcntl.flock(file, fcntl.LOCK_EX)
                if os.fstat(file).st_nlink:
                    self._file = file
                else:
                    # A process that just started swept it before it was locked.
                    os.close(file)

    def write(self, block: bytes) -> None:
        """Append a block."""
        with self._lock:
            rest = memoryview(block)
            while rest and not self._discarded:
                rest = rest[os.write(self._file, rest) :]

    def sync(self) -> None:
        """Wait until the disk has what was written."""
        with self._lock:
            if not self._discarded:
                os.fsync(self._file)

    def facts(self) -> os.stat_result:
        """Return the file's size, number and time; raises `OSError` once it was discarded."""
        with self._lock:
            if self._file < 0:
                raise OSError(errno.EBADF, "The draft was discarded while it was to be published.")
            return os.fstat(self._file)

    def discard(self) -> None:
        """Close the file, and delete it unless it was moved to its key."""
        with self._lock:
            self._discarded = True
            if self._file >= 0:
                self.path.unlink(missing_ok=True)
                os.close(self._file)
                self._file = -1


class Drafts:
    """The directory of drafts, and of trees on their way to deletion."""

    def __init__(self, root: Path) -> None:
        self._folder = root / RESERVED

    def new(self) -> Draft:
        """Return a draft that is not opened yet."""
        return Draft(self.new_path())

    def new_path(self) -> Path:
        """Return a path that nothing has."""
        # Made when it is needed: a folder that is only read may be on a read-only disk.
        self._folder.mkdir(exist_ok=True)
        return self._folder / secrets.token_hex(16)

    def sweep(self) -> None:
        """Delete what processes that are gone left behind."""
        for left in self._folder.iterdir() if self._folder.is_dir() else ():
            self.drop(left.name)

    def left(self) -> Iterator[tuple[str, float]]:
        """Yield the name of what processes that are gone left behind, and when it was last written to."""
        for left in self._folder.iterdir() if self._folder.is_dir() else ():
            with suppress(FileNotFoundError), _locked(left) as locked:
                if locked:
                    yield left.name, left.lstat().st_mtime

    def drop(self, name: str) -> None:
        """Delete what a process that is gone left behind, by its name; spare what is being written."""
        left = self._folder / name
        with suppress(FileNotFoundError):
            if stat.S_ISDIR(left.lstat().st_mode):
                shutil.rmtree(left, ignore_errors=True)
                return
            with _locked(left) as locked:
                if locked:
                    left.unlink()


@contextmanager
def _locked(path: Path) -> Iterator[bool]:
    """Hold the lock of a draft, and yield whether nobody else has it; raises `FileNotFoundError`."""
    if path.is_symlink():
        # No process of ours makes one. What it leads to is none of our business.
        yield True
        return
    file = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    try:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield False
        else:
            yield True
    finally:
        os.close(file)
