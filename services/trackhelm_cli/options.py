"""Command-line options for settings: an option takes precedence over its variable.

Also what a server that clients call announces at its start. Must import no role: several commands use it.
"""

from pathlib import Path
from typing import Annotated, Any, Final, TypeVar

import typer
from pydantic import ValidationError
from pydantic_settings import BaseSettings

from trackhelm_core.security.sealing import SecretBox
from trackhelm_core.settings import PREFIX, WebhookSettings, unknown_names

ANNOUNCEMENT: Final = "Trackhelm listens on {url}\n\n    export MLFLOW_TRACKING_URI={url}\n"
"""What a server prints when it listens, with its URL."""

HostOption = Annotated[
    str | None, typer.Option("--host", help=f"Address to listen on. [{PREFIX}HOST; default: 127.0.0.1]")
]
PortOption = Annotated[
    int | None,
    typer.Option("--port", help=f"Port to listen on, 0 for a free one. [{PREFIX}PORT; default: 5000]"),
]
PathPrefixOption = Annotated[
    str | None,
    typer.Option(
        "--path-prefix",
        help=f"Path that a proxy serves this below, such as /trackhelm. [{PREFIX}PATH_PREFIX; default: /]",
    ),
]
DataOption = Annotated[
    Path | None,
    typer.Option("--data", help=f"Folder of database and artifacts. [{PREFIX}DATA; default: trackhelm-data]"),
]
DatabaseOption = Annotated[
    str | None,
    typer.Option(
        "--database-url",
        help=f"SQLAlchemy URL of the database. [{PREFIX}DATABASE_URL; default: SQLite in the data folder]",
    ),
]

Group = TypeVar("Group", bound=BaseSettings)


def failed(message: str) -> typer.Exit:
    """Print why a command cannot do its work, and return the exit to raise, with code 2."""
    typer.echo(message, err=True)
    return typer.Exit(2)


def load(group: type[Group], **given: Any) -> Group:
    """Return settings from the environment and the given options; exit 2 for an invalid value."""
    try:
        return group(**{name: value for name, value in given.items() if value is not None})
    except ValidationError as error:
        for violation in error.errors():
            if not violation["loc"]:
                # This error is about several settings together, whose values may be secret.
                typer.echo(violation["msg"].removeprefix("Value error, "), err=True)
                continue
            name = f"{PREFIX}{'_'.join(str(part) for part in violation['loc']).upper()}"
            typer.echo(f"{name}={violation['input']!r}: {violation['msg']}", err=True)
        raise typer.Exit(2) from error


def load_webhooks() -> WebhookSettings:
    """Return the settings of webhooks; exit 2 for an invalid value or key."""
    settings = load(WebhookSettings)
    try:
        SecretBox(settings.keys)
    except ValueError as error:
        raise failed(str(error)) from error
    return settings


def warn_of_unknown_names() -> None:
    """Print a warning for `TRACKHELM_*` variables that are not settings."""
    for name in unknown_names():
        typer.echo(f"warning: {name} is set but no setting has this name; see `doctor`", err=True)
