"""`trackhelm sync`: send what was logged offline, or is left of ended programs, with its artifacts."""

import json
import shutil
from pathlib import Path
from typing import Annotated

import typer

from trackhelm.artifacts.locations import upload_folder
from trackhelm.cli.output import console, progress
from trackhelm.client import MlflowClient
from trackhelm.destinations import (
    ARTIFACTS_TO_SEND,
    DEFAULT_FOLDER,
    destination_of,
    get_tracking_uri,
)
from trackhelm.exceptions import MlflowException
from trackhelm.log.checks import DeliveryError
from trackhelm.log.spool import DestinationFolder
from trackhelm.log.sync import Progress, folders_of
from trackhelm.log.sync import sync as sync_folder

_LOG = "log"
"""The folder of the log in a data folder."""


def sync(
    path: Annotated[
        Path | None,
        typer.Argument(
            help="A data folder, or a folder of the log; ./trackhelm-data if it is there, else the user's."
        ),
    ] = None,
    everything: Annotated[
        bool, typer.Option("--all", help="Both ./trackhelm-data and the user's log.")
    ] = False,
    watch: Annotated[bool, typer.Option("--watch", help="Go on until it is interrupted.")] = False,
    to: Annotated[
        str | None,
        typer.Option("--to", help="The server for what was logged offline; the tracking URI without."),
    ] = None,
) -> None:
    """Send what waits on the disk to its server; exit 1 if some of it was refused or could not be sent."""
    folders = _folders(path, everything=everything)
    waiting = [folder for folder in folders if watch or folder.waiting_bytes() or _artifacts_of(folder)]
    if not waiting:
        typer.echo("Nothing waits to be sent.")
        return
    failed = False
    for folder in waiting:
        failed |= not send(folder, to, watch=watch)
    if failed:
        raise typer.Exit(1)


def send(folder: DestinationFolder, to: str | None, *, watch: bool = False) -> bool:
    """Send what waits in a folder of the log, and the artifacts beside it; return whether all was taken."""
    address = folder.uri or to or destination_of(get_tracking_uri()).address
    if address is None:
        raise MlflowException(
            f"{folder.path} was logged offline: name its server by --to or by the tracking URI",
            error_code="INVALID_PARAMETER_VALUE",
        )
    shown = console()

    def tell(how_far: Progress) -> None:
        text = how_far.error or f"{how_far.sent_bytes} bytes sent, {how_far.waiting_bytes} wait"
        shown.print(f"{folder.path.name}: {text}", highlight=False)

    try:
        done = sync_folder(folder, address, watch=watch, tell=tell)
    except (DeliveryError, ValueError) as error:
        raise MlflowException(error) from None
    files = _send_artifacts(folder, address)
    shown.print(f"{folder.path}: all sent to {address}, with {files} artifacts", highlight=False)
    if done.rejected:
        shown.print(f"{done.rejected} records were refused: see {folder.rejected}", highlight=False)
    return not done.rejected


def _folders(path: Path | None, *, everything: bool) -> list[DestinationFolder]:
    default = Path(DEFAULT_FOLDER)
    if everything:
        return [*(folders_of(default) if default.is_dir() else []), *folders_of()]
    if path is not None and not path.is_dir():
        raise MlflowException.invalid_parameter_value(f"There is no folder {str(path)!r}")
    return folders_of(path or (default if default.is_dir() else None))


def _artifacts_of(folder: DestinationFolder) -> list[Path]:
    """Return the folders of artifacts that were logged offline beside a log, each named by its run."""
    kept = folder.path.parent.parent / ARTIFACTS_TO_SEND
    if folder.uri is not None or folder.path.parent.name != _LOG or not kept.is_dir():
        return []
    return [one for one in sorted(kept.iterdir()) if one.is_dir()]


def _renamed(folder: DestinationFolder) -> dict[str, str]:
    """Return the ids of runs to which a server without ids of clients gave others."""
    try:
        found: dict[str, str] = json.loads((folder.path / "run-ids.json").read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    return found


def _send_artifacts(folder: DestinationFolder, address: str) -> int:
    """Store the artifacts of runs that were logged offline, and return how many there were.

    A run's folder is deleted when everything in it is stored, so that this may be interrupted.
    """
    client, renamed = MlflowClient(address), _renamed(folder)
    count = 0
    for kept in _artifacts_of(folder):
        total = sum(1 for file in kept.rglob("*") if file.is_file())
        store = client._run_store(renamed.get(kept.name, kept.name))  # noqa: SLF001 - of this package
        with progress(f"artifacts of {kept.name}", total) as done:
            upload_folder(store, kept, "", done)
        shutil.rmtree(kept)
        count += total
    return count
