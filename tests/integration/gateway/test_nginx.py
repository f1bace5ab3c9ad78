"""nginx as it runs: on a configuration that it takes, with whatever settings, and to a graceful end."""

import asyncio
import http.client
import os
import signal
import subprocess
import sys
import threading
from contextlib import closing
from pathlib import Path

import pytest
from starlette.types import Receive, Scope, Send

from tests.fixtures.gateway import services_at
from tests.fixtures.live import serving
from tests.fixtures.waiting import wait_until
from trackhelm_core.gateway.configuration import Gateway, Listening
from trackhelm_core.settings import AuthSettings, GatewaySettings, HttpSettings
from trackhelm_stack.nginx import gateway_program, prepare
from trackhelm_stack.program import Address, free_ports
from trackhelm_stack.supervisor import Process

SERVICES = str(Path(__file__).parents[3] / "services")
ENVIRONMENT = os.environ | {"PYTHONPATH": SERVICES}


@pytest.mark.parametrize(
    ("http_settings", "services", "auth"),
    [
        ({}, {}, {}),
        (
            {"path_prefix": "/a.b/c~d", "cors_origins": "https://a.example", "allowed_hosts": "a,b.example"},
            {"ui_folder": "/srv/ui", "gateway_timeout_seconds": 0.5},
            {"trusted_proxies": "10.0.0.0/8"},
        ),
        ({"behind_gateway": True, "cors_origins": "*", "allowed_hosts": "*"}, {}, {}),
    ],
)
def test_nginx_takes_the_configuration(
    tmp_path: Path, http_settings: dict[str, object], services: dict[str, object], auth: dict[str, object]
) -> None:
    listening = Listening(host="127.0.0.1", port=1, folder=tmp_path / "a b", log_requests=True)
    gateway = Gateway.of(
        listening,
        GatewaySettings.model_validate(services),
        HttpSettings.model_validate(http_settings),
        AuthSettings.model_validate(auth),
    )
    tried = subprocess.run([*prepare(gateway), "-t"], capture_output=True, text=True, check=False)
    assert tried.returncode == 0, tried.stderr
    assert "[warn]" not in tried.stderr


class Held:
    """A service that answers when it is let."""

    def __init__(self) -> None:
        self.asked = threading.Event()
        self.may_answer = threading.Event()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        self.asked.set()
        await asyncio.to_thread(self.may_answer.wait, 60)
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"whole"})


def program_to(service: int, folder: Path) -> tuple[Process, int, threading.Event]:
    (port,) = free_ports(1)
    listening = Listening(host="127.0.0.1", port=port, folder=folder, connections=256)
    gateway = Gateway.of(listening, services_at(service), HttpSettings(), AuthSettings())
    ended = threading.Event()
    program = gateway_program(gateway, Address("127.0.0.1", port))
    process = Process(program, say=lambda _line: None, ended=lambda _process: ended.set())
    wait_until(lambda: listens(port))
    return process, port, ended


def listens(port: int) -> bool:
    try:
        Address("127.0.0.1", port).check_free()
    except OSError:
        return True
    return False


def test_a_request_that_runs_is_answered_before_nginx_ends(tmp_path: Path) -> None:
    service = Held()
    with serving(service) as behind:
        process, port, ended = program_to(behind, tmp_path / "gateway")
        with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=60)) as connection:
            connection.request("GET", "/api/2.0/mlflow-artifacts/artifacts/f")
            assert service.asked.wait(30)
            process.ask_to_stop()
            wait_until(lambda: not listens(port))
            assert not ended.is_set()
            service.may_answer.set()
            assert connection.getresponse().read() == b"whole"
        assert process.wait_or_kill(30)
        assert process.succeeded


def test_a_request_on_a_kept_connection_is_answered_although_nginx_is_about_to_end(tmp_path: Path) -> None:
    service = Held()
    service.may_answer.set()
    with serving(service) as behind:
        process, port, _ = program_to(behind, tmp_path / "gateway")
        with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=60)) as connection:
            said = []
            for _ in range(2):
                connection.request("GET", "/api/2.0/mlflow-artifacts/artifacts/f")
                answer = connection.getresponse()
                said.append((answer.read(), answer.getheader("Connection")))
                process.ask_to_stop()
                wait_until(lambda: not listens(port))
        assert said == [(b"whole", "keep-alive"), (b"whole", "close")]
        assert process.wait_or_kill(30)
        assert process.succeeded


def test_nothing_of_nginx_is_left_when_it_is_killed(tmp_path: Path) -> None:
    with serving(Held()) as behind:
        process, port, ended = program_to(behind, tmp_path / "gateway")
        os.kill(process.pid, signal.SIGKILL)
        assert ended.wait(30)
        wait_until(lambda: not listens(port))
        again = Process(process.program, say=lambda _line: None, ended=lambda _process: None)
        wait_until(lambda: listens(port))
        again.ask_to_stop()
        assert again.wait_or_kill(30)


def test_the_role_becomes_nginx_and_the_other_command_prints_what_it_runs(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "trackhelm_cli"]
    with serving(Held()) as behind:
        urls = {name.upper(): value for name, value in services_at(behind).service_urls.items()}
        environment = ENVIRONMENT | {f"TRACKHELM_{name}_URL": url for name, url in urls.items()}
        # Else the role would serve the web UI, if one is built.
        environment["TRACKHELM_UI_FOLDER"] = "/nonexistent"
        with subprocess.Popen(
            [*command, "gateway", "--port", "0", "--data", str(tmp_path)],
            stdout=subprocess.PIPE,
            text=True,
            env=environment,
        ) as role:
            assert role.stdout is not None
            said = role.stdout.readline()
            assert said.startswith("gateway listens on http://127.0.0.1:")
            port = int(said.rpartition(":")[2])
            wait_until(lambda: listens(port), seconds=30)
            with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=60)) as connection:
                connection.request("GET", "/health")
                assert connection.getresponse().read() == b"OK"
            assert "nginx" in Path(f"/proc/{role.pid}/cmdline").read_text()
            role.send_signal(signal.SIGQUIT)
            assert role.wait(30) == 0
        printed = subprocess.run(
            [*command, "gateway-config", "--port", str(port), "--folder", str(tmp_path / "gateway")],
            capture_output=True,
            text=True,
            check=True,
            env=environment,
        ).stdout
    # The role gives nginx the open folder, and paths from there; an operator's nginx gets whole paths.
    running = (tmp_path / "gateway" / "nginx.conf").read_text()
    printed = printed.replace(f'"{tmp_path / "gateway"}/', '"run/')
    own = ("worker_processes ", "worker_rlimit_nofile ", "    worker_connections ")
    kept, other = (
        [line for line in text.splitlines() if not line.startswith(own)] for text in (running, printed)
    )
    assert kept == other
