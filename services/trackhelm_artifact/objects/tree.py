"""Files and directories below a root, reached one segment at a time through descriptors, and their drafts."""

import errno
import fcntl
import os
import secrets
import shutil
import stat
import threading
from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

from trackhelm_artifact.objects.keys import RESERVED, InvalidKeyError, ObjectKey, check_segment
from trackhelm_artifact.objects.store import (
    ConflictError,
    DirectoryError,
    Entry,
    FoundFile,
    MissingObjectError,
)

# Drafts: files that are being written and have no key yet.
#
# They are kept in a directory of the folder itself, because moving a file is atomic only within one file
# system. A draft is locked while its writer runs: so the drafts of killed processes can be told apart from
# those that are being written, and are deleted at the next start.


class Draft:
    """A file being written. Every call may come from another thread."""

    def __init__(self, path: Path) -> None:
        self.path = path
        # `discard` may be called while an abandoned thread still writes; it must not close the descriptor
        # meanwhile.
        self._lock = threading.Lock()
        self._file = -1
        self._discarded = False

    def open(self) -> None:
        """Create the file."""
        with self._lock:
            if self._discarded:
                return
            while self._file < 0:
                file = os.open(self.path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o666)
                fcntl.flock(file, fcntl.LOCK_EX)
                if os.fstat(file).st_nlink:
                    self._file = file
                else:
                    # A process that just started deleted it before it was locked.
                    os.close(file)

    def write(self, block: bytes) -> None:
        """Append a block."""
        with self._lock:
            rest = memoryview(block)
            while rest and not self._discarded:
                rest = rest[os.write(self._file, rest) :]

    def sync(self) -> None:
        """Wait until what was written is on the disk."""
        with self._lock:
            if not self._discarded:
                os.fsync(self._file)

    def facts(self) -> os.stat_result:
        """Return the file's size, inode number and time; raises `OSError` once it was discarded."""
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
    """The directory of drafts, and of trees that are being deleted."""

    def __init__(self, root: Path) -> None:
        self._folder = root / RESERVED

    def new(self) -> Draft:
        """Return a draft that is not open yet."""
        return Draft(self.new_path())

    def new_path(self) -> Path:
        """Return a path that does not exist."""
        # It is created on first use, because a folder that is only read may be on a read-only disk.
        self._folder.mkdir(exist_ok=True)
        return self._folder / secrets.token_hex(16)

    def sweep(self) -> None:
        """Delete the drafts of processes that no longer run."""
        for left in self._folder.iterdir() if self._folder.is_dir() else ():
            self.drop(left.name)

    def left(self) -> Iterator[tuple[str, float]]:
        """Yield the name of each draft whose process no longer runs, and when it was last written to."""
        for left in self._folder.iterdir() if self._folder.is_dir() else ():
            with suppress(FileNotFoundError), _locked(left) as locked:
                if locked:
                    yield left.name, left.lstat().st_mtime

    def drop(self, name: str) -> None:
        """Delete a draft by its name if its process no longer runs; keeps one that is being written."""
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
    """Try to lock a draft, and yield whether that succeeded; raises `FileNotFoundError`."""
    if path.is_symlink():
        # Trackhelm never creates a symbolic link here, and does not follow it.
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


# Files and directories below a root, reached one segment at a time through descriptors.
#
# Each step opens a name inside the directory that is already open and never follows a symbolic link, so no
# key leads outside the root, even if the folder is changed meanwhile. All calls block.

_DIRECTORY: Final = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
# Without O_NONBLOCK, opening a named pipe would block until another process writes to it.
_FILE: Final = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC

# The errors of a step that finds a file or a symbolic link in place of a directory.
_OBSTACLES: Final = frozenset({errno.ENOTDIR, errno.ELOOP})

_PUBLISH_ATTEMPTS: Final = 20

PAGE_ENTRIES: Final = 1000
"""How many files are examined or returned at once."""


class OpenFile:
    """A regular file that was opened for reading."""

    def __init__(self, descriptor: int, facts: os.stat_result) -> None:
        self._descriptor = descriptor
        self.size = facts.st_size
        self.modified = facts.st_mtime
        self.etag = etag_of(facts)

    def read(self, start: int, length: int) -> bytes:
        """Return `length` bytes from `start`, or fewer; at least one."""
        block = os.pread(self._descriptor, length, start)
        if not block:
            raise OSError(errno.EIO, "The file was cut by another program while it was read.")
        return block

    def close(self) -> None:
        """Close the file; may be repeated."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1

    def __del__(self) -> None:
        self.close()


class FolderTree:
    """The files and directories of one folder."""

    def __init__(self, root: Path, drafts: Drafts) -> None:
        self._root = root
        self._drafts = drafts
        # A thread that finds a directory which another just created must find it on the disk as well.
        self._making = threading.Lock()

    def open(self, key: ObjectKey) -> OpenFile:
        """Open a file."""
        if not key.segments:
            raise DirectoryError("Artifact path refers to a directory, not a file: it is the root")
        try:
            with self._directory(key.parent) as parent:
                descriptor = os.open(key.name, _FILE, dir_fd=parent)
        except (FileNotFoundError, ConflictError) as error:
            raise MissingObjectError(f"No such artifact: '{key}'") from error
        except OSError as error:
            if error.errno in {errno.ELOOP, errno.ENXIO}:
                raise MissingObjectError(f"No such artifact: '{key}'") from error
            raise
        facts = os.fstat(descriptor)
        if stat.S_ISREG(facts.st_mode):
            return OpenFile(descriptor, facts)
        os.close(descriptor)
        if stat.S_ISDIR(facts.st_mode) and self._holds(key, _is_file):
            raise DirectoryError(f"Artifact path refers to a directory, not a file: '{key}'")
        raise MissingObjectError(f"No such artifact: '{key}'")

    def pages(self, key: ObjectKey, behind: str = "") -> Generator[list[Entry]]:
        """Yield the entries of a directory after the name `behind`, a page at a time.

        Entries are regular files and directories that contain some. An empty directory, which a process that
        was killed while it deleted may leave, is not listed.
        """
        # Only the names are held for the whole directory; what each is, is read page by page.
        try:
            with self._directory(key) as directory:
                names = sorted(name for name in _names(directory, root=not key.segments) if name > behind)
                for start in range(0, len(names), PAGE_ENTRIES):
                    page = names[start : start + PAGE_ENTRIES]
                    found = [entry for name in page if (entry := _entry(directory, name))]
                    yield [entry for entry in found if not entry.is_dir or self._is_listed(key, entry.name)]
        except (FileNotFoundError, ConflictError):
            return

    def walk(self, key: ObjectKey) -> Generator[list[FoundFile]]:
        """Yield all regular files at a key and below it, a page at a time."""
        # Directories that are still to be read, the next one last: the names of a level, not of the whole
        # tree.
        waiting = [key]
        with (
            suppress(FileNotFoundError, ConflictError, DirectoryError),
            self._directory(key.parent) as parent,
        ):
            if key.segments and (facts := _facts(parent, key.name)) and stat.S_ISREG(facts.st_mode):
                yield [FoundFile(key, facts.st_size, facts.st_mtime)]
                return
        while waiting:
            above = waiting.pop()
            with suppress(FileNotFoundError, ConflictError), self._directory(above) as directory:
                names = sorted(_names(directory, root=not above.segments))
                for start in range(0, len(names), PAGE_ENTRIES):
                    page = []
                    for name in names[start : start + PAGE_ENTRIES]:
                        facts = _facts(directory, name)
                        if facts is None or (below := _below(above, name)) is None:
                            continue
                        if stat.S_ISDIR(facts.st_mode):
                            waiting.append(below)
                        elif stat.S_ISREG(facts.st_mode):
                            page.append(FoundFile(below, facts.st_size, facts.st_mtime))
                    if page:
                        yield page

    def check_free(self, key: ObjectKey) -> None:
        """Raise `ConflictError` if no file can have the key."""
        with suppress(FileNotFoundError), self._directory(key.parent) as parent:
            facts = os.stat(key.name, dir_fd=parent, follow_symlinks=False)
            if stat.S_ISDIR(facts.st_mode) and self._holds(key, _is_anything):
                raise ConflictError(f"'{key}' is a directory, so no file can have its name.")

    def publish(self, draft: Draft, key: ObjectKey) -> None:
        """Move a draft to its key; both are on the disk when this returns."""
        for attempt in range(_PUBLISH_ATTEMPTS):
            try:
                with self._directory(key.parent, make=True) as parent:
                    os.rename(draft.path, key.name, dst_dir_fd=parent)
                    os.fsync(parent)
            except FileNotFoundError:
                # The directory was empty or its tree was deleted, and it was removed before the file was
                # moved.
                if attempt == _PUBLISH_ATTEMPTS - 1:
                    raise
            except IsADirectoryError as error:
                if attempt == _PUBLISH_ATTEMPTS - 1 or self._holds(key, _is_anything):
                    raise ConflictError(f"'{key}' is a directory, so no file can have its name.") from error
                self._remove_empty(key)
            else:
                return

    def delete(self, key: ObjectKey) -> None:
        """Delete a file or a tree, then the directories that become empty."""
        try:
            with self._directory(key.parent) as parent:
                facts = os.stat(key.name, dir_fd=parent, follow_symlinks=False)
                if stat.S_ISDIR(facts.st_mode):
                    # The tree is moved first, so that all of it disappears at once. The next start deletes
                    # what is left.
                    gone = self._drafts.new_path()
                    os.rename(key.name, gone, src_dir_fd=parent)
                    os.fsync(parent)
                    shutil.rmtree(gone, ignore_errors=True)
                else:
                    os.unlink(key.name, dir_fd=parent)
                    os.fsync(parent)
        except (FileNotFoundError, ConflictError):
            return
        self._prune(key.parent)

    def unlink(self, keys: Iterable[ObjectKey]) -> None:
        """Delete files but not their directories; files that do not exist are skipped."""
        for key in keys:
            with (
                suppress(FileNotFoundError, ConflictError, IsADirectoryError),
                self._directory(key.parent) as parent,
            ):
                os.unlink(key.name, dir_fd=parent)

    def delete_file(self, key: ObjectKey) -> None:
        """Delete a file, then the directories that become empty; a key of a directory is ignored."""
        try:
            with self._directory(key.parent) as parent:
                os.unlink(key.name, dir_fd=parent)
                os.fsync(parent)
        except (FileNotFoundError, ConflictError, IsADirectoryError):
            return
        self._prune(key.parent)

    def _is_listed(self, directory: ObjectKey, name: str) -> bool:
        below = _below(directory, name)
        return below is not None and self._holds(below, _is_file)

    def _holds(self, key: ObjectKey, counts: Callable[[os.DirEntry[str]], bool]) -> bool:
        """Return whether any entry for which `counts` is true is below a directory, at any depth."""
        return any(counts(item) for item in self._leaves(key))

    def _leaves(
        self, key: ObjectKey, directories: list[ObjectKey] | None = None
    ) -> Iterator[os.DirEntry[str]]:
        """Yield the entries below a directory except directories, which are added to `directories`.

        Lower directories are added after higher ones.
        """
        waiting = [key]
        while waiting:
            above = waiting.pop()
            if directories is not None:
                directories.append(above)
            with (
                suppress(FileNotFoundError, ConflictError),
                self._directory(above) as directory,
                os.scandir(directory) as found,
            ):
                for item in found:
                    below = _below(above, item.name) if item.is_dir(follow_symlinks=False) else None
                    if below is None:
                        yield item
                    else:
                        waiting.append(below)

    def _remove_empty(self, key: ObjectKey) -> None:
        """Remove a tree of empty directories; one that gets a file meanwhile stays, with its parents."""
        directories: list[ObjectKey] = []
        for _ in self._leaves(key, directories):
            return
        for each in reversed(directories):
            with suppress(OSError, ConflictError), self._directory(each.parent) as parent:
                os.rmdir(each.name, dir_fd=parent)

    def _prune(self, key: ObjectKey) -> None:
        with suppress(OSError, ConflictError):
            while key.segments:
                with self._directory(key.parent) as parent:
                    os.rmdir(key.name, dir_fd=parent)
                key = key.parent

    @contextmanager
    def _directory(self, key: ObjectKey, *, make: bool = False) -> Iterator[int]:
        """Yield a directory's descriptor; raises `FileNotFoundError` and `ConflictError`."""
        if make:
            with self._making:
                directory = self._descend(key, make=True)
        else:
            directory = self._descend(key, make=False)
        try:
            yield directory
        finally:
            os.close(directory)

    def _descend(self, key: ObjectKey, *, make: bool) -> int:
        # The root itself may be a symbolic link, because the operator chose it.
        directory = os.open(self._root, _DIRECTORY & ~os.O_NOFOLLOW)
        try:
            for depth, name in enumerate(key.segments, start=1):
                if make:
                    with suppress(FileExistsError):
                        os.mkdir(name, dir_fd=directory)
                        os.fsync(directory)
                try:
                    below = os.open(name, _DIRECTORY, dir_fd=directory)
                except OSError as error:
                    if error.errno in _OBSTACLES:
                        obstacle = ObjectKey(key.segments[:depth])
                        raise ConflictError(f"'{obstacle}' is a file, so nothing can be below it.") from error
                    raise
                os.close(directory)
                directory = below
        except BaseException:
            os.close(directory)
            raise
        return directory


def etag_of(facts: os.stat_result) -> str:
    """Return the tag of a file's content."""
    # Every upload creates a new file, so inode number and time tell it from the file that it replaced.
    return f"{facts.st_ino:x}-{facts.st_mtime_ns:x}-{facts.st_size:x}"


def _is_file(item: os.DirEntry[str]) -> bool:
    """Return whether an entry is a regular file with a valid key."""
    try:
        check_segment(item.name)
    except InvalidKeyError:
        return False
    return item.is_file(follow_symlinks=False)


def _is_anything(_item: os.DirEntry[str]) -> bool:
    return True


def _names(directory: int, *, root: bool) -> Iterator[str]:
    """Yield those names in a directory that are valid in a key."""
    with os.scandir(directory) as found:
        for item in found:
            with suppress(InvalidKeyError):
                check_segment(item.name)
                if not (root and item.name.casefold() == RESERVED):
                    yield item.name


def _facts(directory: int, name: str) -> os.stat_result | None:
    try:
        return os.stat(name, dir_fd=directory, follow_symlinks=False)
    except FileNotFoundError:
        return None


def _entry(directory: int, name: str) -> Entry | None:
    """Return the entry of a name in a listing; None if no key leads to it."""
    facts = _facts(directory, name)
    if facts is None:
        return None
    if stat.S_ISDIR(facts.st_mode):
        return Entry(name, None)
    return Entry(name, facts.st_size) if stat.S_ISREG(facts.st_mode) else None


def _below(directory: ObjectKey, name: str) -> ObjectKey | None:
    """Return the key of a name in a directory; None if it would be too long."""
    try:
        return ObjectKey((*directory.segments, name))
    except InvalidKeyError:
        return None
