"""Sending what was logged offline, or what is left of processes that have ended: `trackhelm sync`.

It does what an uploader does, from the process that calls it, and says how far it is. It may be stopped at
any time and called again: what is acknowledged is not sent again, and what was sent twice is there once.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from trackhelm.log.checks import DeliveryError
from trackhelm.log.spool import OFFLINE, DestinationFolder, default_spool, rejected_lines, try_lock
from trackhelm.log.uploader import ENOUGH_BYTES, Uploader
from trackhelm.rest.transport import UnavailableError

WATCH_SECONDS: Final = 1.0
"""How often a watched folder is looked at."""

_TRIES: Final = 5
"""Attempts without progress before a sync that does not watch gives up."""


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a sync is."""

    folder: Path
    sent_bytes: int
    waiting_bytes: int
    rejected: int
    """Lines about what the server has refused for good, of this folder."""
    error: str | None = None
    """Why nothing can be sent now."""


def folders_of(path: Path | None = None) -> list[DestinationFolder]:
    """Return the folders of segments at or below a path.

    Args:
        path: A folder of one destination, a spool with some of them, or a data folder such as
            `trackhelm-data` with a spool in it; the spool of this user by default.
    """
    start = (path or default_spool()).absolute()
    if (start / "destination.json").exists():
        return [DestinationFolder(start)]
    return DestinationFolder.all_of(start) or DestinationFolder.all_of(start / "log")


def sync(
    folder: DestinationFolder,
    destination: str | None = None,
    *,
    watch: bool = False,
    tell: Callable[[Progress], None] = lambda _: None,
) -> Progress:
    """Send everything that waits in a folder, and return when it is acknowledged.

    Args:
        folder: The folder.
        destination: The server's address; needed for what was logged offline, else that of the folder.
        watch: Go on with what processes log meanwhile, until the caller is interrupted.
        tell: Called with the progress after each request.

    Raises:
        ValueError: No server is named, or another one than that of the folder.
        MlflowException: The name is no address.
        DeliveryError: The server cannot be reached, or another process sends what is in this folder.
    """
    uri = destination or folder.uri
    if uri is None:
        raise ValueError(f"{folder.path} was logged offline: name the server that it is sent to")
    if folder.path.name != OFFLINE and folder.uri is not None and uri.rstrip("/") != folder.uri:
        raise ValueError(f"{folder.path} is for {folder.uri}, not for {uri}")
    lock = try_lock(folder.uploader_lock)
    if lock is None:
        if folder.waiting_bytes() or watch:
            pid = folder.status().get("pid")
            raise DeliveryError(
                f"The process {pid} is sending what is in {folder.path}. Nothing is to be done."
            )
        return _progress(folder, 0)
    try:
        uploader = Uploader(folder, uri)
        try:
            return _send_all(folder, uploader, watch=watch, tell=tell)
        finally:
            uploader.say("ended", at_once=True)
            uploader.close()
    finally:
        lock.release()


def _send_all(
    folder: DestinationFolder, uploader: Uploader, *, watch: bool, tell: Callable[[Progress], None]
) -> Progress:
    sent, failures = 0, 0
    while True:
        uploader.find_writers()
        try:
            taken = uploader.send_some()
        except UnavailableError as error:
            failures += 1
            tell(_progress(folder, sent, str(error)))
            if failures >= _TRIES and not watch:
                raise DeliveryError(f"{error}. What waits is kept in {folder.path}.") from error
            time.sleep(uploader.pause_after(error))
            continue
        failures = 0
        sent += taken
        if taken:
            tell(_progress(folder, sent))
        if taken < ENOUGH_BYTES and not watch and not uploader.waiting():
            return _progress(folder, sent)
        if not taken:
            if not watch:
                # An incomplete record of a process that lives: it may be in the middle of writing it.
                return _progress(folder, sent)
            time.sleep(WATCH_SECONDS)


def _progress(folder: DestinationFolder, sent: int, error: str | None = None) -> Progress:
    return Progress(folder.path, sent, folder.waiting_bytes(), rejected_lines(folder), error)
