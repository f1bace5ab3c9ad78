"""Rules for saved views: their names, their state, and the audit events of their changes."""

from json import JSONDecodeError
from typing import Any, Final

from sqlalchemy.orm import Session

from trackhelm_core.errors import AlreadyExistsError, InvalidParameterError, NotFoundError
from trackhelm_core.ids import new_view_id
from trackhelm_core.limits import SAVED_VIEW_NAME_LENGTH, SAVED_VIEW_STATE_LENGTH, SAVED_VIEWS
from trackhelm_core.validation import check_length, parse_experiment_id
from trackhelm_core.wire.arguments import invalid_value, quoted
from trackhelm_core.wire.requests import decode_json
from trackhelm_domain.access.checks import permits_experiment
from trackhelm_domain.audit import Action, AuditContext, Change, Entity, EntityType, State, record
from trackhelm_domain.tables.runs import LifecycleStage
from trackhelm_query.views import store
from trackhelm_query.views.store import StoredView

_NOT_SAVED: Final = "The view was not saved"


def get_view(session: Session, view_id: str) -> StoredView:
    """Return a view."""
    return _found(session, store.by_uuid(session, view_id), view_id)


def list_views(session: Session, experiment_id: str) -> list[StoredView]:
    """Return the views of an experiment, in the order of their names."""
    number = parse_experiment_id(experiment_id)
    if store.stage_of_experiment(session, number) is None or not permits_experiment(session, number):
        raise _no_experiment(experiment_id)
    return store.of_experiment(session, number)


def create_view(
    session: Session, experiment_id: str, name: str, state: str, context: AuditContext
) -> StoredView:
    """Save a view of an active experiment under a name that no other of its views has."""
    number = parse_experiment_id(experiment_id)
    name, state = _checked_name(name), _checked_state(state)
    stage = store.stage_of_experiment(session, number, lock=True)
    if stage is None or not permits_experiment(session, number):
        raise _no_experiment(experiment_id)
    if stage != LifecycleStage.ACTIVE:
        raise InvalidParameterError(f"{_NOT_SAVED}: experiment {experiment_id} is in the bin.")
    names = store.names_of(session, number)
    _check_is_free(name, names)
    if len(names) >= SAVED_VIEWS:
        raise InvalidParameterError(
            f"{_NOT_SAVED}: the experiment has {SAVED_VIEWS} views, and there may be no more."
        )
    uuid = new_view_id()
    values = {
        "uuid": uuid,
        "experiment_id": number,
        "name": name,
        "state": state,
        "created_by": context.actor.name,
        "updated_by": context.actor.name,
        "creation_time": context.time,
        "last_update_time": context.time,
    }
    store.insert_view(session, values)
    created = get_view(session, uuid)
    record(session, Change(_entity(uuid), Action.CREATED, None, _state(created)), context)
    return created


def update_view(
    session: Session, view_id: str, name: str | None, state: str | None, context: AuditContext
) -> StoredView:
    """Rename a view, replace its state, or both."""
    before = _locked(session, view_id)
    values: dict[str, Any] = {}
    if name is not None and (name := _checked_name(name)) != before.name:
        _check_is_free(name, store.names_of(session, before.experiment_id))
        values["name"] = name
    if state is not None:
        values["state"] = _checked_state(state)
    if values:
        values |= {"updated_by": context.actor.name, "last_update_time": context.time}
        store.update_view(session, before.id, values)
    after = get_view(session, view_id)
    action = Action.RENAMED if before.name != after.name else Action.UPDATED
    record(session, Change(_entity(view_id), action, _state(before), _state(after)), context)
    return after


def delete_view(session: Session, view_id: str, context: AuditContext) -> None:
    """Delete a view."""
    before = _locked(session, view_id)
    store.delete_view(session, before.id)
    record(session, Change(_entity(view_id), Action.DELETED, _state(before), None), context)


def _found(session: Session, view: StoredView | None, view_id: str) -> StoredView:
    if view is None or not permits_experiment(session, view.experiment_id):
        raise NotFoundError(f"No saved view with id={view_id} exists.")
    return view


def _locked(session: Session, view_id: str) -> StoredView:
    # The experiment is locked first, as by a transaction that saves another view of it.
    found = get_view(session, view_id)
    store.stage_of_experiment(session, found.experiment_id, lock=True)
    return _found(session, store.by_uuid(session, view_id, lock=True), view_id)


def _checked_name(name: str) -> str:
    check_length(name, "name", SAVED_VIEW_NAME_LENGTH)
    if not name.strip():
        raise invalid_value(name, "name", "it must have a character that is not a space")
    return name.strip()


def _check_is_free(name: str, names: dict[str, str]) -> None:
    if name in names:
        raise AlreadyExistsError(f"{_NOT_SAVED}: the experiment has a view named {quoted(name)} already.")


def _checked_state(state: str) -> str:
    check_length(state, "state", SAVED_VIEW_STATE_LENGTH)
    try:
        is_object = isinstance(decode_json(state), dict)
    except JSONDecodeError:
        is_object = False
    if not is_object:
        raise invalid_value(state, "state", "it must be a JSON object")
    return state


def _entity(uuid: str) -> Entity:
    return Entity(EntityType.SAVED_VIEW, uuid)


def _state(view: StoredView) -> State:
    return {"experiment_id": str(view.experiment_id), "name": view.name, "state": view.state}


def _no_experiment(experiment_id: str) -> NotFoundError:
    return NotFoundError(f"No Experiment with id={experiment_id} exists.")
