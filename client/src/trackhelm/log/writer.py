"""Appending to the segments of this process. Each record is one `write(2)`: a kill takes nothing back.

A `Writer` belongs to one process and must not be used after a fork by the child. Its caller holds `lock`
around `define`, `append` and `position`. It never raises for a disk that is full: what cannot be written is
kept in memory within a limit, and written when there is room; beyond the limit metrics are dropped and
counted.
"""

import os
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from threading import RLock
from typing import Final, Literal

from trackhelm.log.segments import MAGIC, ShapeKey, define, row_struct, shape_record
from trackhelm.log.spool import DestinationFolder, Position, WriterFolder

Durability = Literal["fast", "normal", "full"]
"""When the disk is asked to sync: never; once a second, by `Writer.sync`; before each call returns."""

SEGMENT_BYTES: Final = 8 * 1024 * 1024
"""A segment that has so many bytes is followed by another one."""

HELD_BYTES: Final = 4 * 1024 * 1024
"""The bytes of records that wait in memory while the disk takes none."""

SHAPES: Final = 4_096
"""Shapes that are remembered for a segment. A program that logs other keys at each call repeats them."""

_PRIVATE_FILE: Final = 0o600

RowPack = Callable[..., bytes]


class Writer:
    """The segments of this process, and the shapes that its present segment defines."""

    def __init__(self, destination: DestinationFolder, durability: Durability = "normal") -> None:
        """Make the folder of this process and its first segment.

        Raises:
            OSError: The folder cannot be made or written.
        """
        self.lock: Final = RLock()  # re-entrant: the handler of a signal may log, too
        self.shapes: dict[object, tuple[RowPack, int]] = {}
        """What packs the rows of a shape, and its number, by what the caller calls the shape."""
        self.dropped = 0
        """Records that were dropped because the disk took none."""
        self.records = 0
        """Records that were appended."""
        self.error: str | None = None
        """Why the disk takes nothing; None while it does."""
        self._destination = destination
        self._full = durability == "full"
        self._syncs = durability != "fast"
        self._shape_numbers = 0
        self._held: deque[bytes] = deque()
        self._held_bytes = 0
        self._retired: list[int] = []
        self._unsynced = False
        self._closed = False
        self._open_folder()

    def _open_folder(self) -> None:
        self.folder: WriterFolder
        self.folder, self._folder_lock = self._destination.new_writer()
        self._number, self._descriptor, self._size = 0, -1, 0
        self._open_segment()

    def _open_segment(self) -> None:
        path = self.folder.segment(self._number + 1)
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND
        descriptor = os.open(path, flags, _PRIVATE_FILE)
        try:
            if os.write(descriptor, MAGIC) < len(MAGIC):
                raise OSError(f"{path} could not be begun")  # noqa: TRY301 - handled as the system's own
        except OSError:
            os.close(descriptor)
            path.unlink()
            raise
        if self._descriptor >= 0:
            self._retired.append(self._descriptor)
        self._descriptor = descriptor
        self._number += 1
        self._size = len(MAGIC)
        self.shapes.clear()
        self._shape_numbers = 0

    def define(self, name: object, key: ShapeKey) -> tuple[RowPack, int]:
        """Write the definition of a shape that its caller calls `name`; return how its rows are packed.

        Raises:
            UnicodeEncodeError: A name holds half of a surrogate pair.
        """
        definition = define(key)
        if len(self.shapes) >= SHAPES:
            self.shapes.clear()
        self._shape_numbers += 1
        number = self._shape_numbers
        self.append(shape_record(number, definition), is_needed=True)
        # A full segment was followed by another, in which the number means nothing.
        if number != self._shape_numbers:
            return self.define(name, key)
        known = self.shapes[name] = row_struct(len(key.keys)).pack, number
        return known

    def append(self, record: bytes, *, is_needed: bool = False) -> None:
        """Append a record. It is with the kernel when this returns, or held while the disk takes nothing.

        One that `is_needed` is held beyond the limit as well; others are dropped and counted then.
        """
        if self._held:
            self._hold(record, is_needed=is_needed)
            return
        try:
            written = os.write(self._descriptor, record)
        except OSError as error:
            written = self._failed(error)
        self._size += written
        if written != len(record):
            self._take_back(written)
            self._hold(record, is_needed=is_needed)
            return
        self.records += 1
        self._unsynced = True
        if self._full:
            with suppress(OSError):
                os.fdatasync(self._descriptor)
        if self._size >= SEGMENT_BYTES:
            self._rotate()

    def position(self) -> Position:
        """Return the end of what was appended."""
        return Position(self._number, self._size)

    @property
    def held_bytes(self) -> int:
        """The bytes that wait in memory because the disk takes none."""
        return self._held_bytes

    def _failed(self, error: OSError) -> int:
        self.error = f"{error.strerror or error} ({self.folder.path})"
        return 0

    def _take_back(self, written: int) -> None:
        """Remove the part of a record that was written before the disk was full."""
        if written:
            self._size -= written
            with suppress(OSError):
                os.ftruncate(self._descriptor, self._size)
        if self.error is None:
            self.error = f"No space left on device ({self.folder.path})"

    def _hold(self, record: bytes, *, is_needed: bool) -> None:
        if not is_needed and self._held_bytes + len(record) > HELD_BYTES:
            self.dropped += 1
            return
        self._held.append(record)
        self._held_bytes += len(record)
        self.records += 1

    def _rotate(self) -> None:
        # If no further segment can be made, this one is continued.
        try:
            self._open_segment()
        except OSError as error:
            self.error = f"{error.strerror or error} ({self.folder.path})"

    def write_held(self) -> None:
        """Write what waits in memory, if the disk takes it now."""
        with self.lock:
            while self._held:
                record = self._held[0]
                try:
                    written = os.write(self._descriptor, record)
                except OSError as error:
                    self._failed(error)
                    return
                self._size += written
                if written != len(record):
                    self._take_back(written)
                    return
                self._held.popleft()
                self._held_bytes -= len(record)
                self._unsynced = True
            self.error = None

    def renew_if_deleted(self) -> bool:
        """Begin a new folder if somebody deleted this one; return whether that was so."""
        with self.lock:
            if self._closed or os.fstat(self._descriptor).st_nlink:
                return False
            self._retired.append(self._descriptor)
            self._folder_lock.release()
            self._open_folder()
            return True

    def sync(self) -> None:
        """Make the disk keep what was appended. Other threads may append meanwhile."""
        with self.lock:
            retired, self._retired = self._retired, []
            present = os.dup(self._descriptor) if self._unsynced and not self._closed else -1
            self._unsynced = False
        for descriptor in [*retired, present]:
            if descriptor >= 0:
                if self._syncs:
                    with suppress(OSError):
                        os.fdatasync(descriptor)
                os.close(descriptor)

    def close(self) -> None:
        """Write and sync what is left, and let an uploader take the folder over."""
        self.write_held()
        self.sync()
        with self.lock:
            if not self._closed:
                self._closed = True
                os.close(self._descriptor)
                self._folder_lock.release()

    def abandon(self) -> None:
        """Close the files that a forked child has from its parent, whose folder this is."""
        for descriptor in [self._descriptor, *self._retired]:
            with suppress(OSError):
                os.close(descriptor)
        self._retired = []
        self._closed = True
