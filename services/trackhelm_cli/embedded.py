"""`trackhelm-server embedded`: all services in one process, on SQLite and a folder."""

import socket
from typing import Annotated

import typer
import uvicorn

from trackhelm_cli.options import DatabaseOption, DataOption, load, warn_of_unknown_names
from trackhelm_core.objects.opening import StoreUrlError
from trackhelm_core.settings import PREFIX, HttpSettings, LogSettings, ObjectSettings, StorageSettings
from trackhelm_core.telemetry.logging import configure_logging
from trackhelm_embedded.app import embedded_app


class _AnnouncingServer(uvicorn.Server):
    """Prints where it listens once it does: before that the address would be a promise."""

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start, then say so."""
        await super().startup(sockets)
        if self.started:
            host, port = self.servers[0].sockets[0].getsockname()[:2]
            url = f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
            typer.echo(f"Trackhelm listens on {url}\n\n    export MLFLOW_TRACKING_URI={url}\n")


def embedded(
    host: Annotated[
        str | None, typer.Option(help=f"Address to listen on. [{PREFIX}HOST; default: 127.0.0.1]")
    ] = None,
    port: Annotated[
        int | None, typer.Option(help=f"Port to listen on, 0 for a free one. [{PREFIX}PORT; default: 5000]")
    ] = None,
    data: DataOption = None,
    database_url: DatabaseOption = None,
) -> None:
    """Run the whole server in one process, on SQLite and a folder."""
    http = load(HttpSettings, host=host, port=port)
    storage = load(StorageSettings, data=data, database_url=database_url)
    configure_logging(load(LogSettings))
    warn_of_unknown_names()
    try:
        app = embedded_app(storage, load(ObjectSettings))
    except StoreUrlError as error:
        typer.echo(f"{PREFIX}ARTIFACTS_URL or {PREFIX}ARTIFACT_LOCATIONS: {error}", err=True)
        raise typer.Exit(2) from error
    server = _AnnouncingServer(
        uvicorn.Config(
            app,
            host=http.host,
            port=http.port,
            log_config=None,
            access_log=False,
            # Requests that run get this long to be answered when the server is told to stop.
            timeout_graceful_shutdown=10,
        )
    )
    server.run()
    if not server.started:
        raise typer.Exit(1)
