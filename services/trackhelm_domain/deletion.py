"""What a service that deletes for good must know of files: who else needs them, and their deletion."""

from bisect import bisect_left
from collections.abc import Iterator, Mapping, Sequence
from typing import Final, TypeAlias

from sqlalchemy import insert, select
from sqlalchemy.orm import Session

from trackhelm_core.clock import Clock
from trackhelm_domain.audit.changes import Entity
from trackhelm_domain.locations import RUNS_SCHEME, Place, Places
from trackhelm_domain.tables import ArtifactTombstone, Experiment, ModelVersion, RegisteredModel

# Who else needs the files of a run or logged model: a registered version must never silently lose its own.
#
# Versions are read, and experiments, which may have been placed below: services/README.md allows it.

_AT_A_TIME: Final = 1_000

_OVERLAP: Final = 3_600_000
"""Milliseconds: what was not there yet when all was read has a time that is at most so long before. It is the
time of a request, by the clock of the server that took it: S3 refuses one that is 15 minutes off."""

_Use: TypeAlias = tuple[str, str]
"""A place as text, and who uses what is there."""


class FilesInUse:
    """Who uses which files, as one command asks it again and again.

    All of it is read once, outside of the transactions that delete, into some 200 bytes of memory a version.
    In those only what is newer is read.
    """

    def __init__(self, places: Places, clock: Clock) -> None:
        self._places = places
        self._clock = clock
        self._since = 0
        # Sorted, so that what lies below a place is one range.
        self._known: list[_Use] | None = None

    def read(self, session: Session) -> None:
        """Read who uses files by now."""
        self._since = self._clock() - _OVERLAP
        self._known = sorted(self._uses(session, since=0))

    def below(self, session: Session, roots: Mapping[str, str]) -> dict[str, str]:
        """Return who uses files below roots, in words, by the public ids that the roots (URIs) are given by.

        Call it in the transaction that deletes, when what is deleted is locked: whoever registers a version
        locks the run or logged model that it comes from.
        """
        if not roots:
            return {}
        if self._known is None:
            self.read(session)
        found: dict[str, str] = {}
        for uses in (self._known or [], sorted(self._uses(session, since=self._since))):
            for public_id, uri in roots.items():
                for place in (self._places.place(uri), (RUNS_SCHEME, "", public_id)):
                    user = _first_below(uses, _spelled(place))
                    if user is not None:
                        found.setdefault(public_id, user)
        return found

    def _uses(self, session: Session, *, since: int) -> Iterator[_Use]:
        for user, uri in _users(session, since):
            yield _spelled(self._places.place(uri)), user


def _spelled(place: Place) -> str:
    """Return a place as text that begins with that of each place above."""
    return "".join(f"{part}\0" for part in place)


def _first_below(uses: Sequence[_Use], place: str) -> str | None:
    index = bisect_left(uses, (place, ""))
    return uses[index][1] if index < len(uses) and uses[index][0].startswith(place) else None


def _users(session: Session, since: int) -> Iterator[tuple[str, str]]:
    """Yield who uses files and where, of what was made at a time (milliseconds) or later."""
    versions = session.execute(
        select(RegisteredModel.name, ModelVersion.version, ModelVersion.source, ModelVersion.storage_location)
        .join(RegisteredModel, RegisteredModel.id == ModelVersion.registered_model_id)
        # Which has an index, and is never before the time at which a version was made.
        .where(ModelVersion.last_updated_timestamp >= since)
        .execution_options(yield_per=_AT_A_TIME)
    )
    for name, version, source, location in versions:
        for uri in {source, location}:
            yield f"version {version} of registered model '{name}'", uri
    experiments = session.execute(
        select(Experiment.id, Experiment.artifact_location).where(Experiment.creation_time >= since)
    )
    for experiment_id, location in experiments:
        yield f"experiment {experiment_id}, whose location lies there", location


# Files that are to be deleted: told of in the transaction that deletes for good what they belong to.
#
# The one who deletes a run or a logged model knows nothing of stores. It leaves a tombstone, and the
# artifact service deletes the files, then the tombstone: whoever is killed in between, what is left is
# found.


def schedule_file_deletion(session: Session, entity: Entity, artifact_uri: str, *, now: int) -> None:
    """Have the files below a URI deleted, which belonged to something that is deleted in this transaction."""
    session.execute(
        insert(ArtifactTombstone).values(
            entity_type=entity.type.value, entity_id=entity.id, artifact_uri=artifact_uri, deleted_time=now
        )
    )
