"""The dead letters of a server without Redis: the command that an operator has for them, and `/metrics`."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import update
from typer.testing import CliRunner, Result

from tests.fixtures.api import Api, api_of
from tests.fixtures.factories import Factory
from tests.fixtures.waiting import wait_until
from trackhelm_cli.main import app
from trackhelm_core.chunks.points import Points
from trackhelm_core.db.engine import make_engine
from trackhelm_core.db.unit_of_work import Database
from trackhelm_core.settings import StorageSettings
from trackhelm_domain.tables import JournalEntry
from trackhelm_ingest.metrics import upkeep
from trackhelm_ingest.metrics.drain.journal import JournalDrain
from trackhelm_ingest.metrics.entries import pack_entry
from trackhelm_ingest.metrics.journal_store import JournalCounts, add_entries, bury_entries, count_entries
from trackhelm_ingest.metrics.series import SeriesKey

MISSING = "f" * 32
NO_RUN = f"there is no run {MISSING}"


class Journal:
    """A database with a journal, and the command beside it."""

    def __init__(self, url: str, data: Path) -> None:
        self.storage = StorageSettings(data=data, database_url=url)
        self.database = Database(make_engine(url))

    def bury(self, *steps: int) -> list[str]:
        """Put dead letters of a run that is missing into the journal, and return their ids."""
        points = [Points.of([step], [step], [float(step)]) for step in steps]
        with self.database.writing() as session:
            ids = add_entries(session, [pack_entry(MISSING, {SeriesKey("loss"): each}) for each in points])
            bury_entries(session, dict.fromkeys(ids, NO_RUN))
        return [str(each) for each in ids]

    def counts(self) -> JournalCounts:
        with self.database.reading() as session:
            return count_entries(session)

    def command(self, *arguments: str) -> Result:
        options = ["--data", str(self.storage.data), "--database-url", str(self.storage.database_url)]
        return CliRunner().invoke(app, ["dead-letter", *arguments, *options])

    def lines(self, *arguments: str) -> list[str]:
        result = self.command(*arguments)
        assert result.exit_code == 0, result.output
        return result.output.splitlines()


@pytest.fixture
def journal(own_database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Journal]:
    monkeypatch.delenv("TRACKHELM_REDIS_URL", raising=False)
    opened = Journal(own_database_url, tmp_path)
    yield opened
    opened.database.close()


def test_letters_are_listed_and_shown(journal: Journal) -> None:
    assert journal.lines("list") == []
    first, second = journal.bury(3, 4)
    assert journal.lines("list") == [f"{first}  {NO_RUN}", f"{second}  {NO_RUN}"]
    assert journal.lines("show", second) == [
        f"id: {second}",
        f"reason: {NO_RUN}",
        f"run: {MISSING}",
        "'loss':",
        "  step 4  timestamp 4  value 4.0",
    ]


def test_more_letters_than_fit_into_a_page_are_all_listed_and_dropped(journal: Journal) -> None:
    ids = journal.bury(*range(230))
    assert [line.split()[0] for line in journal.lines("list")] == ids
    journal.lines("drop", *ids[:2])
    assert [line.split()[0] for line in journal.lines("list")] == ids[2:]
    journal.lines("drop", "--all")
    assert journal.counts() == JournalCounts(0, 0, 0)


def test_what_waits_is_no_dead_letter(journal: Journal) -> None:
    with journal.database.writing() as session:
        (waiting,) = add_entries(session, [b"waits"])
    assert journal.lines("list") == []
    assert journal.command("drop", str(waiting)).exit_code == 2
    assert journal.lines("drop", "--all") == []
    assert journal.counts() == JournalCounts(1, 5, 0)


def test_a_retried_letter_is_stored_by_the_server_that_starts(journal: Journal) -> None:
    first, second = journal.bury(1, 2)
    Factory(journal.database).run("0", uuid=MISSING)
    assert journal.lines("retry", first) == [f"{first} is queued again"]
    with api_of(journal.storage) as api:
        assert steps(api) == [1]
        assert [line.split()[0] for line in journal.lines("list")] == [second]


def test_a_retried_letter_is_stored_by_the_server_that_runs(
    journal: Journal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(upkeep, "FINALIZE_EVERY_SECONDS", 0.05)
    with api_of(journal.storage) as api:
        run = api.new_run()
        log(api, run, 5)
        journal.bury(1, 2)
        # As long as its reason is there it fails again, and nothing is held up.
        journal.lines("retry", "--all")
        wait_until(lambda: journal.counts() == JournalCounts(0, 0, 2))
        log(api, run, 6)
        Factory(journal.database).run("0", uuid=MISSING)
        journal.lines("retry", "--all")
        wait_until(lambda: journal.counts() == JournalCounts(0, 0, 0))
        assert steps(api) == [1, 2]
        assert steps(api, run) == [5, 6]
        # What was retried was never counted as accepted, and must not make room for more.
        backlog: Any = api.client.app.state.runtime.backlog  # type: ignore[attr-defined]
        assert backlog.waiting()[1] == 0


def test_metrics_say_what_is_in_the_journal(journal: Journal, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(JournalDrain, "drain", lambda _: False)
    with api_of(journal.storage) as api:
        assert numbers(api) == {
            'trackhelm_queue_waiting_requests{partition="0"}': 0,
            "trackhelm_queue_waiting_bytes": 0,
            "trackhelm_queue_dead_letters": 0,
        }
        ids = journal.bury(1, 2, 3)
        with journal.database.writing() as session:
            (waiting,) = session.scalars(
                update(JournalEntry)
                .where(JournalEntry.id == int(ids[0]))
                .values(reason=None)
                .returning(JournalEntry.data)
            )
        assert numbers(api) == {
            'trackhelm_queue_waiting_requests{partition="0"}': 1,
            "trackhelm_queue_waiting_bytes": len(waiting),
            "trackhelm_queue_dead_letters": 2,
        }


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["drop"], "name the ids"),
        (["retry", "--all", "1"], "name the ids"),
        (["show", "1795451629418-0"], "'1795451629418-0' is no id: an id is a number"),
        (["show", "9" * 19], "is no id"),
        (["show", "17"], "no dead letter 17"),
    ],
)
def test_what_is_wrong_is_said(journal: Journal, arguments: list[str], message: str) -> None:
    result = journal.command(*arguments)
    assert result.exit_code == 2
    assert message in result.output


def test_a_database_that_is_missing_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("TRACKHELM_REDIS_URL", raising=False)
    result = CliRunner().invoke(app, ["dead-letter", "list", "--data", str(tmp_path / "missing")])
    assert result.exit_code == 2
    assert "there is no database" in result.output
    assert not (tmp_path / "missing").exists()


def log(api: Api, run: str, step: int) -> None:
    metric = {"key": "loss", "value": step, "timestamp": step, "step": step}
    api.post("runs/log-batch", run_id=run, metrics=[metric])


def steps(api: Api, run: str = MISSING) -> list[int]:
    history = api.get("metrics/get-history", run_id=run, metric_key="loss")
    return [point["step"] for point in history["metrics"]]


def numbers(api: Api) -> dict[str, float]:
    text = api.client.get("/metrics").text
    return {
        name: float(value) for name, value in re.findall(r"^(trackhelm_queue_\S+) (\S+)$", text, re.MULTILINE)
    }
