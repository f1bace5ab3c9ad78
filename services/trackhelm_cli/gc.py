"""`trackhelm-server gc`: deletion for good of what is in the bin, as `mlflow gc` does for stock MLflow.

Chooses what to delete; each service deletes its part.
"""

import getpass
import re
import secrets
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Annotated, Final

import anyio
import typer

from trackhelm_artifact.integrity.purging import Deleted, place_of, purge_files
from trackhelm_artifact.objects.opening import stores_of
from trackhelm_artifact.tasks import PURGE_FILES
from trackhelm_cli.opening import opened_runtime
from trackhelm_cli.options import DatabaseOption, DataOption
from trackhelm_core.errors import ApiError
from trackhelm_core.runtime import Runtime
from trackhelm_core.security.actor import Actor, ActorKind
from trackhelm_core.validation import parse_experiment_id
from trackhelm_domain.audit import AuditContext
from trackhelm_domain.deletion import FilesInUse
from trackhelm_ingest.deletion import logic as deletion_logic
from trackhelm_ingest.deletion import store as deletion_store
from trackhelm_ingest.tasks import PURGE
from trackhelm_registry.registered_models import purging
from trackhelm_registry.registered_models import store as registered_models_store

_AT_ONCE: Final = deletion_logic.RUNS_AT_ONCE
_AGE = re.compile(
    r"(?:(\d+(?:\.\d+)?)d)?(?:(\d+(?:\.\d+)?)h)?(?:(\d+(?:\.\d+)?)m)?(?:(\d+(?:\.\d+)?)s)?", re.ASCII
)
_SECONDS: Final = (86_400, 3_600, 60, 1)


def parse_age(text: str) -> float:
    """Return an age such as `30d` or `1d2h3m4s` in seconds; raises `ValueError`."""
    match = _AGE.fullmatch(text)
    if match is None or not text:
        raise ValueError(f"{text!r} is no age: days, hours, minutes and seconds are given as in 1d2h3m4s")
    return sum(float(part or 0) * seconds for part, seconds in zip(match.groups(), _SECONDS, strict=True))


@dataclass(slots=True)
class Collected:
    """What was deleted, or would be deleted."""

    runs: int = 0
    experiments: int = 0
    models: int = 0
    files: int = 0
    size: int = 0
    kept: list[str] = field(default_factory=list)


class Collector:
    """Deletes for good what has been in the bin since `before` (milliseconds), or only prints it.

    With `names_files`, a dry run prints each file, too.
    """

    def __init__(
        self,
        runtime: Runtime,
        before: int,
        *,
        dry_run: bool,
        say: Callable[[str], None],
        names_files: bool = False,
    ) -> None:
        self._runtime = runtime
        self._before = before
        self._dry_run = dry_run
        self._names_files = names_files
        self._say = say
        self._context = AuditContext(_operator(), runtime.clock(), "trackhelm-server gc")
        self._experiments: set[int] = set()
        self._in_use = FilesInUse(stores_of(runtime).places, runtime.clock)
        with runtime.database.reading() as session:
            self._in_use.read(session)
        self.collected = Collected()

    def check(self, run_ids: Sequence[str], experiment_ids: Sequence[int], model_ids: Sequence[str]) -> None:
        """Refuse ids of entities that have not been in the bin for so long; raises `typer.BadParameter`."""
        with self._runtime.database.reading() as session:
            runs = {
                run.uuid: run.deleted_time for run in deletion_store.find_binned(session, run_ids, lock=False)
            }
            models = {
                model.model_id: model.deleted_time
                for model in registered_models_store.find_models(session, model_ids, lock=False)
                if model.stage == "deleted"
            }
            times = {
                str(each): deletion_store.binned_experiment_time(session, each) for each in experiment_ids
            }
        experiments = {each: binned for each, binned in times.items() if binned is not None}
        asked_for: Sequence[tuple[str, Sequence[str], Mapping[str, int | None]]] = (
            ("run", run_ids, runs),
            ("experiment", list(map(str, experiment_ids)), experiments),
            ("logged model", model_ids, models),
        )
        for kind, asked, found in asked_for:
            for each in asked:
                if each not in found:
                    raise typer.BadParameter(f"{kind} {each} is not in the bin: delete it first")
                if (found[each] or 0) > self._before:
                    raise typer.BadParameter(f"{kind} {each} has not been in the bin for so long")

    def experiments(self, experiment_ids: Sequence[int] | None) -> None:
        """Collect experiments with everything in them; None for all in the bin."""
        if experiment_ids is None:
            with self._runtime.database.reading() as session:
                experiment_ids = deletion_store.experiments_in_bin(session, before=self._before)
        for experiment_id in experiment_ids:
            self._experiments.add(experiment_id)
            kept = len(self.collected.kept)
            for page in self._binned_runs(experiment_id):
                self._collect_runs(page, experiment_id)
            for models in self._models(experiment_id):
                self._collect_models(models, experiment_id)
            self._collect_experiment(experiment_id, holds=len(self.collected.kept) > kept)

    def runs(self, run_ids: Sequence[str] | None) -> None:
        """Collect runs; None for all in the bin."""
        if run_ids is None:
            for page in self._binned_runs(None):
                self._collect_runs([run for run in page if run.experiment_id not in self._experiments])
            return
        with self._runtime.database.reading() as session:
            found = deletion_store.find_binned(session, run_ids, lock=False)
        for start in range(0, len(found), _AT_ONCE):
            self._collect_runs(found[start : start + _AT_ONCE])

    def models(self, model_ids: Sequence[str] | None) -> None:
        """Collect logged models; None for all in the bin."""
        if model_ids is None:
            for page in self._models(None):
                self._collect_models(
                    [model for model in page if model.experiment_id not in self._experiments]
                )
            return
        with self._runtime.database.reading() as session:
            found = registered_models_store.find_models(session, model_ids, lock=False)
        self._collect_models(found)

    def finish(self) -> bool:
        """Delete the remaining rows and files, here or by workers; return whether nothing is left."""
        redis = self._runtime.redis
        if redis is not None:
            redis.send(PURGE)
            redis.send(PURGE_FILES)
            return True
        more = True
        while more:
            with self._runtime.database.writing() as session:
                more = deletion_logic.delete_some(session)

        async def files() -> Deleted:
            return await purge_files(self._runtime, seconds=float("inf"))

        deleted = anyio.run(files)
        self.collected.files = deleted.files
        return not deleted.is_away

    def _binned_runs(self, experiment_id: int | None) -> Iterator[list[deletion_store.BinnedRun]]:
        # Runs are deleted with their experiment, whenever they themselves came to the bin.
        before = self._before if experiment_id is None else self._context.time
        after = 0
        while True:
            with self._runtime.database.reading() as session:
                page = deletion_store.runs_in_bin(
                    session, before=before, experiment_id=experiment_id, after=after, limit=_AT_ONCE
                )
            if not page:
                return
            yield page
            after = page[-1].id

    def _models(self, experiment_id: int | None) -> Iterator[list[registered_models_store.ModelFiles]]:
        after = 0
        while True:
            with self._runtime.database.reading() as session:
                if experiment_id is None:
                    page = registered_models_store.models_in_bin(
                        session, before=self._before, after=after, limit=_AT_ONCE
                    )
                else:
                    page = registered_models_store.models_of_experiment(
                        session, experiment_id, after=after, limit=_AT_ONCE
                    )
            if not page:
                return
            yield page
            after = page[-1].id

    def _collect_runs(
        self, runs: Sequence[deletion_store.BinnedRun], experiment_id: int | None = None
    ) -> None:
        ids = [run.uuid for run in runs]
        if self._dry_run:
            with self._runtime.database.reading() as session:
                kept = deletion_logic.kept_runs(session, self._in_use, ids)
        else:
            with self._runtime.database.writing() as session:
                kept = deletion_logic.purge_runs(
                    session, self._in_use, ids, self._context, experiment_id=experiment_id
                )
        reasons = {each.id: each.reason for each in kept}
        for run in runs:
            if run.uuid in reasons:
                self._keep("run", run.uuid, reasons[run.uuid])
            else:
                self.collected.runs += 1
                self._measure("run", run.uuid, run.artifact_uri)

    def _collect_models(
        self, models: Sequence[registered_models_store.ModelFiles], experiment_id: int | None = None
    ) -> None:
        ids = [model.model_id for model in models]
        if self._dry_run:
            with self._runtime.database.reading() as session:
                reasons = purging.kept_models(session, self._in_use, ids)
        else:
            with self._runtime.database.writing() as session:
                reasons = purging.purge_models(
                    session, self._in_use, ids, self._context, experiment_id=experiment_id
                )
        for model in models:
            if model.model_id in reasons:
                self._keep("logged model", model.model_id, reasons[model.model_id])
            else:
                self.collected.models += 1
                self._measure("logged model", model.model_id, model.artifact_uri)

    def _collect_experiment(self, experiment_id: int, *, holds: bool) -> None:
        if self._dry_run:
            kept = deletion_logic.kept_experiment(experiment_id, holds=holds)
        else:
            with self._runtime.database.writing() as session:
                kept = deletion_logic.purge_experiment(session, experiment_id, self._context)
        if kept is None:
            self.collected.experiments += 1
            if self._dry_run:
                self._say(f"experiment {experiment_id}")
        else:
            self._keep("experiment", kept.id, kept.reason)

    def _keep(self, kind: str, public_id: str, reason: str) -> None:
        self.collected.kept.append(public_id)
        self._say(f"{kind} {public_id} is kept: {reason}")

    def _measure(self, kind: str, public_id: str, artifact_uri: str) -> None:
        """Print what would be deleted, and what stays because the server does not reach its files."""
        there = place_of(self._runtime, artifact_uri)
        if there is None:
            self._say(f"{kind} {public_id}: files at {artifact_uri} stay, the server does not write there")
            return
        if not self._dry_run:
            return
        located = there

        async def measure() -> tuple[int, int]:
            files = size = 0
            async for page in located.store.walk(located.key):
                files += len(page)
                size += sum(file.size for file in page)
                for file in page if self._names_files else ():
                    self._say(f"file {file.key}  ({file.size} bytes)")
            return files, size

        files, size = anyio.run(measure)
        self.collected.files += files
        self.collected.size += size
        self._say(f"{kind} {public_id}: {files} files, {size} bytes")


def cutoff(age_seconds: float) -> int:
    """Return the time, in milliseconds, that is `age_seconds` ago."""
    return int((time.time() - age_seconds) * 1000)


def _operator() -> Actor:
    try:
        name = getpass.getuser()
    except (KeyError, OSError):
        name = "unknown"
    return Actor(name, ActorKind.OPERATOR, source_address="", request_id=f"gc-{secrets.token_hex(8)}")


def gc(
    *,
    older_than: Annotated[
        str, typer.Option(help="Only what has been in the bin for so long: `30d`, `1d2h3m4s`.")
    ] = "0s",
    run_ids: Annotated[str, typer.Option(help="Only these runs, separated by commas.")] = "",
    experiment_ids: Annotated[
        str, typer.Option(help="Only these experiments, with all that is in them, likewise.")
    ] = "",
    logged_model_ids: Annotated[str, typer.Option(help="Only these logged models, likewise.")] = "",
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would go.")] = False,
    files: Annotated[bool, typer.Option("--files", help="Name each file, too; with --dry-run.")] = False,
    data: DataOption = None,
    database_url: DatabaseOption = None,
) -> None:
    """Delete for good the runs, experiments and logged models that are in the bin, with their files."""
    try:
        before = cutoff(parse_age(older_than))
        experiments = [parse_experiment_id(each) for each in _listed(experiment_ids)]
    except (ValueError, ApiError) as error:
        raise typer.BadParameter(str(error)) from error
    if files and not dry_run:
        raise typer.BadParameter("--files says what a --dry-run would delete")
    runs, models = _listed(run_ids), _listed(logged_model_ids)
    with opened_runtime(data, database_url, untouched=dry_run) as runtime:
        collector = Collector(runtime, before, dry_run=dry_run, say=typer.echo, names_files=files)
        everything = not (runs or experiments or models)
        collector.check(runs, experiments, models)
        collector.experiments(None if everything else experiments)
        collector.runs(None if everything else runs)
        collector.models(None if everything else models)
        collected = collector.collected
        went = f"{collected.runs} runs, {collected.experiments} experiments, {collected.models} logged models"
        if dry_run:
            typer.echo(f"would delete {went}, {collected.files} files, {collected.size} bytes")
            return
        typer.echo(f"deleted {went}")
        done = collector.finish()
        if runtime.redis is not None:
            typer.echo("workers delete their rows and files")
        else:
            typer.echo(f"deleted {collected.files} files")
        if not done:
            typer.echo(
                "some files could not be deleted: the log lines above say why. Run this again.", err=True
            )
            raise typer.Exit(1)
    if collected.kept and not everything:
        raise typer.Exit(1)


def _listed(text: str) -> list[str]:
    return list(dict.fromkeys(part.strip() for part in text.split(",") if part.strip()))
