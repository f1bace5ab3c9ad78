"""A server that is killed amid an upload: the file before it stays, and nothing shows of the new one."""

import os
import signal
import socket
from pathlib import Path

import httpx2
import pytest
from typer.testing import CliRunner

from tests.fixtures.programs import embedded_server
from tests.fixtures.s3 import S3Server
from tests.fixtures.waiting import wait_until
from trackhelm_artifact.objects.keys import RESERVED
from trackhelm_artifact.objects.remote import PART_BYTES
from trackhelm_cli.main import app

FILES = "/api/2.0/mlflow-artifacts/artifacts"
SENT = 3 * PART_BYTES


class Beginnings:
    """What a store keeps of uploads that are not finished."""

    def __init__(self, data: Path, s3: S3Server | None, url: str) -> None:
        self._drafts = data / "artifacts" / RESERVED
        self._s3 = s3
        self._prefix = url.removeprefix("s3://").partition("/")[2]

    def count(self) -> int:
        if self._s3 is not None:
            return sum(self._prefix in key for key in self._s3.unfinished_uploads(""))
        # Written to, not only made.
        return sum(draft.stat().st_size > 0 for draft in self._drafts.iterdir())


def upload(client: httpx2.Client, name: str) -> socket.socket:
    """Send the beginning of a file that is to be ten times as large."""
    connection = socket.create_connection((client.base_url.host, client.base_url.port))
    head = f"PUT {FILES}/killed/{name} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: {10 * SENT}\r\n\r\n"
    connection.sendall(head.encode() + b"x" * SENT)
    return connection


def test_a_killed_server_leaves_nothing_of_an_upload_that_shows(
    tmp_path: Path,
    store_variables: dict[str, str],
    request: pytest.FixtureRequest,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    s3: S3Server | None = request.getfixturevalue("s3_server") if store_variables else None
    left = Beginnings(tmp_path / "data", s3, store_variables.get("TRACKHELM_ARTIFACTS_URL", ""))
    with embedded_server(tmp_path, store_variables) as (process, client):
        # Somebody has files in the store: for a database that knows nobody nothing is deleted.
        assert client.post("/api/2.0/mlflow/runs/create", json={"experiment_id": "0"}).is_success
        client.put(f"{FILES}/killed/kept", content=b"old")
        with upload(client, "kept"), upload(client, "new"):
            wait_until(lambda: left.count() == 2)
            os.kill(process.pid, signal.SIGKILL)
            process.wait()

    with embedded_server(tmp_path, store_variables) as (_, client):
        listed = client.get(FILES, params={"path": "killed"}).json()["files"]
        assert [(file["path"], file["file_size"]) for file in listed] == [("kept", 3)]
        assert client.get(f"{FILES}/killed/kept").content == b"old"
        assert client.get(f"{FILES}/killed/new").status_code == 404
        # A folder's next start clears away what takes room; a bucket may be another server's as well.
        assert left.count() == (2 if s3 else 0)

        for name, value in store_variables.items():
            monkeypatch.setenv(name, value)
        command = ["artifacts", "reconcile", "--data", str(tmp_path / "data"), "--older-than", "0s"]
        found = CliRunner().invoke(app, command)
        assert found.output.count("interrupted upload") == (2 if s3 else 0)
        dropped = CliRunner().invoke(app, [*command, "--delete"])
        assert dropped.exit_code == 0, dropped.output
        assert left.count() == 0

        again = client.put(f"{FILES}/killed/new", content=b"whole")
        assert again.status_code == 200
        assert client.get(f"{FILES}/killed/new").content == b"whole"
