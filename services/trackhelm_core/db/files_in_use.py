"""Who else needs the files of a run or logged model: a registered version must never silently lose its own.

Versions are read, and experiments, which may have been placed below: services/README.md allows it.
"""

from collections.abc import Iterator, Mapping
from typing import Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from trackhelm_core.db.models import Experiment, ModelVersion, RegisteredModel
from trackhelm_core.places import RUNS_SCHEME, Places

_AT_A_TIME: Final = 1_000


def files_in_use(session: Session, places: Places, roots: Mapping[str, str]) -> dict[str, str]:
    """Return who uses files below roots, in words, by the public ids that the roots (URIs) are given by.

    Call it in the transaction that deletes, when what is deleted is locked: whoever registers a version locks
    the run or logged model that it comes from.
    """
    owners = {places.place(uri): public_id for public_id, uri in roots.items()}
    owners |= {(RUNS_SCHEME, "", public_id): public_id for public_id in roots}
    found: dict[str, str] = {}
    for user, uri in _users(session):
        used = places.place(uri)
        for depth in range(2, len(used) + 1):
            owner = owners.get(used[:depth])
            if owner is not None:
                found.setdefault(owner, user)
    return found


def _users(session: Session) -> Iterator[tuple[str, str]]:
    versions = session.execute(
        select(RegisteredModel.name, ModelVersion.version, ModelVersion.source, ModelVersion.storage_location)
        .join(RegisteredModel, RegisteredModel.id == ModelVersion.registered_model_id)
        .execution_options(yield_per=_AT_A_TIME)
    )
    for name, version, source, location in versions:
        for uri in {source, location}:
            yield f"version {version} of registered model '{name}'", uri
    experiments = session.execute(select(Experiment.id, Experiment.artifact_location))
    for experiment_id, location in experiments:
        yield f"experiment {experiment_id}, whose location lies there", location
