"""Appending to the segments of this process. The kernel has a record when a call returns: no kill takes it.

On a local disk a record is copied into a window of the segment that is mapped into memory, which takes no
system call; elsewhere it is one `write(2)`. A `Writer` belongs to one process and must not be used after a
fork by the child. Its caller holds `lock` around `define`, `append` and `position`. It never raises for a
disk that is full: what cannot be written is kept in memory within a limit, and written when there is room;
beyond the limit metrics are dropped and counted.

The handler of a signal may log in the middle of a call. What it logs goes into the window, which is one call
of C, or waits until the append under way ends: neither opens a window or begins a segment in its middle.
"""

import mmap
import os
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from errno import EDQUOT, EFBIG, ENOSPC
from itertools import count
from threading import RLock
from typing import Final, Literal

from trackhelm.log.segments import MAGIC, ShapeKey, define, row_struct, shape_record
from trackhelm.log.spool import DestinationFolder, Position, WriterFolder, can_map

Durability = Literal["fast", "normal", "full"]
"""When the disk is asked to sync: never; once a second, by `Writer.sync`; before each call returns."""

SEGMENT_BYTES: Final = 8 * 1024 * 1024
"""A segment that has about so many bytes is followed by another one."""

HELD_BYTES: Final = 4 * 1024 * 1024
"""The bytes of records that wait in memory while the disk takes none."""

SHAPES: Final = 4_096
"""Shapes that are remembered for a segment. A program that logs other keys at each call repeats them."""

WINDOW_BYTES: Final = 64 * 1024
"""The part of a segment that is mapped at a time."""

RESERVE_BYTES: Final = 1024 * 1024
"""The most bytes of a segment that are reserved on the disk before they are needed."""

_FULL: Final = frozenset({ENOSPC, EDQUOT, EFBIG})
_PRIVATE_FILE: Final = 0o600
_POPULATE_WRITE: Final = 23
"""Linux's `MADV_POPULATE_WRITE`: pages are made at once, and not each at its first use."""

RowPack = Callable[..., bytes]


def _no_window(_record: bytes) -> None:
    """Stand for the window where there is none, or none may be used."""
    raise ValueError


class Writer:
    """The segments of this process, and the shapes that its present segment defines."""

    def __init__(
        self, destination: DestinationFolder, durability: Durability = "normal", *, maps: bool | None = None
    ) -> None:
        """Make the folder of this process and its first segment.

        Args:
            destination: The folder of its destination.
            durability: When the disk is asked to sync.
            maps: Whether segments are mapped into memory; by default where their file system bears it.

        Raises:
            OSError: The folder cannot be made or written.
        """
        self.lock: Final = RLock()  # re-entrant: the handler of a signal may log, too
        self.shapes: dict[object, tuple[RowPack, int]] = {}
        """What packs the rows of a shape, and its number, by what the caller calls the shape."""
        self.dropped = 0
        """Records that were dropped because the disk took none, or for the limit."""
        self.error: str | None = None
        """Why the disk takes nothing; None while it does."""
        self.limit: str | None = None
        """Why no metrics are taken though the disk has room; None while they are. See `set_limit`."""
        self.is_packing = False
        """Whether a row is being packed: no other segment may begin, in which its shape is not defined."""
        self._destination = destination
        self._maps = can_map(destination.path) if maps is None else maps
        self._full = durability == "full"
        self._past_bytes = 0
        self._synced: Position | None = None
        self._syncs = durability != "fast"
        self._shape_numbers = count(1)
        self._held: deque[bytes] = deque()
        self._held_bytes = 0
        self._appending = False
        self._waiting: deque[tuple[bytes, bool]] = deque()
        """Records that handlers of signals logged in the middle of an append, and whether they are needed."""
        self._retired: list[int] = []
        self._closed = False
        self._window: mmap.mmap | None = None
        self.put: Callable[[bytes], object] = _no_window
        """Copies a record into the window, or raises `ValueError`: then `append` is to be called.

        It is one call of C for the copy and the new end: the handler of a signal comes before or after it.
        """
        self._open_folder()

    def _open_folder(self) -> None:
        self.folder: WriterFolder
        self.folder, self._folder_lock = self._destination.new_writer()
        self._number, self._descriptor, self._size, self._reserved = 0, -1, 0, 0
        self._open_segment()

    def _open_segment(self) -> None:
        path = self.folder.segment(self._number + 1)
        flags = os.O_RDWR | os.O_CREAT | os.O_EXCL
        if not self._maps:
            flags |= os.O_APPEND
        descriptor = os.open(path, flags, _PRIVATE_FILE)
        try:
            if os.write(descriptor, MAGIC) < len(MAGIC):
                raise OSError(f"{path} could not be begun")  # noqa: TRY301 - handled as the system's own
        except OSError:
            os.close(descriptor)
            path.unlink()
            raise
        self._retire()
        self._descriptor = descriptor
        self._number += 1
        self._size = self._reserved = len(MAGIC)

    def _retire(self) -> None:
        """Give up what is reserved of the present segment; it is synced and closed later."""
        self._past_bytes += self._end()
        self._retire_window(self._end())
        if self._descriptor >= 0:
            self._retired.append(self._descriptor)

    def _retire_window(self, end: int) -> None:
        self.put = _no_window
        window, self._window, self._size = self._window, None, end
        if window is not None:
            window.close()
        if self._reserved > end:
            self._cut(end)
            self._reserved = end

    def _cut(self, end: int) -> None:
        """Remove from the segment what is no record."""
        with suppress(OSError):
            os.ftruncate(self._descriptor, end)
            os.lseek(self._descriptor, end, os.SEEK_SET)

    def define(self, name: object, key: ShapeKey) -> tuple[RowPack, int]:
        """Write the definition of a shape that its caller calls `name`; return how its rows are packed.

        Raises:
            UnicodeEncodeError: A name holds half of a surrogate pair.
        """
        definition = define(key)
        if len(self.shapes) >= SHAPES:
            self.shapes.clear()
        number = next(self._shape_numbers)
        was_packing, self.is_packing = self.is_packing, True
        try:
            self.append(shape_record(number, definition), is_needed=True)
        finally:
            self.is_packing = was_packing
        known = self.shapes[name] = row_struct(len(key.keys)).pack, number
        return known

    def append(self, record: bytes, *, is_needed: bool = False) -> None:
        """Append a record. It is with the kernel when this returns, or held while the disk takes nothing.

        One that `is_needed` is held beyond the limit as well; others are dropped and counted then.
        """
        if self._appending:
            # What follows waits, too: it may be a row of the shape that this defines.
            self.put = _no_window
            self._waiting.append((record, is_needed))
            return
        self._appending = True
        try:
            self._append(record, is_needed=is_needed)
        finally:
            self._finish()
        self.rotate_if_full()

    def _append(self, record: bytes, *, is_needed: bool) -> None:
        if self._held or (self.limit and not is_needed):
            self._hold(record, is_needed=is_needed)
            return
        try:
            self._store(record)
        except OSError as error:
            self._failed(error)
            self._hold(record, is_needed=is_needed)
            return
        if self._full:
            with suppress(OSError):
                os.fdatasync(self._descriptor)

    def _finish(self) -> None:
        """End an append with what handlers of signals have logged meanwhile."""
        self._append_waiting()
        self._use_window()
        self._appending = False
        while self._waiting:
            record, is_needed = self._waiting.popleft()
            self.append(record, is_needed=is_needed)

    def _append_waiting(self) -> None:
        while self._waiting:
            record, is_needed = self._waiting.popleft()
            self._append(record, is_needed=is_needed)

    def rotate_if_full(self) -> None:
        """Begin another segment if the present one has its size and no row of its shapes is being packed."""
        if self.is_packing or self._appending:
            return
        self._appending = True
        try:
            if self._end() >= SEGMENT_BYTES:
                self._rotate()
        except OSError as error:
            # This one is continued.
            self._failed(error)
        finally:
            self._finish()

    def _rotate(self) -> None:
        self.put = _no_window
        # What waits may be rows of shapes that this segment defines; later ones define theirs anew.
        self.shapes.clear()
        while self._waiting:
            self._append_waiting()
            self.shapes.clear()
        self._open_segment()

    def position(self) -> Position:
        """Return the end of what was appended."""
        while True:
            number, end = self._number, self._end()
            if number == self._number:
                return Position(number, end)

    @property
    def logged_bytes(self) -> int:
        """The bytes of all records that were appended."""
        return self._past_bytes + (0 if self._closed else self._end()) + self._held_bytes

    @property
    def held_bytes(self) -> int:
        """The bytes that wait in memory because the disk takes none."""
        return self._held_bytes

    def set_limit(self, reason: str | None) -> None:
        """Drop metrics from now on for a reason, or take them again."""
        with self.lock:
            self.limit = reason
            self._use_window()

    def _use_window(self) -> None:
        """Let records be copied into the window, unless others wait or may not be taken."""
        free = not (self._held or self.limit or self._full)
        self.put = self._window.write if free and self._window is not None else _no_window

    def _end(self) -> int:
        # Again if another window was opened meanwhile, by the handler of a signal.
        while True:
            window, size = self._window, self._size
            if window is None:
                return size
            with suppress(ValueError):
                size += window.tell()
                if window is self._window:
                    return size

    def _store(self, record: bytes) -> None:
        """Write a record; raises `OSError` if the disk does not take all of it."""
        while self._maps:
            with suppress(ValueError):
                if self._window is not None:
                    self._window.write(record)
                    return
            self._open_window(len(record))
        written = os.write(self._descriptor, record)
        if written != len(record):
            self._cut(self._size)
            raise OSError(ENOSPC, os.strerror(ENOSPC))
        self._size += written

    def _open_window(self, size: int) -> None:
        """Map the part of the segment into which the next records go, at least one of a size.

        Raises:
            OSError: The disk has no room for it.
        """
        self.put = _no_window
        end = self._end()
        begin = end - end % mmap.ALLOCATIONGRANULARITY
        length = max(min(WINDOW_BYTES, SEGMENT_BYTES - begin), end - begin + size)
        try:
            self._reserve(begin + length)
            window = mmap.mmap(self._descriptor, length, offset=begin)
        except OSError as error:
            if error.errno in _FULL:
                raise
            # A file system that is another than it seemed.
            self._maps = False
            self._retire_window(end)
            return
        with suppress(OSError, ValueError):
            window.madvise(_POPULATE_WRITE)
        window.seek(end - begin)
        before, self._window, self._size = self._window, window, begin
        if before is not None:
            before.close()

    def _reserve(self, size: int) -> None:
        """Have room on the disk for a size of the segment: a store into a page without ends the program."""
        if size > self._reserved:
            # Readers take the zeros of what is reserved for the end.
            more = max(size - self._reserved, min(self._reserved, RESERVE_BYTES))
            os.posix_fallocate(self._descriptor, self._reserved, more)
            self._reserved += more

    def _failed(self, error: OSError) -> None:
        self.error = f"{error.strerror or error} ({self.folder.path})"

    def _hold(self, record: bytes, *, is_needed: bool) -> None:
        if not is_needed and (self.limit or self._held_bytes + len(record) > HELD_BYTES):
            self.dropped += 1
            return
        self._held.append(record)
        self._held_bytes += len(record)
        self.put = _no_window

    def write_held(self) -> None:
        """Write what waits in memory, if the disk takes it now."""
        with self.lock:
            if self._appending:
                return
            self._appending = True
            try:
                while self._held:
                    self._store(self._held[0])
                    self._held_bytes -= len(self._held.popleft())
                self.error = None
            except OSError as error:
                self._failed(error)
            finally:
                self._finish()

    def renew_if_deleted(self) -> bool:
        """Begin a new folder if somebody deleted this one; return whether that was so."""
        with self.lock:
            if self._closed or os.fstat(self._descriptor).st_nlink:
                return False
            self._retire()
            self._folder_lock.release()
            self._open_folder()
            return True

    def sync(self) -> None:
        """Make the disk keep what was appended. Other threads may append meanwhile."""
        with self.lock:
            retired, self._retired = self._retired, []
            end = self.position()
            present = os.dup(self._descriptor) if end != self._synced and not self._closed else -1
            self._synced = end
        for descriptor in [*retired, present]:
            if descriptor >= 0:
                if self._syncs:
                    with suppress(OSError):
                        os.fdatasync(descriptor)
                os.close(descriptor)

    def close(self) -> None:
        """Write and sync what is left, and let an uploader take the folder over."""
        self.write_held()
        with self.lock:
            if not self._closed:
                self._closed = True
                self._retire()
        self.sync()
        with self.lock:
            self._folder_lock.release()

    def abandon(self) -> None:
        """Close the files that a forked child has from its parent, whose folder this is."""
        if self._window is not None:
            self._window.close()
            self._window = None
        for descriptor in [self._descriptor, *self._retired]:
            with suppress(OSError):
                os.close(descriptor)
        self._retired = []
        self._closed = True
