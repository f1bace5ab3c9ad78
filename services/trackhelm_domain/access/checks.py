"""Whether the request that is being answered may read or change a row: the one place that decides it.

Logic asks about the rows that it has loaded, never about what a request says. What may not be read is
answered as what does not exist; what may be read and not changed is refused. Programs of the server, such as
workers, may do everything.
"""

from collections.abc import Collection, Iterable
from weakref import WeakKeyDictionary

from sqlalchemy import BigInteger, Boolean, ColumnElement, bindparam, exists, false, select
from sqlalchemy.orm import InstrumentedAttribute, Session
from sqlalchemy.pool import Pool

from trackhelm_core.access import DEFAULT_WORKSPACE_ID, Access, Level, current_access
from trackhelm_core.db.statements import is_any_of, is_in_parameter
from trackhelm_core.errors import PermissionDeniedError
from trackhelm_domain.access.rights import RENEWED
from trackhelm_domain.tables import AccessEpoch, Experiment, RegisteredModel, Run

_REMEMBERED = 200_000

_workspaces: WeakKeyDictionary[Pool, dict[int, int]] = WeakKeyDictionary()
"""The workspace of each experiment, by database. No id is used again, but experiments may move to the default
workspace when theirs is deleted."""


def here() -> int:
    """Return the workspace in which names are looked up and things are created: that of the request."""
    found = current_access().workspace_id
    return DEFAULT_WORKSPACE_ID if found is None else found


def reader() -> list[int]:
    """Return what tells in a page token who reads, so that it is refused to anybody else."""
    access = current_access()
    return [access.principal.id, here()] if access.is_confined else []


def permits_everything() -> bool:
    """Return whether the caller may do everything, so that no row has to be loaded to be asked about."""
    access = current_access()
    if access.is_confined:
        return False
    access.is_checked = True
    return True


# Experiments, and what lies in them: runs and logged models.


def permits_experiment(session: Session, experiment_id: int, level: Level | None = None) -> bool:
    """Return whether an experiment may be read; False is to be answered as if there were none.

    `level` is what is needed on it, by default what the route needs.

    Raises:
        PermissionDeniedError: It may be read, and more is needed.
    """
    return bool(permitted_experiments(session, [experiment_id], level))


def permitted_experiments(
    session: Session, experiment_ids: Collection[int], level: Level | None = None
) -> set[int]:
    """Return those experiments that may be read.

    Raises:
        PermissionDeniedError: One may be read, and more than that is needed.
    """
    access = current_access()
    needed = _needed(access, level)
    if not access.is_confined:
        return set(experiment_ids)
    workspaces = _workspaces_of(session, experiment_ids)
    renew(session, access)
    permitted = set()
    for experiment_id in experiment_ids:
        if workspaces.get(experiment_id) != access.workspace_id:
            continue
        found = access.rights.on_experiment(experiment_id)
        if found < Level.READ:
            continue
        if found < needed:
            raise _refused(access, needed, f"experiment {experiment_id}")
        permitted.add(experiment_id)
    return permitted


def readable_runs(session: Session, uuids: Collection[str]) -> list[str]:
    """Return those runs, by their public ids, that may be read, in the order given."""
    access = current_access()
    access.is_checked = True
    if not access.is_confined:
        return list(uuids)
    statement = select(Run.uuid, Run.experiment_id).where(is_any_of(session, Run.uuid, sorted(set(uuids))))
    experiment_of: dict[str, int] = dict(session.execute(statement).all())
    permitted = permitted_experiments(session, set(experiment_of.values()), Level.READ)
    return [uuid for uuid in uuids if experiment_of.get(uuid) in permitted]


def readable_experiments(session: Session) -> ColumnElement[bool] | None:
    """Return the condition that a row of `experiment` may be read; None if every row may."""
    access = current_access()
    access.is_checked = True
    if not access.is_confined:
        return None
    renew(session, access)
    return _in_workspace(
        session,
        access,
        (Experiment.workspace_id, Experiment.id),
        {number: access.rights.on_experiment(number) for number in access.rights.experiments},
        access.rights.on_experiment(_NO_ROW),
    )


def in_readable_experiment(
    session: Session, experiment_id: InstrumentedAttribute[int]
) -> ColumnElement[bool] | None:
    """Return the condition that what has a column with an experiment may be read; None if everything may."""
    readable = readable_experiments(session)
    return None if readable is None else experiment_id.in_(select(Experiment.id).where(readable))


# Rights in a single statement of PostgreSQL that reads and writes: a condition with parameters, whose text is
# the same for everybody, and the values of the parameters for who asks.

_MOST_IN_STATEMENT = 500


def has_rights_on(experiment_id: ColumnElement[int]) -> ColumnElement[bool]:
    """Return the condition that who asks has what is needed on an experiment, by the newest rights."""
    is_besides = is_in_parameter("postgresql", Experiment.id, "besides")
    workspace = Experiment.workspace_id == bindparam("of_workspace", type_=BigInteger)
    is_allowed = is_besides.is_distinct_from(bindparam("by_default", type_=Boolean))
    newest = select(AccessEpoch.epoch).scalar_subquery()
    epoch = bindparam("of_epoch", type_=BigInteger)
    return exists().where(Experiment.id == experiment_id, workspace, is_allowed) & (
        epoch.is_(None) | (epoch == newest)
    )


def experiment_rights() -> dict[str, object] | None:
    """Return the values for `has_rights_on`; None if they are too many, and rows have to be asked about."""
    access = current_access()
    needed = _needed(access, None)
    by_default = access.rights.on_experiment(_NO_ROW) >= needed
    besides = [
        number
        for number in access.rights.experiments
        if (access.rights.on_experiment(number) >= needed) != by_default
    ]
    if len(besides) > _MOST_IN_STATEMENT:
        return None
    return {
        "besides": besides,
        "by_default": by_default,
        "of_workspace": access.workspace_id,
        "of_epoch": None if access.renewal is None else access.epoch,
    }


def _workspaces_of(session: Session, experiment_ids: Iterable[int]) -> dict[int, int]:
    """Return the workspaces of experiments; what is remembered to be elsewhere is looked up again."""
    here = current_access().workspace_id
    pool = session.get_bind().engine.pool
    known = _workspaces.get(pool)
    if known is None or len(known) > _REMEMBERED:
        known = _workspaces[pool] = {}
    missing = sorted({number for number in experiment_ids if known.get(number) != here})
    if missing:
        statement = select(Experiment.id, Experiment.workspace_id)
        for number, workspace in session.execute(statement.where(is_any_of(session, Experiment.id, missing))):
            known[number] = workspace
    return known


# Registered models. Their names are unique in a workspace, so who looks one up by its name asks with it.


def permits_model(session: Session, model_id: int, name: str, level: Level | None = None) -> bool:
    """Return whether a registered model of the workspace may be read, as `permits_experiment` does.

    `model_id` is its row's, and `name` what a refusal calls it.
    """
    access = current_access()
    needed = _needed(access, level)
    if not access.is_confined:
        return True
    renew(session, access)
    found = access.rights.on_model(model_id)
    if found < Level.READ:
        return False
    if found < needed:
        raise _refused(access, needed, f"registered model '{name}'")
    return True


def readable_models(session: Session) -> ColumnElement[bool] | None:
    """Return the condition that a row of `registered_model` may be read; None if every row may."""
    access = current_access()
    access.is_checked = True
    if not access.is_confined:
        return None
    renew(session, access)
    return _in_workspace(
        session,
        access,
        (RegisteredModel.workspace_id, RegisteredModel.id),
        {number: access.rights.on_model(number) for number in access.rights.models},
        access.rights.on_model(_NO_ROW),
    )


# What both have in common.

_NO_ROW = -1
"""An id that no grant is about: the level on it is the one on everything that has no grant of its own."""


def _needed(access: Access, level: Level | None) -> Level:
    if level is not None:
        return level
    access.is_checked = True
    return access.level if access.is_confined else Level.NONE


def _in_workspace(
    session: Session,
    access: Access,
    columns: tuple[InstrumentedAttribute[int], InstrumentedAttribute[int]],
    own: dict[int, Level],
    every: Level,
) -> ColumnElement[bool]:
    workspace, row = columns
    here = workspace == access.workspace_id
    if every >= Level.READ:
        denied = sorted(number for number, level in own.items() if level < Level.READ)
        return here & ~is_any_of(session, row, denied) if denied else here
    granted = sorted(number for number, level in own.items() if level >= Level.READ)
    return here & is_any_of(session, row, granted) if granted else false()


_VERBS = {Level.EDIT: "change", Level.MANAGE: "manage"}


def _refused(access: Access, needed: Level, what: str) -> PermissionDeniedError:
    return PermissionDeniedError(
        f"Permission denied: '{access.principal.name}' may read {what}, and not {_VERBS[needed]} it."
    )


def renew(session: Session, access: Access) -> None:
    """Read the rights of who asks again, if any rights have changed since they were read.

    So a grant counts at once, and one that was taken away, or a token that was revoked, no longer: in every
    process, however long it remembers rights.

    Raises:
        UnauthenticatedError: The account or the token is no longer valid.
    """
    if access.renewal is not None and not session.info.get(RENEWED):
        session.info[RENEWED] = True
        access.renewal(session, access)
