"""Sending what processes have logged, from a process or a thread of its own: `upload` for one destination.

One uploader serves all processes of a folder: it reads their segments, sends what is complete in large
requests, notes for each process what is acknowledged, and deletes segments and folders that are done. What
waits is on the disk, and at most a few megabytes of it are in memory. It does not end while a process that
logs is alive.
"""

import os
import random
import select
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Final

from trackhelm.log.batches import Batch
from trackhelm.log.delivery import Delivery
from trackhelm.log.segments import DamagedError, SegmentReader, has_record
from trackhelm.log.spool import DestinationFolder, FileLock, Position, WriterFolder, try_lock
from trackhelm.rest.connections import close_idle
from trackhelm.rest.transport import UnavailableError

TICK_SECONDS: Final = 0.2
"""How often it is looked for something new, unless a process that waits says that there is."""

LINGER_SECONDS: Final = 1.0
"""How long little is gathered before it is sent."""

ENOUGH_BYTES: Final = 64 * 1024
"""What is sent without waiting for more."""

BATCH_BYTES: Final = 4 * 1024 * 1024
"""The bytes of segments that are in memory at a time."""

READ_BYTES: Final = 1024 * 1024

FIRST_RETRY_SECONDS: Final = 0.25
LONGEST_RETRY_SECONDS: Final = 1.0
"""One uploader a machine asks so often, so that a server that comes back has what waits soon."""

IDLE_SECONDS: Final = 2.0
"""How long an uploader stays when no process logs any more and everything is sent."""

GIVE_UP_SECONDS: Final = 900.0
"""How long it tries when no process logs any more and the server is away. The next one sends what is left."""

UNAUTHENTICATED_SECONDS: Final = 30.0
"""After so long without valid credentials it ends: a process that logs starts another, with its own."""

_NICE: Final = 5
_STATUS_SECONDS: Final = 1.0
_LOG_BYTES: Final = 1024 * 1024
_UNAUTHENTICATED: Final = 401


class Tail:
    """What is not acknowledged of one writer: reads on where the last one stopped."""

    def __init__(self, folder: WriterFolder) -> None:
        self.folder = folder
        self.lock: FileLock | None = None
        """The writer's lock, once that process has ended."""
        self.acknowledged = folder.acknowledged()
        self.position = self.acknowledged
        self.damage: tuple[str, int, str] | None = None
        """A place that could not be read, its bytes and the reason, to be noted."""
        self._reader = SegmentReader()
        self._descriptor = -1
        self._is_at_end = False

    def waiting(self) -> int:
        """Return about how many bytes wait, if these are few; 0 if there are none."""
        return self.folder.waiting_bytes(self.position, ENOUGH_BYTES)

    def read_into(self, batch: Batch, limit: int) -> int:
        """Add up to about `limit` bytes of what waits to a batch, and return how many that were."""
        taken = 0
        has_ended = self.lock is not None
        self._is_at_end = False
        while taken < limit:
            if not self._open():
                self._is_at_end = has_ended
                break
            # Asked before reading: when there is a next segment, this one is complete.
            is_last = not self.folder.segment(self.position.segment + 1).exists()
            data = os.pread(self._descriptor, min(READ_BYTES, limit - taken + 65_536), self.position.offset)
            try:
                records, size = self._reader.read(data)
                if not size and len(data) >= READ_BYTES and has_record(data):
                    data = os.pread(self._descriptor, 64 * READ_BYTES, self.position.offset)
                    records, size = self._reader.read(data)
            except DamagedError as error:
                # A writer that lives may be in the middle of taking back what a full disk did not take whole.
                if is_last and self.lock is None:
                    break
                self._skip(str(error))
                continue
            if size:
                batch.add(records)
                taken += size
                self.position = Position(self.position.segment, self.position.offset + size)
            elif not is_last:
                if has_record(data):
                    self._skip("a record is incomplete, and another segment follows")
                else:
                    self._next()
            else:
                self._is_at_end = has_ended
                break
        return taken

    def is_done(self) -> bool:
        """Return whether nothing can come any more: the process has ended, and all that it left is read."""
        return self._is_at_end and self.acknowledged == self.position

    def acknowledge(self) -> None:
        """Note that what was read is stored."""
        if self.position != self.acknowledged:
            self.folder.acknowledge(self.position)
            self.acknowledged = self.position

    def go_back(self) -> None:
        """Read again from what is acknowledged: what was read since could not be sent."""
        if self.position != self.acknowledged:
            self._close()
            self.position = self.acknowledged

    def close(self) -> None:
        """Let go of the files."""
        self._close()
        if self.lock is not None:
            self.lock.release()
            self.lock = None

    def _close(self) -> None:
        if self._descriptor >= 0:
            os.close(self._descriptor)
        self._descriptor = -1

    def _open(self) -> bool:
        if self._descriptor >= 0:
            return True
        segments = self.folder.segments()
        if segments and segments[0] > self.position.segment:
            self.position = Position(segments[0], 0)
        try:
            self._descriptor = os.open(self.folder.segment(self.position.segment), os.O_RDONLY)
        except FileNotFoundError:
            return False
        self._reader = SegmentReader()
        # Shapes that were defined before are needed to read on.
        offset = 0
        while offset < self.position.offset:
            data = os.pread(self._descriptor, min(READ_BYTES, self.position.offset - offset), offset)
            try:
                size = self._reader.read(data)[1]
            except DamagedError:
                size = 0
            if not size:
                data = os.pread(self._descriptor, self.position.offset - offset, offset)
                with suppress(DamagedError):
                    self._reader.read(data)
                break
            offset += size
        return True

    def _next(self) -> None:
        self._close()
        self.position = Position(self.position.segment + 1, 0)

    def _skip(self, reason: str) -> None:
        """Give up the rest of a segment, which cannot be read."""
        size = os.fstat(self._descriptor).st_size
        self.damage = (str(self.folder.segment(self.position.segment)), size - self.position.offset, reason)
        if self.folder.segment(self.position.segment + 1).exists():
            self._next()
        else:
            self.position = Position(self.position.segment, size)


class Uploader:
    """Sends what waits in one folder to a server, batch by batch."""

    def __init__(self, folder: DestinationFolder, uri: str) -> None:
        """Take the folder, whose uploader's lock the caller holds, and the server's address.

        Raises:
            MlflowException: It is not an address.
        """
        self._folder = folder
        self._delivery = Delivery(folder, uri, f"{os.uname().nodename}-{os.getpid()}")
        self._tails: dict[str, Tail] = {}
        self._failures = 0
        self._said: dict[str, object] = {}
        self._said_at = 0.0
        self.error: str | None = None
        """Why nothing can be sent; None while it can."""
        self.is_unauthenticated = False

    def find_writers(self) -> int:
        """Look for the folders of writers, and return how many of their processes live."""
        living = 0
        found = {writer.name: writer for writer in self._folder.writers()}
        for name in self._tails.keys() - found.keys():
            self._tails.pop(name).close()
        for name, writer in found.items():
            tail = self._tails.get(name)
            if tail is None:
                tail = self._tails[name] = Tail(writer)
            if tail.lock is None:
                tail.lock = writer.adopt()
                living += tail.lock is None
        return living

    def has_ended_writers(self) -> bool:
        """Return whether a process has ended whose folder is still there."""
        return any(tail.lock is not None for tail in self._tails.values())

    def waiting(self) -> int:
        """Return about how many bytes wait."""
        return sum(tail.waiting() for tail in self._tails.values())

    def send_some(self) -> int:
        """Send one batch and return how many bytes of segments it had; delete what is done.

        Raises:
            UnavailableError: The server takes nothing now.
        """
        batch = Batch()
        taken = 0
        share = max(BATCH_BYTES // max(len(self._tails), 1), 256 * 1024)
        for tail in self._tails.values():
            if taken >= BATCH_BYTES:
                break
            taken += tail.read_into(batch, min(share, BATCH_BYTES - taken))
            if tail.damage is not None:
                self._delivery.damaged(*tail.damage)
                tail.damage = None
        try:
            if batch:
                self._delivery.send(batch)
        except UnavailableError as error:
            self._failed(error)
            raise
        self._failures = 0
        self.error = None
        self.is_unauthenticated = False
        for name, tail in list(self._tails.items()):
            tail.acknowledge()
            if tail.is_done():
                tail.folder.delete()
                tail.close()
                del self._tails[name]
        return taken

    def _failed(self, error: UnavailableError) -> None:
        self._failures += 1
        self.error = str(error)
        self.is_unauthenticated = error.status == _UNAUTHENTICATED
        self._delivery.forget()
        for tail in self._tails.values():
            tail.go_back()

    def pause_after(self, error: UnavailableError) -> float:
        """Return after how many seconds to try again."""
        if error.after is not None:
            # A little later, so that not all machines come at once.
            return error.after * random.uniform(1.0, 1.2)  # noqa: S311 - no secret
        longest = min(LONGEST_RETRY_SECONDS, FIRST_RETRY_SECONDS * 2.0 ** min(self._failures - 1, 8))
        return longest * random.uniform(0.5, 1.0)  # noqa: S311 - likewise

    def say(self, state: str, *, at_once: bool = False) -> None:
        """Write what is done into the folder's status, at most once a second unless it must be at once."""
        status: dict[str, object] = {
            "pid": os.getpid(),
            "state": state,
            "error": self.error,
            "rejected": self._delivery.rejected,
        }
        now = time.monotonic()
        if status != self._said and (at_once or now - self._said_at >= _STATUS_SECONDS):
            self._said, self._said_at = status, now
            self._folder.set_status(status)

    def close(self) -> None:
        """Let go of the files and the connection."""
        for tail in self._tails.values():
            tail.close()
        close_idle()


def upload(
    folder: DestinationFolder, uri: str | None = None, *, go_on: Callable[[], bool] = lambda: True
) -> bool:
    """Send what processes log in a folder until none is left, or `go_on` says no; False if another does.

    Args:
        folder: The folder.
        uri: The server's address; that of the folder by default.
        go_on: Asked a few times a second.

    Raises:
        MlflowException: There is no address, or it is none.
    """
    lock = try_lock(folder.uploader_lock)
    if lock is None:
        return False
    try:
        _upload(folder, uri or folder.uri or "", go_on)
    finally:
        lock.release()
    return True


def _upload(folder: DestinationFolder, uri: str, go_on: Callable[[], bool]) -> None:
    uploader = Uploader(folder, uri)
    pipe = folder.open_wake_pipe()
    try:
        _Loop(folder, uploader, pipe).run(go_on)
    except Exception as error:
        uploader.error = f"the uploader failed: {error!r}"
        raise
    finally:
        os.close(pipe)
        uploader.error = uploader.error and f"{uploader.error} (the uploader has ended)"
        uploader.say("ended", at_once=True)
        uploader.close()


class _Loop:
    """When to send: at once what is much or is waited for, after a second what is little."""

    def __init__(self, folder: DestinationFolder, uploader: Uploader, pipe: int) -> None:
        self._folder = folder
        self._uploader = uploader
        self._pipe = pipe
        self._last_living = self._last_success = time.monotonic()
        self._waits_since: float | None = None

    def run(self, go_on: Callable[[], bool]) -> None:
        """Send until nobody needs it any more."""
        is_awake = True
        while go_on():
            now = time.monotonic()
            if self._uploader.find_writers():
                self._last_living = now
            waiting = self._uploader.waiting()
            if self._is_over(now, waiting):
                return
            if not waiting:
                self._waits_since = None
            elif self._waits_since is None:
                self._waits_since = now
            # The folders of processes that have ended are deleted when they are read to the end.
            is_due = waiting and (is_awake or self._is_due(now, waiting))
            if is_due or self._uploader.has_ended_writers():
                is_awake = self._send()
            else:
                self._uploader.say("waits for something to send")
                is_awake = self._sleep(TICK_SECONDS)

    def _is_due(self, now: float, waiting: int) -> bool:
        since = self._waits_since if self._waits_since is not None else now
        return waiting >= ENOUGH_BYTES or now - since >= LINGER_SECONDS

    def _is_over(self, now: float, waiting: int) -> bool:
        if self._uploader.is_unauthenticated and now - self._last_success > UNAUTHENTICATED_SECONDS:
            return True
        lonely = now - self._last_living
        return lonely > GIVE_UP_SECONDS or (not waiting and lonely > IDLE_SECONDS)

    def _send(self) -> bool:
        """Send a batch, or wait after a failure; return whether to go on at once."""
        try:
            self._uploader.say("sends")
            taken = self._uploader.send_some()
        except UnavailableError as error:
            self._uploader.say("waits for the server", at_once=True)
            time.sleep(min(self._uploader.pause_after(error), 60.0))
            return True
        self._last_success = time.monotonic()
        self._waits_since = None
        return taken >= ENOUGH_BYTES or self._sleep(TICK_SECONDS)

    def _sleep(self, seconds: float) -> bool:
        """Wait, and return whether a process woke this one."""
        if not select.select([self._pipe], [], [], seconds)[0]:
            return False
        with suppress(BlockingIOError):
            os.read(self._pipe, 4096)
        return True


def main() -> None:
    """Be the uploading process of the folder that the first argument names.

    The process that was started ends when its child has the lock; that child uploads and is nobody's child.
    """
    folder = DestinationFolder(Path(sys.argv[1]))
    lock = try_lock(folder.uploader_lock)
    if lock is None:
        return
    lock.pass_on()
    if os.fork():
        os._exit(0)
    # The programs that train go first, where both want a processor.
    with suppress(OSError):
        os.nice(_NICE)
    log = folder.path / "uploader.log"
    with suppress(OSError):
        if log.stat().st_size > _LOG_BYTES:
            os.truncate(log, 0)
    _upload(folder, folder.uri or "", folder.path.exists)
