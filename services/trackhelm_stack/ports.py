"""Free ports for programs that must be told theirs before they start."""

import random
import socket
from contextlib import ExitStack
from typing import Final

# Below the ports that Linux gives to outgoing connections (from 32768): none of those can take a port in
# the moment when a program that was killed is started again on it.
_FIRST: Final = 20_000
_LAST: Final = 32_000
_TRIES: Final = 1_000


def free_ports(count: int) -> list[int]:
    """Return different ports of 127.0.0.1 that nobody listens on."""
    ports: list[int] = []
    with ExitStack() as bound:
        for _ in range(_TRIES):
            if len(ports) == count:
                return ports
            probe = bound.enter_context(socket.socket())
            port = random.randint(_FIRST, _LAST)  # noqa: S311 - not a secret
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            ports.append(port)
    raise OSError(f"no {count} ports of {_FIRST} to {_LAST} are free on 127.0.0.1")
