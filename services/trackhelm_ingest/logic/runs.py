"""Rules about runs: their names, states, params and tags."""

import json
from collections.abc import Mapping
from typing import Any, Final

from sqlalchemy.orm import Session

from trackhelm_core.audit.changes import Cause, Entity, EntityType
from trackhelm_core.db.experiments import active_location
from trackhelm_core.db.models.lifecycle import LifecycleStage
from trackhelm_core.errors import InvalidParameterError, NotFoundError
from trackhelm_core.ids import new_run_id
from trackhelm_core.limits import NAME_LENGTH
from trackhelm_core.locations import join
from trackhelm_core.names import random_name
from trackhelm_core.run_tags import LOGGED_MODEL_HISTORY, RUN_NAME
from trackhelm_core.validation import check_length, parse_experiment_id
from trackhelm_core.wire.faults import invalid_value
from trackhelm_core.wire.json import decode_json
from trackhelm_core.wire.runs import RunInfo
from trackhelm_ingest.logic.active_runs import active_run, locked_run, run_not_found
from trackhelm_ingest.logic.bin import record_move
from trackhelm_ingest.logic.run_events import announce_status
from trackhelm_ingest.logic.values import clean_tag_value
from trackhelm_ingest.run_states import STATUSES
from trackhelm_ingest.store import runs as store
from trackhelm_ingest.store.runs import Lock, RunRef

_MODEL_FIELDS: Final = ("artifact_path", "flavors", "utc_time_created", "run_id")


def create_run(
    session: Session,
    *,
    experiment_id: str,
    user_id: str,
    run_name: str,
    start_time: int,
    tags: dict[str, str],
    now: int,
) -> tuple[RunInfo, dict[str, str]]:
    """Create a running run and return what it is and its tags, the run's name among them."""
    number = parse_experiment_id(experiment_id)
    name = _agreed_name(run_name, tags.get(RUN_NAME, "")) or random_name()
    check_length(name, "run_name", NAME_LENGTH)
    check_length(user_id, "user_id", NAME_LENGTH)
    location = active_location(session, number, experiment_id)
    run_id = new_run_id()
    run = RunInfo(
        run_id=run_id,
        run_uuid=run_id,
        run_name=name,
        experiment_id=str(number),
        user_id=user_id,
        status="RUNNING",
        start_time=start_time,
        artifact_uri=join(location, run_id, "artifacts"),
        lifecycle_stage=LifecycleStage.ACTIVE.value,
    )
    tags = {**tags, RUN_NAME: name}
    store.set_tags(session, store.insert_run(session, run), tags)
    announce_status(session, run, now)
    return run, tags


def update_run(
    session: Session,
    uuid: str,
    *,
    status: str | int | None,
    end_time: int | None,
    run_name: str,
    now: int,
) -> RunInfo:
    """Change a run's state, end or name; what is not given (or is no known state) stays.

    `now` is milliseconds since the epoch.
    """
    # The run's name is a tag, too.
    run = (active_run if run_name else locked_run)(session, uuid, lock=Lock.OWN)
    changes: dict[str, str | int | None] = {}
    if known := _known_status(status):
        changes["status"] = known
    if end_time is not None:
        changes["end_time"] = end_time
    if changes:
        store.update_run(session, run.id, **changes)
    if run_name:
        _rename(session, run.id, run_name)
        store.set_tags(session, run.id, {RUN_NAME: run_name})
    info = store.run_info(session, run.id)
    if info.status != run.status:
        announce_status(session, info, now)
    return info


def move_run(session: Session, uuid: str, stage: LifecycleStage, cause: Cause) -> None:
    """Put a run into the bin or take it out; a run that is there already stays as it is."""
    run = store.find_runs(session, [uuid], lock=Lock.OWN).get(uuid)
    if run is None:
        raise run_not_found(uuid)
    if run.stage is not stage:
        deleted_time = cause.time if stage is LifecycleStage.DELETED else None
        store.update_run(session, run.id, lifecycle_stage=stage, deleted_time=deleted_time)
        record_move(session, Entity(EntityType.RUN, uuid), stage, cause)


def log_param(session: Session, uuid: str, key: str, value: str) -> None:
    """Add a param; one that is there must have the same value."""
    for _, old in _add_params(session, active_run(session, uuid), {key: value}):
        raise InvalidParameterError(
            f"Changing param values is not allowed. Param with key='{key}' was already logged "
            f"with value='{old}' for run ID='{uuid}'. Attempted logging new value '{value}'."
        )


def log_pairs(session: Session, uuid: str, params: Mapping[str, str], tags: Mapping[str, str]) -> None:
    """Add params and set tags; a param that is there must have the same value. A run must be there."""
    # Locks in one order whatever a request holds: the run, then all new keys, sorted. Were the keys of params
    # inserted before those of tags, two requests with the same keys in other places would end in a deadlock.
    run = active_run(session, uuid, lock=_lock_for(tags))
    store.add_keys(session, {*params, *tags})
    if params and (conflicts := _add_params(session, run, params)):
        shown = [{"key": key, "old_value": old, "new_value": params[key]} for key, old in conflicts]
        raise InvalidParameterError(
            f"Changing param values is not allowed. Params were already logged='{shown}' for run ID='{uuid}'."
        )
    if tags:
        _set_tags(session, run, tags)


def _add_params(session: Session, run: RunRef, params: Mapping[str, str]) -> list[tuple[str, str]]:
    """Add params and return those that have another value already, with that value."""
    stored = store.add_params(session, run.id, params)
    return [(key, stored[key]) for key, value in params.items() if stored[key] != value]


def set_tags(session: Session, uuid: str, tags: Mapping[str, str]) -> None:
    """Set tags; the tag of the run's name renames the run. A run has a name: an empty one changes nothing."""
    _set_tags(session, active_run(session, uuid, lock=_lock_for(tags)), tags)


def _set_tags(session: Session, run: RunRef, tags: Mapping[str, str]) -> None:
    tags = {key: value for key, value in tags.items() if value or key != RUN_NAME}
    store.set_tags(session, run.id, tags)
    if RUN_NAME in tags:
        _rename(session, run.id, tags[RUN_NAME])


def _lock_for(tags: Mapping[str, str]) -> Lock:
    return Lock.OWN if RUN_NAME in tags else Lock.CONTENTS


def delete_tag(session: Session, uuid: str, key: str) -> None:
    """Delete a tag that is there."""
    run = active_run(session, uuid)
    if not store.delete_tag(session, run.id, key):
        raise NotFoundError(f"No tag with name: {key} in run with id {uuid}")


def log_model(session: Session, uuid: str, model_json: str) -> None:
    """Append a model, described as clients before 3.0 do, to the run's history of models."""
    model = _parse_model(model_json)
    if model["run_id"] != uuid:
        raise InvalidParameterError(
            f"Invalid model info: its run_id is {model['run_id']!r}, but it is logged to run '{uuid}'."
        )
    run = active_run(session, uuid, lock=Lock.OWN)
    history = _parse_history(store.find_tag(session, run.id, LOGGED_MODEL_HISTORY))
    value = clean_tag_value(LOGGED_MODEL_HISTORY, json.dumps([*history, model]))
    store.set_tags(session, run.id, {LOGGED_MODEL_HISTORY: value})


def _parse_history(tag: str | None) -> list[Any]:
    history = _parse_json("[]" if tag is None else tag, f"Tag '{LOGGED_MODEL_HISTORY}' of the run")
    if not isinstance(history, list):
        raise InvalidParameterError(f"Tag '{LOGGED_MODEL_HISTORY}' of the run is not a JSON list.")
    return history


def _parse_json(text: str, subject: str) -> Any:
    try:
        return decode_json(text)
    except json.JSONDecodeError as error:
        raise InvalidParameterError(f"{subject} is not valid JSON: {error}.") from error


def _parse_model(model_json: str) -> dict[str, Any]:
    model = _parse_json(model_json, "Malformed model info: it")
    missing = [name for name in _MODEL_FIELDS if not isinstance(model, dict) or name not in model]
    if missing:
        raise InvalidParameterError(f"Model json is missing mandatory fields: {missing}.")
    found: dict[str, Any] = model
    return found


def _rename(session: Session, run_id: int, name: str) -> None:
    store.update_run(session, run_id, name=check_length(name, "run_name", NAME_LENGTH))


def _agreed_name(run_name: str, tag: str) -> str:
    if run_name and tag and run_name != tag:
        raise InvalidParameterError(
            "Both 'run_name' argument and 'mlflow.runName' tag are specified, but with different values "
            f"(run_name='{run_name}', mlflow.runName='{tag}')."
        )
    return run_name or tag


def _known_status(status: str | int | None) -> str | None:
    if isinstance(status, int):
        if status not in STATUSES:
            allowed = ", ".join(f"{number} ({name})" for number, name in STATUSES.items())
            raise invalid_value(status, "status", f"it must be one of {allowed}")
        return STATUSES[status]
    # protobuf drops a name that it does not know, so clients newer than the server may send one.
    return status if status in STATUSES.values() else None
