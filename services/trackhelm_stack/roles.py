"""Our own programs: a process a role, told by variables where everything is."""

from collections.abc import Mapping, Sequence
from typing import Final

from trackhelm_core.http.route_table import SERVICE_NAMES
from trackhelm_core.queue.tasks import TaskQueue
from trackhelm_core.settings import PREFIX
from trackhelm_stack.ports import LOCAL, Address
from trackhelm_stack.program import Program, answers_ready

WORKER_READY: Final = "worker takes tasks"
"""What `trackhelm-server worker` prints once it does."""

BEAT_READY: Final = "beat sends tasks"
"""What `trackhelm-server beat` prints once it does."""

# A role gives its requests 10 s to end, and then closes what it holds.
_STOP_SECONDS: Final = 15


_CALLS_AT_ONCE: Final = 16


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
            self._listener(name, Address(LOCAL, ports[name]), {"BEHIND_GATEWAY": "true"})
            for name in SERVICE_NAMES
        ]

    def queue(self) -> list[Program]:
        """Return what works off the queue."""
        others = [queue for queue in TaskQueue if queue is not TaskQueue.WEBHOOKS]
        return [
            self._program("worker", {}, _queues(others), ready_line=WORKER_READY),
            # Apart, so that metrics never wait behind a call that somebody is slow to answer.
            self._program(
                "webhooks",
                {},
                (*_queues([TaskQueue.WEBHOOKS]), "--threads", str(_CALLS_AT_ONCE)),
                role="worker",
                ready_line=WORKER_READY,
            ),
            self._program("beat", {}, ready_line=BEAT_READY),
        ]

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
            is_ready=answers_ready(address.reachable_host, address.port) if address else None,
            ready_line=ready_line,
            address=address.url if address else "",
            environment={**self._environment, **own},
            stop_seconds=_STOP_SECONDS,
        )


def _queues(queues: Sequence[TaskQueue]) -> tuple[str, ...]:
    return tuple(word for queue in queues for word in ("--queue", queue.value))
