"""Rules about aliases: each points to one version of its model and moves when it is set again."""

from sqlalchemy.orm import Session

from trackhelm_core.audit.changes import Action, Cause, Change
from trackhelm_core.audit.recorder import record
from trackhelm_core.errors import InvalidParameterError, NotFoundError
from trackhelm_registry.logic.announcements import announce_alias
from trackhelm_registry.logic.history import alias_state, of_model
from trackhelm_registry.logic.lookups import (
    found_model,
    locked_model,
    locked_version,
    version_details,
)
from trackhelm_registry.logic.names import LATEST, check_alias, check_new_alias
from trackhelm_registry.store import alias_history, details
from trackhelm_registry.store import aliases as store
from trackhelm_registry.store.details import VersionDetails


def set_alias(session: Session, name: str, alias: str, version: str, cause: Cause) -> None:
    """Point an alias to a version."""
    check_new_alias(alias)
    found = locked_version(session, name, version)
    before = alias_state(alias, store.aliased_number(session, found.model, alias))
    store.set_alias(session, found.model, alias, found.number)
    alias_history.note(session, found.model, alias, found.number)
    after = alias_state(alias, found.number)
    record(session, Change(of_model(name), Action.ALIAS_SET, before, after), cause)
    announce_alias(session, found.model, name, alias, number=found.number, now=cause.time)


def delete_alias(session: Session, name: str, alias: str, cause: Cause) -> None:
    """Delete an alias; that there is none is no failure."""
    check_alias(alias)
    model = locked_model(session, name)
    number = store.aliased_number(session, model, alias)
    before = alias_state(alias, number)
    store.delete_alias(session, model, alias)
    after = alias_state(alias, None)
    record(session, Change(of_model(name), Action.ALIAS_DELETED, before, after), cause)
    if number is not None:
        announce_alias(session, model, name, alias, number=None, now=cause.time)


def version_by_alias(session: Session, name: str, alias: str) -> VersionDetails:
    """Return the version an alias points to; `latest` is the newest."""
    check_alias(alias)
    model = found_model(session, name)
    if alias.lower() == LATEST:
        versions = details.latest_versions(session, model)
        if not versions:
            raise NotFoundError(f"Latest version not found for model {name}: it has no version.")
        return versions[-1]
    number = store.aliased_number(session, model, alias)
    if number is None:
        # Not 404: the stock client and MLflow's server agree on this code for an alias.
        raise InvalidParameterError(f"Registered model alias {alias} not found.")
    return version_details(session, name, str(number))
