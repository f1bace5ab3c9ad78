"""Compares a source with what is here, both read anew, and reports each difference.

The source is translated as an import would translate it, and must then equal what is here. What is here
besides is no difference: others may use this server already.
"""

import json
import math
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from itertools import islice
from typing import Any, Final

from sqlalchemy.orm import Session

from trackhelm_core.db.unit_of_work import Database
from trackhelm_importer import reading
from trackhelm_importer.digests import PointSum, digest_of, run_parts, sums_by_run
from trackhelm_importer.importing import EVENTS
from trackhelm_importer.outcome import Listener, Progress
from trackhelm_importer.records import Kind, LastValue, LoggedModel, Piece, Run, Source, UnreadablePartError
from trackhelm_importer.translation import Translation

RUNS_AT_ONCE: Final = 100
_SHOWN: Final = 20
"""Keys that are named of one difference."""

_NOT_BROUGHT: Final = "it is not here: it, or its workspace, was deleted here since it was imported"

_SHOWN_TEXT: Final = 100
"""Characters that are shown of a value that differs."""


@dataclass(frozen=True, slots=True)
class Difference:
    """A difference: of which entity, and what is different."""

    kind: Kind
    key: str
    what: str


@dataclass(slots=True)
class Report:
    """The result of a comparison. `rows` are the numbers of rows by table, in the source and here."""

    source: str
    compared: dict[str, int] = field(default_factory=dict)
    rows: dict[str, tuple[int, int]] = field(default_factory=dict)
    left: dict[str, int] = field(default_factory=dict)
    points: int = 0
    differences: list[Difference] = field(default_factory=list)

    @property
    def is_equal(self) -> bool:
        """Whether all that is in the source is here, and nothing else in its place."""
        return not self.differences and all(theirs == ours for theirs, ours in self.rows.values())

    def as_json(self) -> str:
        """Return the report as a JSON object."""
        rows = {name: {"source": theirs, "here": ours} for name, (theirs, ours) in self.rows.items()}
        content = {**asdict(self), "rows": rows, "is_equal": self.is_equal}
        return json.dumps(content, indent=2, ensure_ascii=False)

    def as_text(self) -> str:
        """Return the report as a page of text."""
        verdict = "Everything is here, and is the same." if self.is_equal else "There are differences."
        width = max(map(len, self.rows), default=0)
        lines = [f"Source: {self.source}", verdict, "", f"{'table':{width}}  {'source':>12}  {'here':>12}"]
        for name, (theirs, ours) in self.rows.items():
            lines.append(f"{name:{width}}  {theirs:>12,}  {ours:>12,}{'' if theirs == ours else '  DIFFERS'}")
        compared = ", ".join(
            f"{number:,} {name.replace('_', ' ')}s" for name, number in self.compared.items()
        )
        lines += ["", f"Compared by digest: {compared}; {self.points:,} points."]
        if self.left:
            left = ", ".join(f"{number:,} rows of {name}" for name, number in self.left.items())
            lines += ["", f"Not imported, because Trackhelm does not serve it: {left}."]
        lines += ["", *(f"{each.kind} {each.key}: {each.what}" for each in self.differences)]
        return "\n".join(lines).rstrip() + "\n"


class Verification:
    """One comparison. `translation` knows what each experiment became, as an import leaves it."""

    def __init__(
        self,
        database: Database,
        source: Source,
        translation: Translation,
        *,
        listener: Listener = lambda _progress: None,
    ) -> None:
        self._database = database
        self._source = source
        self._translation = translation
        self._listener = listener
        self._here: Counter[str] = Counter()
        self._report = Report(source.name)

    def run(self) -> Report:
        """Compare everything."""
        counts = self._source.counts()
        for workspace in self._source.workspaces():
            if workspace.name not in self._translation.workspaces:
                self._differs(Kind.WORKSPACE, workspace.name, _NOT_BROUGHT)
        self._experiments()
        self._runs()
        self._logged_models()
        self._registered_models()
        self._webhooks()
        self._report.rows = {name: (number, self._here[name]) for name, number in counts.imported.items()}
        self._report.left = dict(counts.left)
        return self._report

    def _experiments(self) -> None:
        def read(session: Session, keys: Sequence[str]) -> Iterable[Any]:
            return reading.read_experiments(session, [int(key) for key in keys])

        def count(found: Any) -> None:
            self._here["experiment_tags"] += len(found.tags)

        wanted = []
        for each in self._source.experiments():
            if each.id in self._translation.experiments:
                wanted.append(self._translation.experiment(each))
            else:
                self._differs(Kind.EXPERIMENT, str(each.id), _NOT_BROUGHT)
        self._compare(Kind.EXPERIMENT, "experiments", "id", wanted=wanted, read=read, count=count)

    def _runs(self) -> None:
        heads = [head.uuid for head in self._source.run_heads()]
        left: Counter[int] = Counter()
        for done, batch in _batches(heads):
            wanted = self._source.runs(batch)
            theirs, ours = self._points(batch)
            with self._database.reading() as session:
                found = {run.uuid: run for run in reading.read_runs(session, batch)}
                last = reading.last_values(session, batch)
            self._last_values(self._source.last_values(list(found)), last)
            for run in wanted:
                if run.experiment_id not in self._translation.experiments:
                    left[run.experiment_id] += 1
                    continue
                translated = self._translation.run(run)
                here = found.get(run.uuid)
                if here is None:
                    self._differs(Kind.RUN, run.uuid, "it is not here")
                    continue
                self._here["runs"] += 1
                self._here["params"] += len(here.params)
                self._here["tags"] += len(here.tags) - (len(translated.tags) - len(run.tags))
                self._compare_run(translated, here, theirs.get(run.uuid), ours.get(run.uuid))
            self._listener(Progress(Kind.RUN, done, len(heads), self._report.points))
        for experiment, number in sorted(left.items()):
            self._differs(Kind.EXPERIMENT, str(experiment), f"so its {number:,} runs are not here either")
        self._report.compared[Kind.RUN] = len(heads) - left.total()

    def _points(self, uuids: Sequence[str]) -> tuple[dict[str, PointSum], dict[str, PointSum]]:
        theirs = sums_by_run(self._source.points(uuids))
        with self._database.reading() as session:
            ours = sums_by_run(reading.read_points(session, uuids))
        self._here["metrics"] += sum(each.count for each in ours.values())
        self._report.points += sum(each.count for each in theirs.values())
        return theirs, ours

    def _compare_run(self, wanted: Run, here: Run, theirs: PointSum | None, ours: PointSum | None) -> None:
        expected, found = run_parts(wanted, theirs), run_parts(here, ours)
        for part in expected:
            if expected[part] == found[part]:
                continue
            if part in {"params", "tags"}:
                what = f"{part} differ: {_keys(getattr(wanted, part), getattr(here, part))}"
            elif part == "points":
                what = f"points differ: {self._metrics_that_differ(wanted.uuid)}"
            elif part == "attributes":
                what = f"attributes differ: {_attributes(wanted, here)}"
            else:
                what = f"{part} differ"
            self._differs(Kind.RUN, wanted.uuid, what)

    def _metrics_that_differ(self, uuid: str) -> str:
        theirs = _sums_by_key(self._source.points([uuid]))
        with self._database.reading() as session:
            ours = _sums_by_key(reading.read_points(session, [uuid]))
        return _keys(theirs, ours)

    def _last_values(
        self, wanted: Mapping[tuple[str, str], LastValue], found: Mapping[tuple[str, str], LastValue]
    ) -> None:
        for metric, last in wanted.items():
            here = found.get(metric)
            if here is None or not _same_point(last, here):
                run, key = metric
                self._differs(
                    Kind.RUN, run, f"the last value of {key!r} is {here and tuple(here)}, not {tuple(last)}"
                )

    def _logged_models(self) -> None:
        def read(session: Session, keys: Sequence[str]) -> Iterable[Any]:
            return map(_with_comparable_points, reading.read_logged_models(session, keys))

        def count(found: LoggedModel) -> None:
            self._here["logged_model_params"] += len(found.params)
            self._here["logged_model_tags"] += len(found.tags)
            self._here["logged_model_metrics"] += len(found.points)

        wanted = (
            _with_comparable_points(self._translation.logged_model(each))
            for each in self._source.logged_models()
            if each.experiment_id in self._translation.experiments
        )
        self._compare(Kind.LOGGED_MODEL, "logged_models", "model_id", wanted=wanted, read=read, count=count)

    def _registered_models(self) -> None:
        def count(found: Any) -> None:
            self._here["registered_model_tags"] += len(found.tags)
            self._here["registered_model_aliases"] += len(found.aliases)
            self._here["model_versions"] += len(found.versions)

        def read(session: Session, keys: Sequence[str]) -> Iterable[Any]:
            return reading.read_registered_models(session, sorted({names[key] for key in keys}))

        wanted = []
        for each in self._source.registered_models():
            if each.workspace in self._translation.workspaces:
                wanted.append(self._translation.registered_model(each))
            else:
                self._differs(Kind.REGISTERED_MODEL, each.key, _NOT_BROUGHT)
        names = {model.key: model.name for model in wanted}
        self._compare(
            Kind.REGISTERED_MODEL, "registered_models", "key", wanted=wanted, read=read, count=count
        )

    def _webhooks(self) -> None:
        try:
            webhooks = list(self._source.webhooks())
        except UnreadablePartError as error:
            self._differs(Kind.WEBHOOK, "all", f"they cannot be compared: {error}")
            return
        self._compare(
            Kind.WEBHOOK,
            "webhooks",
            "uuid",
            wanted=(
                self._translation.webhook(each, EVENTS)
                for each in webhooks
                if each.workspace in self._translation.workspaces
            ),
            read=reading.read_webhooks,
            count=lambda _found: None,
        )

    def _compare(
        self,
        kind: Kind,
        table: str,
        key: str,
        *,
        wanted: Iterable[Any],
        read: Callable[[Session, Sequence[str]], Iterable[Any]],
        count: Callable[[Any], None],
    ) -> None:
        compared = 0
        for done, batch in _batches(list(wanted)):
            with self._database.reading() as session:
                keys = [str(getattr(each, key)) for each in batch]
                found = {str(getattr(each, key)): each for each in read(session, keys)}
            for each, name in zip(batch, keys, strict=True):
                here = found.get(name)
                if here is None:
                    self._differs(kind, name, "it is not here")
                    continue
                self._here[table] += 1
                count(here)
                if digest_of(asdict(each)) != digest_of(asdict(here)):
                    self._differs(kind, name, f"these differ: {_attributes(each, here)}")
            compared = done
        self._report.compared[kind] = compared

    def _differs(self, kind: Kind, key: str, what: str) -> None:
        self._report.differences.append(Difference(kind, key, what))


def _same_point(one: LastValue, other: LastValue) -> bool:
    same_value = one.value == other.value or (math.isnan(one.value) and math.isnan(other.value))
    return same_value and one[:2] == other[:2]


def _with_comparable_points(model: LoggedModel) -> LoggedModel:
    """Return a model with its points in order, and 0 for NaN, as MLflow's databases store them."""
    points = [point._replace(value=0.0) if math.isnan(point.value) else point for point in model.points]
    return replace(model, points=sorted(points, key=lambda point: [str(part) for part in point]))


def _attributes(wanted: Any, here: Any) -> str:
    theirs, ours = asdict(wanted), asdict(here)
    names = [name for name in theirs if digest_of(theirs[name]) != digest_of(ours[name])]
    return ", ".join(f"{name} ({_short(ours[name])}, not {_short(theirs[name])})" for name in names)


def _short(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= _SHOWN_TEXT else text[:_SHOWN_TEXT] + "…"


def _keys(wanted: Mapping[str, Any], here: Mapping[str, Any]) -> str:
    keys = sorted(
        key for key in {*wanted, *here} if key not in wanted or key not in here or wanted[key] != here[key]
    )
    more = f" and {len(keys) - _SHOWN} more" if len(keys) > _SHOWN else ""
    return ", ".join(keys[:_SHOWN]) + more


def _sums_by_key(pieces: Iterable[Piece]) -> dict[str, str]:
    sums: dict[str, PointSum] = {}
    for _, key, points in pieces:
        sums.setdefault(key, PointSum()).add(key, points)
    return {key: each.digest for key, each in sums.items()}


def _batches(items: Sequence[Any]) -> Iterator[tuple[int, list[Any]]]:
    """Yield items in batches, each with how many there were so far."""
    rest, done = iter(items), 0
    while batch := list(islice(rest, RUNS_AT_ONCE)):
        done += len(batch)
        yield done, batch
