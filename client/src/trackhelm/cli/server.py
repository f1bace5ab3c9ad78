"""`trackhelm ui`, `server` and `doctor`: the server of a folder, and how a server is reached."""

import signal
import threading
from contextlib import suppress
from pathlib import Path
from typing import Annotated

import typer

from trackhelm.cli.output import JsonOption, print_json
from trackhelm.destinations import DEFAULT_FOLDER
from trackhelm.diagnosis import as_json as checks_as_json
from trackhelm.diagnosis import checks

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
        signal.signal(signal.SIGTERM, signal.default_int_handler)
        # From the sentence on, or who reads it and interrupts at once would get the status of a failure.
        with suppress(KeyboardInterrupt):
            typer.echo(
                "It runs until this program is interrupted, and then as long as other programs use it."
            )
            if browser:
                import webbrowser

                webbrowser.open(address)
            threading.Event().wait()


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
