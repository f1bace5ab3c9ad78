"""The process that keeps a folder's server: `python -m trackhelm.local.keeper FOLDER HOST PORT COMMAND…`.

It ends the server, and itself, when nobody has used it for `TRACKHELM_SERVER_LINGER_SECONDS` (300).
"""

import fcntl
import os
import signal
import socket
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path
from types import FrameType
from typing import Final

from trackhelm import environment
from trackhelm.local import START_SECONDS, is_ready

_LINGER_SECONDS: Final = 300.0
_LOOK_SECONDS: Final = 2.0
_STOP_SECONDS: Final = 30.0


def main(folder: Path, host: str, port: int, command: list[str]) -> int:
    """Start a server, keep it while it is used, and return the exit code."""
    port = port or _port_before(folder, host) or _free_port(host)
    linger = environment.number("SERVER_LINGER_SECONDS", _LINGER_SECONDS)
    arguments = ["embedded", "--host", host, "--port", str(port), "--data", str(folder)]
    own = {name: value for name, value in os.environ.items() if name != "TRACKHELM_SERVER_LINGER_SECONDS"}
    url = f"http://{'127.0.0.1' if host in {'0.0.0.0', '::'} else host}:{port}"  # noqa: S104 - as it was told
    with subprocess.Popen([*command, *arguments], stdin=subprocess.DEVNULL, env=own) as server:
        signal.signal(signal.SIGTERM, _stop)
        try:
            if not _wait_until_ready(server, url):
                return 1
            _write(folder / "server-port", str(port))
            _keep(server, folder, linger)
        except KeyboardInterrupt:
            pass
        finally:
            _end(server)
    return 0


def _stop(_number: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt


def _keep(server: subprocess.Popen[bytes], folder: Path, linger: float) -> None:
    """Return when the server ended, or nobody used it for a while; the clients' lock is then ours."""
    lock = os.open(folder / "clients.lock", os.O_RDWR | os.O_CREAT, 0o600)
    unused_since: float | None = None
    while server.poll() is None:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            unused_since = None
        else:
            unused_since = unused_since or time.monotonic()
            if time.monotonic() - unused_since >= linger:
                return
            fcntl.flock(lock, fcntl.LOCK_UN)
        with suppress(subprocess.TimeoutExpired):
            server.wait(min(_LOOK_SECONDS, max(linger / 4, 0.1)))


def _wait_until_ready(server: subprocess.Popen[bytes], url: str) -> bool:
    until = time.monotonic() + START_SECONDS
    while time.monotonic() < until:
        if is_ready(url):
            return True
        with suppress(subprocess.TimeoutExpired):
            server.wait(0.1)
            return False
    return False


def _end(server: subprocess.Popen[bytes]) -> None:
    server.terminate()
    try:
        server.wait(_STOP_SECONDS)
    except subprocess.TimeoutExpired:
        server.kill()


def _port_before(folder: Path, host: str) -> int:
    """Return the port that the folder's server had before, if it is free: what waits to be sent names it."""
    try:
        port = int((folder / "server-port").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return 0
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            return 0
    return port


def _free_port(host: str) -> int:
    with socket.socket() as probe:
        probe.bind((host, 0))
        port: int = probe.getsockname()[1]
    return port


def _write(path: Path, text: str) -> None:
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    beside.write_text(text, encoding="utf-8")
    beside.replace(path)


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), sys.argv[2], int(sys.argv[3]), sys.argv[4:]))
