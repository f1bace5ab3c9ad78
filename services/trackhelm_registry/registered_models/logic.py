"""Rules about registered models, their tags and aliases."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from sqlalchemy.orm import Session

from trackhelm_core.access import Level, current_access
from trackhelm_core.errors import AlreadyExistsError, InvalidParameterError, NotFoundError
from trackhelm_core.validation import check_key, parse_version
from trackhelm_domain.access.checks import here, permits_everything, permits_model
from trackhelm_domain.access.rights import end_grants_on_model, own_created
from trackhelm_domain.audit import Action, AuditContext, Change, record
from trackhelm_domain.gone_workspaces import hold_workspace
from trackhelm_domain.quotas.usage import Stock, note_use
from trackhelm_registry.governance import store as governance_store
from trackhelm_registry.model_versions import store as model_versions_store
from trackhelm_registry.registered_models import store
from trackhelm_registry.registered_models.changes import (
    alias_state,
    announce_alias,
    announce_model,
    announce_model_tag,
    announce_version_tag,
    of_model,
    of_version,
    record_creation,
    record_deletion,
    record_description,
    record_tags,
    whole_model,
)
from trackhelm_registry.registered_models.names import (
    LATEST,
    PROMPT_TAG,
    check_alias,
    check_description,
    check_model_name,
    check_new_alias,
    check_tag,
    check_tags,
    is_prompt,
    parse_stage,
)
from trackhelm_registry.registered_models.store import ModelDetails, VersionDetails

# Looking up what a request names, and the errors if it does not exist.


class LockedVersion(NamedTuple):
    """A locked version: the row ids of its model and itself, its number and its stage."""

    model: int
    row: int
    number: int
    stage: str


def model_not_found(name: str) -> NotFoundError:
    """Return the error for a model that does not exist."""
    return NotFoundError(f"Registered Model with name={name} not found")


def version_not_found(name: str, version: str | int) -> NotFoundError:
    """Return the error for a version that does not exist."""
    return NotFoundError(f"Model Version (name={name}, version={version}) not found")


def found_model(session: Session, name: str, level: Level | None = None) -> int:
    """Return the row id of the model with a name; `level` is needed on it, by default the route's."""
    model = store.find_model(session, check_model_name(name))
    if model is None or not permits_model(session, model, name, level):
        raise model_not_found(name)
    return model


def locked_model(session: Session, name: str) -> int:
    """Lock the model with a name, so that its changes run one after the other, and return its row id."""
    model = store.lock_models(session, [check_model_name(name)]).get(name)
    if model is None or not permits_model(session, model, name):
        raise model_not_found(name)
    return model


def locked_version(session: Session, name: str, version: str) -> LockedVersion:
    """Find a version that is to be changed, and lock its model."""
    number = parse_version(version)
    model = store.lock_models(session, [check_model_name(name)]).get(name)
    if model is None or number is None or not permits_model(session, model, name):
        raise version_not_found(name, version)
    found = model_versions_store.find_version(session, model, number)
    if found is None:
        raise version_not_found(name, version)
    row, stage = found
    return LockedVersion(model, row, number, stage)


def model_details(session: Session, name: str, level: Level | None = None) -> store.ModelDetails:
    """Return the model with a name; `level` is needed on it, by default the route's."""
    check_model_name(name)
    model = store.model_details(session, name) if _is_readable(session, name, level) else None
    if model is None:
        raise model_not_found(name)
    return model


def version_details(
    session: Session, name: str, version: str, level: Level | None = None
) -> store.VersionDetails:
    """Return a version; `level` is needed on its model, by default the route's."""
    number = parse_version(version)
    check_model_name(name)
    is_hidden = number is None or not _is_readable(session, name, level)
    found = None if number is None or is_hidden else store.version_details(session, name, number)
    if found is None:
        raise version_not_found(name, version)
    return found


def _is_readable(session: Session, name: str, level: Level | None) -> bool:
    """Return whether it is worth to read what a model has.

    It is asked before that is read: what may not be read is not told from what is not there by the time that
    it takes. Who may read everything is not asked.
    """
    if permits_everything():
        return True
    model = store.find_model(session, name)
    return model is not None and permits_model(session, model, name, level)


# Tags of models and versions. Setting a tag does not change the time of its model or version.


def set_model_tag(session: Session, name: str, key: str, value: str, *, context: AuditContext) -> None:
    """Set a tag of a model."""
    check_tag(key, value)
    model = locked_model(session, name)
    before = store.model_tags(session, model, [key])
    store.set_model_tags(session, model, {key: value})
    record_tags(session, of_model(name), before, {key: value}, context)
    announce_model_tag(session, model, name, {"key": key, "value": value}, context.time)


def delete_model_tag(session: Session, name: str, key: str, *, context: AuditContext) -> None:
    """Delete a tag of a model; a missing tag is no error."""
    check_key(key)
    model = locked_model(session, name)
    before = store.model_tags(session, model, [key])
    store.delete_model_tag(session, model, key)
    record_tags(session, of_model(name), before, {}, context)
    if before:
        announce_model_tag(session, model, name, {"key": key}, context.time)


def set_version_tag(
    session: Session, name: str, version: str, key: str, value: str, *, context: AuditContext
) -> None:
    """Set a tag of a version."""
    check_tag(key, value)
    found = locked_version(session, name, version)
    before = store.version_tags(session, found.row, [key])
    store.set_version_tags(session, found.row, {key: value})
    record_tags(session, of_version(name, found.number), before, {key: value}, context)
    _announce(session, name, found, {"key": key, "value": value}, context)


def delete_version_tag(session: Session, name: str, version: str, key: str, *, context: AuditContext) -> None:
    """Delete a tag of a version; a missing tag is no error."""
    check_key(key)
    found = locked_version(session, name, version)
    before = store.version_tags(session, found.row, [key])
    store.delete_version_tag(session, found.row, key)
    record_tags(session, of_version(name, found.number), before, {}, context)
    if before:
        _announce(session, name, found, {"key": key}, context)


def _announce(
    session: Session, name: str, version: LockedVersion, tag: Mapping[str, str], context: AuditContext
) -> None:
    announce_version_tag(session, version.model, name, version.number, tag=tag, now=context.time)


# Registered models: names are unique, and versions, tags and aliases are renamed and deleted with their
# model.


def create_model(
    session: Session, *, name: str, description: str, tags: Mapping[str, str], context: AuditContext
) -> ModelDetails:
    """Create a model without versions."""
    check_model_name(name)
    check_description(description)
    check_tags(tags)
    hold_workspace(session)
    if (taken := store.find_model(session, name)) is not None:
        raise _taken(session, name, taken, tags)
    try:
        model = store.insert_model(session, name=name, description=description, now=context.time)
    except store.NameTakenError as error:
        raise _name_taken(name) from error
    store.set_model_tags(session, model, tags)
    record_creation(session, of_model(name), {"description": description, "tags": tags}, context)
    announce_model(session, name, description=description, tags=tags, now=context.time)
    own_created(session, current_access().principal, here(), registered_model_id=model)
    note_use(session, here(), Stock.MODELS)
    return model_details(session, name, Level.READ)


def get_model(session: Session, name: str) -> ModelDetails:
    """Return a model."""
    return model_details(session, name)


def rename_model(session: Session, name: str, new_name: str, context: AuditContext) -> ModelDetails:
    """Rename a model; renaming it to its own name is no error."""
    check_model_name(name)
    check_model_name(new_name, "new_name")
    # Both names are locked at once and in one order, because two renames that swap names could deadlock.
    models = store.lock_models(session, {name, new_name})
    if name not in models or not permits_model(session, models[name], name):
        raise model_not_found(name)
    if new_name in models and new_name != name:
        raise _name_taken(new_name)
    try:
        store.rename_model(session, models[name], new_name, now=context.time)
    except store.NameTakenError as error:
        raise _name_taken(new_name) from error
    governance_store.rename_model(session, models[name], new_name)
    # The event is recorded under the new name, so that the model's events show its earlier name.
    change = Change(of_model(new_name), Action.RENAMED, {"name": name}, {"name": new_name})
    record(session, change, context)
    return model_details(session, new_name)


def describe_model(session: Session, name: str, description: str, context: AuditContext) -> ModelDetails:
    """Change a model's description."""
    check_description(description)
    model = locked_model(session, name)
    before = store.model_description(session, model)
    store.describe_model(session, model, description, now=context.time)
    record_description(session, of_model(name), (before, description), context)
    return model_details(session, name)


def delete_model(session: Session, name: str, context: AuditContext) -> None:
    """Delete a model; the stages of its versions do not matter."""
    model = locked_model(session, name)
    record_deletion(session, of_model(name), whole_model(session, model), context)
    end_grants_on_model(session, model)
    store.delete_model(session, model)


def latest_versions(
    session: Session, name: str, stages: Sequence[str], level: Level | None = None
) -> list[VersionDetails]:
    """Return the newest version in each of the stages; in every stage if none is named."""
    wanted = {parse_stage(stage) for stage in stages}
    versions = store.latest_versions(session, found_model(session, name, level))
    return [version for version in versions if not wanted or version.row.current_stage in wanted]


def _taken(session: Session, name: str, model: int, tags: Mapping[str, str]) -> AlreadyExistsError:
    """Return the error for a new model whose name is taken; models and prompts share their names."""
    match is_prompt(tags), is_prompt(store.model_tags(session, model, [PROMPT_TAG])):
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


# Aliases: each points to one version of its model, and is moved when it is set again.


def set_alias(session: Session, name: str, alias: str, version: str, context: AuditContext) -> None:
    """Point an alias to a version."""
    check_new_alias(alias)
    found = locked_version(session, name, version)
    before = alias_state(alias, store.aliased_number(session, found.model, alias))
    store.set_alias(session, found.model, alias, found.number)
    model_versions_store.note_alias(session, found.model, alias, found.number)
    after = alias_state(alias, found.number)
    record(session, Change(of_model(name), Action.ALIAS_SET, before, after), context)
    announce_alias(session, found.model, name, alias, number=found.number, now=context.time)


def delete_alias(session: Session, name: str, alias: str, context: AuditContext) -> None:
    """Delete an alias; a missing alias is no error."""
    check_alias(alias)
    model = locked_model(session, name)
    number = store.aliased_number(session, model, alias)
    before = alias_state(alias, number)
    store.delete_alias(session, model, alias)
    after = alias_state(alias, None)
    record(session, Change(of_model(name), Action.ALIAS_DELETED, before, after), context)
    if number is not None:
        announce_alias(session, model, name, alias, number=None, now=context.time)


def version_by_alias(session: Session, name: str, alias: str, level: Level | None = None) -> VersionDetails:
    """Return the version to which an alias points; `latest` is the newest version."""
    check_alias(alias)
    model = found_model(session, name, level)
    if alias.lower() == LATEST:
        versions = store.latest_versions(session, model)
        if not versions:
            raise NotFoundError(f"Latest version not found for model {name}: it has no version.")
        return versions[-1]
    number = store.aliased_number(session, model, alias)
    if number is None:
        # The status is not 404, because MLflow's server and client agree on this code for an alias.
        raise InvalidParameterError(f"Registered model alias {alias} not found.")
    return version_details(session, name, str(number), level)
