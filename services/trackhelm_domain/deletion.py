"""Files in a deletion for good: finding out what else needs them, and scheduling their deletion.

Must not delete or read a file: the artifact service does that.
"""

from bisect import bisect_left
from collections.abc import Iterator, Mapping, Sequence
from typing import Final, TypeAlias

from sqlalchemy import insert, select
from sqlalchemy.orm import Session

from trackhelm_core.runtime import Clock
from trackhelm_domain.audit import Entity
from trackhelm_domain.locations import RUNS_SCHEME, Place, Places
from trackhelm_domain.tables import ArtifactTombstone, Experiment, ModelVersion, RegisteredModel

# What else needs the files of a run or logged model: a registered version must never silently lose its files.
#
# This reads the versions, and the experiments, whose locations may lie below; services/README.md allows it.

_AT_A_TIME: Final = 1_000

_OVERLAP: Final = 3_600_000
"""Milliseconds. A row that was added after everything was read has a time at most so long before that. The
time is that of the request, by the clock of the server that received it; S3 refuses a clock that is 15
minutes off."""

_Use: TypeAlias = tuple[str, str]
"""A place as text, and a description of the owner that uses its files."""


class FilesInUse:
    """Which files are in use and by what, for a command that looks it up many times.

    Everything is read once, outside of the transactions that delete, and takes about 200 bytes of memory for
    each version. Those transactions read only what is newer.
    """

    def __init__(self, places: Places, clock: Clock) -> None:
        self._places = places
        self._clock = clock
        self._since = 0
        # Sorted, so that everything below a place is one range.
        self._known: list[_Use] | None = None

    def read(self, session: Session) -> None:
        """Read which files are in use now."""
        self._since = self._clock() - _OVERLAP
        self._known = sorted(self._uses(session, since=0))

    def below(self, session: Session, roots: Mapping[str, str]) -> dict[str, str]:
        """Return a description of what uses files below each root, by the public id of the root.

        `roots` maps public ids to URIs; a root that is not in use is left out. Call this in the transaction
        that deletes, after the rows to delete are locked: a transaction that registers a version locks the
        run or logged model from which it comes.
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
    """Return a place as text that begins with the text of every place above it."""
    return "".join(f"{part}\0" for part in place)


def _first_below(uses: Sequence[_Use], place: str) -> str | None:
    index = bisect_left(uses, (place, ""))
    return uses[index][1] if index < len(uses) and uses[index][0].startswith(place) else None


def _users(session: Session, since: int) -> Iterator[tuple[str, str]]:
    """Yield what uses files and where, for everything made at a time (milliseconds) or later."""
    versions = session.execute(
        select(RegisteredModel.name, ModelVersion.version, ModelVersion.source, ModelVersion.storage_location)
        .join(RegisteredModel, RegisteredModel.id == ModelVersion.registered_model_id)
        # This column has an index, and its time is never before the time at which the version was made.
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


# Tombstones: files that are to be deleted, written in the transaction that deletes their owner for good.
#
# The service that deletes a run or a logged model does not know the store. It writes a tombstone, and the
# artifact service deletes first the files and then the tombstone. If either is killed in between, the
# tombstone shows what is left.


def schedule_file_deletion(session: Session, entity: Entity, artifact_uri: str, *, now: int) -> None:
    """Write a tombstone for the files below a URI, whose owner is deleted in this transaction."""
    session.execute(
        insert(ArtifactTombstone).values(
            entity_type=entity.type.value, entity_id=entity.id, artifact_uri=artifact_uri, deleted_time=now
        )
    )
