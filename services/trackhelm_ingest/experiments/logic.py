"""Rules for experiments: names, locations, the bin."""

import secrets
from collections.abc import Mapping

from sqlalchemy.orm import Session

from trackhelm_core.access import (
    DEFAULT_WORKSPACE,
    DEFAULT_WORKSPACE_ID,
    EVERYBODY,
    Access,
    current_access,
)
from trackhelm_core.errors import AlreadyExistsError, InvalidParameterError, NotFoundError
from trackhelm_core.limits import EXPERIMENT_NAME_LENGTH, EXPERIMENT_TAG_VALUE_LENGTH
from trackhelm_core.validation import check_key, check_length, parse_experiment_id
from trackhelm_core.wire.arguments import quoted, shown
from trackhelm_domain.access.checks import here, permits_experiment
from trackhelm_domain.access.rights import own_created
from trackhelm_domain.audit import AuditContext, Entity, EntityType
from trackhelm_domain.claims import others_claim
from trackhelm_domain.gone_workspaces import hold_workspace
from trackhelm_domain.locations import (
    OF_WORKSPACES,
    PROXY_SCHEME,
    Places,
    check_artifact_location,
    join,
    lock_locations,
    owner_of,
)
from trackhelm_domain.quotas.usage import Stock, note_use
from trackhelm_domain.tables.runs import LifecycleStage
from trackhelm_ingest.deletion.logic import record_move
from trackhelm_ingest.experiments import store


def create_experiment(
    session: Session, places: Places, *, name: str, artifact_location: str, tags: Mapping[str, str], now: int
) -> int:
    """Create an active experiment and return its id.

    Its location must have no other owner. Without a given location, its files are in a folder of the server's
    store named after the id.
    """
    _check_name(name)
    for key, value in tags.items():
        _check_tag(key, value)
    access = current_access()
    if artifact_location:
        artifact_location = check_artifact_location(artifact_location)
        _check_place(places, artifact_location, access)
    try:
        experiment_id = store.insert_experiment(session, hold_workspace(session), name=name, now=now)
    except store.NameTakenError as error:
        raise _name_taken(name) from error
    if artifact_location:
        lock_locations(session)
        owner = owner_of(session, places, artifact_location, experiment_id) or others_claim(
            session, places, artifact_location
        )
        if owner:
            raise InvalidParameterError(f"Invalid artifact location {shown(artifact_location)}: {owner}.")
    else:
        artifact_location = join(default_root(session, access), str(experiment_id))
        if owner_of(session, places, artifact_location, experiment_id):
            # Another experiment was given this location before such locations were refused.
            artifact_location = f"{artifact_location}-{secrets.token_hex(8)}"
    store.set_location(session, experiment_id, artifact_location)
    store.set_tags(session, experiment_id, tags)
    own_created(session, access.principal, here(), experiment_id=experiment_id)
    note_use(session, here(), Stock.EXPERIMENTS)
    return experiment_id


def default_root(session: Session, access: Access) -> str:
    """Return the URI below which the experiments of the workspace have their files by default."""
    if access.workspace_id in {None, DEFAULT_WORKSPACE_ID}:
        return f"{PROXY_SCHEME}:"
    return store.artifact_root(session, here()) or f"{PROXY_SCHEME}:/{OF_WORKSPACES}/{access.workspace_name}"


def _check_place(places: Places, location: str, access: Access) -> None:
    """Refuse a location outside of what belongs to the workspace.

    Elsewhere than in the server's own store, whose files belong to whom is not known: managers choose that.
    """
    if access.principal is EVERYBODY or access.workspace_id is None:
        return
    if not places.is_own(location):
        if not access.rights.manages:
            raise access.denied("choose a location outside of the server's store")
        return
    first, _, rest = places.own_path(location).partition("/")
    name = rest.partition("/")[0] if first == OF_WORKSPACES else DEFAULT_WORKSPACE
    if name != access.workspace_name:
        raise InvalidParameterError(
            f"Invalid artifact location {shown(location)}: it belongs to another workspace."
        )


def delete_experiment(session: Session, experiment_id: str, context: AuditContext) -> None:
    """Put an active experiment and its runs into the bin."""
    _move(session, experiment_id, LifecycleStage.ACTIVE, LifecycleStage.DELETED, context)


def restore_experiment(session: Session, experiment_id: str, context: AuditContext) -> None:
    """Take an experiment out of the bin with all its runs, also those that were deleted before it."""
    _move(session, experiment_id, LifecycleStage.DELETED, LifecycleStage.ACTIVE, context)


def rename_experiment(session: Session, experiment_id: str, new_name: str, *, now: int) -> None:
    """Rename an active experiment."""
    _check_name(new_name)
    found = _active(session, experiment_id)
    try:
        store.rename_experiment(session, found, new_name, now=now)
    except store.NameTakenError as error:
        raise _name_taken(new_name) from error


def set_experiment_tag(session: Session, experiment_id: str, key: str, value: str, *, now: int) -> None:
    """Set a tag of an active experiment."""
    _check_tag(key, value)
    found = _active(session, experiment_id)
    store.set_tags(session, found, {key: value})
    store.touch(session, found, now=now)


def delete_experiment_tag(session: Session, experiment_id: str, key: str, *, now: int) -> None:
    """Delete a tag of an active experiment."""
    found = _active(session, experiment_id)
    if not store.delete_tag(session, found, key):
        raise NotFoundError(f"No tag with name: {key} in experiment with id {found}.")
    store.touch(session, found, now=now)


def _move(
    session: Session,
    experiment_id: str,
    origin: LifecycleStage,
    target: LifecycleStage,
    context: AuditContext,
) -> None:
    found = parse_experiment_id(experiment_id)
    if store.stage_of(session, found) is not origin or not permits_experiment(session, found):
        raise NotFoundError(f"No Experiment with id={experiment_id} exists that is {origin.value}.")
    store.set_stage(session, found, target, now=context.time)
    record_move(session, Entity(EntityType.EXPERIMENT, str(found)), target, context)


def _active(session: Session, experiment_id: str) -> int:
    found = parse_experiment_id(experiment_id)
    stage = store.stage_of(session, found)
    if stage is None or not permits_experiment(session, found):
        raise NotFoundError(f"No Experiment with id={experiment_id} exists.")
    match stage:
        case LifecycleStage.DELETED:
            raise InvalidParameterError(
                f"The experiment {experiment_id} must be in the 'active' state. Current state is deleted."
            )
        case _:
            return found


def _check_name(name: str) -> None:
    if not name.strip():
        raise InvalidParameterError(f"Invalid experiment name: {quoted(name)}. It must not be blank.")
    check_length(name, "name", EXPERIMENT_NAME_LENGTH)


def _check_tag(key: str, value: str) -> None:
    check_key(key)
    check_length(value, "value", EXPERIMENT_TAG_VALUE_LENGTH)


def _name_taken(name: str) -> AlreadyExistsError:
    return AlreadyExistsError(
        f"Experiment(name={name}) already exists. "
        "The name of a deleted experiment stays taken: restore it or choose another name."
    )
