"""A lock on a data folder: one stack at a time, and none before every program of the last one has ended."""

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

_LEFTOVERS_SECONDS: Final = 30
_POLL_SECONDS: Final = 0.05


class DataInUseError(Exception):
    """Another stack, or a program of one, uses the folder."""


@contextmanager
def held(file: Path) -> Iterator[int]:
    """Hold the lock, and yield the descriptor that holds it.

    Every program of the stack and its children inherit the descriptor. If the stack is killed, the lock is
    therefore free only once the last of them has ended: two servers never write to one folder.
    """
    descriptor = os.open(file, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        _acquire(descriptor, file)
        os.truncate(descriptor, 0)
        os.pwrite(descriptor, b"%d\n" % os.getpid(), 0)
        yield descriptor
    finally:
        os.close(descriptor)


def _acquire(descriptor: int, file: Path) -> None:
    deadline = time.monotonic() + _LEFTOVERS_SECONDS
    while True:
        with suppress(BlockingIOError):
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return
        holder = os.pread(descriptor, 20, 0).decode().strip()
        if holder and _is_alive(int(holder)):
            raise DataInUseError(f"{file.parent.parent} is in use by process {holder}")
        if time.monotonic() > deadline:
            raise DataInUseError(f"a program of an earlier stack still holds {file}: see `lsof {file}`")
        time.sleep(_POLL_SECONDS)


def _is_alive(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass
    return True
