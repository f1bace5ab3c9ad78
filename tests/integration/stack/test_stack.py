"""A whole stack, as `trackhelm-server stack` starts it: what becomes of it when one of its programs ends."""

import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import httpx2
import pytest

from tests.fixtures.waiting import wait_until
from tests.integration.stack.running import NAMES, SERVICES, running_stack
from trackhelm_core.http.route_table import SERVICE_NAMES
from trackhelm_stack.roles import QUEUE_NAMES

# Each test starts thirteen processes, some on machines with two processors.
pytestmark = [pytest.mark.timeout(720), pytest.mark.long]

KEPT_FILE = "/api/2.0/mlflow-artifacts/artifacts/0/kept/file.txt"


def alive(pids: dict[str, int]) -> set[str]:
    return {name for name, pid in pids.items() if Path(f"/proc/{pid}").exists()}


def may_write_any_file(pid: int) -> bool:
    """Return whether a process has CAP_DAC_OVERRIDE, or may take it or hand it on."""
    status = Path(f"/proc/{pid}/status").read_text()
    sets = dict(re.findall(r"^(Cap(?:Eff|Prm|Inh|Amb)):\s+([0-9a-f]+)$", status, re.MULTILINE))
    assert len(sets) == 4
    return any(int(mask, 16) >> 1 & 1 for mask in sets.values())


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One folder for all tests: each finds what the one before left, after whatever it did."""
    return tmp_path_factory.mktemp("stack") / "data"


def test_when_a_program_ends_the_stack_says_which_and_stops_the_others(data: Path) -> None:
    with running_stack(data) as stack:
        made = httpx2.post(f"{stack.url}/api/2.0/mlflow/experiments/create", json={"name": "kept"})
        assert made.status_code == 200
        stored = httpx2.put(f"{stack.url}{KEPT_FILE}", content=b"kept")
        assert stored.status_code == 200
        assert alive(stack.pids) == NAMES
        for name in QUEUE_NAMES:
            assert httpx2.get(f"{stack.address_of(name)}/ready").status_code == 200
        for name in ("postgres", "redis", "s3", "gateway"):
            assert not any(may_write_any_file(pid) for pid in stack.family_of(name)), name
        assert (data / "stack" / "gateway" / "nginx.conf").read_text().count("server unix:/") == len(
            SERVICE_NAMES
        )
        os.kill(stack.pids["query"], signal.SIGKILL)
        said = stack.end()
        assert stack.process.returncode == 1
    assert "stack    | query ended: killed by SIGKILL. Its last lines:" in said
    assert "query    | query listens on" in said
    assert alive(stack.pids) == set()
    assert not (data / "stack" / "processes.json").exists()


def test_no_program_outlives_a_stack_that_is_killed(data: Path) -> None:
    with running_stack(data) as stack:
        found = httpx2.get(
            f"{stack.url}/api/2.0/mlflow/experiments/get-by-name", params={"experiment_name": "kept"}
        )
        assert found.status_code == 200
        assert httpx2.get(f"{stack.url}{KEPT_FILE}").content == b"kept"
        assert not any((data / "artifacts").glob("**/*.txt")), "files are in the S3 server"
        stack.process.kill()
        wait_until(lambda: not alive(stack.pids), seconds=180)


def test_a_stack_restarts_its_programs_where_that_is_wanted_and_stops_in_order(data: Path) -> None:
    with running_stack(data, "--restart") as stack:
        assert httpx2.put(f"{stack.url}{KEPT_FILE}", content=b"kept").status_code == 200
        for name in ("query", "postgres", "redis", "s3", "worker", "gateway"):
            os.kill(stack.pids[name], signal.SIGKILL)
            wait_until(lambda name=name: stack.process_of(name) != stack.pids[name])  # type: ignore[misc]
        wait_until(lambda: answers(stack.url), seconds=180)
        wait_until(lambda: httpx2.get(f"{stack.url}{KEPT_FILE}").content == b"kept", seconds=180)
        stack.process.send_signal(signal.SIGINT)
        said = stack.end()
        assert stack.process.returncode == 0
    assert "stack    | postgres is started again" in said
    assert said.index("LOG:  received fast shutdown request") > said.index("worker: Warm shutdown")
    assert "was killed" not in said


def answers(url: str) -> bool:
    try:
        searched = httpx2.get(f"{url}/api/2.0/mlflow/experiments/search", params={"max_results": 5})
        return searched.status_code == 200 and httpx2.get(f"{url}/ready", timeout=60).status_code == 200
    except httpx2.TransportError:
        return False


def test_a_stack_refuses_what_it_cannot_run_on(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "trackhelm_cli", "stack", "--data", str(tmp_path / "data")]
    ended = subprocess.run(
        [*command, "--database-url", "sqlite:///x.db"],
        capture_output=True,
        text=True,
        check=False,
        env=os.environ | {"PYTHONPATH": SERVICES},
    )
    assert ended.returncode == 2
    assert "TRACKHELM_DATABASE_URL: the stack's processes need a PostgreSQL" in ended.stderr
