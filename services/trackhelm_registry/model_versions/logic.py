"""Rules about versions: their numbers, sources, stages and deletion."""

from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy.orm import Session

from trackhelm_core.limits import SOURCE_LENGTH
from trackhelm_core.validation import check_length
from trackhelm_domain.access.checks import permits_model
from trackhelm_domain.audit import AuditContext
from trackhelm_domain.locations import Places, location_key
from trackhelm_domain.tables.registry import Stage
from trackhelm_registry.model_versions import store
from trackhelm_registry.model_versions.registrations import add_registration
from trackhelm_registry.model_versions.sources import Claim, resolve_prompt_source, resolve_source
from trackhelm_registry.registered_models import store as registered_models_store
from trackhelm_registry.registered_models.changes import (
    announce_version,
    of_version,
    record_creation,
    record_deletion,
    record_description,
    record_stage,
    whole_version,
)
from trackhelm_registry.registered_models.logic import locked_version, model_not_found, version_details
from trackhelm_registry.registered_models.names import (
    check_archives,
    check_description,
    check_model_name,
    check_tags,
    is_prompt,
    parse_stage,
)
from trackhelm_registry.registered_models.store import VersionDetails


@dataclass(frozen=True, slots=True)
class NewVersion:
    """A version to register. `run_id` and `model_id` are None if the request does not name them."""

    name: str
    source: str
    run_id: str | None
    model_id: str | None
    run_link: str
    description: str
    tags: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Transition:
    """A transition to a stage, which may archive the versions that are in it."""

    stage: str
    archive_existing: bool


def create_version(
    session: Session, places: Places, new: NewVersion, context: AuditContext
) -> VersionDetails:
    """Register a version under the model's next number, and add it to the list of its logged model."""
    check_model_name(new.name)
    check_description(new.description)
    check_length(new.run_link, "run_link", SOURCE_LENGTH)
    check_tags(new.tags)
    resolve = resolve_prompt_source if is_prompt(new.tags) else resolve_source
    origin = resolve(session, places, Claim(new.source, new.run_id, new.model_id))
    taken = registered_models_store.take_version_number(session, new.name, now=context.time)
    if taken is None or not permits_model(session, taken[0], new.name):
        raise model_not_found(new.name)
    model, number = taken
    values = {
        "registered_model_id": model,
        "version": number,
        "description": new.description,
        "current_stage": Stage.NONE,
        "source": origin.source,
        "storage_location": origin.storage_location,
        "location_key": location_key(origin.storage_location),
        "run_id": origin.run_id or None,
        "run_link": new.run_link,
        "model_id": origin.model_id or None,
    }
    version = store.insert_version(session, values, now=context.time)
    registered_models_store.set_version_tags(session, version, new.tags)
    if origin.model_id:
        add_registration(session, origin.model_id, new.name, number)
    state = whole_version(session, version)
    record_creation(session, of_version(new.name, number), state, context)
    announce_version(session, new.name, number, state, context.time)
    return version_details(session, new.name, str(number))


def get_version(session: Session, name: str, version: str) -> VersionDetails:
    """Return a version."""
    return version_details(session, name, version)


def describe_version(
    session: Session, name: str, version: str, description: str, context: AuditContext
) -> VersionDetails:
    """Change a version's description."""
    check_description(description)
    found = locked_version(session, name, version)
    before = registered_models_store.version_description(session, found.row)
    store.update_version(session, found.row, {"description": description}, now=context.time)
    record_description(session, of_version(name, found.number), (before, description), context)
    return version_details(session, name, version)


def transition_version(
    session: Session, name: str, version: str, transition: Transition, context: AuditContext
) -> VersionDetails:
    """Move a version to a stage; the versions that are in it may be archived at the same time."""
    target = parse_stage(transition.stage)
    if transition.archive_existing:
        check_archives(target)
    found = locked_version(session, name, version)
    moved: dict[int, tuple[str, str]] = {found.number: (found.stage, target)}
    if transition.archive_existing:
        archived = (target, Stage.ARCHIVED)
        for number in store.move_others(session, found.model, found.row, archived, now=context.time):
            record_stage(session, of_version(name, number), archived, context)
            moved[number] = archived
    store.update_version(session, found.row, {"current_stage": target}, now=context.time)
    registered_models_store.touch_model(session, found.model, now=context.time)
    record_stage(session, of_version(name, found.number), (found.stage, target), context)
    store.note_stages(session, found.model, moved)
    return version_details(session, name, version)


def delete_version(session: Session, name: str, version: str, context: AuditContext) -> None:
    """Delete a version with its tags and aliases; its number is never used again."""
    found = locked_version(session, name, version)
    record_deletion(session, of_version(name, found.number), whole_version(session, found.row), context)
    store.delete_version(session, found.model, found.row, found.number)
    store.forget_aliases_of_version(session, found.model, found.number)
    store.forget_stages_of_version(session, found.model, found.number)
    registered_models_store.touch_model(session, found.model, now=context.time)
