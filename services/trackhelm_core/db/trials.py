"""Trying a change: what was done since the beginning of a trial can be undone, and the transaction go on.

Logic notes in its session what is to be written right before the commit (audit events, for one). A savepoint
alone would leave these notes of what was undone.
"""

from copy import copy
from typing import Any

from sqlalchemy.orm import Session


class Trial:
    """Begins with its construction. Whoever does not undo it lets it stand: the commit takes it in."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._noted = {key: _copied(value) for key, value in session.info.items()}
        self._savepoint = session.begin_nested()

    def undo(self) -> None:
        """Undo what was done and forget what was noted since the trial began."""
        self._savepoint.rollback()
        self._session.info.clear()
        self._session.info.update(self._noted)


def _copied(value: Any) -> Any:
    return copy(value) if isinstance(value, list | dict | set) else value
