"""The folders and files of the log on the disk: who may write what, and how processes find one another.

    SPOOL/DESTINATION/                 one for each server, or `offline`
        destination.json               the server's address
        uploader.lock, start.lock      locked by the process that uploads, and by the one that starts it
        uploader.json                  what the uploader does, for messages of others
        uploader.log                   what it would say on a terminal
        wake                           a pipe: a byte in it makes the uploader look at once
        rejected.jsonl                 what the server refused for good, and why
        run-ids.json                   runs that a server without client-made ids gave others
        WRITER/                        one for each process that logs
            lock                       locked as long as that process lives
            writer.json                which process that is
            00000001.seg …             segments, deleted when the server has acknowledged them
            acknowledged               the position before which everything is acknowledged

Locks are those of `flock`, which the kernel releases when a process dies in whatever way. The folder must be
on a file system on which they work: a local disk, or NFS 4. Nothing here is read by another user.
"""

import fcntl
import hashlib
import json
import os
import secrets
import shutil
import struct
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, Final, NamedTuple
from zlib import crc32

from trackhelm.log.segments import HEAD_BYTES, has_record

OFFLINE: Final = "offline"
"""The name of the folder of what is logged without a server."""

_PRIVATE_FOLDER: Final = 0o700
_PRIVATE_FILE: Final = 0o600

_ACKNOWLEDGED: Final = struct.Struct("<QQI")
_SUFFIX: Final = ".seg"
_PIECE: Final = 1024 * 1024


class Position(NamedTuple):
    """A place in the segments of a writer: the number of a segment, counted from 1, and bytes in it."""

    segment: int
    offset: int


START: Final = Position(1, 0)


def default_spool() -> Path:
    """Return the folder of the log: `TRACKHELM_SPOOL_DIR`, or one in the user's cache folder."""
    if given := os.environ.get("TRACKHELM_SPOOL_DIR"):
        return Path(given)
    cache = os.environ.get("XDG_CACHE_HOME")
    return (Path(cache) if cache else Path.home() / ".cache") / "trackhelm" / "spool"


_MAPPABLE: Final = frozenset({"btrfs", "ext2", "ext3", "ext4", "f2fs", "overlay", "tmpfs", "xfs"})
"""File systems on which stores into a mapped file survive the process, and reserved room is kept."""


def can_map(path: Path) -> bool:
    """Return whether files below a folder may be written through memory: on Linux, on a known file system."""
    try:
        mounts = Path("/proc/self/mountinfo").read_bytes().splitlines()
    except OSError:
        return False
    below = os.fsencode(path.resolve()) + b"/"
    found, kind = b"", ""
    for mount in mounts:
        # 36 35 98:0 /root /mount/point rw,noatime shared:1 - ext4 /dev/vda rw
        fields, _, about = mount.partition(b" - ")
        point = fields.split()[4].replace(b"\\040", b" ").rstrip(b"/") + b"/"
        if below.startswith(point) and len(point) >= len(found):
            found, kind = point, about.split()[0].decode()
    return kind in _MAPPABLE and hasattr(os, "posix_fallocate")


def write_whole(path: Path, content: bytes) -> None:
    """Replace a file at once: readers see the old or the new content."""
    beside = path.with_name(f".{path.name}.{os.getpid()}.{secrets.token_hex(4)}")
    try:
        descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, _PRIVATE_FILE)
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
        beside.replace(path)
    except OSError:
        beside.unlink(missing_ok=True)
        raise


def read_json(path: Path) -> dict[str, Any]:
    """Return the object in a file; an empty one if there is none that can be read."""
    try:
        found = json.loads(path.read_bytes())
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


class FileLock:
    """A lock of a file, which this process holds until it ends or releases it. Forked children do not."""

    _held: ClassVar[set["FileLock"]] = set()

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._held.add(self)

    def release(self) -> None:
        """Let others lock the file; may be called again."""
        if self in self._held:
            self._held.discard(self)
            os.close(self._descriptor)

    def pass_on(self) -> None:
        """Let the next forked child hold the lock, too."""
        self._held.discard(self)

    @classmethod
    def leave_to_parent(cls) -> None:
        """Close the parent's descriptors in a forked child, so that they do not hold locks after its end."""
        for lock in cls._held:
            os.close(lock._descriptor)  # noqa: SLF001 - of this class
        cls._held.clear()


os.register_at_fork(after_in_child=FileLock.leave_to_parent)


def try_lock(path: Path) -> FileLock | None:
    """Lock a file; None if another process holds it, or another part of this one."""
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, _PRIVATE_FILE)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        return None
    return FileLock(descriptor)


@dataclass(frozen=True)
class DestinationFolder:
    """The folder of everything that goes to one server."""

    path: Path

    @classmethod
    def of(cls, spool: Path, destination: str | None) -> "DestinationFolder":
        """Return the folder of a server, by its address, or of none; it is made if it is not there."""
        uri = destination.rstrip("/") if destination else None
        name = hashlib.sha256(uri.encode()).hexdigest()[:16] if uri else OFFLINE
        path = spool / name
        path.mkdir(_PRIVATE_FOLDER, parents=True, exist_ok=True)
        told = path / "destination.json"
        if not told.exists():
            write_whole(told, json.dumps({"uri": uri}).encode())
        return cls(path)

    @classmethod
    def all_of(cls, spool: Path) -> list["DestinationFolder"]:
        """Return the folders that there are in a spool."""
        return [cls(path.parent) for path in sorted(spool.glob("*/destination.json"))]

    @property
    def uri(self) -> str | None:
        """The server's address; None for what is logged offline."""
        uri = read_json(self.path / "destination.json").get("uri")
        return uri if isinstance(uri, str) else None

    @property
    def uploader_lock(self) -> Path:
        """The file that the uploading process locks."""
        return self.path / "uploader.lock"

    @property
    def start_lock(self) -> Path:
        """The file that is locked by who starts an uploader, so that 64 ranks do not start 64."""
        return self.path / "start.lock"

    @property
    def wake_pipe(self) -> Path:
        """The pipe that wakes the uploader."""
        return self.path / "wake"

    @property
    def rejected(self) -> Path:
        """What was refused: a JSON object a line."""
        return self.path / "rejected.jsonl"

    def status(self) -> dict[str, Any]:
        """Return what the uploader last said of itself."""
        return read_json(self.path / "uploader.json")

    def set_status(self, status: Mapping[str, object]) -> None:
        """Say what the uploader does. A disk that is full keeps it from being said, and nothing else."""
        with suppress(OSError):
            write_whole(self.path / "uploader.json", json.dumps(status).encode())

    def wake(self) -> None:
        """Make an uploader look for what is new at once, if there is one."""
        with suppress(OSError):
            pipe = os.open(self.wake_pipe, os.O_WRONLY | os.O_NONBLOCK)
            try:
                os.write(pipe, b"!")
            finally:
                os.close(pipe)

    def open_wake_pipe(self) -> int:
        """Return the end of the pipe at which an uploader waits."""
        with suppress(FileExistsError):
            os.mkfifo(self.wake_pipe, _PRIVATE_FILE)
        # Open for writing as well, so that it never ends.
        return os.open(self.wake_pipe, os.O_RDWR | os.O_NONBLOCK)

    def is_uploading(self) -> bool:
        """Return whether a process holds the uploader's lock."""
        try:
            descriptor = os.open(self.uploader_lock, os.O_RDWR)
        except FileNotFoundError:
            return False
        try:
            # Shared, so that two that ask at once do not take each other for the uploader.
            fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
        finally:
            os.close(descriptor)
        return False

    def writers(self) -> list["WriterFolder"]:
        """Return the folders of the processes that log or have logged."""
        with os.scandir(self.path) as entries:
            names = [entry.name for entry in entries if entry.is_dir() and not entry.name.startswith(".")]
        return [WriterFolder(self.path / name) for name in sorted(names)]

    def waiting_bytes(self, enough: int | None = None) -> int:
        """Return about how many bytes wait, of all processes; it looks no further when so many are found."""
        size = 0
        for writer in self.writers():
            size += writer.waiting_bytes(enough=enough)
            if enough is not None and size >= enough:
                break
        return size

    def new_writer(self) -> tuple["WriterFolder", FileLock]:
        """Make the folder of this process, and return it with its lock."""
        name = f"{time.strftime('%Y%m%d-%H%M%S', time.gmtime())}-{os.getpid()}-{secrets.token_hex(4)}"
        # Renamed when it is locked: an uploader would take a folder without a lock for one that was left.
        hidden = self.path / f".{name}"
        hidden.mkdir(_PRIVATE_FOLDER)
        lock = try_lock(hidden / "lock")
        assert lock is not None, "a new file is locked by nobody"
        who = {"pid": os.getpid(), "host": os.uname().nodename, "program": sys.argv[:1], "began": time.time()}
        write_whole(hidden / "writer.json", json.dumps(who).encode())
        path = self.path / name
        hidden.rename(path)
        return WriterFolder(path), lock


@dataclass(frozen=True)
class WriterFolder:
    """The folder of one process that logs."""

    path: Path

    @property
    def name(self) -> str:
        """The writer's id, which is never used again."""
        return self.path.name

    def segment(self, number: int) -> Path:
        """Return the path of a segment."""
        return self.path / f"{number:08}{_SUFFIX}"

    def segments(self) -> list[int]:
        """Return the numbers of the segments that there are, in their order."""
        with suppress(FileNotFoundError), os.scandir(self.path) as entries:
            return sorted(
                int(entry.name[: -len(_SUFFIX)]) for entry in entries if entry.name.endswith(_SUFFIX)
            )
        return []

    def waiting_bytes(self, after: Position | None = None, enough: int | None = None) -> int:
        """Return about how many bytes wait after a position; 0 if there are none.

        Args:
            after: The position before which everything is acknowledged by default.
            enough: Look no further when so many are found.
        """
        position = self.acknowledged() if after is None else after
        numbers = [number for number in self.segments() if number >= position.segment]
        size = 0
        for number in numbers:
            offset = position.offset if number == position.segment else 0
            with suppress(FileNotFoundError):
                if number == numbers[-1]:
                    # What is reserved for more records is no part of it.
                    size += self._written_bytes(number, offset, enough)
                else:
                    size += max(self.segment(number).stat().st_size - offset, 0)
            if enough is not None and size >= enough:
                break
        return size

    def _written_bytes(self, number: int, offset: int, enough: int | None) -> int:
        descriptor = os.open(self.segment(number), os.O_RDONLY)
        try:
            if not has_record(os.pread(descriptor, HEAD_BYTES, offset)):
                return 0
            size = os.fstat(descriptor).st_size - offset
            piece = os.pread(descriptor, size if enough is None else min(size, enough), offset)
            return len(piece.rstrip(b"\0"))
        finally:
            os.close(descriptor)

    def adopt(self) -> FileLock | None:
        """Lock the folder of a process that has ended; None while that lives, or another has adopted it."""
        try:
            return try_lock(self.path / "lock")
        except FileNotFoundError:
            return None

    def acknowledged(self) -> Position:
        """Return the position before which everything is acknowledged."""
        try:
            content = (self.path / "acknowledged").read_bytes()
            segment, offset, checksum = _ACKNOWLEDGED.unpack(content)
        except (OSError, struct.error):
            return START
        # What two processes read and write at once may be half of each. Sending again does no harm.
        return Position(segment, offset) if crc32(content[:16]) == checksum else START

    def acknowledge(self, position: Position) -> None:
        """Note that everything before a position is acknowledged, and delete the segments before it."""
        numbers = _ACKNOWLEDGED.pack(*position, 0)[:16]
        descriptor = os.open(self.path / "acknowledged", os.O_WRONLY | os.O_CREAT, _PRIVATE_FILE)
        try:
            os.pwrite(descriptor, numbers + struct.pack("<I", crc32(numbers)), 0)
        finally:
            os.close(descriptor)
        for number in self.segments():
            if number < position.segment:
                self.segment(number).unlink(missing_ok=True)

    def delete(self) -> None:
        """Remove the folder of an adopted writer of which everything is acknowledged."""
        # Hidden first: half of a folder must not be found.
        gone = self.path.with_name(f".gone-{self.name}")
        with suppress(FileNotFoundError):
            self.path.rename(gone)
            shutil.rmtree(gone, ignore_errors=True)


def rejections(folder: DestinationFolder, run: str | None = None) -> Iterator[dict[str, Any]]:
    """Yield what was refused, of one run if it is given, oldest first."""
    try:
        lines = folder.rejected.read_bytes().splitlines()
    except FileNotFoundError:
        return
    for line in lines:
        try:
            found = json.loads(line)
        except ValueError:
            continue  # the last line, which is being written
        if isinstance(found, dict) and (run is None or found.get("run") == run):
            yield found


def rejected_lines(folder: DestinationFolder) -> int:
    """Return how many lines there are about what was refused."""
    lines = 0
    with suppress(FileNotFoundError), folder.rejected.open("rb") as file:
        while piece := file.read(_PIECE):
            lines += piece.count(b"\n")
    return lines
