"""Prometheus' own program on the rules of the chart: it takes them, and each alert fires when it should."""

import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.charts.rendering import CHART
from tests.cluster import programs

ALERTS = CHART / "files" / "alerts.yaml"
CASES = Path(__file__).parent / "prometheus" / "alerts_test.yaml"


def promtool(*arguments: str) -> str:
    """Run promtool and return what it printed, or fail with that."""
    try:
        program = programs.program("promtool")
    except programs.UnavailableError as error:
        pytest.skip(str(error))
    ended = subprocess.run(
        [program, *arguments], capture_output=True, text=True, check=False, cwd=CASES.parent, timeout=120
    )
    assert ended.returncode == 0, ended.stdout + ended.stderr
    return ended.stdout


def rules() -> list[str]:
    groups = yaml.safe_load(ALERTS.read_text(encoding="utf-8"))["groups"]
    return [rule["alert"] for group in groups for rule in group["rules"]]


def cases() -> list[Any]:
    found = yaml.safe_load(CASES.read_text(encoding="utf-8"))["tests"]
    return [case for test in found for case in test["alert_rule_test"]]


def test_prometheus_takes_the_rules_without_a_warning() -> None:
    said = promtool("check", "rules", "--lint=all", "--lint-fatal", str(ALERTS))
    assert f"SUCCESS: {len(rules())} rules found" in said


def test_each_alert_fires_when_it_should_and_says_so() -> None:
    assert "SUCCESS" in promtool("test", "rules", CASES.name)


@pytest.mark.parametrize("alert", rules())
def test_there_is_a_case_in_which_an_alert_fires_and_one_in_which_it_does_not(alert: str) -> None:
    expected = [bool(case["exp_alerts"]) for case in cases() if case["alertname"] == alert]
    assert set(expected) == {True, False}
