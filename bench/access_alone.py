"""What it costs by itself to find out who sends a request: the middleware and the check of metrics.

A request that logs goes through both and nothing else, in this process and without a network, so that a
difference of a tenth of a microsecond is seen. `bench.access` compares it with the time of whole requests.
"""

import asyncio
import base64
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any, Final, Literal

from starlette.testclient import TestClient
from starlette.types import Message, Receive, Scope, Send

from trackhelm_core.security.actor import ActorMiddleware, TrustedProxies
from trackhelm_core.settings import AuthSettings, StorageSettings
from trackhelm_embedded.app import embedded_app
from trackhelm_ingest.metrics.permissions import LoggingRights

_PASSWORD: Final = "a password of the bench"
_ROUNDS: Final = 40
_REQUESTS: Final = 2_000
_PATH: Final = "/api/2.0/mlflow/runs/log-batch"


@dataclass(frozen=True, slots=True)
class _Way:
    """A mode of `TRACKHELM_AUTH`, and a run that an editor logs to by a token, or anybody."""

    middleware: ActorMiddleware
    headers: tuple[tuple[bytes, bytes], ...]

    async def microseconds(self) -> float:
        """Return the processor time that the checks of one request take."""
        scopes = [_scope(self.headers) for _ in range(_REQUESTS)]
        began = time.process_time()
        for scope in scopes:
            await self.middleware(scope, _receive, _send)
        return (time.process_time() - began) / _REQUESTS * 1e6


def microseconds_of_checks(folder: Path) -> tuple[float, float]:
    """Return the processor time of the checks of a request that logs, without logins and with them."""
    with ExitStack() as running:
        off = running.enter_context(_opened("off", folder))
        on = running.enter_context(_opened("on", folder))
        return asyncio.run(_measured(off, on))


async def _measured(off: _Way, on: _Way) -> tuple[float, float]:
    times: dict[int, list[float]] = {id(off): [], id(on): []}
    for number in range(_ROUNDS):
        for way in (off, on) if number % 2 else (on, off):
            times[id(way)].append(await way.microseconds())
    return median(times[id(off)]), median(times[id(on)])


@contextmanager
def _opened(mode: Literal["off", "on"], folder: Path) -> Iterator[_Way]:
    password = folder / "password"
    password.write_text(_PASSWORD, encoding="utf-8")
    app = embedded_app(
        StorageSettings(data=folder / mode), auth=AuthSettings(auth=mode, admin_password_file=password)
    )
    with TestClient(app, base_url="http://127.0.0.1") as client:

        def post(path: str, message: Mapping[str, Any], name: str = "admin") -> Any:
            login = base64.b64encode(f"{name}:{_PASSWORD}".encode()).decode()
            headers = {"Authorization": f"Basic {login}"} if mode == "on" else {}
            answer = client.post(f"/api/{path}", json=message, headers=headers)
            assert answer.is_success, answer.text
            return answer.json()

        experiment = post("2.0/mlflow/experiments/create", {"name": "bench"})
        run = post("2.0/mlflow/runs/create", experiment)["run"]["info"]["run_id"]
        headers: tuple[tuple[bytes, bytes], ...] = ()
        if mode == "on":
            post("2.0/mlflow/users/create", {"username": "editor", "password": _PASSWORD})
            given = {"resource_type": "experiment", "resource_id": "*", "permission": "EDIT"}
            post("3.0/mlflow/users/permissions/grant", {"username": "editor", **given})
            token = post("2.0/trackhelm/tokens/create", {"name": "bench"}, "editor")["token"]
            headers = ((b"authorization", f"Bearer {token}".encode()),)
        rights = LoggingRights(app.state.runtime.database)

        async def log(_scope: Scope, _receive: Receive, send: Send) -> None:
            await rights.check(run)
            await rights.read_in(0)
            await send({"type": "http.response.start", "status": 200, "headers": []})

        yield _Way(ActorMiddleware(log, proxies=TrustedProxies(), door=app.state.door), headers)


def _scope(headers: tuple[tuple[bytes, bytes], ...]) -> Scope:
    return {
        "type": "http",
        "method": "POST",
        "path": _PATH,
        "raw_path": _PATH.encode(),
        "root_path": "",
        "query_string": b"",
        "headers": [
            (b"host", b"127.0.0.1"),
            (b"content-type", b"application/json"),
            (b"content-length", b"150"),
            *headers,
        ],
        "client": ("127.0.0.1", 1),
        "state": {"request_id": "bench"},
    }


async def _receive() -> Message:
    return {"type": "http.request", "body": b"", "more_body": False}


async def _send(_message: Message) -> None:
    """Send nothing."""
