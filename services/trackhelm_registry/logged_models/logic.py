"""Rules about logged models: their names, states, params and tags."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Final

from sqlalchemy.orm import Session

from trackhelm_core.errors import InvalidParameterError, NotFoundError, missing_parameter
from trackhelm_core.ids import new_model_id, random_name
from trackhelm_core.limits import (
    KEY_LENGTH,
    LOGGED_MODEL_PARAMS,
    NAME_LENGTH,
    REGISTRY_TAG_VALUE_LENGTH,
    TEXT_LENGTH,
    WHOLE_TAG_VALUE_LENGTH,
)
from trackhelm_core.search.text import is_storable
from trackhelm_core.validation import check_length, parse_experiment_id
from trackhelm_core.wire.arguments import cut, invalid_value, quoted, shown
from trackhelm_core.wire.replies import KeyValue
from trackhelm_domain.access.checks import permits_experiment
from trackhelm_domain.audit import Action, AuditContext, Change, State, record
from trackhelm_domain.experiments import active_location
from trackhelm_domain.locations import join
from trackhelm_domain.runs.schemas import RESERVED
from trackhelm_domain.tables.runs import RUN_ID_LENGTH, LifecycleStage
from trackhelm_registry.logged_models import store
from trackhelm_registry.logged_models.messages import STATUSES, LoggedModel, LoggedModelData, LoggedModelInfo
from trackhelm_registry.logged_models.schemas import CreateLoggedModel, Pair
from trackhelm_registry.model_versions.registrations import normal_registrations
from trackhelm_registry.model_versions.store import REGISTRATIONS_TAG
from trackhelm_registry.registered_models.changes import of_logged_model, record_creation, record_tags

UNSPECIFIED, PENDING = STATUSES[:2]
_NOT_IN_A_NAME: Final = "/:.%\"'"


def create_model(session: Session, request: CreateLoggedModel, context: AuditContext) -> LoggedModel:
    """Create a pending model in an active experiment and return it; generates a name if none is given."""
    experiment = parse_experiment_id(request.experiment_id)
    name = _check_name(request.name) if request.name else random_name()
    model_type = check_length(request.model_type, "model_type", NAME_LENGTH)
    # Any id is accepted, because the model may have been made by a run that this server does not have.
    source_run_id = check_length(request.source_run_id, "source_run_id", RUN_ID_LENGTH)
    params, tags = _clean_params(request.params), _clean_tags(request.tags)
    location = active_location(session, experiment, request.experiment_id)
    model_id = new_model_id()
    info = LoggedModelInfo(
        model_id=model_id,
        experiment_id=str(experiment),
        name=name,
        creation_timestamp_ms=context.time,
        last_updated_timestamp_ms=context.time,
        artifact_uri=join(location, "models", model_id, "artifacts"),
        status=PENDING,
        model_type=model_type or None,
        source_run_id=source_run_id or None,
        tags=_shown_pairs(tags),
    )
    model = store.insert_model(session, info)
    store.add_params(session, model, params)
    store.set_tags(session, model, tags)
    state: State = {
        "name": name,
        "experiment_id": info.experiment_id,
        "source_run_id": source_run_id,
        "model_type": model_type,
        "params": params,
        "tags": tags,
    }
    record_creation(session, of_logged_model(model_id), state, context)
    return LoggedModel(info=info, data=LoggedModelData(params=_shown_pairs(params)))


def get_model(session: Session, model_id: str, *, allow_deleted: bool) -> LoggedModel:
    """Return a model; a deleted one only if `allow_deleted`."""
    found = None
    if is_storable(model_id):
        found = store.find_model(session, model_id, allow_deleted=allow_deleted)
    if found is None or not permits_experiment(session, int(found.info.experiment_id)):
        raise _not_found(model_id)
    return found


def finalize_model(session: Session, model_id: str, status: str, context: AuditContext) -> LoggedModel:
    """Set a model's status, by its name or protobuf number, and return the model."""
    known = _parse_status(status)
    found = _active(session, model_id)
    store.set_status(session, found.id, known, now=context.time)
    states = {"status": found.status}, {"status": known}
    record(session, Change(of_logged_model(model_id), Action.STATUS_CHANGED, *states), context)
    return get_model(session, model_id, allow_deleted=False)


def delete_model(session: Session, model_id: str, context: AuditContext) -> None:
    """Move a model to the bin. If it is there already, nothing changes: a client may repeat its request."""
    found = _locked(session, model_id)
    if found.stage is LifecycleStage.ACTIVE:
        store.delete_model(session, found.id, now=context.time)
        states = {"lifecycle_stage": found.stage.value}, {"lifecycle_stage": LifecycleStage.DELETED.value}
        record(session, Change(of_logged_model(model_id), Action.DELETED, *states), context)


def set_tags(session: Session, model_id: str, tags: Sequence[Pair], context: AuditContext) -> None:
    """Set tags of a model; if a key occurs twice, the last value is kept."""
    clean = _clean_tags(tags)
    model = _active(session, model_id).id
    before = store.find_tags(session, model, clean)
    store.set_tags(session, model, clean)
    record_tags(session, of_logged_model(model_id), before, clean, context)


def delete_tag(session: Session, model_id: str, key: str, context: AuditContext) -> None:
    """Delete a tag of a model."""
    model = _active(session, model_id).id
    value = store.delete_tag(session, model, key) if is_storable(key) else None
    if value is None:
        raise NotFoundError(f"No tag with key {cut(key)!r} found for model with ID '{model_id}'.")
    record_tags(session, of_logged_model(model_id), {key: value}, {}, context)


def log_params(session: Session, model_id: str, params: Sequence[Pair], context: AuditContext) -> None:
    """Add params to a model. They never change: repeating a value is no error, another value is refused."""
    clean = _clean_params(params)
    model = _active(session, model_id).id
    stored = store.find_params(session, model, clean)
    for key, old in stored.items():
        if old != clean[key]:
            raise InvalidParameterError(
                f"Changing param values is not allowed. Param with key='{key}' was already logged with "
                f"value={shown(old)} for model ID='{model_id}'. Attempted logging new value "
                f"{shown(clean[key])}."
            )
    store.add_params(session, model, clean)
    added = {key: value for key, value in clean.items() if key not in stored}
    change = Change(of_logged_model(model_id), Action.PARAMS_LOGGED, {"params": {}}, {"params": added})
    record(session, change, context)


def _active(session: Session, model_id: str) -> store.ModelRef:
    found = _locked(session, model_id)
    if found.stage is not LifecycleStage.ACTIVE:
        raise _not_found(model_id)
    return found


def _locked(session: Session, model_id: str) -> store.ModelRef:
    found = store.lock_model(session, model_id) if is_storable(model_id) else None
    if found is None or not permits_experiment(session, found.experiment_id):
        raise _not_found(model_id)
    return found


def _not_found(model_id: str) -> NotFoundError:
    # The stock client's tests compare these words.
    return NotFoundError(f"Logged model with ID {quoted(model_id)} not found.")


def _check_name(name: str) -> str:
    if any(character in _NOT_IN_A_NAME for character in name):
        raise InvalidParameterError(
            f"Invalid model name ({cut(name)!r}) provided. Model name must be a non-empty string and cannot "
            f"contain any of the characters {' '.join(_NOT_IN_A_NAME)}"
        )
    return check_length(name, "name", NAME_LENGTH)


def _parse_status(status: str) -> str:
    numbered = {str(number): name for number, name in enumerate(STATUSES)}
    name = numbered.get(status, status)
    if name == UNSPECIFIED:
        raise missing_parameter("status")
    if name not in STATUSES:
        raise invalid_value(status, "status", f"it must be one of {', '.join(STATUSES[1:])}")
    return name


def _clean_params(params: Sequence[Pair]) -> dict[str, str]:
    if len(params) > LOGGED_MODEL_PARAMS:
        raise InvalidParameterError(
            f"A request can contain at most {LOGGED_MODEL_PARAMS} params of a logged model. "
            f"Got {len(params)}. Please split them up across multiple requests."
        )
    clean = {param.key: _check_pair(param, TEXT_LENGTH) for param in params}
    twice = sorted(key for key, count in Counter(param.key for param in params).items() if count > 1)
    if twice:
        raise InvalidParameterError(f"Duplicate parameter keys have been submitted: {twice}.")
    return clean


def _clean_tags(tags: Sequence[Pair]) -> dict[str, str]:
    clean = {tag.key: _check_pair(tag, _tag_length(tag.key)) for tag in tags}
    if REGISTRATIONS_TAG in clean:
        clean[REGISTRATIONS_TAG] = normal_registrations(clean[REGISTRATIONS_TAG])
    return clean


def _tag_length(key: str) -> int:
    return WHOLE_TAG_VALUE_LENGTH if key.startswith(RESERVED) else REGISTRY_TAG_VALUE_LENGTH


def _check_pair(pair: Pair, limit: int) -> str:
    # A key may contain any characters, because MLflow has no rule for the keys of logged models.
    check_length(pair.key, "key", KEY_LENGTH)
    return check_length(pair.value, "value", limit)


def _shown_pairs(pairs: Mapping[str, str]) -> Sequence[KeyValue]:
    return tuple(KeyValue(key, pairs[key]) for key in sorted(pairs))
