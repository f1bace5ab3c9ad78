"""What a command opens, and its exit on errors: database, runtime, and the traces of a server or worker."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import typer
from sqlalchemy.exc import SQLAlchemyError

from trackhelm_artifact.objects.opening import ArtifactStores
from trackhelm_artifact.objects.store import ObjectError
from trackhelm_cli.options import failed, load, warn_of_unknown_names
from trackhelm_core.db.unit_of_work import Database
from trackhelm_core.errors import ApiError
from trackhelm_core.runtime import Openers, Runtime
from trackhelm_core.settings import LogSettings, ObjectSettings, RedisSettings, StorageSettings, TraceSettings
from trackhelm_core.telemetry.logging import configure_logging
from trackhelm_domain.migrate import is_ready
from trackhelm_domain.opening import open_database, open_runtime

if TYPE_CHECKING:
    from trackhelm_core.telemetry.tracing import Tracing


def open_tracing(service: str) -> "Tracing | None":
    """Return what records the spans of a service, None without a collector; exit 2 without its packages."""
    settings = load(TraceSettings)
    if settings.traces_url is None:
        return None
    try:
        from trackhelm_core.telemetry.tracing import Tracing  # noqa: PLC0415 - its packages are optional
    except ModuleNotFoundError as error:
        raise failed(
            f"TRACKHELM_TRACES_URL is set, and {error.name} is not installed: "
            "pip install 'trackhelm-server[otel]'"
        ) from error
    return Tracing(settings, service)


@contextmanager
def opened_database(data: Path | None, database_url: str | None) -> Iterator[Database]:
    """Open the database that settings and options name; exit 2 if it does not exist or does not answer."""
    url = load(StorageSettings, data=data, database_url=database_url).effective_database_url
    database = open_database(url)
    try:
        file = database.engine.url.database
        if database.is_sqlite and file and not Path(file).exists():
            raise typer.BadParameter(f"there is no database at {file}")
        if not is_ready(database.engine):
            raise typer.BadParameter("the database has not the schema this version needs: run `migrate`")
        yield database
    except SQLAlchemyError as error:
        raise typer.BadParameter(f"the database does not answer: {str(error).splitlines()[0]}") from error
    finally:
        database.close()


@contextmanager
def opened_runtime(
    data: Path | None, database_url: str | None, *, untouched: bool = False, with_store: bool = True
) -> Iterator[Runtime]:
    """Open what the settings name, and turn errors in the block into a message and exit code 2.

    With `untouched`, the store is neither created nor swept, for a command that only reads; without
    `with_store` it is not opened at all, for one that knows no files and has no key of the store.
    """
    storage = load(StorageSettings, data=data, database_url=database_url)
    configure_logging(load(LogSettings))
    warn_of_unknown_names()
    try:
        openers: Openers = {}
        if with_store:
            stores = ArtifactStores.open(storage, load(ObjectSettings), untouched=untouched)
            openers = {ArtifactStores: lambda: stores}
        runtime = open_runtime(storage, load(RedisSettings), openers)
    except ValueError as error:
        raise failed(str(error)) from error
    try:
        file = runtime.database.engine.url.database
        if runtime.database.is_sqlite and file and not Path(file).exists():
            raise failed(f"there is no database at {file}")
        if missing := runtime.missing():
            raise failed(missing)
        yield runtime
    except ApiError as error:
        raise failed(error.message) from error
    except ObjectError as error:
        raise failed(f"{error} The log line above says why.") from error
    except SQLAlchemyError as error:
        raise failed(f"the database does not answer: {str(error).splitlines()[0]}") from error
    except BrokenPipeError:
        # The reader of the output has closed it; typer ends the command without a message.
        raise
    except OSError as error:
        # The command reads a folder of files directly, so that its errors are not those of a store.
        raise failed(str(error)) from error
    finally:
        runtime.close()
