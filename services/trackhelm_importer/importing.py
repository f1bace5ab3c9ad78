"""Brings what a source holds into this server's database, or says what would be brought.

It may be repeated at any time. What is here already as the source has it is passed over; what has changed in
the source is written again, unless somebody has changed it here. A process that is killed leaves at most one
batch of runs unfinished, which the next one writes from the beginning.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from itertools import islice
from typing import Any, Final

from sqlalchemy.orm import Session

from trackhelm_core.db.unit_of_work import Database
from trackhelm_domain.audit import Action, AuditContext, Change, Entity, EntityType, JsonValue, record
from trackhelm_domain.outbox import Event
from trackhelm_domain.tables.runs import DEFAULT_EXPERIMENT_ID
from trackhelm_importer import reading, store
from trackhelm_importer.accounts import Accounts, AccountsImport
from trackhelm_importer.digests import PointSum, combined, digest_of, run_parts, sums_by_run
from trackhelm_importer.grouping import MOST_POINTS
from trackhelm_importer.model_points import ModelPoints, Split
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
)
from trackhelm_importer.store import Known
from trackhelm_importer.translation import Translation
from trackhelm_ingest.metrics.store import write_points
from trackhelm_ingest.runs.logic import finalize_some

RUNS_AT_ONCE: Final = 100
"""Runs of one batch, which is one transaction unless they have more than `MOST_POINTS` points."""

EVENTS: Final = frozenset(Event)
"""The events that this server can call a webhook for."""


class ImportRefusedError(Exception):
    """The import cannot begin; the message has a line for each reason."""


@dataclass(frozen=True, slots=True)
class Progress:
    """How far an import is."""

    kind: Kind
    done: int
    total: int
    points: int


Listener = Callable[[Progress], None]


@dataclass(slots=True)
class Tally:
    """What became of the entities of one kind."""

    new: int = 0
    changed: int = 0
    same: int = 0
    kept: list[str] = field(default_factory=list)
    """Those that were left as they are here, each with the reason."""


@dataclass(slots=True)
class Outcome:
    """What an import did, or would do."""

    kinds: dict[Kind, Tally] = field(default_factory=lambda: {kind: Tally() for kind in Kind})
    points: int = 0

    def add(self, other: "Outcome") -> None:
        """Add what another pass did."""
        self.points += other.points
        for kind, tally in other.kinds.items():
            self.kinds[kind].new += tally.new
            self.kinds[kind].changed += tally.changed

    @property
    def writes(self) -> int:
        """How many entities were written."""
        return sum(tally.new + tally.changed for tally in self.kinds.values())


class Import:
    """One pass over a source.

    `remaps` lets experiments and models have another id or name if theirs is taken. `accounts` come, too.
    """

    def __init__(
        self,
        database: Database,
        source: Source,
        context: AuditContext,
        *,
        remaps: bool = False,
        copies: bool = False,
        accounts: Accounts | None = None,
        listener: Listener = lambda _progress: None,
    ) -> None:
        self._database = database
        self._source = source
        self._context = context
        self._remaps = remaps
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
        self._experiments(list(self._source.experiments()))
        models = list(self._source.logged_models())
        self._runs(ModelPoints(models))
        self._entities(Kind.LOGGED_MODEL, models, self._logged_model)
        registered = list(self._source.registered_models())
        self._name_models(registered)
        self._entities(Kind.REGISTERED_MODEL, registered, self._registered_model)
        self._webhooks()
        self._users()
        return self.outcome

    # Experiments.

    def _experiments(self, experiments: Sequence[Experiment]) -> None:
        with self._database.reading() as session:
            known = self._known(session, Kind.EXPERIMENT)
            self._place_experiments(session, experiments, known)
        self._entities(Kind.EXPERIMENT, experiments, self._experiment)
        if not self._dry:
            with self._database.writing() as session:
                store.pass_over_ids(session)

    def _place_experiments(
        self, session: Session, experiments: Sequence[Experiment], known: Mapping[str, Known]
    ) -> None:
        names, ids = store.taken_experiments(session)
        next_id = max([*names, *(experiment.id for experiment in experiments)], default=0) + 1
        refused = []
        for experiment in experiments:
            if found := known.get(str(experiment.id)):
                target = int(found.target)
                mine = ids.get(experiment.name, target) == target
                self.translation.place(experiment, target, experiment.name if mine else names[target])
                continue
            holder = names.get(experiment.id)
            is_free = holder is None or _is_pristine(session, experiment.id, holder)
            is_named = ids.get(experiment.name, experiment.id) != experiment.id
            if is_free and not is_named:
                self.translation.place(experiment, experiment.id, experiment.name)
            elif not self._remaps:
                refused.append(_refusal(experiment, holder if not is_free else None, ids))
            else:
                chosen, next_id = (experiment.id, next_id) if is_free else (next_id, next_id + 1)
                name = _free_name(experiment.name, ids)
                ids[name] = chosen
                self.translation.place(experiment, chosen, name)
        if refused:
            raise ImportRefusedError("\n".join(refused))

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
            taken = store.taken(session, Kind.RUN, [run.uuid for run in runs if run.uuid not in known])
            changed = [
                run.uuid
                for run in runs
                if (found := known.get(run.uuid)) and found.fingerprint != prints[run.uuid]
            ]
            now = self._digests(session, [uuid for uuid in changed if known[uuid].digest])
        written = []
        for run in runs:
            found = known.get(run.uuid)
            if run.uuid in taken:
                tally.kept.append(f"{run.uuid}: there is a run of this id, which came from elsewhere")
            elif found is None:
                tally.new += 1
                written.append(run)
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

    def _name_models(self, models: Sequence[RegisteredModel]) -> None:
        if not self._remaps:
            return
        with self._database.reading() as session:
            known = self._known(session, Kind.REGISTERED_MODEL)
            names = [model.name for model in models]
            taken = store.taken(session, Kind.REGISTERED_MODEL, names)
            for name in names:
                if name in known:
                    self.translation.models[name] = known[name].target
                elif name in taken:
                    chosen = _free_name(name, dict.fromkeys([*taken, *names]))
                    if not store.taken(session, Kind.REGISTERED_MODEL, [chosen]):
                        self.translation.models[name] = chosen

    def _registered_model(
        self, session: Session, model: RegisteredModel, *, write: bool
    ) -> tuple[str, Any, Any]:
        translated = self.translation.registered_model(model)
        if write:
            store.write_registered_model(session, translated)
        found = reading.read_registered_models(session, [translated.name])
        return translated.name, translated, next(found, None)

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
        for done, entity in enumerate(entities, 1):
            key, printed = _source_key(kind, entity), digest_of(asdict(entity))
            found = known.get(key)
            if found is not None and found.fingerprint == printed:
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
        Kind.REGISTERED_MODEL: "name",
        Kind.ACCOUNT: "name",
    }
    return str(getattr(entity, name.get(kind, "uuid")))


def _digest(entity: Any) -> str:
    """Return the digest of an entity, without the points of a model, which belong to its runs."""
    content = asdict(entity)
    content.pop("points", None)
    return digest_of(content)


def _is_replaceable(kind: Kind, key: str) -> bool:
    # Placed before: only an experiment that nobody has used gets here.
    return kind is Kind.EXPERIMENT and key == str(DEFAULT_EXPERIMENT_ID)


def _is_pristine(session: Session, experiment_id: int, name: str) -> bool:
    """Return whether an experiment is the default one, which every server has, and unused."""
    return (
        experiment_id == DEFAULT_EXPERIMENT_ID
        and name == "Default"
        and not store.has_runs(session, experiment_id)
    )


def _refusal(experiment: Experiment, holder: str | None, ids: Mapping[str, int]) -> str:
    if holder is not None:
        what = f"the id {experiment.id} is taken here by experiment {holder!r}"
    else:
        what = f"the name is taken here by experiment {ids[experiment.name]}"
    return f"experiment {experiment.id} ({experiment.name!r}): {what}"


def _free_name(name: str, taken: Mapping[str, Any]) -> str:
    if name not in taken:
        return name
    suffixes = (f" {number}" if number > 1 else "" for number in range(1, len(taken) + 2))
    candidates = (f"{name} (imported{suffix})" for suffix in suffixes)
    return next(candidate for candidate in candidates if candidate not in taken)


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
