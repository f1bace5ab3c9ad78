"""The quotas that metrics are held against: points a second of a workspace, and series of a run.

Where a workspace has none, nothing is looked up. A sink takes a `Charge` and refuses what is too fast, before
it accepts anything. How many series a run has is asked of the database when a request has one that this
process has not seen; what other processes have accepted and not stored yet is not counted.
"""

from collections import OrderedDict
from collections.abc import Iterable
from typing import Final, NamedTuple

from starlette.concurrency import run_in_threadpool

from trackhelm_core.db.unit_of_work import Database
from trackhelm_core.errors import ApiError, InvalidParameterError
from trackhelm_core.rates import Rate, too_fast
from trackhelm_domain.access.checks import here
from trackhelm_domain.quotas.book import QuotaBook
from trackhelm_ingest.metrics.series import SeriesKey
from trackhelm_ingest.metrics.store import count_series, series_with_keys

_REMEMBERED_RUNS: Final = 1_000


class Charge(NamedTuple):
    """The points of a request, and the rate of the workspace that they count against."""

    workspace_id: int
    rate: Rate
    points: int


def too_many_points(rate: Rate, seconds: float) -> ApiError:
    """Return the refusal (429) of points that come faster than a workspace may send them."""
    return too_fast(f"The workspace may log {rate.per_second:,} points a second.", seconds)


class MetricQuotas:
    """The quotas of metrics, in one process; used on the event loop."""

    def __init__(self, database: Database, book: QuotaBook) -> None:
        self._database = database
        self._book = book
        # The series of runs that were accepted here or are stored, by their hashes; the last used run last.
        self._series: OrderedDict[str, set[int]] = OrderedDict()

    @property
    def may_apply(self) -> bool:
        """Whether any workspace may have quotas."""
        return self._book.may_apply

    async def charge(self, points: int) -> Charge | None:
        """Return what a number of points counts against, None where there is no such quota."""
        quotas = await self._book.current(self._database)
        if not quotas:
            return None
        workspace_id = here()
        found = quotas.get(workspace_id)
        rate = None if found is None else found.points
        return None if rate is None else Charge(workspace_id, rate, points)

    async def check_series(self, run: str, series: Iterable[SeriesKey]) -> None:
        """Refuse points of series that a run may not have any more.

        Raises:
            InvalidParameterError: The run would have too many.
        """
        quotas = await self._book.current(self._database)
        if not quotas:
            return
        found = quotas.get(here())
        limit = None if found is None else found.series_per_run
        if limit is None:
            return
        known = self._series.get(run, set())
        new = {hash(each): each for each in series if hash(each) not in known}
        if new:
            stored = await run_in_threadpool(self._look_up, run, {each.key for each in new.values()}, known)
            new = {number: each for number, each in new.items() if number not in known}
            has = max(stored, len(known))
            if has + len(new) > limit:
                raise InvalidParameterError(
                    f"Run {run} has {has:,} metric series, and may have {limit:,} in this workspace: the "
                    f"request would add {len(new):,}. A series is a metric's key, and each set of labels "
                    "that it is logged with."
                )
            known |= new.keys()
        self._series[run] = known
        self._series.move_to_end(run)
        if len(self._series) > _REMEMBERED_RUNS:
            self._series.popitem(last=False)

    def _look_up(self, run: str, keys: set[str], known: set[int]) -> int:
        with self._database.reading_once() as session:
            known.update(map(hash, series_with_keys(session, run, keys)))
            return count_series(session, run)
