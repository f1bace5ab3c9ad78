"""Addresses of programs, and free ports for those that must be given theirs before they start."""

import random
import socket
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Final

# The range is below the ports that Linux uses for outgoing connections (from 32768), so that no connection
# takes the port of a program that is being restarted.
_FIRST: Final = 20_000
_LAST: Final = 32_000
_TRIES: Final = 1_000


_EVERYWHERE: Final = {"": "127.0.0.1", "0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 - only compared


@dataclass(frozen=True, slots=True)
class Address:
    """The host and port on which a program listens."""

    host: str
    port: int

    @property
    def url(self) -> str:
        """The address as a URL."""
        return f"http://[{self.host}]:{self.port}" if ":" in self.host else f"http://{self.host}:{self.port}"

    @property
    def reachable_host(self) -> str:
        """The host under which a program on this machine reaches it."""
        return _EVERYWHERE.get(self.host, self.host)

    def check_free(self) -> None:
        """Raise `OSError` if the address is in use or does not belong to this machine."""
        family = socket.AF_INET6 if ":" in self.host else socket.AF_INET
        try:
            socket.create_server((self.host, self.port), family=family).close()
        except OSError as error:
            raise OSError(f"cannot listen on {self.url}: {error.strerror}") from error


LOCAL: Final = "127.0.0.1"


def free_ports(count: int) -> list[int]:
    """Return different unused ports of 127.0.0.1."""
    ports: list[int] = []
    with ExitStack() as bound:
        for _ in range(_TRIES):
            if len(ports) == count:
                return ports
            probe = bound.enter_context(socket.socket())
            port = random.randint(_FIRST, _LAST)  # noqa: S311 - not a secret
            try:
                probe.bind((LOCAL, port))
            except OSError:
                continue
            ports.append(port)
    raise OSError(f"no {count} ports of {_FIRST} to {_LAST} are free on {LOCAL}")
