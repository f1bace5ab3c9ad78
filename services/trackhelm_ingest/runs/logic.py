"""Rules for runs: names, states, params and tags, which may be written to, and when they are finalized.

After a run has ended, its snapshot is made once, and reads use it from then on. Of one that goes on all but
its metrics is made likewise: it is documented. A write to a finalized run reopens it, and it is finalized
again; so does a write other than of metrics to a documented run. A run that is neither is read from its rows:
correct, and slower.
"""

import json
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from sqlalchemy.orm import Session

from trackhelm_core.errors import ApiError, ErrorCode, InvalidParameterError, NotFoundError
from trackhelm_core.ids import new_run_id, random_name
from trackhelm_core.limits import (
    BATCH_ITEMS,
    BATCH_METRICS,
    BATCH_PARAMS,
    BATCH_TAGS,
    KEY_LENGTH,
    NAME_LENGTH,
    PARAM_VALUE_LENGTH,
    RUN_TAG_VALUE_LENGTH,
    WHOLE_TAG_VALUE_LENGTH,
)
from trackhelm_core.validation import check_key, check_length, parse_experiment_id
from trackhelm_core.wire.arguments import invalid_value, shown, too_long
from trackhelm_core.wire.requests import decode_json
from trackhelm_domain.access.checks import here
from trackhelm_domain.audit import AuditContext, Entity, EntityType
from trackhelm_domain.experiments import active_location
from trackhelm_domain.keys import keys_of
from trackhelm_domain.locations import join
from trackhelm_domain.outbox import Announcement, Event, announce
from trackhelm_domain.quotas.usage import Stock, note_use
from trackhelm_domain.runs.messages import DocumentWriter, pair_digests, run_contents
from trackhelm_domain.runs.reading import run_records
from trackhelm_domain.runs.schemas import LOGGED_MODEL_HISTORY, RUN_NAME, RunInfo, must_stay_whole
from trackhelm_domain.tables.runs import LifecycleStage
from trackhelm_ingest.deletion.logic import record_move
from trackhelm_ingest.runs import store
from trackhelm_ingest.runs.store import ENDED, STATUSES, Lock, RunRef, Source

# Rules for params and tags: keys, values, and duplicates in one request.


def clean_params(params: Iterable[tuple[str, str]], of: str = "") -> dict[str, str]:
    """Return params to store. Long values are truncated, as in MLflow; a key may occur once.

    `of` is the name of their list in the request, for messages.
    """
    listed = list(params)
    if len(listed) > 1:
        twice = sorted(key for key, count in Counter(key for key, _ in listed).items() if count > 1)
        if twice:
            raise InvalidParameterError(f"Duplicate parameter keys have been submitted: {twice}.")
    return {
        check_key(key, _place(of, index), "Param key"): value[:PARAM_VALUE_LENGTH]
        for index, (key, value) in enumerate(listed)
    }


def clean_tags(tags: Iterable[tuple[str, str]], of: str = "") -> dict[str, str]:
    """Return tags to store, with values by `clean_tag_value`; of equal keys the last one is used."""
    return {
        check_key(key, _place(of, index)): clean_tag_value(key, value)
        for index, (key, value) in enumerate(tags)
    }


def clean_new_run_tags(tags: Iterable[tuple[str, str]]) -> dict[str, str]:
    """Return the tags of a new run. Here, and only here, MLflow's server accepts any key."""
    return {check_length(key, "key", KEY_LENGTH): clean_tag_value(key, value) for key, value in tags}


def clean_tag_value(key: str, value: str) -> str:
    """Return the value of a tag to store. A long text of a user is truncated, as in MLflow.

    MLflow's own tags and JSON are not truncated, because clients could not read them then. They are refused
    if they are longer than a much larger limit.
    """
    if len(value) > RUN_TAG_VALUE_LENGTH and must_stay_whole(key, value):
        if len(value) > WHOLE_TAG_VALUE_LENGTH:
            raise too_long(value, "value", WHOLE_TAG_VALUE_LENGTH, f"the value of tag {key}")
        return value
    return value[:RUN_TAG_VALUE_LENGTH]


def _place(of: str, index: int) -> str:
    return f"{of}[{index}].key" if of else "key"


def check_batch_size(metrics: Sequence[object], params: Sequence[object], tags: Sequence[object]) -> None:
    """Refuse a batch that exceeds MLflow's limits, by which clients split their batches."""
    sizes = (
        ("metrics", len(metrics), BATCH_METRICS),
        ("params", len(params), BATCH_PARAMS),
        ("tags", len(tags), BATCH_TAGS),
        ("metrics, params, and tags", len(metrics) + len(params) + len(tags), BATCH_ITEMS),
    )
    for kind, size, limit in sizes:
        if size > limit:
            raise InvalidParameterError(
                f"A batch logging request can contain at most {limit} {kind}. Got {size} {kind}. "
                f"Please split up {kind} across multiple requests."
            )


# The rule that a write needs a run that exists and is not deleted.


def run_not_found(uuid: str) -> NotFoundError:
    """Return the error for a run that does not exist."""
    return NotFoundError(f"Run with id={uuid} not found")


def check_active(run: RunRef | None, uuid: str) -> RunRef:
    """Return the run that was found for `uuid`, if it may be written to."""
    check_stage(None if run is None else run.stage, uuid)
    assert run is not None
    return run


def check_stage(stage: LifecycleStage | None, uuid: str) -> None:
    """Check that a run may be written to; `stage` is None if there is no run."""
    if stage is None:
        raise run_not_found(uuid)
    if stage is not LifecycleStage.ACTIVE:
        raise InvalidParameterError(
            f"The run {uuid} must be in the 'active' state. Current state is {stage.value}."
        )


def active_run(session: Session, uuid: str, *, lock: Lock = Lock.CONTENTS) -> RunRef:
    """Return a run that may be written to, and reopen it, because something will be logged to it.

    Something is about to be logged to it, so that its document counts no more.
    """
    run = locked_run(session, uuid, lock)
    store.reopen(session, run)
    return run


def locked_run(session: Session, uuid: str, lock: Lock) -> RunRef:
    """Return a run that may be written to, without reopening it: for writes that log nothing to it."""
    return check_active(store.find_runs(session, [uuid], lock=lock).get(uuid), uuid)


# The events of runs for webhooks: that a run started, and how it ended.

RUNNING: Final = "RUNNING"
"""The state of a run that goes on."""

_EVENTS: Final = {
    RUNNING: Event.RUN_STARTED,
    "FINISHED": Event.RUN_FINISHED,
    "FAILED": Event.RUN_FAILED,
    "KILLED": Event.RUN_KILLED,
}


def announce_status(session: Session, run: RunInfo, now: int) -> None:
    """Announce the new state of a run. A scheduled run has not started."""
    if event := _EVENTS.get(run.status):
        announce_run(session, event, run, now)


def announce_run(session: Session, event: Event, run: RunInfo, now: int, **more: Any) -> None:
    """Announce an event of a run, with its attributes and what else is known of the event."""
    data = {
        "run_id": run.run_id,
        "run_name": run.run_name,
        "experiment_id": run.experiment_id,
        "user_id": run.user_id,
        "status": run.status,
        "start_time": run.start_time,
        "end_time": run.end_time,
        "artifact_uri": run.artifact_uri,
    }
    announce(session, Announcement(event, f"run/{run.run_id}", data | more, now))


# Names, states, params and tags of runs.

_OWN_RUN_ID: Final = re.compile(r"[0-9a-f]{32}")
"""What a client may make up as the id of a run: what cannot be mistaken, and is like those of the server."""

_MODEL_FIELDS: Final = ("artifact_path", "flavors", "utc_time_created", "run_id")


def create_run(
    session: Session,
    *,
    experiment_id: str,
    user_id: str,
    run_name: str,
    start_time: int,
    tags: dict[str, str],
    address: str,
    now: int,
    run_id: str | None = None,
) -> tuple[RunInfo, dict[str, str]]:
    """Create a running run, and return its attributes and its tags, including the run's name.

    `address` is the caller's, and so is `run_id`, if it is given. If the experiment has a run of that id, it
    is returned as it is.
    """
    number = parse_experiment_id(experiment_id)
    name = _agreed_name(run_name, tags.get(RUN_NAME, "")) or random_name()
    check_length(name, "run_name", NAME_LENGTH)
    check_length(user_id, "user_id", NAME_LENGTH)
    location = active_location(session, number, experiment_id)
    if run_id is None:
        run_id = new_run_id()
    elif not _OWN_RUN_ID.fullmatch(run_id):
        raise invalid_value(run_id, "run_id", "it must be 32 hexadecimal digits in lower case")
    run = RunInfo(
        run_id=run_id,
        run_uuid=run_id,
        run_name=name,
        experiment_id=str(number),
        user_id=user_id,
        status=RUNNING,
        start_time=start_time,
        artifact_uri=join(location, run_id, "artifacts"),
        lifecycle_stage=LifecycleStage.ACTIVE.value,
    )
    tags = {**tags, RUN_NAME: name}
    inserted = store.insert_run(session, run, Source(address, now))
    if inserted is None:
        return _existing_run(session, run_id, number)
    store.set_tags(session, inserted, tags)
    note_use(session, here(), Stock.RUNS)
    announce_status(session, run, now)
    return run, tags


def _existing_run(session: Session, uuid: str, experiment_id: int) -> tuple[RunInfo, dict[str, str]]:
    """Return the attributes and tags of the run that a client wants to create with the id that it has."""
    found = check_active(store.find_runs(session, [uuid]).get(uuid), uuid)
    if found.experiment_id != experiment_id:
        raise ApiError(
            ErrorCode.RESOURCE_ALREADY_EXISTS,
            f"Run with id={uuid} exists in the experiment {found.experiment_id}, not in {experiment_id}.",
        )
    return store.run_info(session, found.id), store.tags_below(session, found.id, "")


def update_run(
    session: Session,
    uuid: str,
    *,
    status: str | int | None,
    end_time: int | None,
    run_name: str,
    address: str,
    now: int,
) -> RunInfo:
    """Change a run's state, end or name. What is not given, and an unknown state, changes nothing.

    `address` is the caller's, and `now` is milliseconds since the epoch. Who says that a run is running has
    resumed it.
    """
    # The run's name is a tag, too.
    run = (active_run if run_name else locked_run)(session, uuid, lock=Lock.OWN)
    changes: dict[str, str | int | None] = {}
    if known := _known_status(status):
        changes["status"] = known
        if known == RUNNING:
            changes |= {"source_address": address, "source_time": now}
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


def move_run(session: Session, uuid: str, stage: LifecycleStage, context: AuditContext) -> None:
    """Put a run into the bin or take it out. A run that is already in that stage is not changed."""
    run = store.find_runs(session, [uuid], lock=Lock.OWN).get(uuid)
    if run is None:
        raise run_not_found(uuid)
    if run.stage is not stage:
        deleted_time = context.time if stage is LifecycleStage.DELETED else None
        store.update_run(session, run.id, lifecycle_stage=stage, deleted_time=deleted_time)
        record_move(session, Entity(EntityType.RUN, uuid), stage, context)


def log_param(session: Session, uuid: str, key: str, value: str) -> None:
    """Add a param; an existing param must have the same value."""
    for _, old in _add_params(session, active_run(session, uuid), {key: value}):
        raise InvalidParameterError(
            f"Changing param values is not allowed. Param with key='{key}' was already logged "
            f"with value='{old}' for run ID='{uuid}'. Attempted logging new value '{value}'."
        )


def log_params_and_tags(
    session: Session, uuid: str, params: Mapping[str, str], tags: Mapping[str, str]
) -> None:
    """Add params and set tags of an existing run; an existing param must have the same value."""
    # Every request locks in the same order: the run, then all new keys, sorted. If the keys of params were
    # inserted before those of tags, two requests with the same keys in other places could deadlock.
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
    """Add params, and return those that already have another value, with that value."""
    stored = store.add_params(session, run.id, params)
    return [(key, stored[key]) for key, value in params.items() if stored[key] != value]


def set_tags(session: Session, uuid: str, tags: Mapping[str, str]) -> None:
    """Set tags. The tag with the run's name renames the run; an empty name changes nothing."""
    _set_tags(session, active_run(session, uuid, lock=_lock_for(tags)), tags)


def _set_tags(session: Session, run: RunRef, tags: Mapping[str, str]) -> None:
    tags = {key: value for key, value in tags.items() if value or key != RUN_NAME}
    store.set_tags(session, run.id, tags)
    if RUN_NAME in tags:
        _rename(session, run.id, tags[RUN_NAME])


def _lock_for(tags: Mapping[str, str]) -> Lock:
    return Lock.OWN if RUN_NAME in tags else Lock.CONTENTS


def delete_tag(session: Session, uuid: str, key: str) -> None:
    """Delete an existing tag."""
    run = active_run(session, uuid)
    if not store.delete_tag(session, run.id, key):
        raise NotFoundError(f"No tag with name: {key} in run with id {uuid}")


def log_model(session: Session, uuid: str, model_json: str) -> None:
    """Append a model, as clients before 3.0 describe it, to the run's history of models."""
    model = _parse_model(model_json)
    run = active_run(session, uuid, lock=Lock.OWN)
    if model["run_id"] != uuid:
        raise InvalidParameterError(
            f"Invalid model info: its run_id is {shown(model['run_id'])}, but it is logged to run '{uuid}'."
        )
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
    # protobuf ignores an unknown name, so a client newer than the server may send one.
    return status if status in STATUSES.values() else None


# What may be stored by one statement: a single param or tag whose key is known.
#
# Everything else (a new key, a run that is missing, deleted or finalized, an existing param, a run's name, a
# caller who may not change the run, or whose rights have changed) is left to `log_param` and `set_tags`: they
# reopen, compare and refuse.


def add_param(session: Session, uuid: str, key: str, value: str) -> bool:
    """Add a param by one statement of PostgreSQL, and return whether that was possible."""
    key_id = keys_of(session).known_ids([key]).get(key)
    return key_id is not None and store.add_param(session, uuid, key_id, value)


def set_tag(session: Session, uuid: str, key: str, value: str) -> bool:
    """Set a tag by one statement of PostgreSQL, and return whether that was possible."""
    key_id = None if key == RUN_NAME else keys_of(session).known_ids([key]).get(key)
    return key_id is not None and store.set_tag(session, uuid, key_id, value)


# Finalizing runs that have ended, and making the documents of those that go on.

RUNS_AT_ONCE: Final = 50
"""Runs of one transaction, which takes about 30 ms. A write to one of them waits that long."""

FINALIZE_EVERY_SECONDS: Final = 15.0
"""How often runs that have ended, or go on without a document, are looked for."""


def finalize_some(session: Session) -> bool:
    """Finalize runs that have ended, document those that go on, and return whether there may be more."""
    runs = store.lock_runs_to_finalize(session, RUNS_AT_ONCE)
    if runs:
        writer = DocumentWriter()
        finalized: list[store.Finalized] = []
        documented: list[tuple[int, bytes]] = []
        for run, own in zip(runs, run_contents(run_records(session, runs)), strict=True):
            run_id, _, _, experiment_id, _, status, *_ = run
            if status in ENDED:
                params_and_tags = list(pair_digests(experiment_id, own))
                finalized.append(store.Finalized(run_id, writer.write(own), params_and_tags))
            else:
                documented.append((run_id, writer.write_running(own)))
        if finalized:
            store.finalize(session, finalized)
        if documented:
            store.document(session, documented)
    return len(runs) == RUNS_AT_ONCE


def are_any_to_finalize(session: Session) -> bool:
    """Return whether there are runs to finalize, without a lock."""
    return store.is_any_to_finalize(session)
