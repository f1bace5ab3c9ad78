"""Rules about tags of models and versions. Setting one is no change of what it is set on: times stay."""

from collections.abc import Mapping

from sqlalchemy.orm import Session

from trackhelm_core.audit.changes import Cause
from trackhelm_core.validation import check_key
from trackhelm_registry.logic.announcements import announce_model_tag, announce_version_tag
from trackhelm_registry.logic.history import of_model, of_version, record_tags
from trackhelm_registry.logic.lookups import LockedVersion, locked_model, locked_version
from trackhelm_registry.logic.names import check_tag
from trackhelm_registry.store import states
from trackhelm_registry.store import tags as store


def set_model_tag(session: Session, name: str, key: str, value: str, *, cause: Cause) -> None:
    """Set a tag of a model."""
    check_tag(key, value)
    model = locked_model(session, name)
    before = states.model_tags(session, model, [key])
    store.set_model_tags(session, model, {key: value})
    record_tags(session, of_model(name), before, {key: value}, cause)
    announce_model_tag(session, model, name, {"key": key, "value": value}, cause.time)


def delete_model_tag(session: Session, name: str, key: str, *, cause: Cause) -> None:
    """Delete a tag of a model; that there is none is no failure."""
    check_key(key)
    model = locked_model(session, name)
    before = states.model_tags(session, model, [key])
    store.delete_model_tag(session, model, key)
    record_tags(session, of_model(name), before, {}, cause)
    if before:
        announce_model_tag(session, model, name, {"key": key}, cause.time)


def set_version_tag(session: Session, name: str, version: str, key: str, value: str, *, cause: Cause) -> None:
    """Set a tag of a version."""
    check_tag(key, value)
    found = locked_version(session, name, version)
    before = states.version_tags(session, found.row, [key])
    store.set_version_tags(session, found.row, {key: value})
    record_tags(session, of_version(name, found.number), before, {key: value}, cause)
    _announce(session, name, found, {"key": key, "value": value}, cause)


def delete_version_tag(session: Session, name: str, version: str, key: str, *, cause: Cause) -> None:
    """Delete a tag of a version; that there is none is no failure."""
    check_key(key)
    found = locked_version(session, name, version)
    before = states.version_tags(session, found.row, [key])
    store.delete_version_tag(session, found.row, key)
    record_tags(session, of_version(name, found.number), before, {}, cause)
    if before:
        _announce(session, name, found, {"key": key}, cause)


def _announce(
    session: Session, name: str, version: LockedVersion, tag: Mapping[str, str], cause: Cause
) -> None:
    announce_version_tag(session, version.model, name, version.number, tag=tag, now=cause.time)
