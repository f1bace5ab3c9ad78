"""The server's memory stays flat, whatever a file's size."""

import itertools
import os
import subprocess
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import httpx2
import pytest

from tests.fixtures.programs import embedded_server

pytestmark = pytest.mark.long

MEBIBYTE = 1024 * 1024
FILE_MEBIBYTES = 256
GROWTH_MEBIBYTES = 48
FILES = 100_000
LINKS = 50_000
LISTING_GROWTH_MEBIBYTES = 32


def peak_mebibytes(process: subprocess.Popen[str]) -> int:
    status = Path(f"/proc/{process.pid}/status").read_text()
    (line,) = (line for line in status.splitlines() if line.startswith("VmHWM:"))
    return int(line.split()[1]) // 1024


@pytest.fixture
def server(
    tmp_path: Path, store_variables: dict[str, str]
) -> Iterator[tuple[subprocess.Popen[str], httpx2.Client]]:
    with embedded_server(tmp_path, store_variables) as running:
        yield running


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


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="asks Linux for the process's memory")
def test_a_folder_is_archived_in_blocks(server: tuple[subprocess.Popen[str], httpx2.Client]) -> None:
    process, client = server
    experiment = client.post("/api/2.0/mlflow/experiments/create", json={"name": "archived"}).json()
    run = client.post("/api/2.0/mlflow/runs/create", json=experiment).json()["run"]["info"]
    root = f"/api/2.0/mlflow-artifacts/artifacts/{run['artifact_uri'].removeprefix('mlflow-artifacts:/')}"
    block = b"x" * MEBIBYTE
    size = FILE_MEBIBYTES // 2 * MEBIBYTE
    client.put(f"{root}/small/a.txt", content=b"a")
    for name in ("a.bin", "b.bin"):
        body = itertools.repeat(block, FILE_MEBIBYTES // 2)
        client.put(f"{root}/{name}", content=body, headers={"Content-Length": str(size)})
    archive = "/api/2.0/trackhelm/artifacts/archive"
    client.get(archive, params={"run_id": run["run_id"], "path": "small"})
    before = peak_mebibytes(process)
    with client.stream("GET", archive, params={"run_id": run["run_id"]}) as answer:
        assert answer.status_code == 200
        assert sum(len(chunk) for chunk in answer.iter_raw()) > 2 * size
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
        # Links are made several times as fast as files; ext4 has no more than 65,000 of one.
        for start in range(0, FILES, LINKS):
            source = many / f"{start:06}.txt"
            source.write_bytes(b"content")
            for number in range(start + 1, start + LINKS):
                os.link(source, many / f"{number:06}.txt")
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
    with embedded_server(tmp_path, very_many) as (process, client):
        url = "/api/2.0/mlflow-artifacts/artifacts"
        client.get(url, params={"path": "none" if very_many == {} else "many"}).read()
        before = peak_mebibytes(process)
        listed = client.get(url, params={"path": "many"}).json()["files"]
        assert [file["path"] for file in listed] == [f"{number:06}.txt" for number in range(FILES)]
        assert {file["file_size"] for file in listed} == {7}
        page = client.get(url, params={"path": "many", "max_results": 1000}).json()
        assert page["files"] == listed[:1000]
        page = client.get(url, params={"path": "many", "page_token": page["next_page_token"]}).json()
        assert page["files"] == listed[1000:2000]
        assert peak_mebibytes(process) - before < LISTING_GROWTH_MEBIBYTES
