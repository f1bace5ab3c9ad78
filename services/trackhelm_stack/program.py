"""What the stack needs to know of a program: its file and address, how it is started, checked and stopped."""

import http.client
import random
import signal
import socket
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path
from typing import Final

# Addresses.

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


# The programs that the wheels of the `stack` extra have installed.


class MissingProgramError(Exception):
    """A program is not installed; the message says how to install it or do without it."""


def program_of(package: str, path: str, instead: str) -> Path:
    """Return a program's path inside a package, without importing the package."""
    spec = find_spec(package)
    file = Path(spec.origin).parent / path if spec and spec.origin else None
    if file is None or not file.exists():
        raise MissingProgramError(
            f"{Path(path).name} is not installed: pip install 'trackhelm-server[stack]', or set {instead}"
        )
    return file


# A program, and the check whether it is ready.

_PROBE_SECONDS: Final = 5
_OK: Final = 200


@dataclass(frozen=True, slots=True)
class Program:
    """A program, and how it is started, checked for readiness, and stopped."""

    name: str
    command: Sequence[str]
    is_ready: Callable[[], bool] | None = None
    """Returns whether it is ready; called repeatedly, so it must be quick, and never raises."""
    ready_line: str = ""
    """The line that the program prints when it is ready, if it cannot be checked."""
    address: str = ""
    """The address at which it can be reached, without a password."""
    environment: Mapping[str, str] = field(default_factory=dict)
    """Variables in addition to the stack's own."""
    stdin: str = ""
    user: str = ""
    """The user as which it runs if the stack is run by root."""
    binds_any_port: bool = False
    """Whether that user may listen on ports below 1024."""
    reads_its_installation: bool = False
    """Whether it opens files beside its program, for which that user may have to keep a right of root's."""
    folder: Path | None = None
    """A folder that user can use without access to those above it, by words of the command that name it."""
    has_workers: bool = False
    """Whether processes that it has forked would continue without it and keep its port."""
    stop_signal: signal.Signals = signal.SIGTERM
    stop_seconds: float = 15
    """How long it may take to stop before it is killed."""
    death_signal: signal.Signals = signal.SIGKILL
    """The signal that it gets when the stack itself is killed."""


def answers_ready(host: str, port: int) -> Callable[[], bool]:
    """Return a function that checks `/ready` at an address."""

    def is_ready() -> bool:
        connection = http.client.HTTPConnection(host, port, timeout=_PROBE_SECONDS)
        try:
            connection.request("GET", "/ready")
            return connection.getresponse().status == _OK
        except (OSError, http.client.HTTPException):
            return False
        finally:
            connection.close()

    return is_ready
