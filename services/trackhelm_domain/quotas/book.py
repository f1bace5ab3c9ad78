"""The quotas of all workspaces, as a process remembers them for seconds.

Where no workspace has any, a request costs the comparison of two times.
"""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from types import MappingProxyType
from typing import Final

from sqlalchemy import select
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session
from starlette.concurrency import run_in_threadpool

from trackhelm_core.db.unit_of_work import Database
from trackhelm_core.rates import Rate
from trackhelm_domain.tables import WorkspaceQuota

REMEMBERED_SECONDS: Final = 5.0
"""How long another process may not know of a change of quotas."""


@dataclass(frozen=True, slots=True)
class Quotas:
    """The quotas of a workspace; None where it has none."""

    points_per_second: int | None = None
    """Points of metrics that are accepted in a second, on the average."""
    points_burst: int | None = None
    """Points that are accepted at once after a pause; without it those of ten seconds."""
    requests_per_second: int | None = None
    """Requests of each caller."""
    series_per_run: int | None = None
    bytes: int | None = None
    """The size of all files in the server's own store."""
    runs: int | None = None
    experiments: int | None = None
    registered_models: int | None = None
    tokens: int | None = None
    """Tokens that are confined to the workspace, such as those of its service accounts."""
    webhooks: int | None = None

    @property
    def points(self) -> Rate | None:
        """The rate of points."""
        if self.points_per_second is None:
            return None
        return Rate(self.points_per_second, self.points_burst or _BURST_SECONDS * self.points_per_second)

    @property
    def requests(self) -> Rate | None:
        """The rate of requests of one caller."""
        if self.requests_per_second is None:
            return None
        return Rate(self.requests_per_second, _REQUESTS_BURST_SECONDS * self.requests_per_second)


_BURST_SECONDS: Final = 10
_REQUESTS_BURST_SECONDS: Final = 2

NAMES: Final = tuple(field.name for field in fields(Quotas))
NO_QUOTAS: Final = Quotas()

_COLUMNS: Final = (WorkspaceQuota.workspace_id, *(getattr(WorkspaceQuota, name) for name in NAMES))


def read_quotas(session: Session) -> Mapping[int, Quotas]:
    """Return the quotas of each workspace that has any."""
    return MappingProxyType(
        {number: Quotas(*values) for number, *values in session.execute(select(*_COLUMNS))}
    )


class QuotaBook:
    """The quotas that one process knows."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._quotas: Mapping[int, Quotas] = {}
        self._read_until = float("-inf")
        self._changes = 0

    def in_session(self, session: Session) -> Mapping[int, Quotas]:
        """Return the quotas by workspace; they are read in a session if they were read long ago."""
        if self._clock() < self._read_until:
            return self._quotas
        changes, now = self._changes, self._clock()
        found = read_quotas(session)
        # What was read before a change must not be remembered after it.
        if changes == self._changes:
            self._quotas, self._read_until = found, now + REMEMBERED_SECONDS
        return found

    @property
    def may_apply(self) -> bool:
        """Whether any workspace may have quotas: False for most servers, and then nothing more is asked."""
        return bool(self._quotas) or self._clock() >= self._read_until

    async def of(self, database: Database, workspace_id: int) -> Quotas:
        """Return the quotas of a workspace, for code on the event loop."""
        return (await self.current(database)).get(workspace_id, NO_QUOTAS)

    async def current(self, database: Database) -> Mapping[int, Quotas]:
        """Return the quotas by workspace, for code on the event loop."""
        if self._clock() >= self._read_until:
            try:
                await run_in_threadpool(self._read, database)
            except SQLAlchemyError:
                # What is known serves on, and not every request asks again: logging metrics needs no
                # database, and must not wait for one that is away.
                self._read_until = self._clock() + REMEMBERED_SECONDS
        return self._quotas

    def forget(self) -> None:
        """Read them again at the next question, since this process has changed them."""
        self._changes += 1
        self._read_until = float("-inf")

    def _read(self, database: Database) -> None:
        with database.reading_once() as session:
            self.in_session(session)
