"""Whether a request may log metrics to its run. What is looked up is remembered: most touch no database.

A run never moves to another experiment, nor a logged model. Experiments move to the default workspace when
theirs is deleted, so what is remembered to be in another workspace is looked up again.
"""

from collections.abc import Iterable, Mapping
from typing import Final, NamedTuple

from sqlalchemy import select
from starlette.concurrency import run_in_threadpool

from trackhelm_core.access import Access, Level, as_program, current_access
from trackhelm_core.db.statements import is_any_of
from trackhelm_core.db.unit_of_work import Database
from trackhelm_core.errors import ApiError, PermissionDeniedError
from trackhelm_domain.access.checks import renew
from trackhelm_domain.tables import Experiment, LoggedModel, Run
from trackhelm_ingest.metrics.series import MODEL_LABEL, SeriesKey
from trackhelm_ingest.runs.logic import run_not_found

_REMEMBERED: Final = 100_000


class _Owner(NamedTuple):
    """The experiment of a run or of a logged model, and its workspace."""

    experiment_id: int
    workspace_id: int


class LoggingRights:
    """Checks the requests of this process; used on the event loop."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._runs: dict[str, _Owner] = {}
        self._models: dict[str, _Owner] = {}
        # The epoch of Redis in which the rights of each principal were last read.
        self._read_in: dict[tuple[int, int | None], int] = {}

    async def check(self, run: str, series: Iterable[SeriesKey] = ()) -> None:
        """Refuse a request that may not log to a run, or to a logged model that its series are of.

        Raises:
            NotFoundError: There is no such run, or it may not be read.
            PermissionDeniedError: The run may be read only, or the logged model may not be changed.
        """
        access = current_access()
        access.is_checked = True
        if not access.is_confined:
            return
        owner = self._runs.get(run)
        models = {value for each in series for name, value in each.labels if name == MODEL_LABEL}
        if not _is_in(access, owner) or not all(_is_in(access, self._models.get(each)) for each in models):
            await run_in_threadpool(self._look_up, run, models)
            owner = self._runs.get(run)
        try:
            self._decide(access, run, owner, models)
        except ApiError:
            if access.renewal is None:
                raise
            # It may have been granted a moment ago, in another process.
            await run_in_threadpool(self._renew, access)
            self._decide(access, run, owner, models)

    def _decide(self, access: Access, run: str, owner: _Owner | None, models: Iterable[str]) -> None:
        level = _level(access, owner)
        if level < Level.READ:
            raise run_not_found(run)
        if level < Level.EDIT:
            raise PermissionDeniedError(
                f"Permission denied: '{access.principal.name}' may read run {run}, and not log to it."
            )
        for model in models:
            # What is not there may be of another server; nothing of it is shown here.
            if model in self._models and _level(access, self._models[model]) < Level.EDIT:
                raise PermissionDeniedError(
                    f"Permission denied: '{access.principal.name}' may not change logged model '{model}'."
                )

    async def read_in(self, newest: int) -> int:
        """Return the epoch of Redis in which the rights of who asks were read; they are read now if never.

        Read `newest`, the epoch that was last seen, before this.

        Raises:
            UnauthenticatedError: The account or the token is no longer valid.
        """
        access = current_access()
        if access.renewal is None:
            return newest
        key = (access.principal.id, access.principal.token_id)
        known = self._read_in.get(key)
        if known is None:
            await run_in_threadpool(self._renew, access)
            if len(self._read_in) > _REMEMBERED:
                self._read_in.clear()
            known = self._read_in[key] = newest
        return known

    def forget(self) -> None:
        """Read the rights of who asks again when they are asked for."""
        principal = current_access().principal
        self._read_in.pop((principal.id, principal.token_id), None)

    def _renew(self, access: Access) -> None:
        with self._database.reading_once() as session:
            renew(session, access)

    def _look_up(self, run: str, models: set[str]) -> None:
        with as_program(), self._database.reading_once() as session:
            columns = (Experiment.id, Experiment.workspace_id)
            found = select(Run.uuid, *columns).join(Experiment, Experiment.id == Run.experiment_id)
            runs = {uuid: _Owner(*owner) for uuid, *owner in session.execute(found.where(Run.uuid == run))}
            _remember(self._runs, runs)
            if models:
                found = select(LoggedModel.model_id, *columns).join(
                    Experiment, Experiment.id == LoggedModel.experiment_id
                )
                of_models = session.execute(
                    found.where(is_any_of(session, LoggedModel.model_id, sorted(models)))
                )
                _remember(self._models, {model: _Owner(*owner) for model, *owner in of_models})


def _remember(known: dict[str, _Owner], found: Mapping[str, _Owner]) -> None:
    if len(known) > _REMEMBERED:
        known.clear()
    known.update(found)


def _is_in(access: Access, owner: _Owner | None) -> bool:
    return owner is not None and owner.workspace_id == access.workspace_id


def _level(access: Access, owner: _Owner | None) -> Level:
    if owner is None or owner.workspace_id != access.workspace_id:
        return Level.NONE
    return access.rights.on_experiment(owner.experiment_id)
