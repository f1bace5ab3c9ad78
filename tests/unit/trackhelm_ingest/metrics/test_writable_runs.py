"""Runs are looked up together, remembered for a while, and never beyond a number of them."""

import asyncio
from collections.abc import Sequence

import pytest
from sqlalchemy import create_engine

from trackhelm_core.db.unit_of_work import Database
from trackhelm_core.errors import NotFoundError
from trackhelm_domain.tables.runs import LifecycleStage
from trackhelm_ingest.metrics import writable_runs
from trackhelm_ingest.metrics.writable_runs import REMEMBERED_SECONDS, WritableRuns
from trackhelm_ingest.runs.store import RunRef


class Runs(WritableRuns):
    """Knows every run whose name begins with "run"; notes what it was asked."""

    def __init__(self) -> None:
        self.now = 0.0
        self.lookups: list[list[str]] = []
        super().__init__(Database(create_engine("sqlite://")), clock=lambda: self.now)

    def _find(self, runs: Sequence[str]) -> dict[str, RunRef]:
        self.lookups.append(sorted(runs))
        if "fails" in runs:
            raise RuntimeError("the database is away")
        return {
            run: RunRef(1, run, 1, LifecycleStage.ACTIVE, "RUNNING") for run in runs if run.startswith("run")
        }


def test_a_run_is_looked_up_once_until_it_is_forgotten() -> None:
    async def check() -> list[list[str]]:
        runs = Runs()
        for _ in range(3):
            await asyncio.gather(*(runs.check("run", 0) for _ in range(10)))
        runs.now += REMEMBERED_SECONDS
        await runs.check("run", 0)
        return runs.lookups

    assert asyncio.run(check()) == [["run"], ["run"]]


def test_what_is_asked_during_a_lookup_is_looked_up_together() -> None:
    async def check() -> list[list[str]]:
        runs = Runs()
        first = asyncio.create_task(runs.check("run 0", 0))
        await asyncio.sleep(0)
        await asyncio.gather(first, *(runs.check(f"run {number}", 0) for number in range(1, 4)))
        return runs.lookups

    lookups = asyncio.run(check())
    assert sum(map(len, lookups)) == 4
    assert len(lookups) <= 2


def test_a_missing_run_and_a_failure_are_not_remembered() -> None:
    async def check() -> list[list[str]]:
        runs = Runs()
        for _ in range(2):
            with pytest.raises(NotFoundError):
                await runs.check("missing", 0)
            with pytest.raises(RuntimeError):
                await runs.check("fails", 0)
        await runs.check("run", 0)
        return runs.lookups

    assert asyncio.run(check()) == [["missing"], ["fails"], ["missing"], ["fails"], ["run"]]


def test_the_number_of_cached_runs_is_limited(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(writable_runs, "REMEMBERED_RUNS", 2)

    async def check() -> list[list[str]]:
        runs = Runs()
        for name in ("run 1", "run 2", "run 3", "run 3", "run 2", "run 1"):
            await runs.check(name, 0)
        return runs.lookups

    assert asyncio.run(check()) == [["run 1"], ["run 2"], ["run 3"], ["run 1"]]


def test_a_cached_run_has_the_epoch_in_which_it_was_looked_up() -> None:
    async def check() -> tuple[list[int], list[list[str]]]:
        runs = Runs()
        epochs = [await runs.check("run", epoch) for epoch in (0, 1, 2)]
        runs.forget("run", 1)
        epochs.append(await runs.check("run", 3))
        runs.forget("run", 0)
        epochs.append(await runs.check("run", 3))
        # A look-up that began in an epoch may have seen what was before the next.
        before = asyncio.create_task(runs.check("run 2", 3))
        for _ in range(3):
            await asyncio.sleep(0)
        epochs.append(await runs.check("run 3", 4))
        epochs.append(await before)
        return epochs, runs.lookups

    epochs, lookups = asyncio.run(check())
    assert epochs == [0, 0, 0, 0, 3, 4, 3]
    assert lookups == [["run"], ["run"], ["run 2"], ["run 3"]]
