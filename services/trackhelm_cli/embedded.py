"""`trackhelm-server embedded`: all services in one process, on SQLite and a folder."""

from trackhelm_cli.opening import open_tracing
from trackhelm_cli.options import (
    ANNOUNCEMENT,
    DatabaseOption,
    DataOption,
    HostOption,
    PathPrefixOption,
    PortOption,
    failed,
    load,
    load_webhooks,
    warn_of_unknown_names,
)
from trackhelm_cli.serving import serve
from trackhelm_core.settings import AuthSettings, HttpSettings, LogSettings, ObjectSettings, StorageSettings
from trackhelm_core.telemetry.logging import configure_logging
from trackhelm_embedded.app import embedded_app


def embedded(
    host: HostOption = None,
    port: PortOption = None,
    data: DataOption = None,
    database_url: DatabaseOption = None,
    path_prefix: PathPrefixOption = None,
) -> None:
    """Run the whole server in one process, on SQLite and a folder."""
    http = load(HttpSettings, host=host, port=port, path_prefix=path_prefix)
    storage = load(StorageSettings, data=data, database_url=database_url)
    auth = load(AuthSettings)
    webhooks = load_webhooks()
    configure_logging(load(LogSettings))
    warn_of_unknown_names()
    try:
        auth.check_exposure(http.host)
        app = embedded_app(
            storage,
            artifacts=load(ObjectSettings),
            behind_gateway=http.behind_gateway,
            auth=auth,
            webhooks=webhooks,
            body_memory_mebibytes=http.body_memory_mebibytes,
            tracing=open_tracing("embedded"),
        )
    except ValueError as error:
        raise failed(str(error)) from error
    # Clients that are given the folder find the server by it, and start none of their own.
    serve(app, http, ANNOUNCEMENT, auth, storage.data / "server.json")
