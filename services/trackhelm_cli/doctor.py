"""`trackhelm-server doctor`: the settings with which the server would run, and checks of what it needs."""

import os
import tempfile
from collections.abc import Callable
from pathlib import Path

import anyio
import typer
from sqlalchemy import make_url
from sqlalchemy.exc import SQLAlchemyError

from trackhelm_artifact.objects.keys import InvalidKeyError, ObjectKey
from trackhelm_artifact.objects.opening import Locations, open_store
from trackhelm_artifact.objects.store import ObjectError, ObjectStore, StoreUrlError
from trackhelm_cli.options import DatabaseOption, DataOption, load
from trackhelm_core import __version__
from trackhelm_core.db.engine import make_engine
from trackhelm_core.settings import (
    GROUPS,
    PREFIX,
    ObjectSettings,
    StorageSettings,
    WatcherSettings,
    unknown_names,
)
from trackhelm_domain import migrate as schema
from trackhelm_ingest.metrics import reading


def doctor(data: DataOption = None, database_url: DatabaseOption = None) -> None:
    """Print the effective settings and check what the server needs; exit 1 if something is wrong."""
    typer.echo(f"trackhelm-server {__version__}\n\nSettings")
    given = {"data": data, "database_url": database_url}
    for group in GROUPS:
        names = {name: value for name, value in given.items() if name in group.model_fields}
        for name, value in load(group, **names).model_dump().items():
            variable = f"{PREFIX}{name.upper()}"
            origin = "option" if names.get(name) is not None else _origin(variable)
            typer.echo(f"  {variable}={_shown(name, value)}  ({origin})")
    storage = load(StorageSettings, **given)
    typer.echo("\nChecks")
    healthy = [
        _check("names of variables", _check_names),
        _check("data folder", lambda: _check_folder(storage.data)),
        _check("database", lambda: _check_database(storage.effective_database_url)),
        _check("artifacts", lambda: _check_artifacts(load(ObjectSettings))),
        _check("reading of metrics", _check_reading),
    ]
    watcher = load(WatcherSettings)
    # Of the process that watches, and of no other.
    if watcher.watcher_namespaces or watcher.watcher_kubeconfig:
        healthy.append(_check("watcher", lambda: _check_watcher(watcher)))
    if not all(healthy):
        raise typer.Exit(1)


class UnhealthyError(Exception):
    """A check failed; the message says what to do."""


def _check(name: str, check: Callable[[], str]) -> bool:
    try:
        typer.echo(f"  ok     {name}: {check()}")
    except UnhealthyError as error:
        typer.echo(f"  wrong  {name}: {error}")
        return False
    return True


def _check_names() -> str:
    if unknown := unknown_names():
        raise UnhealthyError(f"no setting is called {', '.join(unknown)}")
    return "all known"


def _check_folder(folder: Path) -> str:
    nearest = next(parent for parent in (folder.absolute(), *folder.absolute().parents) if parent.exists())
    try:
        with tempfile.TemporaryFile(dir=nearest):
            pass
    except OSError as error:
        raise UnhealthyError(f"{nearest} cannot be written to: {error.strerror}") from error
    return f"{folder} is writable" if folder.exists() else f"{folder} will be made"


def _check_database(url: str) -> str:
    shown = make_url(url).render_as_string()
    file = make_url(url).database
    if make_url(url).get_backend_name() == "sqlite" and file and not Path(file).exists():
        return f"{shown} will be made"
    engine = make_engine(url)
    try:
        current = schema.current_revision(engine)
    except SQLAlchemyError as error:
        raise UnhealthyError(f"{shown} does not answer: {str(error).splitlines()[0]}") from error
    finally:
        engine.dispose()
    if current is None:
        return f"{shown} is empty; `migrate` or `embedded` will fill it"
    return f"{shown} has schema {current}, this version's is {schema.newest_revision()}"


def _check_artifacts(artifacts: ObjectSettings) -> str:
    url = artifacts.artifacts_url
    try:
        Locations(artifacts)
        if url is None:
            return "kept in the data folder"
        # It is opened as a store that is not the server's own, because a check must not create a bucket or
        # folder.
        anyio.run(_list_root, open_store(url, artifacts, own=False, sweep=False))
    except (StoreUrlError, InvalidKeyError) as error:
        raise UnhealthyError(str(error)) from error
    except ObjectError as error:
        raise UnhealthyError(f"{url} cannot be listed; the log line above says why") from error
    return f"{url} answers"


def _check_reading() -> str:
    if reading.IS_COMPILED:
        return "compiled"
    # This is no error: the results are the same, only slower.
    return "in Python, at a quarter of the speed; install the server where there is a C compiler"


def _check_watcher(settings: WatcherSettings) -> str:
    # The client of Kubernetes takes seconds to import, and one process of many needs it.
    from trackhelm_watcher.cluster import ClusterError, open_cluster  # noqa: PLC0415
    from trackhelm_watcher.service import check_access  # noqa: PLC0415

    try:
        return check_access(open_cluster(settings.watcher_kubeconfig), settings)
    except ClusterError as error:
        raise UnhealthyError(str(error)) from error


async def _list_root(store: ObjectStore) -> None:
    await anext(aiter(store.pages(ObjectKey())), None)


def _origin(variable: str) -> str:
    return "environment" if variable in os.environ else "default"


def _shown(name: str, value: object) -> object:
    # A URL may hold a password.
    return make_url(value).render_as_string() if name.endswith("_url") and isinstance(value, str) else value
