"""`trackhelm-server import`: brings over what another tracking store holds, and proves that it is here."""

import getpass
import signal
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager, nullcontext
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Final

import anyio
import typer

from trackhelm_artifact.objects.opening import stores_of
from trackhelm_cli.opening import opened_runtime
from trackhelm_cli.options import DatabaseOption, DataOption, failed, load
from trackhelm_cli.progress import ProgressLine, duration
from trackhelm_core.runtime import Runtime
from trackhelm_core.security.actor import Actor, ActorKind
from trackhelm_core.settings import ObjectSettings
from trackhelm_domain.audit import AuditContext
from trackhelm_domain.locations import PROXY_SCHEME
from trackhelm_importer.accounts import Accounts, check_default_role, read_accounts
from trackhelm_importer.copying import Copying, Opener, RateLimit, moves
from trackhelm_importer.importing import Import
from trackhelm_importer.outcome import Outcome
from trackhelm_importer.placing import ImportRefusedError
from trackhelm_importer.records import Kind, Source, SourceError
from trackhelm_importer.sources import open_source
from trackhelm_importer.verification import Verification

import_ = typer.Typer(
    help="Bring over what another tracking store holds, with the same ids, and prove that it is here.",
    no_args_is_help=True,
)

_SHOWN: Final = 20
"""Entities that are named of those that were left as they are."""

ROWS_A_SECOND: Final = 100_000
"""What an import brings, measured with 10 million points from PostgreSQL on 2 cores."""


class Artifacts(StrEnum):
    """What becomes of files."""

    KEEP = "keep"
    COPY = "copy"


@import_.callback()
def _sources() -> None:
    """Keep `mlflow` a command of its own although it is the only one."""


@import_.command()
def mlflow(  # noqa: PLR0913 - the options of a command
    source: Annotated[
        str,
        typer.Argument(
            help="What to read: the URL of a tracking database (postgresql://, mysql://, sqlite:///), the "
            "address of a server (http://), or a mlruns folder."
        ),
    ],
    *,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Say what would be brought and what not, and write nothing.")
    ] = False,
    remap: Annotated[
        bool,
        typer.Option("--remap", help="Give another id or name to experiments and models whose own is taken."),
    ] = False,
    workspace: Annotated[
        list[str] | None,
        typer.Option(
            metavar="THERE=HERE",
            help="Bring a workspace of the source into one of another name; the others come to those of "
            "their own names. Workspaces that are not here are created. May be repeated.",
        ),
    ] = None,
    restore_deleted: Annotated[
        bool,
        typer.Option(
            "--restore-deleted",
            help="Bring back what was deleted for good here since it was imported, too.",
        ),
    ] = False,
    follow: Annotated[
        float | None,
        typer.Option("--follow", min=1, help="Go on, and bring what has changed every so many seconds."),
    ] = None,
    artifacts: Annotated[
        Artifacts, typer.Option(help="Leave files where they are, or copy them to this server's store.")
    ] = Artifacts.KEEP,
    artifacts_from: Annotated[
        str | None,
        typer.Option(
            help="What `mlflow-artifacts:` stands for: the old server's address, or the folder or bucket of "
            "its --artifacts-destination.",
        ),
    ] = None,
    artifact_jobs: Annotated[int, typer.Option(min=1, max=256, help="Files that are copied at once.")] = 8,
    artifact_rate: Annotated[
        float | None, typer.Option(min=0.001, help="Most mebibytes a second that are copied.")
    ] = None,
    accounts: Annotated[
        str | None,
        typer.Option(
            help="URL of the database of MLflow's basic-auth app (`database_uri` of basic_auth.ini), whose "
            "users and permissions come, too.",
        ),
    ] = None,
    accounts_role: Annotated[
        str,
        typer.Option(
            help="Role of these users in the default workspace, for MLflow's default_permission: viewer for "
            "READ, editor for EDIT, manager for MANAGE, empty for NO_PERMISSIONS; a member may also create.",
        ),
    ] = "member",
    verify: Annotated[
        bool,
        typer.Option("--verify", help="Read both sides again and compare them; exit 1 if they differ."),
    ] = False,
    report: Annotated[
        Path | None,
        typer.Option(help="File for the result of --verify as JSON, beside the text that is printed."),
    ] = None,
    data: DataOption = None,
    database_url: DatabaseOption = None,
) -> None:
    """Bring over everything from MLflow, with the same ids, while the old server goes on.

    It may be run again at any time, and then brings what has changed; nothing is ever written to the source.
    """
    if follow is not None and dry_run:
        raise failed(
            "--follow and --dry-run exclude each other: a dry run writes nothing that could be followed"
        )
    into = _workspaces(workspace or [])
    copies = artifacts is Artifacts.COPY
    proxied = artifacts_from or (source if source.startswith(("http://", "https://")) else None)
    rate = None if artifact_rate is None else artifact_rate * 1024 * 1024
    with _opened(source) as opened, opened_runtime(data, database_url, with_store=copies) as runtime:
        try:
            found = None
            if accounts is not None:
                with runtime.database.reading() as session:
                    check_default_role(session, accounts_role)
                found = read_accounts(accounts, accounts_role)
            moving = _Moving(
                runtime, opened, found, remaps=remap, restores=restore_deleted, copies=copies, into=into
            )
            if dry_run:
                moving.plan()
            else:
                moving.bring(follow, Opener(load(ObjectSettings), proxied), artifact_jobs, RateLimit(rate))
            if verify:
                moving.verify(report)
        except ImportRefusedError as error:
            raise failed(f"{error}\nNothing was written.") from error
        except SourceError as error:
            raise failed(str(error)) from error
    if moving.is_incomplete:
        raise typer.Exit(1)


class _Moving:
    """One run of the command."""

    def __init__(
        self,
        runtime: Runtime,
        source: Source,
        accounts: Accounts | None,
        *,
        remaps: bool,
        restores: bool,
        copies: bool,
        into: Mapping[str, str],
    ) -> None:
        self._runtime = runtime
        self._source = source
        self._accounts = accounts
        self._remaps = remaps
        self._restores = restores
        self._into = into
        self._copies = copies
        self._line = ProgressLine()
        self._last: Import
        self.is_incomplete = False
        """Whether something that was asked for is not here in the end."""

    def plan(self) -> None:
        """Print what an import would bring."""
        counts = self._source.counts()
        self._last = self._new_pass()
        began = time.monotonic()
        outcome = self._last.plan()
        seconds = time.monotonic() - began + sum(counts.imported.values()) / ROWS_A_SECOND
        self._line.clear()
        typer.echo(f"Source: {self._source.name}")
        for name, number in counts.imported.items():
            typer.echo(f"  {number:>12,} {name}")
        _print_outcome(outcome, "would be")
        typer.echo(f"It would take about {duration(seconds)} on a machine that does nothing else.")
        left = dict(counts.left) | dict(self._accounts.left if self._accounts is not None else {})
        for name, number in left.items():
            typer.echo(f"Not brought, because Trackhelm does not serve it: {number:,} rows of {name}.")
        if not self._copies:
            typer.echo("Files stay where they are; TRACKHELM_ARTIFACT_LOCATIONS has to allow those places.")
            if self._last.translation.is_any_proxied:
                typer.echo(
                    f"Some are behind the old server ({PROXY_SCHEME}:). TRACKHELM_ARTIFACTS_URL has to name "
                    "the folder or bucket of its --artifacts-destination, or --artifacts copy copies them."
                )

    def bring(self, follow: float | None, opener: Opener, jobs: int, rate: RateLimit) -> None:
        """Bring everything; with `follow`, again and again until the user interrupts it."""
        whole = Outcome()
        with _interruption() if follow is not None else nullcontext() as interrupted:
            while True:
                self._last = self._new_pass()
                outcome = self._last.run()
                whole.add(outcome)
                self._line.clear()
                if outcome.writes or follow is None:
                    _print_outcome(outcome, "were")
                if self._copies:
                    self._copy(opener, jobs, rate)
                if interrupted is None:
                    break
                self._line.show_text("Up to date; Ctrl-C ends this when nothing writes to the old server.")
                if interrupted.wait(follow):
                    break
                self._source.refresh()
        self._line.clear()
        self._last.note_in_audit(whole)

    def verify(self, report: Path | None) -> None:
        """Compare both sides, and print and write what came of it."""
        found = Verification(
            self._runtime.database, self._source, self._last.translation, listener=self._line.show
        ).run()
        self._line.clear()
        typer.echo(found.as_text(), nl=False)
        if report is not None:
            report.write_text(found.as_json() + "\n", encoding="utf-8")
        self.is_incomplete |= not found.is_equal

    def _new_pass(self) -> Import:
        context = AuditContext(_operator(), self._runtime.clock(), "trackhelm-server import mlflow")
        return Import(
            self._runtime.database,
            self._source,
            context,
            remaps=self._remaps,
            restores=self._restores,
            copies=self._copies,
            workspaces=self._into,
            accounts=self._accounts,
            listener=self._line.show,
        )

    def _copy(self, opener: Opener, jobs: int, rate: RateLimit) -> None:
        copying = Copying(
            self._runtime.database,
            stores_of(self._runtime).objects,
            opener,
            clock=self._runtime.clock,
            jobs=jobs,
            rate=rate,
            listener=self._line.show_copied,
        )
        copied = anyio.run(copying.run, moves(self._source, self._last.translation))
        self._line.clear()
        typer.echo(f"{copied.files:,} files were copied ({copied.bytes:,} bytes), {copied.same:,} were here.")
        for failure in copied.failed:
            typer.echo(f"not copied: {failure}", err=True)
        self.is_incomplete |= bool(copied.failed)


def _workspaces(options: Sequence[str]) -> dict[str, str]:
    """Return what `--workspace` says: the names here of workspaces of the source."""
    found: dict[str, str] = {}
    for option in options:
        there, _, here = option.partition("=")
        if not there or not here:
            raise failed(
                f"--workspace {option}: expected THERE=HERE, the name in the source and the one here"
            )
        if found.setdefault(there, here) != here:
            raise failed(f"--workspace names {there!r} twice: it can come to one workspace only")
    return found


@contextmanager
def _interruption() -> Iterator[threading.Event]:
    """Let the first Ctrl-C set an event, so that the pass under way ends well; the second one stops it."""
    interrupted = threading.Event()

    def interrupt(_number: int, _frame: object) -> None:
        interrupted.set()
        signal.signal(signal.SIGINT, before)

    before = signal.signal(signal.SIGINT, interrupt)
    try:
        yield interrupted
    finally:
        signal.signal(signal.SIGINT, before)


@contextmanager
def _opened(address: str) -> Iterator[Source]:
    try:
        source = open_source(address)
    except SourceError as error:
        raise failed(str(error)) from error
    with closing(source):
        yield source


def _print_outcome(outcome: Outcome, verb: str) -> None:
    for kind, tally in outcome.kinds.items():
        name = f"{kind.replace('_', ' ')}s"
        typer.echo(
            f"{name}: {tally.new:,} {verb} new, {tally.changed:,} {verb} changed, {tally.same:,} are here."
        )
        for line in tally.kept[:_SHOWN]:
            typer.echo(f"  left as it is: {kind.replace('_', ' ')} {line}", err=True)
        if len(tally.kept) > _SHOWN:
            typer.echo(f"  and {len(tally.kept) - _SHOWN:,} more", err=True)
    if outcome.kinds[Kind.WEBHOOK].new:
        typer.echo("Webhooks come disabled and without secrets: set those anew, then activate them.")


def _operator() -> Actor:
    return Actor(getpass.getuser(), ActorKind.OPERATOR, "", "")
