"""Every command that the pages show exists, and takes the options that it is shown with."""

import re
from pathlib import Path

import pytest
from typer.testing import CliRunner

from trackhelm_cli.main import SUMMARIES, app, load_command

ROOT = Path(__file__).parents[3]
SHOWN = {
    (page.name, match[1], option)
    for page in (
        ROOT / "README.md",
        *(ROOT / "docs").glob("*.md"),
        *(ROOT / "docs" / "operations").glob("*.md"),
    )
    for match in re.finditer(r"trackhelm-server ([a-z][a-z-]*)((?:\\\n|[^`\n])*)", page.read_text())
    for option in (re.findall(r"--[a-z-]+", match[2]) or [""])
}


@pytest.mark.parametrize(("page", "command", "option"), sorted(SHOWN))
def test_a_command_that_a_page_shows_exists_with_its_option(page: str, command: str, option: str) -> None:
    assert command in SUMMARIES, f"{page} shows a command that is not there"
    found = load_command(command)
    commands = [found, *getattr(found, "commands", {}).values()]
    if option:
        assert option in {name for each in commands for parameter in each.params for name in parameter.opts}


def test_the_stack_is_shown() -> None:
    assert ("stack.md", "stack", "--redis-url") in SHOWN


@pytest.mark.parametrize(("command", "summary"), SUMMARIES.items())
def test_what_the_list_says_of_a_command_is_what_it_says_of_itself(command: str, summary: str) -> None:
    assert load_command(command).help.splitlines()[0] == summary


def test_the_list_shows_each_command_with_its_summary(monkeypatch: pytest.MonkeyPatch) -> None:
    # Groups of commands were blank here once.
    monkeypatch.setenv("COLUMNS", "400")
    shown = CliRunner().invoke(app, ["--help"], terminal_width=400).output
    rows = {row[1]: row[2] for row in re.finditer(r"^\W*([a-z-]+)\s+(\S.*?)\s*\W*$", shown, re.MULTILINE)}
    for command, summary in SUMMARIES.items():
        assert rows[command] == summary.rstrip("."), command
