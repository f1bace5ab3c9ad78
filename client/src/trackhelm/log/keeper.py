"""The thread of a process that logs: it syncs the disk, starts the uploader, and says what is wrong."""

import logging
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Final

from trackhelm import environment
from trackhelm.log.spool import DestinationFolder, try_lock
from trackhelm.log.writer import Writer

log = logging.getLogger("trackhelm")

EVERY_SECONDS: Final = 1.0
"""How often the disk is synced: as much as a power cut may take back."""

LIMIT_SECONDS: Final = 5.0
"""How often it is checked how much waits on the disk, of all processes that log to the same server."""

LIMIT_BYTES: Final = 10 * 1024**3
"""How much may wait by default; see `TRACKHELM_SPOOL_LIMIT_BYTES`."""

UPLOADER_SECONDS: Final = 5.0
"""How often it is checked that an uploader runs, and how long one that ended is not started again."""

WARN_SECONDS: Final = 60.0


class Keeper:
    """Looks after a writer from a thread of its own, until it is stopped."""

    def __init__(
        self,
        writer: Writer,
        folder: DestinationFolder,
        destination: str | None,
        beat: Callable[[], None] = lambda: None,
    ) -> None:
        """Begin to look after a writer; `beat` is called each second, too."""
        self._beat = beat
        self._writer = writer
        self._folder = folder
        self._uploads = destination is not None and os.environ.get("TRACKHELM_UPLOADER", "process") != "off"
        self._in_thread = os.environ.get("TRACKHELM_UPLOADER") == "thread"
        self._limit = environment.whole("SPOOL_LIMIT_BYTES", LIMIT_BYTES)
        self._limited_at = -LIMIT_SECONDS
        self._logged = 0
        self._looked_at = -UPLOADER_SECONDS
        self._warned_at = -WARN_SECONDS
        self._told: tuple[object, ...] = ()
        self._stopping = threading.Event()
        self._looking = threading.Lock()
        self._thread = threading.Thread(target=self._run, name="trackhelm-log", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Make sure that somebody uploads, and end the thread."""
        self.look()
        self._stopping.set()
        if self._thread is not threading.current_thread():
            self._thread.join()

    def look(self) -> None:
        """Do what is to be done now. Never raises."""
        with self._looking:
            try:
                self._writer.write_held()
                if self._writer.renew_if_deleted():
                    log.warning("The folder of what was logged was deleted by somebody, and is begun anew.")
                self._beat()
                self._writer.sync()
                self._check_limit()
                self._start_uploader()
                self._warn()
            except Exception:  # a training loop must not be told by an exception in a thread
                log.exception("What was logged could not be looked after; this is tried again.")

    def _run(self) -> None:
        self.look()
        while not self._stopping.wait(EVERY_SECONDS):
            self.look()

    def _check_limit(self) -> None:
        """Drop metrics while too much waits on the disk."""
        now = time.monotonic()
        writer = self._writer
        if not self._limit or now - self._limited_at < LIMIT_SECONDS:
            return
        if writer.logged_bytes == self._logged and writer.limit is None:
            return  # nothing was added by this process
        self._limited_at, self._logged = now, writer.logged_bytes
        if self._folder.waiting_bytes(self._limit) < self._limit:
            writer.set_limit(None)
        else:
            writer.set_limit(f"{self._limit} bytes wait in {self._folder.path} (TRACKHELM_SPOOL_LIMIT_BYTES)")

    def _start_uploader(self) -> None:
        now = time.monotonic()
        if not self._uploads or now - self._looked_at < UPLOADER_SECONDS:
            return
        self._looked_at = now
        if self._folder.is_uploading():
            return
        if self._in_thread or not sys.executable:
            self._start_thread()
            return
        # The lock is held until the uploader has its own; of 64 ranks one starts it.
        lock = try_lock(self._folder.start_lock)
        if lock is None:
            return
        try:
            if not self._folder.is_uploading():
                start_process(self._folder)
        except OSError as error:
            log.warning("No process could be started to upload (%s); a thread does it.", error)
            self._start_thread()
        finally:
            lock.release()

    def _start_thread(self) -> None:
        from trackhelm.log.uploader import upload

        thread = threading.Thread(target=upload, args=(self._folder,), name="trackhelm-uploader", daemon=True)
        thread.start()

    def _warn(self) -> None:
        status = self._folder.status()
        unwritable = self._writer.error or self._writer.limit
        told = (
            unwritable,
            self._writer.dropped,
            status.get("rejected"),
            status.get("error"),
        )
        now = time.monotonic()
        if told == self._told or now - self._warned_at < WARN_SECONDS:
            return
        before, self._told = self._told or (None, 0, None, None), told
        error, dropped, rejected, failure = told
        said = False
        if error and (error, dropped) != before[:2]:
            said = True
            log.warning("Metrics cannot be written: %s. %d calls were dropped until now.", error, dropped)
        if rejected and rejected != before[2]:
            said = True
            log.warning("The server refused %s of what was logged: see %s", rejected, self._folder.rejected)
        if failure and failure != before[3]:
            said = True
            log.warning("What was logged waits on the disk: %s", failure)
        if said:
            self._warned_at = now


def start_process(folder: DestinationFolder) -> None:
    """Start a process that uploads, unless there is one, and return when it has its lock.

    It is in a session of its own and nobody's child, so it goes on when this process ends in whatever way.

    Raises:
        OSError: It cannot be started.
    """
    # Neither the folder nor the variables of a training script name modules that stand in for Python's own.
    path = str(Path(__file__).parents[2])
    said = (folder.path / "uploader.log").open("ab", buffering=0)
    with said as output, suppress(subprocess.TimeoutExpired):
        subprocess.run(
            [sys.executable, "-c", "from trackhelm.log.uploader import main; main()", str(folder.path)],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            cwd=folder.path,
            env={**os.environ, "PYTHONPATH": path},
            start_new_session=True,
            check=False,
            timeout=30,
        )
