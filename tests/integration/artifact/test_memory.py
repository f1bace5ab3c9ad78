"""The server's memory stays flat, whatever a file's size."""

import itertools
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest

from tests.fixtures.s3 import S3Server  # noqa: TC001 - a local annotation, which mypy reads

MEBIBYTE = 1024 * 1024
FILE_MEBIBYTES = 256
GROWTH_MEBIBYTES = 48

START = "from trackhelm_cli.main import app; app()"


def peak_mebibytes(process: subprocess.Popen[str]) -> int:
    status = Path(f"/proc/{process.pid}/status").read_text()
    (line,) = (line for line in status.splitlines() if line.startswith("VmHWM:"))
    return int(line.split()[1]) // 1024


@pytest.fixture(params=["folder", "s3"])
def environment(request: pytest.FixtureRequest) -> dict[str, str]:
    """Return the variables of each kind of store."""
    if request.param == "folder":
        return {}
    found: S3Server = request.getfixturevalue("s3_server")
    return found.environment()


@pytest.fixture
def server(
    tmp_path: Path, environment: dict[str, str]
) -> Iterator[tuple[subprocess.Popen[str], httpx2.Client]]:
    services = Path(__file__).parents[3] / "services"
    options = ["embedded", "--port", "0", "--data", str(tmp_path / "data")]
    command = [sys.executable, "-c", START, *options]
    variables = os.environ | environment
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=services, env=variables) as process:
        assert process.stdout is not None
        announced = process.stdout.readline()
        with httpx2.Client(base_url=announced.rpartition(" ")[2].strip(), timeout=60) as client:
            yield process, client
        process.terminate()


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="asks Linux for the process's memory")
def test_a_large_file_passes_through_in_blocks(server: tuple[subprocess.Popen[str], httpx2.Client]) -> None:
    process, client = server
    url = "/api/2.0/mlflow-artifacts/artifacts/large.bin"
    block = b"x" * MEBIBYTE
    client.put(url, content=b"first")
    client.get(url)
    before = peak_mebibytes(process)

    size = FILE_MEBIBYTES * MEBIBYTE
    body = itertools.repeat(block, FILE_MEBIBYTES)
    assert client.put(url, content=body, headers={"Content-Length": str(size)}).status_code == 200
    with client.stream("GET", url) as answer:
        assert sum(len(chunk) for chunk in answer.iter_raw()) == size

    assert peak_mebibytes(process) - before < GROWTH_MEBIBYTES
