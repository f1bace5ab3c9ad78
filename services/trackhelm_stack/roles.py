"""Trackhelm's own programs: one process for each role, configured by variables."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from trackhelm_core.http.route_table import SERVICE_NAMES
from trackhelm_core.queue.tasks import TaskQueue
from trackhelm_core.settings import PREFIX
from trackhelm_stack.program import LOCAL, Address, Program, answers_ready

WORKER_READY: Final = "worker takes tasks"
"""What `trackhelm-server worker` prints once it takes tasks."""

BEAT_READY: Final = "beat sends tasks"
"""What `trackhelm-server beat` prints once it sends tasks."""

# A role gives its requests 10 s to end, and then closes its connections.
_STOP_SECONDS: Final = 15


_CALLS_AT_ONCE: Final = 16

QUEUE_NAMES: Final = ("worker", "webhooks", "beat")
"""The programs that process the queue."""


class Roles:
    """Makes the programs of one stack. `command` followed by a role's name runs the role."""

    def __init__(self, command: Sequence[str], environment: Mapping[str, str]) -> None:
        self._command = command
        self._environment = environment

    def migrate(self) -> Program:
        """Return the program that migrates the schema and then ends."""
        return self._program("migrate", {})

    def services(self, ports: Mapping[str, int], sockets: Mapping[str, Path]) -> list[Program]:
        """Return the programs of all services, each with its port, and its Unix socket if it has one."""
        variables = {name: {"BEHIND_GATEWAY": "true"} for name in SERVICE_NAMES}
        for name, socket in sockets.items():
            variables[name]["SOCKET"] = str(socket)
        return [self._listener(name, Address(LOCAL, ports[name]), variables[name]) for name in SERVICE_NAMES]

    def queue(self, ports: Mapping[str, int]) -> list[Program]:
        """Return the programs that process the queue, each with the port of its metrics."""
        others = [queue for queue in TaskQueue if queue is not TaskQueue.WEBHOOKS]
        return [
            self._celery("worker", ports, _queues(others)),
            # Webhooks have a worker of their own, so that metrics never wait for the answer of a slow
            # receiver.
            self._celery(
                "webhooks",
                ports,
                (*_queues([TaskQueue.WEBHOOKS]), "--threads", str(_CALLS_AT_ONCE)),
                role="worker",
            ),
            self._celery("beat", ports, ready_line=BEAT_READY),
        ]

    def _celery(
        self,
        name: str,
        ports: Mapping[str, int],
        options: Sequence[str] = (),
        *,
        role: str = "",
        ready_line: str = WORKER_READY,
    ) -> Program:
        address = Address(LOCAL, ports[name])
        listening = {"HOST": address.host, "METRICS_PORT": str(address.port)}
        return self._program(name, listening, options, role=role, address=address, ready_line=ready_line)

    def _listener(self, name: str, address: Address, variables: Mapping[str, str]) -> Program:
        listening = {"HOST": address.host, "PORT": str(address.port)}
        return self._program(name, {**listening, **variables}, address=address)

    def _program(
        self,
        name: str,
        variables: Mapping[str, str],
        options: Sequence[str] = (),
        *,
        role: str = "",
        address: Address | None = None,
        ready_line: str = "",
    ) -> Program:
        own = {f"{PREFIX}{variable}": value for variable, value in variables.items()}
        return Program(
            name,
            [*self._command, role or name, *options],
            is_ready=answers_ready(address.reachable_host, address.port)
            if address and not ready_line
            else None,
            ready_line=ready_line,
            address=address.url if address else "",
            environment={**self._environment, **own},
            stop_seconds=_STOP_SECONDS,
        )


def _queues(queues: Sequence[TaskQueue]) -> tuple[str, ...]:
    return tuple(word for queue in queues for word in ("--queue", queue.value))
