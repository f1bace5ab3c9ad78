"""The whole stack: its programs, the order of their start, and the addresses of each."""

import secrets
import signal
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from trackhelm_core.gateway.configuration import Gateway, Listening
from trackhelm_core.http.route_table import SERVICE_NAMES
from trackhelm_core.security.sealing import make_key
from trackhelm_core.settings import (
    PREFIX,
    AuthSettings,
    GatewaySettings,
    HttpSettings,
    ObjectSettings,
    RedisSettings,
    StorageSettings,
    WebhookSettings,
)
from trackhelm_stack.backing import BACKING_PORTS, Backing
from trackhelm_stack.nginx import connections, gateway_program, service_sockets, workers
from trackhelm_stack.program import LOCAL, Address, Program, free_ports
from trackhelm_stack.roles import QUEUE_NAMES, Roles
from trackhelm_stack.supervisor import StoppedError, Supervisor, hold_lock


class Stack:
    """One stack on one data folder. `command` followed by a role's name runs the role."""

    def __init__(
        self,
        http: HttpSettings,
        storage: StorageSettings,
        redis: RedisSettings,
        artifacts: ObjectSettings,
        webhooks: WebhookSettings,
        *,
        services: GatewaySettings,
        auth: AuthSettings,
        command: Sequence[str],
        restart: bool,
    ) -> None:
        self._http = http
        self._storage = storage
        self._redis = redis
        self._artifacts = artifacts
        self._webhooks = webhooks
        self._services = services
        self._auth = auth
        self._command = command
        self._restart = restart

    def run(self, announce: Callable[[str], None]) -> None:
        """Start everything, announce the address, and watch until SIGINT, SIGTERM or a program's end.

        Raises `ProgramFailedError`, `DataInUseError`, `MissingProgramError` or `OSError`, after everything
        was stopped.
        """
        own = self._storage.data.absolute() / "stack"
        own.mkdir(mode=0o700, parents=True, exist_ok=True)
        with hold_lock(own / "lock") as held, service_sockets() as sockets:
            supervisor = Supervisor(held, own / "processes.json", restart=self._restart)
            for number in (signal.SIGINT, signal.SIGTERM):
                signal.signal(number, lambda *_: supervisor.request_stop())
            try:
                announce(self._start(supervisor, own, sockets))
                supervisor.watch()
            except StoppedError:
                pass
            finally:
                supervisor.stop()

    def _key_file(self, own: Path) -> dict[str, str]:
        """Return the variable with the key file of stored secrets; creates the file if none is configured."""
        if self._webhooks.keys:
            return {}
        file = own / "secret.key"
        if not file.exists():
            make_key(file)
        return {f"{PREFIX}SECRET_KEY_FILE": str(file)}

    def _start(self, supervisor: Supervisor, own: Path, sockets: Mapping[str, Path]) -> str:
        """Start everything and return the address."""
        secret, key_file = _secret(own / "secret"), self._key_file(own)
        own_names = (*SERVICE_NAMES, *QUEUE_NAMES)
        gateway_port, *ports = free_ports(1 + len(own_names) + BACKING_PORTS)
        gateway = Address(self._http.host, self._http.port or gateway_port)
        gateway.check_free()
        ports_by_name = dict(zip(own_names, ports, strict=False))
        backing = Backing(self._storage, self._redis, self._artifacts, ports[len(own_names) :], secret)
        supervisor.start(*backing.prepare())
        # The gateway passes paths on unchanged, so its services have the same prefix.
        prefix = {f"{PREFIX}PATH_PREFIX": self._http.path_prefix}
        roles = Roles(self._command, {**backing.environment, **key_file, **prefix})
        supervisor.run(roles.migrate())
        supervisor.start(*roles.services(ports_by_name, sockets), *roles.queue(ports_by_name))
        urls = {name: Address(LOCAL, ports_by_name[name]).url for name in SERVICE_NAMES}
        urls |= {name: f"unix:{socket}" for name, socket in sockets.items()}
        supervisor.start(self._gateway(gateway, urls, own / "gateway"))
        return gateway.url + self._http.path_prefix

    def _gateway(self, address: Address, urls: Mapping[str, str], folder: Path) -> Program:
        listening = Listening(
            host=address.host,
            port=address.port,
            folder=folder,
            workers=workers(),
            connections=connections(),
        )
        services = self._services.model_copy(update={f"{name}_url": url for name, url in urls.items()})
        return gateway_program(Gateway.of(listening, services, self._http, self._auth), address)


def _secret(file: Path) -> str:
    """Return the backing services' password, which is created once in a file only this user can read."""
    if not file.exists():
        draft = file.with_suffix(".draft")
        draft.touch(mode=0o600)
        draft.write_text(secrets.token_urlsafe(24))
        draft.rename(file)
    return file.read_text()
