"""`trackhelm-server stack`: every service as a process, over PostgreSQL, Redis and an S3 server."""

import sys
from typing import Annotated

import typer
from sqlalchemy import make_url

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
from trackhelm_core.gateway.static_files import with_built_ui
from trackhelm_core.settings import (
    PREFIX,
    AuthSettings,
    GatewaySettings,
    HttpSettings,
    ObjectSettings,
    RedisSettings,
    StorageSettings,
)
from trackhelm_stack.program import MissingProgramError
from trackhelm_stack.stack import Stack
from trackhelm_stack.supervisor import DataInUseError, ProgramFailedError


def stack(
    host: HostOption = None,
    port: PortOption = None,
    data: DataOption = None,
    *,
    database_url: DatabaseOption = None,
    redis_url: Annotated[
        str | None,
        typer.Option("--redis-url", help=f"URL of a Redis to use. [{PREFIX}REDIS_URL; default: its own]"),
    ] = None,
    artifacts_url: Annotated[
        str | None,
        typer.Option(
            "--artifacts-url", help=f"Store of artifacts to use. [{PREFIX}ARTIFACTS_URL; default: its own S3]"
        ),
    ] = None,
    restart: Annotated[
        bool, typer.Option("--restart", help="Start a program again that ends, rather than stop them all.")
    ] = False,
    path_prefix: PathPrefixOption = None,
) -> None:
    """Run every service as a process of its own, with a PostgreSQL, a Redis and an S3 server of their own."""
    storage = load(StorageSettings, data=data, database_url=database_url)
    given = storage.given_database_url
    if given and make_url(given).get_backend_name() != "postgresql":
        raise failed(f"{PREFIX}DATABASE_URL: the stack's processes need a PostgreSQL to share")
    http = load(HttpSettings, host=host, port=port, path_prefix=path_prefix)
    redis = load(RedisSettings, redis_url=redis_url)
    artifacts = load(ObjectSettings, artifacts_url=artifacts_url)
    warn_of_unknown_names()
    auth = load(AuthSettings)
    try:
        auth.check_exposure(http.host)
    except ValueError as error:
        raise failed(str(error)) from error
    role = [sys.executable, "-m", "trackhelm_cli"]
    whole = Stack(
        http,
        storage,
        redis,
        artifacts,
        load_webhooks(),
        services=with_built_ui(load(GatewaySettings)),
        auth=auth,
        command=role,
        restart=restart,
    )
    try:
        whole.run(lambda url: typer.echo(ANNOUNCEMENT.format(url=url)))
    except (ProgramFailedError, DataInUseError, MissingProgramError, OSError, ValueError) as error:
        typer.echo(f"stack    | {error}", err=True)
        raise typer.Exit(1) from error
