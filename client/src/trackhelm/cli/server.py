"""`trackhelm ui`, `server`, `login` and `doctor`: the server of a folder, and this client's access to one."""

import os
import signal
from configparser import ConfigParser
from pathlib import Path
from typing import Annotated

import typer

from trackhelm.cli.output import JsonOption, print_json
from trackhelm.destinations import DEFAULT_FOLDER, set_tracking_uri
from trackhelm.diagnosis import as_json as checks_as_json
from trackhelm.diagnosis import checks
from trackhelm.exceptions import MlflowException
from trackhelm.rest.credentials import PASSWORD_KEY, SECTION, TOKEN_KEY, USER_KEY, credentials_file

_PRIVATE = 0o600

FolderOption = Annotated[Path, typer.Option("--data", help="The folder of the server's data.")]
HostOption = Annotated[str, typer.Option(help="The address on which it listens.")]
PortOption = Annotated[int, typer.Option(help="Its port.")]


def ui(
    data: FolderOption = Path(DEFAULT_FOLDER),
    host: HostOption = "127.0.0.1",
    port: PortOption = 5000,
) -> None:
    """Open the server of a folder in the browser; it is started if need be."""
    _serve(data, host, port, browser=True)


def server(
    data: FolderOption = Path(DEFAULT_FOLDER),
    host: HostOption = "127.0.0.1",
    port: PortOption = 5000,
    browser: Annotated[bool, typer.Option(help="Open it in the browser.")] = True,
) -> None:
    """Run the server of a folder until it is interrupted, and open it in the browser."""
    _serve(data, host, port, browser=browser)


def _serve(data: Path, host: str, port: int, *, browser: bool) -> None:
    from trackhelm.cli.sync import send
    from trackhelm.local import hold, running_server, start_server
    from trackhelm.log.sync import folders_of

    folder = data.absolute()
    with hold(folder):
        address = running_server(folder) or start_server(folder, host, port)
        typer.echo(f"Trackhelm listens on {address}\n\n    export MLFLOW_TRACKING_URI={address}\n")
        for offline in folders_of(folder):
            if offline.uri is None:
                send(offline, address)
        typer.echo("It runs until this program is interrupted, and then as long as other programs use it.")
        if browser:
            import webbrowser

            webbrowser.open(address)
        stop = {signal.SIGINT, signal.SIGTERM}
        signal.pthread_sigmask(signal.SIG_BLOCK, stop)
        signal.sigwait(stop)


def login(
    user: Annotated[str | None, typer.Option("--user", "-u", help="Asked for without.")] = None,
    token: Annotated[bool, typer.Option("--token", help="A token instead of a user and a password.")] = False,
    uri: Annotated[str | None, typer.Option("--uri", help="Try them at this server.")] = None,
) -> None:
    """Write credentials to ~/.mlflow/credentials, which this client and MLflow's read.

    They are asked for, and not taken from the command line, where others see them.
    """
    if token:
        fields = {TOKEN_KEY: typer.prompt("Token", hide_input=True)}
    else:
        name = user or typer.prompt("User")
        fields = {USER_KEY: name, PASSWORD_KEY: typer.prompt("Password", hide_input=True)}
    path = write_credentials(fields)
    typer.echo(f"The credentials are in {path}.")
    if uri is not None:
        set_tracking_uri(uri)
        failed = [check for check in checks() if not check.ok]
        if failed:
            raise MlflowException("; ".join(f"{check.name}: {check.found}" for check in failed))
        typer.echo(f"{uri} takes them.")


def write_credentials(fields: dict[str, str]) -> Path:
    """Write the credentials to a file that nobody else may read, and return it; other sections stay."""
    path = credentials_file()
    parser = ConfigParser(interpolation=None)
    parser.read(path, encoding="utf-8")
    parser[SECTION] = fields
    path.parent.mkdir(mode=0o700, exist_ok=True)
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, _PRIVATE)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        parser.write(file)
    beside.replace(path)
    return path


def doctor(as_json: JsonOption = False) -> None:
    """Check the server: reachable, version, clock, access, offers; exit 1 if something is wrong."""
    results = checks()
    if as_json:
        print_json(checks_as_json(results))
    else:
        for check in results:
            mark = typer.style("ok  ", fg="green") if check.ok else typer.style("FAIL", fg="red")
            typer.echo(f"{mark} {check.name}: {check.found}")
    if not all(check.ok for check in results):
        raise typer.Exit(1)
