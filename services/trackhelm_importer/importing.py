"""Brings what a source holds into this server's database, or says what would be brought.

It may be repeated at any time. What is here already as the source has it is passed over; what has changed in
the source is written again, unless somebody has changed it here. A process that is killed leaves at most one
batch of runs unfinished, which the next one writes from the beginning.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict
from itertools import islice
from typing import Any, Final

from sqlalchemy.orm import Session

from trackhelm_core.access import DEFAULT_WORKSPACE
from trackhelm_core.db.unit_of_work import Database
from trackhelm_core.errors import ApiError
from trackhelm_domain.audit import Action, AuditContext, Change, Entity, EntityType, JsonValue, record
from trackhelm_domain.outbox import Event
from trackhelm_domain.tables.runs import DEFAULT_EXPERIMENT_ID
from trackhelm_identity.workspaces.logic import create_workspace
from trackhelm_importer import reading, store
from trackhelm_importer.accounts import Accounts, AccountsImport
from trackhelm_importer.digests import PointSum, combined, digest_of, run_parts, sums_by_run
from trackhelm_importer.grouping import MOST_POINTS
from trackhelm_importer.model_points import ModelPoints, Split
from trackhelm_importer.outcome import Listener, Outcome, Progress
from trackhelm_importer.placing import DELETED_HERE, name_models, place_experiments, place_workspaces
from trackhelm_importer.records import (
    Experiment,
    Kind,
    LoggedModel,
    Piece,
    RegisteredModel,
    Run,
    RunHead,
    Source,
    UnreadablePartError,
    Webhook,
    Workspace,
    workspace_of_key,
)
from trackhelm_importer.store import Known
from trackhelm_importer.translation import Translation
from trackhelm_ingest.metrics.store import write_points
from trackhelm_ingest.runs.logic import finalize_some

RUNS_AT_ONCE: Final = 100
"""Runs of one batch, which is one transaction unless they have more than `MOST_POINTS` points."""

EVENTS: Final = frozenset(Event)
"""The events that this server can call a webhook for."""


class Import:
    """One pass over a source.

    `remaps` lets experiments and models have another id or name if theirs is taken, and `workspaces` says
    what some workspaces of the source are to be called here. `restores` brings back what was deleted here.
    `accounts` come, too.
    """

    def __init__(
        self,
        database: Database,
        source: Source,
        context: AuditContext,
        *,
        remaps: bool = False,
        restores: bool = False,
        copies: bool = False,
        workspaces: Mapping[str, str] | None = None,
        accounts: Accounts | None = None,
        listener: Listener = lambda _progress: None,
    ) -> None:
        self._database = database
        self._source = source
        self._context = context
        self._remaps = remaps
        self._restores = restores
        self._wanted = workspaces or {}
        self._accounts = accounts
        self._listener = listener
        self._id: int | None = None
        self._dry = False
        self.translation = Translation(copies)
        self.outcome = Outcome()

    def plan(self) -> Outcome:
        """Return what `run` would do, and write nothing. Raises `ImportRefusedError`."""
        self._dry = True
        with self._database.reading() as session:
            self._id = store.find_source(session, self._source.name)
        return self._pass()

    def run(self) -> Outcome:
        """Bring everything. Raises `ImportRefusedError` before anything is written."""
        with self._database.writing() as session:
            self._id = store.source_id(session, self._source.name, now=self._context.time)
        return self._pass()

    def note_in_audit(self, outcome: Outcome) -> None:
        """Record in the audit trail what one import did, in all its passes."""
        counts = {kind.value: tally.new + tally.changed for kind, tally in outcome.kinds.items()}
        after: dict[str, JsonValue] = {"source": self._source.name, "points": outcome.points, **counts}
        with self._database.writing() as session:
            change = Change(Entity(EntityType.IMPORT, str(self._id)), Action.IMPORTED, None, after)
            record(session, change, self._context)

    def _pass(self) -> Outcome:
        self._workspaces(self._source.workspaces())
        self._experiments(list(self._source.experiments()))
        models = list(self._source.logged_models())
        self._runs(ModelPoints(models))
        self._entities(Kind.LOGGED_MODEL, models, self._logged_model)
        registered = list(self._source.registered_models())
        with self._database.reading() as session:
            known = self._known(session, Kind.REGISTERED_MODEL)
            name_models(session, self.translation, registered, known=known, remaps=self._remaps)
        self._entities(Kind.REGISTERED_MODEL, registered, self._registered_model)
        self._webhooks()
        self._users()
        return self.outcome

    # Workspaces and experiments.

    def _workspaces(self, workspaces: Sequence[Workspace]) -> None:
        tally = self.outcome.kinds[Kind.WORKSPACE]
        with self._database.reading() as session:
            known = self._known(session, Kind.WORKSPACE)
            if not known and self._known(session, Kind.EXPERIMENT):
                # Imported before it was noted: it came to the workspace of its name.
                known = {DEFAULT_WORKSPACE: Known(DEFAULT_WORKSPACE, "", "")}
            placed = place_workspaces(
                session,
                self.translation,
                workspaces,
                wanted=self._wanted,
                known=known,
                restores=self._restores,
            )
        tally.new, tally.same, tally.kept = len(placed.missing), placed.here, placed.kept
        self._missing = placed.missing

    def _make_workspaces(self) -> None:
        """Make the workspaces that are missing, and note what each became."""
        if self._dry:
            return
        with self._database.writing() as session:
            for each in self._missing:
                try:
                    create_workspace(session, each.name, each.description, each.root, self._context)
                except ApiError as error:
                    # What it had there may belong to others here. Its name was checked before.
                    kept = self.outcome.kinds[Kind.WORKSPACE].kept
                    kept.append(f"{each.name}: it is here without its artifact root: {error}")
                    create_workspace(session, each.name, each.description, "", self._context)
            noted = {name: Known(target, "", "") for name, target in self.translation.workspaces.items()}
            self._note(session, Kind.WORKSPACE, noted)

    def _experiments(self, experiments: Sequence[Experiment]) -> None:
        with self._database.reading() as session:
            self.outcome.kinds[Kind.EXPERIMENT].kept += place_experiments(
                session,
                self.translation,
                experiments,
                known=self._known(session, Kind.EXPERIMENT),
                remaps=self._remaps,
                restores=self._restores,
            )
        self._make_workspaces()
        self._entities(Kind.EXPERIMENT, experiments, self._experiment)
        if not self._dry:
            with self._database.writing() as session:
                store.pass_over_ids(session)

    def _experiment(self, session: Session, experiment: Experiment, *, write: bool) -> tuple[str, Any, Any]:
        translated = self.translation.experiment(experiment)
        if write:
            store.write_experiment(session, translated)
        return (
            str(translated.id),
            translated,
            next(iter(reading.read_experiments(session, [translated.id])), None),
        )

    # Runs.

    def _runs(self, model_points: ModelPoints) -> None:
        heads = list(self._source.run_heads())
        done = 0
        for batch in _batches(heads, RUNS_AT_ONCE):
            self._some_runs(batch, model_points)
            done += len(batch)
            self._tell(Kind.RUN, done, len(heads))

    def _some_runs(self, heads: Sequence[RunHead], model_points: ModelPoints) -> None:
        tally = self.outcome.kinds[Kind.RUN]
        points = dict(heads)
        runs = [
            self.translation.run(run)
            for run in self._source.runs(list(points))
            if run.experiment_id in self.translation.experiments
        ]
        prints = {
            run.uuid: digest_of([asdict(run), points[run.uuid], model_points.digest_of(run.uuid)])
            for run in runs
        }
        with self._database.reading() as session:
            known = self._known(session, Kind.RUN, list(points))
            here = store.taken(session, Kind.RUN, [run.uuid for run in runs])
            changed = [
                run.uuid
                for run in runs
                if (found := known.get(run.uuid)) and found.fingerprint != prints[run.uuid]
            ]
            now = self._digests(session, [uuid for uuid in changed if known[uuid].digest])
        written = []
        for run in runs:
            found = known.get(run.uuid)
            if found is None and run.uuid in here:
                tally.kept.append(f"{run.uuid}: there is a run of this id, which came from elsewhere")
            elif found is None or (self._restores and run.uuid not in here):
                tally.new += 1
                written.append(run)
            elif run.uuid not in here:
                tally.kept.append(f"{run.uuid}: {DELETED_HERE}")
            elif found.fingerprint == prints[run.uuid]:
                tally.same += 1
            elif found.digest and now.get(run.uuid, found.digest) != found.digest:
                tally.kept.append(f"{run.uuid}: it was changed here since it was imported")
            else:
                tally.changed += 1
                written.append(run)
        if written and not self._dry:
            self._write_runs(written, prints, set(changed), model_points)

    def _digests(self, session: Session, uuids: Sequence[str]) -> dict[str, str]:
        """Return the digests of runs as they are here now; a run that is gone is missing."""
        if not uuids:
            return {}
        sums = sums_by_run(reading.read_points(session, uuids))
        return {
            run.uuid: combined(run_parts(run, sums.get(run.uuid)))
            for run in reading.read_runs(session, uuids)
        }

    def _write_runs(
        self,
        runs: Sequence[Run],
        prints: Mapping[str, str],
        rewritten: set[str],
        model_points: ModelPoints,
    ) -> None:
        uuids = [run.uuid for run in runs]
        split = model_points.begin(uuids)
        sums = {uuid: PointSum() for uuid in uuids}
        pieces = _portions(self._source.points(uuids))
        portion, more = next(pieces, []), next(pieces, None)
        with self._database.writing() as session:
            store.delete_runs(session, [uuid for uuid in uuids if uuid in rewritten])
            ids = store.insert_runs(session, runs)
            # Until all points are stored, so that the next import knows that it is unfinished.
            self._note(session, Kind.RUN, {uuid: Known(uuid, "", "") for uuid in uuids})
            while more is not None:
                self._write_portion(session, portion, ids, split, sums)
                session.commit()
                portion, more = more, next(pieces, None)
            self._write_portion(session, portion, ids, split, sums)
            rest = split.rest()
            write_points(session, [(ids[run], series) for run, series in rest])
            for run, series in rest:
                for name, points in series.items():
                    sums[run].add(name.key, points)
            self._note(
                session,
                Kind.RUN,
                {
                    run.uuid: Known(run.uuid, prints[run.uuid], combined(run_parts(run, sums[run.uuid])))
                    for run in runs
                },
            )
        self.outcome.points += sum(each.count for each in sums.values())
        while self._finalize():
            pass

    def _write_portion(
        self,
        session: Session,
        portion: Sequence[Piece],
        ids: Mapping[str, int],
        split: Split,
        sums: Mapping[str, PointSum],
    ) -> None:
        for piece in portion:
            sums[piece.run].add(piece.key, piece.points)
        write_points(session, [(ids[piece.run], split.series_of(piece)) for piece in portion])

    def _finalize(self) -> bool:
        with self._database.writing() as session:
            return finalize_some(session)

    # Models and webhooks.

    def _logged_model(self, session: Session, model: LoggedModel, *, write: bool) -> tuple[str, Any, Any]:
        translated = self.translation.logged_model(model)
        if write:
            store.write_logged_model(session, translated)
        return model.model_id, translated, next(reading.read_logged_models(session, [model.model_id]), None)

    def _registered_model(
        self, session: Session, model: RegisteredModel, *, write: bool
    ) -> tuple[str, Any, Any]:
        translated = self.translation.registered_model(model)
        if write:
            store.write_registered_model(session, translated)
        found = reading.read_registered_models(session, [translated.name])
        here = next((each for each in found if each.workspace == translated.workspace), None)
        return translated.name, translated, here

    def _webhooks(self) -> None:
        try:
            webhooks = list(self._source.webhooks())
        except UnreadablePartError as error:
            self.outcome.kinds[Kind.WEBHOOK].kept.append(str(error))
        else:
            self._entities(Kind.WEBHOOK, webhooks, self._webhook)

    def _webhook(self, session: Session, webhook: Webhook, *, write: bool) -> tuple[str, Any, Any]:
        translated = self.translation.webhook(webhook, EVENTS)
        if write:
            store.write_webhook(session, translated)
        found = reading.read_webhooks(session, [translated.uuid])
        return translated.uuid, translated, next(iter(found), None)

    # Users.

    def _users(self) -> None:
        if self._accounts is None:
            return
        kept = self.outcome.kinds[Kind.ACCOUNT].kept
        accounts = AccountsImport(self._accounts, self.translation, self._context, kept)
        self._entities(Kind.ACCOUNT, accounts.users(), accounts.handle)

    # What all kinds but runs have in common.

    def _entities(
        self, kind: Kind, entities: Sequence[Any], handle: Callable[..., tuple[str, Any, Any]]
    ) -> None:
        """Bring entities one by one.

        `handle` writes one if told to, and returns its key here, its translation, and what is here of it now.
        """
        tally = self.outcome.kinds[kind]
        with self._database.reading() as session:
            known = self._known(session, kind)
            gone = self._gone(session, kind, known)
        for done, entity in enumerate(entities, 1):
            key, printed = _source_key(kind, entity), _digest(entity, of_source=True)
            found = None if self._restores and key in gone else known.get(key)
            if not self._comes(kind, entity):
                pass
            elif found is not None and key in gone:
                tally.kept.append(f"{key}: {DELETED_HERE}")
            elif found is not None and found.fingerprint == printed:
                tally.same += 1
            else:
                with self._database.reading() as session:
                    target, translated, here = handle(session, entity, write=False)
                if found is None and here is not None and not _is_replaceable(kind, key):
                    tally.kept.append(f"{key}: there is one of this name or id, which came from elsewhere")
                elif found is not None and here is not None and _digest(here) != found.digest:
                    tally.kept.append(f"{key}: it was changed here since it was imported")
                else:
                    tally.new += found is None
                    tally.changed += found is not None
                    if not self._dry:
                        with self._database.writing() as session:
                            handle(session, entity, write=True)
                            noted = Known(target, printed, _digest(translated))
                            self._note(session, kind, {key: noted})
            if done == len(entities) or done % RUNS_AT_ONCE == 0:
                self._tell(kind, done, len(entities))

    def _comes(self, kind: Kind, entity: Any) -> bool:
        """Return whether the workspace or the experiment in which an entity is comes, and so it, too."""
        match kind:
            case Kind.EXPERIMENT:
                return entity.id in self.translation.experiments
            case Kind.LOGGED_MODEL:
                return entity.experiment_id in self.translation.experiments
            case Kind.REGISTERED_MODEL | Kind.WEBHOOK:
                return entity.workspace in self.translation.workspaces
            case _:
                return True

    def _gone(self, session: Session, kind: Kind, known: Mapping[str, Known]) -> set[str]:
        """Return the keys of what came before, and has been deleted for good here since."""
        targets = [each.target for each in known.values()]
        if kind is Kind.REGISTERED_MODEL:
            models = store.taken_models(session, targets)
            workspaces = self.translation.workspaces
            return {
                key
                for key, each in known.items()
                if (workspace := workspaces.get(workspace_of_key(key)))
                and (workspace, each.target) not in models
            }
        here = store.taken(session, kind, targets)
        return {key for key, each in known.items() if each.target not in here}

    def _known(self, session: Session, kind: Kind, keys: Sequence[str] | None = None) -> dict[str, Known]:
        return {} if self._id is None else store.known_entities(session, self._id, kind, keys)

    def _note(self, session: Session, kind: Kind, entities: Mapping[str, Known]) -> None:
        assert self._id is not None, "a dry run writes nothing"
        store.note_entities(session, self._id, kind, entities)

    def _tell(self, kind: Kind, done: int, total: int) -> None:
        self._listener(Progress(kind, done, total, self.outcome.points))


def _source_key(kind: Kind, entity: Any) -> str:
    name = {
        Kind.EXPERIMENT: "id",
        Kind.LOGGED_MODEL: "model_id",
        Kind.REGISTERED_MODEL: "key",
        Kind.ACCOUNT: "name",
    }
    return str(getattr(entity, name.get(kind, "uuid")))


def _digest(entity: Any, *, of_source: bool = False) -> str:
    """Return the digest of an entity; of what is here, without the points of a model, which its runs have."""
    content = asdict(entity)
    if not of_source:
        content.pop("points", None)
    if content.get("workspace") == DEFAULT_WORKSPACE:
        # As it was digested before there were workspaces.
        del content["workspace"]
    return digest_of(content)


def _is_replaceable(kind: Kind, key: str) -> bool:
    # Placed before: only an experiment that nobody has used gets here.
    return kind is Kind.EXPERIMENT and key == str(DEFAULT_EXPERIMENT_ID)


def _batches(heads: Iterable[RunHead], size: int) -> Iterator[list[RunHead]]:
    rest = iter(heads)
    while batch := list(islice(rest, size)):
        yield batch


def _portions(pieces: Iterable[Piece]) -> Iterator[list[Piece]]:
    """Yield pieces together that have about `MOST_POINTS` points."""
    portion: list[Piece] = []
    size = 0
    for piece in pieces:
        portion.append(piece)
        size += len(piece.points)
        if size >= MOST_POINTS:
            yield portion
            portion, size = [], 0
    if portion:
        yield portion
