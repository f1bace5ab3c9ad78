"""Where accepted metric points go: the port between the HTTP side of ingest and what stores them."""

from collections.abc import Mapping
from typing import Protocol

from trackhelm_core.chunks.points import Points
from trackhelm_ingest.series import SeriesKey


class MetricSink(Protocol):
    """Takes points; whoever implements it says what an acknowledgement is worth."""

    async def append(self, run: str, points: Mapping[SeriesKey, Points]) -> None:
        """Take points for a run, named by its public id; return when they can no longer be lost.

        Raises:
            NotFoundError: There is no such run.
            InvalidParameterError: The run is deleted.
            ApiError: Too much is waiting (429), or the store is away (503).
        """
        ...

    def run_ended(self, run: str) -> None:
        """Note that a run, named by its public id, expects no more points. Any thread may call this.

        Never fails: what follows from it is upkeep.
        """
        ...

    def runs_deleted(self, run: str | None = None) -> None:
        """Note that runs were deleted, in a transaction that is committed; call it before that is answered.

        It is one run, named by its public id, or None for any number of them.

        From then on their metrics are refused, by every process. Any thread may call this. Never fails: where
        the others cannot be told, they notice seconds later.
        """
        ...
