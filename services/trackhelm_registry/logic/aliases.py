"""Rules about aliases: each points to one version of its model and moves when it is set again."""

from sqlalchemy.orm import Session

from trackhelm_core.errors import InvalidParameterError, NotFoundError
from trackhelm_registry.logic.lookups import (
    found_model,
    locked_model,
    locked_version,
    version_details,
)
from trackhelm_registry.logic.names import LATEST, check_alias, check_new_alias
from trackhelm_registry.store import aliases as store
from trackhelm_registry.store import details
from trackhelm_registry.store.details import VersionDetails


def set_alias(session: Session, name: str, alias: str, version: str) -> None:
    """Point an alias to a version."""
    check_new_alias(alias)
    found = locked_version(session, name, version)
    store.set_alias(session, found.model, alias, found.number)


def delete_alias(session: Session, name: str, alias: str) -> None:
    """Delete an alias; that there is none is no failure."""
    check_alias(alias)
    model = locked_model(session, name)
    store.delete_alias(session, model, alias)


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
