"""What `trackhelm-server doctor` checks: each check returns findings, in sentences that say what to do.

Owns how a state of the database, the store, the clocks and the rights is judged; `queue_checks` knows Redis.
Must change nothing that stays: it deletes the one file that it writes to a bucket, and creates no database,
folder or bucket.
"""

import secrets
import tempfile
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Final
from urllib.parse import unquote, urlsplit

import anyio
from sqlalchemy import Connection, Engine, make_url, text
from sqlalchemy.exc import SQLAlchemyError

from trackhelm_artifact.objects.keys import InvalidKeyError, ObjectKey
from trackhelm_artifact.objects.opening import Locations, open_store
from trackhelm_artifact.objects.store import ObjectError, ObjectStore, StoreUnavailableError, StoreUrlError
from trackhelm_core.db.engine import make_engine
from trackhelm_core.security.sealing import SecretBox
from trackhelm_core.settings import (
    ObjectSettings,
    StorageSettings,
    WatcherSettings,
    WebhookSettings,
    unknown_names,
)
from trackhelm_domain import migrate as schema
from trackhelm_ingest.metrics import reading


class Check(StrEnum):
    """What is checked; the value is how it is named on the command line and in JSON."""

    NAMES = "names-of-variables"
    FOLDER = "data-folder"
    DATABASE = "database"
    SCHEMA = "schema"
    CLOCK = "clock"
    QUEUE = "queue"
    ARTIFACTS = "artifacts"
    SECRETS = "keys-of-secrets"
    READING = "reading-of-metrics"
    WATCHER = "watcher"


class Outcome(StrEnum):
    """How bad a finding is."""

    OK = "ok"
    WARNING = "warning"
    """The server works, and something may go wrong later or be lost."""
    WRONG = "wrong"
    """The server, or a part of it, does not work."""


@dataclass(frozen=True, slots=True)
class Finding:
    """What a check found. `advice` says what to do, and is empty if there is nothing to be done."""

    check: Check
    outcome: Outcome
    found: str
    advice: str = ""


Findings = Iterator[Finding]

_SKEW_NOTED_SECONDS: Final = 1.0
_SKEW_SECONDS: Final = 5.0
"""From here on a watcher takes a run that is resumed after a restart for one that is not."""

NEARLY_FULL: Final = 0.9

now = time.time
"""The clock of this machine, in seconds since the epoch."""


def check_names() -> Findings:
    """Check that no variable is misspelt."""
    if unknown := unknown_names():
        yield Finding(
            Check.NAMES,
            Outcome.WRONG,
            f"no setting is called {', '.join(unknown)}",
            "Correct the names, by the list above, or unset them.",
        )
    else:
        yield Finding(Check.NAMES, Outcome.OK, "all known")


def check_folder(storage: StorageSettings, objects: ObjectSettings) -> Findings:
    """Check that the data folder can be written to, where something is kept in it."""
    is_of_database = make_url(storage.effective_database_url).get_backend_name() == "sqlite"
    if not is_of_database and objects.artifacts_url is not None:
        yield Finding(Check.FOLDER, Outcome.OK, "nothing is kept in one")
        return
    yield _folder(Check.FOLDER, storage.data)


def _folder(check: Check, folder: Path) -> Finding:
    nearest = next(parent for parent in (folder.absolute(), *folder.absolute().parents) if parent.exists())
    try:
        with tempfile.TemporaryFile(dir=nearest):
            pass
    except OSError as error:
        return Finding(
            check,
            Outcome.WRONG,
            f"{nearest} cannot be written to: {error.strerror}",
            "Give this process's user the right to write there, mount a volume, or name another folder.",
        )
    return Finding(
        check, Outcome.OK, f"{folder} is writable" if folder.exists() else f"{folder} will be made"
    )


def check_database(storage: StorageSettings, skipped: frozenset[Check]) -> Findings:
    """Check that the database answers, its schema, this process's rights in it, and its clock."""
    url = make_url(storage.effective_database_url)
    shown = url.render_as_string()
    if url.get_backend_name() == "sqlite" and url.database and not Path(url.database).exists():
        yield Finding(Check.DATABASE, Outcome.OK, f"{shown} will be made")
        return
    engine = make_engine(storage.effective_database_url)
    try:
        yield from _database(engine, shown, skipped)
    except SQLAlchemyError as error:
        yield Finding(
            Check.DATABASE,
            Outcome.WRONG,
            f"{shown} does not answer: {str(error).splitlines()[0]}",
            "Check TRACKHELM_DATABASE_URL, that the database runs, and that nothing between refuses it, "
            "such as a NetworkPolicy.",
        )
    finally:
        engine.dispose()


def _database(engine: Engine, shown: str, skipped: frozenset[Check]) -> Findings:
    with engine.connect() as connection:
        if engine.dialect.name == "postgresql":
            yield from _postgresql(connection, shown)
        else:
            yield Finding(Check.DATABASE, Outcome.OK, f"{shown} answers")
        if Check.CLOCK not in skipped and engine.dialect.name == "postgresql":
            asked = text("SELECT extract(epoch FROM clock_timestamp())")
            yield clock_finding("the database", lambda: float(connection.scalar(asked) or 0))
    if Check.SCHEMA not in skipped:
        yield _schema(engine)


def _postgresql(connection: Connection, shown: str) -> Findings:
    if connection.scalar(text("SELECT pg_is_in_recovery()")):
        yield Finding(
            Check.DATABASE,
            Outcome.WRONG,
            f"{shown} is a replica that only reads",
            "Name the primary in TRACKHELM_DATABASE_URL.",
        )
        return
    denied = connection.execute(
        text(
            "SELECT tablename, string_agg(verb, ', ' ORDER BY verb) FROM pg_tables,"
            " unnest(ARRAY['SELECT', 'INSERT', 'UPDATE', 'DELETE']) AS verb"
            " WHERE schemaname = current_schema()"
            " AND NOT has_table_privilege(format('%I.%I', schemaname, tablename), verb)"
            " GROUP BY tablename ORDER BY tablename"
        )
    ).all()
    if denied:
        listed = "; ".join(f"{verbs} of {table}" for table, verbs in denied[:3])
        more = f", and of {len(denied) - 3} tables more" if len(denied) > 3 else ""  # noqa: PLR2004 - as above
        yield Finding(
            Check.DATABASE,
            Outcome.WRONG,
            f"the role of {shown} lacks rights: {listed}{more}",
            "Grant SELECT, INSERT, UPDATE and DELETE on all tables to it, or make it their owner.",
        )
        return
    used, most = connection.execute(
        text(
            "SELECT (SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'client backend'),"
            " current_setting('max_connections')::int"
        )
    ).one()
    if used >= NEARLY_FULL * most:
        yield Finding(
            Check.DATABASE,
            Outcome.WARNING,
            f"{shown} answers, and {used} of its {most} connections are taken",
            "Raise max_connections of PostgreSQL, or run fewer processes.",
        )
    else:
        yield Finding(Check.DATABASE, Outcome.OK, f"{shown} answers")


def _schema(engine: Engine) -> Finding:
    current, own = schema.current_revision(engine), schema.newest_revision()
    migrates_itself = engine.dialect.name == "sqlite"
    if current == own:
        return Finding(Check.SCHEMA, Outcome.OK, f"it is {own}, as this version needs")
    if current is not None and schema.is_ready(engine):
        return Finding(Check.SCHEMA, Outcome.OK, f"it is {current}, ahead of this version's {own}")
    found = "there is none yet" if current is None else f"it is {current}, and this version needs {own}"
    if migrates_itself:
        return Finding(Check.SCHEMA, Outcome.OK, f"{found}; `embedded` migrates it when it starts")
    return Finding(
        Check.SCHEMA,
        Outcome.WRONG,
        found,
        "Run `trackhelm-server migrate`; in a cluster look at the Job whose name has `-migrate-`.",
    )


def clock_finding(of: str, ask: Callable[[], float]) -> Finding:
    """Compare this machine's clock with another, which `ask` reads in seconds since the epoch."""
    before = now()
    told = ask()
    after = now()
    # It was told at some time in between.
    ahead = told - (before + after) / 2
    certain = max(0.0, abs(ahead) - (after - before) / 2)
    said = f"this machine's is {abs(ahead):.1f} s {'behind' if ahead > 0 else 'ahead of'} {of}'s"
    if certain < _SKEW_NOTED_SECONDS:
        return Finding(Check.CLOCK, Outcome.OK, f"this machine's and {of}'s agree")
    return Finding(
        Check.CLOCK,
        Outcome.WRONG if certain >= _SKEW_SECONDS else Outcome.WARNING,
        said,
        "Let NTP set the clocks of both machines (chrony, systemd-timesyncd).",
    )


_RIGHTS: Final = "Give the credentials the right to list, read, write and delete there (docs/artifacts.md)."


def check_artifacts(objects: ObjectSettings) -> Findings:
    """Check that files can be listed, and in a bucket also stored, read and deleted."""
    url = objects.artifacts_url
    try:
        Locations(objects)
        if url is None:
            yield Finding(Check.ARTIFACTS, Outcome.OK, "kept in the data folder")
        elif urlsplit(url).scheme == "file":
            open_store(url, objects, own=False, sweep=False)
            yield _folder(Check.ARTIFACTS, Path(unquote(urlsplit(url).path)))
        else:
            # It is opened as a store that is not the server's own, because a check must not create a bucket.
            yield anyio.run(_try_bucket, open_store(url, objects, own=False, sweep=False), url)
    except (StoreUrlError, InvalidKeyError, OSError) as error:
        yield Finding(Check.ARTIFACTS, Outcome.WRONG, str(error), "Correct the settings of artifacts.")


async def _try_bucket(store: ObjectStore, url: str) -> Finding:
    try:
        await anext(aiter(store.pages(ObjectKey())), None)
    except ObjectError as error:
        return Finding(
            Check.ARTIFACTS,
            Outcome.WRONG,
            f"{url} cannot be listed{_why(error)}",
            "Check the address, that the bucket is there (the artifact service makes one at an "
            f"S3_ENDPOINT when it starts), and that nothing between refuses it. {_RIGHTS} A process that "
            "serves no files, such as ingest, needs none of this: `--skip artifacts`.",
        )
    key, content = ObjectKey((f"trackhelm-doctor-{secrets.token_hex(8)}",)), secrets.token_bytes(64)
    doing = "written to"
    try:
        await store.put(key, _once(content), length=len(content))
        doing = "read"
        opened = await store.open(key)
        try:
            read = b"".join([bytes(block) async for block in opened.blocks(0, opened.size)])
        finally:
            opened.close()
        doing = "deleted from"
        await store.delete_file(key)
    except ObjectError as error:
        with suppress(ObjectError):
            await store.delete_file(key)
        return Finding(
            Check.ARTIFACTS, Outcome.WRONG, f"{url} can be listed and not {doing}{_why(error)}", _RIGHTS
        )
    if read != content:
        return Finding(
            Check.ARTIFACTS,
            Outcome.WRONG,
            f"{url} does not give back what is stored in it",
            "Another program or a proxy changes files there: give Trackhelm a bucket of its own.",
        )
    return Finding(Check.ARTIFACTS, Outcome.OK, f"{url} answers: a file was stored, read and deleted")


async def _once(content: bytes) -> AsyncIterator[bytes]:
    yield content


def _why(error: ObjectError) -> str:
    reason = error.reason if isinstance(error, StoreUnavailableError) else str(error)
    return f": {reason}" if reason else "; the log line above says why"


def check_secrets(webhooks: WebhookSettings) -> Findings:
    """Check the keys with which secrets of webhooks are stored."""
    try:
        SecretBox(webhooks.keys)
    except ValueError as error:
        yield Finding(Check.SECRETS, Outcome.WRONG, str(error), "docs/webhooks.md says how a key is made.")
        return
    found = "valid" if webhooks.keys else "none, so that no webhook can have a secret"
    yield Finding(Check.SECRETS, Outcome.OK, found)


def check_reading() -> Findings:
    """Check how bodies with metrics are read."""
    # Neither is an error: the results are the same.
    slow = "in Python, at a quarter of the speed; install the server where there is a C compiler"
    yield Finding(Check.READING, Outcome.OK, "compiled" if reading.IS_COMPILED else slow)


def check_watcher(settings: WatcherSettings) -> Findings:
    """Check what a watcher may do in the cluster, in a process that is set up as one."""
    if not (settings.watcher_namespaces or settings.watcher_kubeconfig):
        return
    # The client of Kubernetes takes long to import, and one process of many needs it.
    try:
        from trackhelm_watcher.cluster import ClusterError, open_cluster  # noqa: PLC0415
        from trackhelm_watcher.service import missing_rights, watched_namespaces  # noqa: PLC0415
    except ModuleNotFoundError as error:
        yield Finding(
            Check.WATCHER,
            Outcome.WRONG,
            f"{error.name} is not installed",
            "Run `pip install 'trackhelm-server[kubernetes]'`.",
        )
        return
    try:
        cluster = open_cluster(settings.watcher_kubeconfig)
        missing = missing_rights(cluster, settings)
        namespaces = ", ".join(watched_namespaces(settings))
    except ClusterError as error:
        yield Finding(
            Check.WATCHER,
            Outcome.WRONG,
            str(error),
            "Check TRACKHELM_WATCHER_KUBECONFIG or the pod's service account, and that nothing between "
            "refuses the cluster's API.",
        )
        return
    if missing:
        yield Finding(
            Check.WATCHER,
            Outcome.WRONG,
            f"its account may not {'; '.join(missing)}",
            "Bind the two Roles of docs/operations/watcher.md to its service account.",
        )
    else:
        found = f"pods, jobs and events of {namespaces} can be read, and the Lease written"
        yield Finding(Check.WATCHER, Outcome.OK, found)
