"""The rule that a write goes to a run that exists and is not deleted."""

from sqlalchemy.orm import Session

from trackhelm_core.db.models.lifecycle import LifecycleStage
from trackhelm_core.errors import InvalidParameterError, NotFoundError
from trackhelm_ingest.store import runs as store
from trackhelm_ingest.store.runs import Lock, RunRef


def run_not_found(uuid: str) -> NotFoundError:
    """Return the error for a run that does not exist."""
    return NotFoundError(f"Run with id={uuid} not found")


def check_active(run: RunRef | None, uuid: str) -> RunRef:
    """Return the run found under `uuid`, if it may be written to."""
    if run is None:
        raise run_not_found(uuid)
    if run.stage is not LifecycleStage.ACTIVE:
        raise InvalidParameterError(
            f"The run {uuid} must be in the 'active' state. Current state is {run.stage.value}."
        )
    return run


def active_run(session: Session, uuid: str, *, lock: Lock = Lock.CONTENTS) -> RunRef:
    """Return a run that may be written to; lock its own row when the write depends on that.

    Something is about to be logged to it, so that it is not settled any more.
    """
    run = locked_run(session, uuid, lock)
    store.unsettle(session, [run])
    return run


def locked_run(session: Session, uuid: str, lock: Lock) -> RunRef:
    """Return a run that may be written to, and leave it settled if it is: what is logged to it stays."""
    return check_active(store.find_runs(session, [uuid], lock=lock).get(uuid), uuid)
