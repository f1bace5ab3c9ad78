"""Logging in from the command line: by a code approved in a browser, by a password, into a workspace."""

import base64
import json
import os
import re
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from client.tests.e2e.conftest import STOCK_PYTHON, run_python
from tests.e2e.server import ServerProcess
from trackhelm.rest.transport import Transport

OWN = "/api/2.0/trackhelm"
PASSWORD = "a password of the admin"


class Admin:
    """The administrator of a server, who approves in a browser what others ask for."""

    def __init__(self, url: str) -> None:
        self._transport = Transport(url, is_anonymous=True)
        self._header = "Basic " + base64.b64encode(f"admin:{PASSWORD}".encode()).decode()

    def call(self, method: str, path: str, **message: Any) -> dict[str, Any]:
        answer = self._transport.send(
            method,
            self._transport.base + path,
            {"Authorization": self._header, "Content-Type": "application/json"},
            json.dumps(message).encode(),
        )
        told: dict[str, Any] = json.loads(answer.read() or b"{}")
        assert answer.status < 300, told
        return told


@pytest.fixture(scope="module")
def checking_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    """Yield a server at which one logs in."""
    folder = tmp_path_factory.mktemp("checking")
    (folder / "password").write_text(PASSWORD)
    settings = {"TRACKHELM_AUTH": "on", "TRACKHELM_ADMIN_PASSWORD_FILE": str(folder / "password")}
    process = ServerProcess(folder / "data", settings)
    process.start()
    yield process
    process.stop()


def trackhelm(url: str, *arguments: str, code: int = 0, answer: str | None = None) -> str:
    """Return what a command prints, which must end as it is said."""
    ended = subprocess.run(
        [sys.executable, "-m", "trackhelm", "--tracking-uri", url, *arguments],
        env=os.environ | {"NO_COLOR": "1", "COLUMNS": "200"},
        input=answer,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert ended.returncode == code, ended.stdout + ended.stderr
    return ended.stdout + ended.stderr


def approved(admin: Admin, url: str, *arguments: str, verb: str = "approve", code: int = 0) -> str:
    """Return what a command prints whose code the administrator approves, or denies, while it waits."""
    with subprocess.Popen(
        [sys.executable, "-m", "trackhelm", "--tracking-uri", url, *arguments, "--no-browser"],
        env=os.environ | {"NO_COLOR": "1", "COLUMNS": "200", "PYTHONUNBUFFERED": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as program:
        assert program.stdout
        said = ""
        while not (found := re.search(r"^ {4}(\w{4}-\w{4})$", said, re.MULTILINE)):
            line = program.stdout.readline()
            assert line, said
            said += line
        assert f"Open {url}/#/device" in said
        admin.call("POST", f"{OWN}/devices/{verb}", user_code=found[1])
        said = program.stdout.read()
        assert program.wait(timeout=60) == code, said
    return said


def test_a_person_logs_in_by_a_browser_and_so_does_mlflow_s_client(
    checking_server: ServerProcess, tmp_path: Path
) -> None:
    url, admin = checking_server.url, Admin(checking_server.url)
    file = Path.home() / ".mlflow" / "credentials"
    file.parent.mkdir(exist_ok=True)
    # What there was counts no longer, and must not be sent.
    file.write_text("[mlflow]\nmlflow_tracking_token = thp_old\n[other]\nkey = kept\n")
    said = approved(admin, url, "login", "--days", "7")
    assert f"Logged in to {url} as admin, until " in said
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    stored = file.read_text()
    token = re.search(r"^mlflow_tracking_password = (thp_\w{36})$", stored, re.MULTILINE)
    assert token
    assert token[1] not in said
    assert "mlflow_tracking_username = admin\n" in stored
    assert re.search(r"^trackhelm_token_expires = 20\d\d-\d\d-\d\dT", stored, re.MULTILINE)
    assert "thp_old" not in stored
    assert "key = kept" in stored
    assert trackhelm(url, "experiments", "create", "made by a token").strip().isdigit()
    if STOCK_PYTHON:
        program = "import mlflow; print(mlflow.get_experiment_by_name('made by a token').name)"
        variables = {"MLFLOW_TRACKING_URI": url}
        ended = run_python(STOCK_PYTHON, "-c", program, cwd=tmp_path, variables=variables)
        assert ended.stdout.strip() == "made by a token"

    # Tokens: who is logged in by one confirms a new one in the browser.
    (row,) = json.loads(trackhelm(url, "tokens", "list", "--json"))
    assert row["token"].endswith(token[1][-4:])
    made = approved(admin, url, "tokens", "create", "for a job", "--scope", "read").strip()
    assert re.fullmatch(r"thp_\w{36}", made)
    by_name = {row["name"]: row for row in json.loads(trackhelm(url, "tokens", "list", "--json"))}
    assert by_name["for a job"]["scopes"] == "read"
    trackhelm(url, "tokens", "revoke", str(by_name["for a job"]["id"]))
    assert len(json.loads(trackhelm(url, "tokens", "list", "--json"))) == 1

    # Workspaces.
    admin.call("POST", "/api/3.0/mlflow/workspaces", name="team-a", description="A team")
    listed = json.loads(trackhelm(url, "workspaces", "list", "--json"))
    assert {"name": "team-a", "description": "A team"} in listed
    assert "in workspace 'team-a'" in approved(admin, url, "workspaces", "use", "team-a")
    assert "made by a token" not in trackhelm(url, "experiments", "list")
    trackhelm(url, "experiments", "create", "of the team")
    assert "of the team" in trackhelm(url, "experiments", "list")

    assert "denied" in approved(admin, url, "login", verb="deny", code=1)
    # The login before it counts still.
    assert "of the team" in trackhelm(url, "experiments", "list")


def test_a_password_is_asked_for_by_the_name_of_a_user(checking_server: ServerProcess) -> None:
    url = checking_server.url
    said = trackhelm(url, "login", "--user", "admin", "--uri", url, answer=f"{PASSWORD}\n")
    assert f"{url} takes them" in said
    assert re.fullmatch(r"thp_\w{36}", trackhelm(url, "tokens", "create", "by the password").strip())
    said = trackhelm(url, "login", "--user", "admin", "--uri", url, answer="a wrong password\n", code=1)
    assert "wrong" in said


def test_a_server_without_logins_says_so(tracking: str) -> None:
    assert "TRACKHELM_AUTH is 'off'" in trackhelm(tracking, "login", code=1)
