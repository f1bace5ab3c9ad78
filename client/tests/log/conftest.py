import os
import signal
from collections.abc import Iterator
from contextlib import suppress
from functools import partial
from pathlib import Path

import pytest

from trackhelm.log.runlog import RunLog
from trackhelm.log.spool import DestinationFolder

from .fake_server import FakeServer, running
from .waiting import wait_until


def is_free(folder: DestinationFolder) -> bool:
    return not folder.is_uploading()


@pytest.fixture
def server() -> Iterator[FakeServer]:
    with running() as server:
        yield server


@pytest.fixture
def spool(tmp_path: Path) -> Iterator[Path]:
    """A folder for segments, whose uploading process is ended after the test."""
    path = tmp_path / "spool"
    yield path
    for folder in DestinationFolder.all_of(path):
        pid = folder.status().get("pid")
        if folder.is_uploading() and isinstance(pid, int) and pid != os.getpid():
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
            wait_until(partial(is_free, folder), "the uploader to end")


@pytest.fixture
def log(server: FakeServer, spool: Path) -> Iterator[RunLog]:
    """The log of this process for the fake server."""
    log = RunLog(server.url, spool)
    yield log
    log.close()
