"""`trackhelm-server gateway` runs nginx as the one address of the services; `gateway-config` prints how.

The second is for operators who have an nginx of their own.
"""

import os
import sys
from pathlib import Path
from typing import Annotated

import typer

from trackhelm_cli.options import (
    DataOption,
    HostOption,
    PathPrefixOption,
    PortOption,
    failed,
    load,
    warn_of_unknown_names,
)
from trackhelm_core.gateway.configuration import Gateway, Listening, nginx_configuration
from trackhelm_core.gateway.static_files import with_built_ui
from trackhelm_core.settings import AuthSettings, GatewaySettings, HttpSettings, LogSettings, StorageSettings
from trackhelm_stack.launch import BINDS_ANY_PORT, become
from trackhelm_stack.nginx import connections, prepare, workers
from trackhelm_stack.program import Address, MissingProgramError, free_ports
from trackhelm_stack.rights import UNPRIVILEGED


def gateway(
    host: HostOption = None,
    port: PortOption = None,
    data: DataOption = None,
    path_prefix: PathPrefixOption = None,
) -> None:
    """Pass each request on to the service of its path; TRACKHELM_INGEST_URL and so on are their addresses."""
    http = load(HttpSettings, host=host, port=port, path_prefix=path_prefix)
    folder = load(StorageSettings, data=data).data.absolute() / "gateway"
    warn_of_unknown_names()
    address = Address(http.host, http.port or free_ports(1)[0])
    listening = Listening(
        host=address.host,
        port=address.port,
        folder=folder,
        workers=workers(),
        connections=connections(),
        log_requests=load(LogSettings).log_level == "debug",
    )
    auth = load(AuthSettings)
    try:
        auth.check_exposure(http.host)
        address.check_free()
        command = prepare(Gateway.of(listening, with_built_ui(load(GatewaySettings)), http, auth))
    except (MissingProgramError, OSError, ValueError) as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(1) from error
    typer.echo(f"gateway listens on {address.url}{http.path_prefix}")
    sys.stdout.flush()
    if os.geteuid() == 0:
        become(UNPRIVILEGED + BINDS_ANY_PORT, str(folder), command)()
    os.execv(command[0], command)  # noqa: S606 - there is no shell because there is no need of one


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
        raise failed(str(error)) from error
    typer.echo(text, nl=False)
