"""What is right and wrong between this client and its server."""

import os
import platform
import time
from dataclasses import asdict, dataclass
from email.utils import parsedate_to_datetime
from typing import Any, Final

from trackhelm import __version__, environment
from trackhelm.destinations import destination_of, get_tracking_uri
from trackhelm.exceptions import MlflowException
from trackhelm.rest.transport import API

_CLOCK_SECONDS: Final = 5.0
_OK: Final = 200
_VERSION_LENGTH: Final = 40
_MASKED: Final = ("PASSWORD", "TOKEN")


@dataclass(frozen=True)
class Check:
    """One thing that was looked at: whether it is right, and what was found."""

    name: str
    ok: bool
    found: str


def checks() -> list[Check]:
    """Look at the server: whether it answers and how quickly, its version, its clock, what it offers."""
    uri = get_tracking_uri()
    found = [Check("client", True, f"trackhelm {__version__}, Python {platform.python_version()}")]  # noqa: FBT003
    try:
        destination = destination_of(uri)
        address = destination.address
    except MlflowException as error:
        return [*found, Check("tracking URI", False, str(error))]  # noqa: FBT003
    if address is None:
        told = f"{uri}: no server, what is logged is kept there"
        return [*found, Check("tracking URI", True, told)]  # noqa: FBT003
    found.append(Check("tracking URI", True, uri if uri == address else f"{uri}, by {address}"))  # noqa: FBT003
    return found + _server_checks(destination.transport)


def _server_checks(transport: Any) -> list[Check]:
    began = time.perf_counter()
    try:
        answer = transport.send("GET", f"{transport.base}/version", retries=0, timeout=10.0)
        text = answer.read().decode(errors="replace").strip()
    except MlflowException as error:
        return [Check("reachable", ok=False, found=str(error))]
    milliseconds = (time.perf_counter() - began) * 1000
    found = [Check("reachable", ok=True, found=f"in {milliseconds:.0f} ms")]
    version = text if answer.status == _OK and len(text) <= _VERSION_LENGTH else "not told"
    found.append(Check("server version", ok=answer.status == _OK, found=version))
    date = answer.headers.get("Date")
    if date:
        apart = time.time() - parsedate_to_datetime(date).timestamp()
        found.append(
            Check("clock", ok=abs(apart) <= _CLOCK_SECONDS, found=f"{apart:+.0f} s from the server's")
        )
    try:
        transport.call("POST", f"{API}experiments/search", body={"max_results": 1}, retries=0, timeout=10.0)
        found.append(Check("access", ok=True, found="experiments can be read"))
    except MlflowException as error:
        found.append(Check("access", ok=False, found=str(error)))
    info = transport.server_info(0.0)
    offered = ", ".join(sorted(name for name, value in info.items() if value is True)) or "nothing optional"
    found.append(Check("offers", ok=True, found=offered))
    return found


def as_json(results: list[Check]) -> list[dict[str, Any]]:
    """Return checks as JSON takes them."""
    return [asdict(check) for check in results]


def doctor(mask_envs: bool = False) -> None:
    """Print what is right and wrong between this client and its server.

    Args:
        mask_envs: Do not print the values of environment variables; passwords and tokens never are.
    """
    for check in checks():
        print(f"{'ok  ' if check.ok else 'FAIL'} {check.name}: {check.found}")
    for name, value in sorted(os.environ.items()):
        if name.startswith(environment.PREFIXES):
            hidden = mask_envs or any(word in name for word in _MASKED)
            print(f"     {name}: {'***' if hidden else value}")
