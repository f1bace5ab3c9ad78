"""Our own programs: a process a role, told by variables where everything is."""

from collections.abc import Mapping, Sequence
from typing import Final

from trackhelm_core.route_table import SERVICE_NAMES
from trackhelm_core.settings import PREFIX
from trackhelm_stack.program import Program, answers_ready

WORKER_READY: Final = "worker takes tasks"
"""What `trackhelm-server worker` prints once it does."""

BEAT_READY: Final = "beat sends tasks"
"""What `trackhelm-server beat` prints once it does."""

# A role gives its requests 10 s to end, and then closes what it holds.
_STOP_SECONDS: Final = 15


class Roles:
    """Makes the programs of one stack. `command` runs a role whose name is put behind it."""

    def __init__(self, command: Sequence[str], environment: Mapping[str, str]) -> None:
        self._command = command
        self._environment = environment

    def migrate(self) -> Program:
        """Return what brings the schema forward, and ends."""
        return self._program("migrate", {})

    def services(self, ports: Mapping[str, int]) -> list[Program]:
        """Return every service, each on its port."""
        return [
            self._listener(name, "127.0.0.1", ports[name], {"BEHIND_GATEWAY": "true"})
            for name in SERVICE_NAMES
        ]

    def queue(self) -> list[Program]:
        """Return what works off the queue."""
        return [
            self._program("worker", {}, ready_line=WORKER_READY),
            self._program("beat", {}, ready_line=BEAT_READY),
        ]

    def gateway(self, host: str, port: int, ports: Mapping[str, int]) -> Program:
        """Return the gateway to the services."""
        urls = {f"{name.upper()}_URL": f"http://127.0.0.1:{ports[name]}" for name in SERVICE_NAMES}
        return self._listener("gateway", host, port, urls)

    def _listener(self, name: str, host: str, port: int, variables: Mapping[str, str]) -> Program:
        listening = {"HOST": host, "PORT": str(port)}
        return self._program(name, {**listening, **variables}, port=port)

    def _program(
        self, name: str, variables: Mapping[str, str], *, port: int | None = None, ready_line: str = ""
    ) -> Program:
        own = {f"{PREFIX}{variable}": value for variable, value in variables.items()}
        return Program(
            name,
            [*self._command, name],
            is_ready=None if port is None else answers_ready(port),
            ready_line=ready_line,
            address="" if port is None else f"http://127.0.0.1:{port}",
            environment={**self._environment, **own},
            stop_seconds=_STOP_SECONDS,
        )
