"""The audit trail as tests read it."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Engine, text
from sqlalchemy.orm import Session

from tests.fixtures.api import Api
from trackhelm_core.runtime import Runtime
from trackhelm_domain.audit import Verification

EVENTS = "/api/2.0/trackhelm/audit/events"
STAGES = "/api/2.0/trackhelm/audit/stages"

# What tampering meets first. The owner of the tables can take it away.
_DISARM = {
    "postgresql": (
        "ALTER TABLE audit_event DISABLE TRIGGER USER",
        "ALTER TABLE audit_head DISABLE TRIGGER USER",
    ),
    "sqlite": (
        "DROP TRIGGER audit_event_no_update",
        "DROP TRIGGER audit_event_no_delete",
        "DROP TRIGGER audit_event_no_replace",
        "DROP TRIGGER audit_head_no_insert",
        "DROP TRIGGER audit_head_no_delete",
        "DROP TRIGGER audit_head_goes_forward",
    ),
}


class Trail:
    """The trail behind an API."""

    def __init__(self, api: Api, runtime: Runtime) -> None:
        self.api = api
        self.runtime = runtime

    @property
    def engine(self) -> Engine:
        return self.runtime.database.engine

    def events(self, **wanted: Any) -> list[dict[str, Any]]:
        """Return a page of events, the newest first."""
        events: list[dict[str, Any]] = self.api.get(EVENTS, **wanted).get("events", [])
        return events

    @contextmanager
    def added(self) -> Iterator[list[dict[str, Any]]]:
        """Yield a list that holds the events of the block, the oldest first, once it has ended."""
        newest = next((event["id"] for event in self.events(max_results=1)), 0)
        added: list[dict[str, Any]] = []
        yield added
        added += [event for event in reversed(self.events(max_results=1000)) if event["id"] > newest]

    def faults(self) -> list[str]:
        """Return what is wrong with the trail."""
        with self.runtime.database.reading() as session:
            return list(Verification().faults(session))

    def faults_after(self, *statements: str, forged: Callable[[Session], None] | None = None) -> list[str]:
        """Change the tables behind the server's back, return what is found, and undo the change."""
        with Session(self.engine) as session:
            for statement in (*_DISARM[self.engine.dialect.name], *statements):
                session.execute(text(statement))
            if forged is not None:
                forged(session)
            found = list(Verification().faults(session))
            session.rollback()
        return found
