"""Rules about registered models: names are unique, and all that belongs to a model moves and goes with it."""

from collections.abc import Mapping, Sequence

from sqlalchemy.orm import Session

from trackhelm_core.audit.changes import Action, Cause, Change
from trackhelm_core.audit.recorder import record
from trackhelm_core.errors import AlreadyExistsError
from trackhelm_registry.logic.announcements import announce_model
from trackhelm_registry.logic.history import (
    of_model,
    record_creation,
    record_deletion,
    record_description,
    whole_model,
)
from trackhelm_registry.logic.lookups import found_model, locked_model, model_details, model_not_found
from trackhelm_registry.logic.names import check_description, check_model_name, check_tags
from trackhelm_registry.logic.prompts import PROMPT_TAG, is_prompt
from trackhelm_registry.logic.stages import parse_stage
from trackhelm_registry.store import approvals, details, states
from trackhelm_registry.store import registered_models as store
from trackhelm_registry.store import tags as tag_store
from trackhelm_registry.store.details import ModelDetails, VersionDetails


def create_model(
    session: Session, *, name: str, description: str, tags: Mapping[str, str], cause: Cause
) -> ModelDetails:
    """Create a model without versions."""
    check_model_name(name)
    check_description(description)
    check_tags(tags)
    if (taken := store.find_model(session, name)) is not None:
        raise _taken(session, name, taken, tags)
    try:
        model = store.insert_model(session, name=name, description=description, now=cause.time)
    except store.NameTakenError as error:
        raise _name_taken(name) from error
    tag_store.set_model_tags(session, model, tags)
    record_creation(session, of_model(name), {"description": description, "tags": tags}, cause)
    announce_model(session, name, description=description, tags=tags, now=cause.time)
    return model_details(session, name)


def get_model(session: Session, name: str) -> ModelDetails:
    """Return a model."""
    return model_details(session, name)


def rename_model(session: Session, name: str, new_name: str, cause: Cause) -> ModelDetails:
    """Rename a model; to the name it has is no failure."""
    check_model_name(name)
    check_model_name(new_name, "new_name")
    # Both names at once and in one order: two renames that swap names must not wait for each other.
    models = store.lock_models(session, {name, new_name})
    if name not in models:
        raise model_not_found(name)
    if new_name in models and new_name != name:
        raise _name_taken(new_name)
    try:
        store.rename_model(session, models[name], new_name, now=cause.time)
    except store.NameTakenError as error:
        raise _name_taken(new_name) from error
    approvals.rename_model(session, models[name], new_name)
    # Under the new name: whoever looks at the model finds from it what it was called before.
    change = Change(of_model(new_name), Action.RENAMED, {"name": name}, {"name": new_name})
    record(session, change, cause)
    return model_details(session, new_name)


def describe_model(session: Session, name: str, description: str, cause: Cause) -> ModelDetails:
    """Change a model's description."""
    check_description(description)
    model = locked_model(session, name)
    before = states.model_description(session, model)
    store.describe_model(session, model, description, now=cause.time)
    record_description(session, of_model(name), (before, description), cause)
    return model_details(session, name)


def delete_model(session: Session, name: str, cause: Cause) -> None:
    """Delete a model, whatever the stages of its versions."""
    model = locked_model(session, name)
    record_deletion(session, of_model(name), whole_model(session, model), cause)
    store.delete_model(session, model)


def latest_versions(session: Session, name: str, stages: Sequence[str]) -> list[VersionDetails]:
    """Return the newest version of each of the stages; of every stage where none is named."""
    wanted = {parse_stage(stage) for stage in stages}
    versions = details.latest_versions(session, found_model(session, name))
    return [version for version in versions if not wanted or version.row.current_stage in wanted]


def _taken(session: Session, name: str, model: int, tags: Mapping[str, str]) -> AlreadyExistsError:
    """Return the error for a new model's name that a model has: models and prompts share their names."""
    match is_prompt(tags), is_prompt(states.model_tags(session, model, [PROMPT_TAG])):
        case True, True:
            return AlreadyExistsError(f"Prompt (name={name}) already exists.")
        case True, False:
            wanted, owner = "prompt", "registered model"
        case False, True:
            wanted, owner = "registered model", "prompt"
        case _:
            return _name_taken(name)
    return AlreadyExistsError(
        f"Tried to create a {wanted} with name {name!r}, but the name is already taken by a {owner}. "
        "Models and prompts share their names: choose another."
    )


def _name_taken(name: str) -> AlreadyExistsError:
    return AlreadyExistsError(f"Registered Model (name={name}) already exists.")
