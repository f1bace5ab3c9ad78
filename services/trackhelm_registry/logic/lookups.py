"""Finding what a request names, or saying that it is not there."""

from typing import NamedTuple

from sqlalchemy.orm import Session

from trackhelm_core.errors import NotFoundError
from trackhelm_core.validation import parse_version
from trackhelm_registry.logic.names import check_model_name
from trackhelm_registry.store import details
from trackhelm_registry.store import model_versions as version_store
from trackhelm_registry.store import registered_models as model_store


class LockedVersion(NamedTuple):
    """A version that is to be changed: the row ids of its model and itself, its number and its stage."""

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


def found_model(session: Session, name: str) -> int:
    """Return the row id of the model with a name."""
    model = model_store.find_model(session, check_model_name(name))
    if model is None:
        raise model_not_found(name)
    return model


def locked_model(session: Session, name: str) -> int:
    """Lock the model with a name, so that its changes take turns, and return its row id."""
    model = model_store.lock_models(session, [check_model_name(name)]).get(name)
    if model is None:
        raise model_not_found(name)
    return model


def locked_version(session: Session, name: str, version: str) -> LockedVersion:
    """Find a version that is to be changed, its model locked."""
    number = parse_version(version)
    model = model_store.lock_models(session, [check_model_name(name)]).get(name)
    if model is None or number is None:
        raise version_not_found(name, version)
    found = version_store.find_version(session, model, number)
    if found is None:
        raise version_not_found(name, version)
    row, stage = found
    return LockedVersion(model, row, number, stage)


def model_details(session: Session, name: str) -> details.ModelDetails:
    """Return the model with a name."""
    model = details.model_details(session, check_model_name(name))
    if model is None:
        raise model_not_found(name)
    return model


def version_details(session: Session, name: str, version: str) -> details.VersionDetails:
    """Return a version."""
    number = parse_version(version)
    check_model_name(name)
    found = None if number is None else details.version_details(session, name, number)
    if found is None:
        raise version_not_found(name, version)
    return found
