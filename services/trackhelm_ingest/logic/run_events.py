"""What webhooks are told of runs: that one started, and how it ended."""

from typing import Final

from sqlalchemy.orm import Session

from trackhelm_core.webhooks.events import Event
from trackhelm_core.webhooks.outbox import Announcement, announce
from trackhelm_core.wire.runs import RunInfo

_EVENTS: Final = {
    "RUNNING": Event.RUN_STARTED,
    "FINISHED": Event.RUN_FINISHED,
    "FAILED": Event.RUN_FAILED,
    "KILLED": Event.RUN_KILLED,
}


def announce_status(session: Session, run: RunInfo, now: int) -> None:
    """Announce the state that a run is in since now. A scheduled run has not started."""
    if event := _EVENTS.get(run.status):
        data = {
            "run_id": run.run_id,
            "run_name": run.run_name,
            "experiment_id": run.experiment_id,
            "user_id": run.user_id,
            "status": run.status,
            "start_time": run.start_time,
            "end_time": run.end_time,
            "artifact_uri": run.artifact_uri,
        }
        announce(session, Announcement(event, f"run/{run.run_id}", data, now))
