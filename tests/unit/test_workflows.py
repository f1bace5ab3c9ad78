"""What GitHub would run names actions by commits, and targets and files that are there.

`make check` holds the workflows to GitHub's schema. They do not run on the machines that these tests run on.
"""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).parents[2]
WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yaml"))
PINNED = re.compile(r"[\w.-]+/[\w.-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+")


def jobs(path: Path) -> list[dict[str, Any]]:
    found: dict[str, dict[str, Any]] = yaml.safe_load(path.read_text(encoding="utf-8"))["jobs"]
    return list(found.values())


def test_there_are_workflows() -> None:
    assert [path.stem for path in WORKFLOWS] == ["checks", "kind", "release"]


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.stem)
def test_each_action_is_a_commit_whose_version_is_said(path: Path) -> None:
    used = re.findall(r"uses: (.*)", path.read_text(encoding="utf-8"))
    assert used
    for action in used:
        assert PINNED.fullmatch(action), action


def test_one_action_has_one_version() -> None:
    text = "".join(path.read_text(encoding="utf-8") for path in WORKFLOWS)
    versions: dict[str, set[str]] = {}
    for name, version in re.findall(r"uses: (\S+)@(.*)", text):
        versions.setdefault(name, set()).add(version)
    assert all(len(found) == 1 for found in versions.values()), versions


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.stem)
def test_each_job_ends_and_may_only_what_it_needs(path: Path) -> None:
    assert yaml.safe_load(path.read_text(encoding="utf-8"))["permissions"] == {"contents": "read"}
    for job in jobs(path):
        assert job["timeout-minutes"] <= 120
        granted = set(job.get("permissions", {}).items()) - {("contents", "read")}
        assert granted <= {("packages", "write")}


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.stem)
def test_targets_and_files_are_there(path: Path) -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    for job in jobs(path):
        suites = job.get("strategy", {}).get("matrix", {}).get("suite", [])
        commands = " ".join(step.get("run", "") for step in job["steps"])
        for target in {*suites, *re.findall(r"\bmake ([a-z][a-z-]*)", commands)}:
            assert re.search(rf"^{target}:", makefile, re.MULTILINE), target
        files = [step["with"]["file"] for step in job["steps"] if "file" in step.get("with", {})]
        for named in [*files, *re.findall(r"\b(?:charts|deploy)/[\w./-]+", commands)]:
            assert (ROOT / named).exists(), named


def test_pull_requests_that_change_what_runs_in_a_cluster_are_tried_in_one() -> None:
    # YAML takes the key `on` for a truth value.
    watched = yaml.safe_load((ROOT / ".github/workflows/kind.yaml").read_text(encoding="utf-8"))[True]
    for pattern in watched["pull_request"]["paths"]:
        assert list(ROOT.glob(pattern)), pattern
