"""A cache, for seconds, of the runs that may be written to, so that the hot path touches no database.

Only runs that may be written to are cached; a missing or deleted run is looked up every time. A run is cached
with the epoch in which it was looked up. Each deletion begins a new epoch, and an entry whose run was deleted
in a later epoch is refused. If a deletion does not reach Redis, metrics of its run are refused after
`REMEMBERED_SECONDS` at the latest.
"""

import asyncio
import time
from collections import OrderedDict
from collections.abc import Callable
from typing import Final

from starlette.concurrency import run_in_threadpool

from trackhelm_core.access import as_program
from trackhelm_core.db.unit_of_work import Database
from trackhelm_core.errors import ApiError
from trackhelm_ingest.runs.logic import check_active
from trackhelm_ingest.runs.store import RunRef, find_runs

REMEMBERED_SECONDS: Final = 5.0
REMEMBERED_RUNS: Final = 50_000
"""How many runs are cached, at about 200 bytes each."""


class WritableRuns:
    """The cached runs of this process; used from one event loop."""

    def __init__(self, database: Database, clock: Callable[[], float] = time.monotonic) -> None:
        self._database = database
        self._clock = clock
        # In the order in which they expire; each with its expiry time and its epoch.
        self._known: OrderedDict[str, tuple[float, int]] = OrderedDict()
        self._asked: dict[str, asyncio.Future[int]] = {}
        self._looking_up: asyncio.Task[None] | None = None
        self._epoch = 0

    async def check(self, run: str, epoch: int) -> int:
        """Return the epoch in which a run was last found to be writable; the newest is `epoch`.

        Raises:
            NotFoundError: There is no such run.
            InvalidParameterError: The run is deleted.
        """
        self._epoch = epoch
        forgotten_at, known = self._known.get(run, (0.0, 0))
        if forgotten_at > self._clock():
            return known
        answer = self._asked.get(run)
        if answer is None:
            answer = self._asked[run] = asyncio.get_running_loop().create_future()
        if self._looking_up is None:
            self._looking_up = asyncio.create_task(self._look_up())
        # Shielded, so that a caller that disconnects does not cancel the look-up for the others.
        return await asyncio.shield(answer)

    def forget(self, run: str, epoch: int) -> None:
        """Remove a run from the cache if it was looked up in this epoch."""
        if self._known.get(run, (0.0, -1))[1] == epoch:
            del self._known[run]

    async def _look_up(self) -> None:
        """Look up all requested runs in one statement, repeatedly, until none is requested."""
        while self._asked:
            asked, self._asked = self._asked, {}
            epoch = self._epoch
            try:
                found = await run_in_threadpool(self._find, list(asked))
            except Exception as error:  # noqa: BLE001 - any error belongs to the callers
                for answer in asked.values():
                    _refuse(answer, error)
                continue
            for run, answer in asked.items():
                try:
                    check_active(found.get(run), run)
                except ApiError as error:
                    _refuse(answer, error)
                else:
                    self._remember(run, epoch)
                    answer.set_result(epoch)
        self._looking_up = None

    def _find(self, runs: list[str]) -> dict[str, RunRef]:
        with as_program(), self._database.reading() as session:
            return find_runs(session, runs)

    def _remember(self, run: str, epoch: int) -> None:
        self._known.pop(run, None)
        self._known[run] = (self._clock() + REMEMBERED_SECONDS, epoch)
        if len(self._known) > REMEMBERED_RUNS:
            self._known.popitem(last=False)


def _refuse(answer: asyncio.Future[int], error: Exception) -> None:
    answer.set_exception(error)
    # This marks the exception as retrieved, because all callers may have disconnected.
    answer.exception()
