"""`trackhelm-server dead-letter`, as a user calls it."""

import re
from pathlib import Path

import pytest
from sqlalchemy import delete
from typer.testing import CliRunner, Result

from tests.integration.queue.conftest import Split
from tests.integration.queue.test_draining import drain, put
from trackhelm_cli.main import app
from trackhelm_core.db.unit_of_work import Database
from trackhelm_core.queue.names import partition_of
from trackhelm_domain.tables import Run

ROOT = Path(__file__).parents[3]
MISSING = "f" * 32


@pytest.fixture
def command(split: Split, monkeypatch: pytest.MonkeyPatch) -> "Command":
    monkeypatch.setenv("TRACKHELM_REDIS_URL", split.server.url)
    return Command()


class Command:
    """Runs `trackhelm-server dead-letter`."""

    def __call__(self, *arguments: str) -> Result:
        return CliRunner().invoke(app, ["dead-letter", *arguments])

    def lines(self, *arguments: str) -> list[str]:
        result = self(*arguments)
        assert result.exit_code == 0, result.output
        return result.output.splitlines()


def fail(split: Split, *steps: int) -> int:
    partition = partition_of(MISSING, 2)
    for step in steps:
        put(split, MISSING, step)
    drain(split, partition)
    return partition


def test_letters_are_listed_and_shown(split: Split, command: Command) -> None:
    assert command.lines("list") == []
    fail(split, 3)
    (line,) = command.lines("list")
    assert re.fullmatch(rf"\d+-\d+  \S+\+00:00  partition [01]  there is no run {MISSING}", line)
    shown = command.lines("show", line.split()[0])
    assert [each.partition(":")[0] for each in shown[:5]] == ["id", "time", "partition", "reason", "run"]
    assert f"run: {MISSING}" in shown
    assert "  step 3  timestamp 3  value 3.0" in shown


def test_a_retried_letter_is_stored_once_its_reason_is_gone(split: Split, command: Command) -> None:
    partition = fail(split, 1, 2)
    split.factory.run("0", uuid=MISSING)
    command.lines("retry", "--all")
    assert command.lines("list") == []
    drain(split, partition)
    assert split.steps(MISSING) == [1, 2]
    _delete_run(split.runtime.database)


def test_a_dropped_letter_is_gone(split: Split, command: Command) -> None:
    fail(split, 1, 2)
    first, second = (line.split()[0] for line in command.lines("list"))
    command.lines("drop", first)
    assert [line.split()[0] for line in command.lines("list")] == [second]
    command.lines("drop", "--all")
    assert command.lines("list") == []


def test_the_documented_commands_do_what_they_say(split: Split, command: Command) -> None:
    page = (ROOT / "docs" / "queue.md").read_text(encoding="utf-8")
    documented = re.findall(r"^trackhelm-server dead-letter (.+)$", page, flags=re.MULTILINE)
    assert len(documented) == 4
    fail(split, 1, 2)
    first = command.lines("list")[0].split()[0]
    for line in documented:
        command.lines(*line.replace("1795451629418-0", first).split())
    assert command.lines("list") == []


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["drop"], "name the ids"),
        (["retry", "--all", "1-0"], "name the ids"),
        (["show", "x"], "'x' is no id"),
        (["show", "5-5"], "no dead letter 5-5"),
    ],
)
def test_what_is_wrong_is_said(split: Split, command: Command, arguments: list[str], message: str) -> None:
    result = command(*arguments)
    assert result.exit_code == 2
    assert message in result.output


def test_a_redis_that_does_not_answer_is_named(command: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TRACKHELM_REDIS_URL", "redis://127.0.0.1:1")
    result = command("list")
    assert result.exit_code == 2
    assert "does not answer" in result.output


def _delete_run(database: Database) -> None:
    with database.writing() as session:
        session.execute(delete(Run).where(Run.uuid == MISSING))
