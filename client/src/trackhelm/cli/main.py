"""The command `trackhelm` and its groups."""

from typing import Annotated

import typer

from trackhelm import __version__

app = typer.Typer(no_args_is_help=True, help="Experiment tracking: runs, artifacts, models and logs.")


def _print_version(asked: bool) -> None:
    if asked:
        print(__version__)
        raise typer.Exit


@app.callback()
def _common(
    version: Annotated[
        bool, typer.Option("--version", help="Print the version.", callback=_print_version, is_eager=True)
    ] = False,
) -> None:
    """Experiment tracking: runs, artifacts, models and logs."""


def run() -> None:
    """Run the command line."""
    app()
