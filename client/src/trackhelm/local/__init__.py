"""The embedded server of a folder: found through a file in it, and started if there is none.

    FOLDER/server.json     the address of the server, which that writes itself, however it was started
    FOLDER/server.lock     locked by who starts a server
    FOLDER/clients.lock    locked, together with others, by every process that uses the server

A keeper, which is a process of its own, starts the server and ends it some minutes after the last client: the
kernel releases the lock of a client that ends in whatever way. The server's package is started as a program
and never imported.
"""

import fcntl
import importlib.util
import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from trackhelm.exceptions import MlflowException

START_SECONDS: Final = 120.0
"""The longest wait for a server to start; it takes seconds, and longer at the first time."""

_POLL_SECONDS: Final = 0.05
_PROBE_SECONDS: Final = 2.0
_OK: Final = 200

_joined: dict[Path, tuple[str, int]] = {}
"""The address of each folder's server, and the descriptor of the lock that keeps it running."""


def server_of(folder: Path) -> str | None:
    """Return the address of a folder's server; None where the server's package is not installed.

    It is started if need be, and runs as long as this process does, at least.

    Raises:
        MlflowException: It does not start.
    """
    joined = _joined.get(folder)
    if joined is not None:
        return joined[0]
    if server_command() is None and running_server(folder) is None:
        return None
    lock = _client_lock(folder)
    address = running_server(folder) or start_server(folder)
    _joined[folder] = address, lock
    return address


@contextmanager
def hold(folder: Path) -> Iterator[None]:
    """Keep the server of a folder running, for as long as the block does."""
    lock = _client_lock(folder)
    try:
        yield
    finally:
        os.close(lock)


def _client_lock(folder: Path) -> int:
    folder.mkdir(parents=True, exist_ok=True)
    lock = os.open(folder / "clients.lock", os.O_RDWR | os.O_CREAT, 0o600)
    # A keeper that is about to end holds it alone for that time.
    fcntl.flock(lock, fcntl.LOCK_SH)
    return lock


def server_command() -> list[str] | None:
    """Return the command of the server's package; None where it is not installed."""
    if importlib.util.find_spec("trackhelm_cli") is not None:
        return [sys.executable, "-m", "trackhelm_cli"]
    found = shutil.which("trackhelm-server")
    return None if found is None else [found]


def running_server(folder: Path) -> str | None:
    """Return the address of the server that runs for a folder; None if none answers."""
    try:
        told = json.loads((folder / "server.json").read_text(encoding="utf-8"))
        address = str(told["url"])
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return address if is_ready(address) else None


def is_ready(address: str) -> bool:
    """Return whether a server answers that it can serve."""
    from trackhelm.rest.connections import NoAnswerError, exchange

    try:
        answer = exchange("GET", f"{address}/ready", {}, timeout=_PROBE_SECONDS)
        answer.read()
    except NoAnswerError:
        return False
    return answer.status == _OK


def start_server(folder: Path, host: str = "127.0.0.1", port: int = 0) -> str:
    """Start a keeper with a server for a folder, and return the address once it answers.

    Args:
        folder: Of the server's data.
        host: The address on which it listens.
        port: Its port; 0 for the one that it had before, or a free one.

    Raises:
        MlflowException: It does not start, or the server's package is not installed.
    """
    command = server_command()
    if command is None:
        raise MlflowException("The server is not installed: pip install 'trackhelm[server]'")
    folder.mkdir(parents=True, exist_ok=True)
    with _alone(folder / "server.lock"):
        # Another process may have been quicker.
        address = running_server(folder)
        if address is not None:
            return address
        (folder / "server.json").unlink(missing_ok=True)
        keeper = [sys.executable, "-m", "trackhelm.local.keeper", str(folder), host, str(port), *command]
        with (folder / "server.log").open("ab") as log:
            process = subprocess.Popen(
                keeper,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,  # Ctrl-C in this program's terminal does not end it
                env=_environment(),
            )
        until = time.monotonic() + START_SECONDS
        while time.monotonic() < until:
            address = running_server(folder)
            if address is not None:
                return address
            if process.poll() is not None:
                break
            time.sleep(_POLL_SECONDS)
        last = (folder / "server.log").read_text(encoding="utf-8", errors="replace")[-1_000:]
        raise MlflowException(
            f"The server of {folder} does not start. {folder / 'server.log'} ends with:\n{last}"
        )


def _environment() -> dict[str, str]:
    """Return the environment of the server, without the names that only clients know."""
    ours = {f"TRACKHELM_{name}" for name in _CLIENT_NAMES}
    environment = {name: value for name, value in os.environ.items() if name not in ours}
    source = str(Path(__file__).parents[2])
    before = environment.get("PYTHONPATH")
    return environment | {"PYTHONPATH": f"{source}{os.pathsep}{before}" if before else source}


_CLIENT_NAMES: Final = (
    "TRACKING_URI",
    "REGISTRY_URI",
    "EXPERIMENT_NAME",
    "EXPERIMENT_ID",
    "RUN_ID",
    "TRACKING_USERNAME",
    "TRACKING_PASSWORD",
    "TRACKING_TOKEN",
    "SPOOL_DIR",
    "DURABILITY",
    "LOG_ENVIRONMENT",
    "FLUSH_TIMEOUT_SECONDS",
)


@contextmanager
def _alone(path: Path) -> Iterator[None]:
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)
