"""The workspaces that there are, by their names, as a process remembers them for seconds."""

import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Final

from sqlalchemy import exists, or_, select
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session
from starlette.concurrency import run_in_threadpool

from trackhelm_core.access import DEFAULT_WORKSPACE, DEFAULT_WORKSPACE_ID, Access
from trackhelm_core.db.unit_of_work import Database
from trackhelm_core.errors import NotFoundError, UnavailableError
from trackhelm_domain.tables import Experiment, RegisteredModel, Workspace
from trackhelm_domain.tables.runs import LifecycleStage

_POLL_SECONDS: Final = 5.0

_IS_ANY_LEFT: Final = select(
    or_(
        exists().where(
            Experiment.workspace_id > DEFAULT_WORKSPACE_ID,
            Experiment.lifecycle_stage != LifecycleStage.PURGED,
        ),
        exists().where(RegisteredModel.workspace_id > DEFAULT_WORKSPACE_ID),
    )
)
"""Who may do everything would see it among what is in the default workspace."""


class Workspaces:
    """The workspaces of a database, as a process remembers them for seconds. Used on the event loop."""

    def __init__(self, database: Database, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._database = database
        self._monotonic = monotonic
        self._ids: Mapping[str, int] = {DEFAULT_WORKSPACE: DEFAULT_WORKSPACE_ID}
        self._read_at = 0.0
        self._are_left = False

    async def id_of(self, name: str) -> int | None:
        """Return the id of a workspace, None if there is none of that name."""
        if name == DEFAULT_WORKSPACE:
            return DEFAULT_WORKSPACE_ID
        return (await self._current()).get(name)

    async def name_of(self, workspace_id: int) -> str:
        """Return the name of a workspace that there is."""
        for again in (False, True):
            if again:
                self.forget()
            for name, number in (await self._current()).items():
                if number == workspace_id:
                    return name
        raise NotFoundError(f"There is no workspace {workspace_id} any more.")

    async def are_several(self) -> bool:
        """Return whether there are others than the default one, or things left of some."""
        return len(await self._current()) > 1 or self._are_left

    def check(self, session: Session, access: Access) -> None:
        """Refuse a request in a workspace that was deleted since its name was looked up.

        Another one may have the name by now, in which nothing of the old one may show.

        Raises:
            NotFoundError: There is no workspace of that name any more.
            UnavailableError: It is another one, which the next request finds.
        """
        if access.workspace_id in {None, DEFAULT_WORKSPACE_ID}:
            return
        found = session.scalar(select(Workspace.id).where(Workspace.name == access.workspace_name))
        if found == access.workspace_id:
            return
        self.forget()
        if found is None:
            raise NotFoundError(f"Workspace '{access.workspace_name}' not found")
        raise UnavailableError(f"Workspace '{access.workspace_name}' has just been made anew: ask again.")

    def forget(self) -> None:
        """Read them again when they are asked for."""
        self._read_at = 0.0

    async def _current(self) -> Mapping[str, int]:
        if self._monotonic() >= self._read_at:
            self._read_at = self._monotonic() + _POLL_SECONDS
            with suppress(SQLAlchemyError):
                # What is known serves on: not every request needs the database.
                self._ids, self._are_left = await run_in_threadpool(self._read)
        return self._ids

    def _read(self) -> tuple[Mapping[str, int], bool]:
        """Return the workspaces, and whether anything is left of a deleted one, if there are no others."""
        with self._database.reading() as session:
            found = dict(session.execute(select(Workspace.name, Workspace.id)).all())
            return found, len(found) == 1 and bool(session.scalar(_IS_ANY_LEFT))
