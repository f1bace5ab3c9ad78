"""The command `trackhelm`: its groups, and what is common to all of them."""

import logging
import sys
from typing import Annotated

import typer

from trackhelm import __version__, environment
from trackhelm.cli import access, artifacts, deployments, experiments, models, runs, server, sync
from trackhelm.destinations import set_tracking_uri
from trackhelm.exceptions import MlflowException

app = typer.Typer(no_args_is_help=True, pretty_exceptions_enable=False)
app.add_typer(experiments.app, name="experiments")
app.add_typer(runs.app, name="runs")
app.add_typer(artifacts.app, name="artifacts")
app.add_typer(models.app, name="models")
app.add_typer(deployments.app, name="deployments")
app.add_typer(access.tokens_app, name="tokens")
app.add_typer(access.workspaces_app, name="workspaces")
for command in (server.ui, server.server, sync.sync, access.login, server.doctor):
    app.command()(command)


def _print_version(asked: bool) -> None:
    if asked:
        typer.echo(__version__)
        raise typer.Exit


@app.callback()
def _common(
    tracking_uri: Annotated[
        str | None, typer.Option("--tracking-uri", "-t", help="A server's address or a folder.")
    ] = None,
    version: Annotated[
        bool, typer.Option("--version", help="Print the version.", callback=_print_version, is_eager=True)
    ] = False,
) -> None:
    """Experiment tracking: runs, artifacts and models, on a server or in a folder."""
    logging.basicConfig(format="%(message)s", level=logging.WARNING)
    # It is for programs that log; a command that is given a server is meant to call it.
    environment.take(environment.OFFLINE)
    if tracking_uri is not None:
        set_tracking_uri(tracking_uri)


def run() -> None:
    """Run the command line, and end with 1 and one line for what failed."""
    try:
        app(prog_name="trackhelm")  # also as `python -m trackhelm`
    except (MlflowException, OSError) as error:
        typer.secho(f"trackhelm: {error}", fg="red", err=True)
        sys.exit(1)
