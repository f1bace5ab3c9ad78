"""The server's memory stays flat, whatever a file's size."""

import itertools
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import httpx2
import pytest

from tests.fixtures.s3 import S3Server  # noqa: TC001 - a local annotation, which mypy reads

MEBIBYTE = 1024 * 1024
FILE_MEBIBYTES = 256
GROWTH_MEBIBYTES = 48
FILES = 100_000
LISTING_GROWTH_MEBIBYTES = 32

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
    with started(tmp_path, environment) as running:
        yield running


@contextmanager
def started(
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


class _Listing(BaseHTTPRequestHandler):
    """Answers as an S3 server does whose bucket has very many files in a directory."""

    protocol_version = "HTTP/1.1"

    def do_HEAD(self) -> None:
        self._answer(b"")

    def do_GET(self) -> None:
        query = parse_qs(urlsplit(self.path).query)
        if "list-type" not in query:
            self._answer(b"<LocationConstraint/>")
            return
        prefix = query["prefix"][0]
        start = int(query.get("continuation-token", ["0"])[0])
        items = "".join(
            f"<Contents><Key>{prefix}{number:06}.txt</Key><Size>7</Size></Contents>"
            for number in range(start, start + 1000)
        )
        more = start + 1000 < FILES
        token = f"<NextContinuationToken>{start + 1000}</NextContinuationToken>" if more else ""
        self._answer(
            f"<ListBucketResult><IsTruncated>{str(more).lower()}</IsTruncated>{token}{items}"
            "</ListBucketResult>".encode()
        )

    def _answer(self, body: bytes) -> None:
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def very_many(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[dict[str, str]]:
    """Yield the variables of a store with a directory of 100,000 files."""
    if request.param == "folder":
        many = tmp_path / "data" / "artifacts" / "many"
        many.mkdir(parents=True)
        for number in range(FILES):
            (many / f"{number:06}.txt").write_bytes(b"content")
        yield {}
        return
    with ThreadingHTTPServer(("127.0.0.1", 0), _Listing) as stub:
        thread = threading.Thread(target=stub.serve_forever)
        thread.start()
        yield {
            "TRACKHELM_ARTIFACTS_URL": "s3://bucket/prefix",
            "TRACKHELM_S3_ENDPOINT": f"http://127.0.0.1:{stub.server_port}",
            "TRACKHELM_S3_ACCESS_KEY": "key",
            "TRACKHELM_S3_SECRET_KEY": "secret",
            "TRACKHELM_S3_ALLOW_HTTP": "true",
        }
        stub.shutdown()
        thread.join()


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="asks Linux for the process's memory")
@pytest.mark.parametrize("very_many", ["folder", "s3"], indirect=True)
def test_a_directory_of_very_many_files_is_listed_in_pages(tmp_path: Path, very_many: dict[str, str]) -> None:
    with started(tmp_path, very_many) as (process, client):
        url = "/api/2.0/mlflow-artifacts/artifacts"
        client.get(url, params={"path": "none" if very_many == {} else "many"}).read()
        before = peak_mebibytes(process)
        listed = client.get(url, params={"path": "many"}).json()["files"]
        assert [file["path"] for file in listed] == [f"{number:06}.txt" for number in range(FILES)]
        assert {file["file_size"] for file in listed} == {7}
        assert peak_mebibytes(process) - before < LISTING_GROWTH_MEBIBYTES
