"""`trackhelm-server gateway-config`: the configuration of nginx, for operators with an nginx of their own."""

from pathlib import Path
from typing import Annotated

import typer

from trackhelm_cli.options import HostOption, PathPrefixOption, PortOption, load, warn_of_unknown_names
from trackhelm_core.gateway.configuration import Gateway, Listening, nginx_configuration
from trackhelm_core.settings import AuthSettings, GatewaySettings, HttpSettings, LogSettings


def gateway_config(
    host: HostOption = None,
    port: PortOption = None,
    path_prefix: PathPrefixOption = None,
    *,
    folder: Annotated[
        Path,
        typer.Option("--folder", help="Folder that is there, for nginx to write its pid to."),
    ] = Path("/tmp"),  # noqa: S108 - what a container of nginx may write to
    workers: Annotated[int, typer.Option("--workers", min=1, help="Processes of nginx.")] = 2,
    connections: Annotated[
        int, typer.Option("--connections", min=64, help="Connections of each, callers and services together.")
    ] = 4096,
) -> None:
    """Print the configuration with which `gateway` would run nginx, from the same settings."""
    http = load(HttpSettings, host=host, port=port, path_prefix=path_prefix)
    warn_of_unknown_names()
    listening = Listening(
        host=http.host,
        port=http.port,
        folder=folder,
        workers=workers,
        connections=connections,
        log_requests=load(LogSettings).log_level == "debug",
    )
    try:
        text = nginx_configuration(Gateway.of(listening, load(GatewaySettings), http, load(AuthSettings)))
    except ValueError as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(2) from error
    typer.echo(text, nl=False)
