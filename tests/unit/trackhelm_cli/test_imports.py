"""What a start must not import: it is paid for by everybody who starts a server, and needed by few."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]

SHOWN_AT_THE_END = """
import sys
from typer.testing import CliRunner
from trackhelm_cli import main
{preparation}
result = CliRunner().invoke(main.app, sys.argv[1:])
assert result.exit_code == 0, result.output
print(*sorted(sys.modules))
"""

# A server that has answered `/health`, and then is told to end.
ANSWERS = """
import http.client
import trackhelm_cli.serving

class Server(trackhelm_cli.serving._AnnouncingServer):
    async def startup(self, sockets=None):
        await super().startup(sockets)
        import asyncio
        port = self.servers[0].sockets[0].getsockname()[1]
        def ask():
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=180)
            connection.request("GET", "/health")
            assert connection.getresponse().read() == b"OK"
            self.should_exit = True
        self.asking = asyncio.ensure_future(asyncio.to_thread(ask))

trackhelm_cli.serving._AnnouncingServer = Server
"""


def imported(*arguments: str, preparation: str = "") -> set[str]:
    program = SHOWN_AT_THE_END.format(preparation=preparation)
    done = subprocess.run(
        [sys.executable, "-c", program, *arguments],
        capture_output=True,
        text=True,
        check=True,
        cwd=ROOT / "services",
    )
    return set(done.stdout.splitlines()[-1].split())


def test_help_imports_no_role() -> None:
    modules = imported("--help")
    ours = {name for name in modules if name.startswith("trackhelm_")}
    assert ours == {"trackhelm_cli", "trackhelm_cli.main"}
    assert not modules & {"pydantic", "sqlalchemy", "fastapi", "uvicorn"}


@pytest.mark.parametrize("database", ["fresh", "existing"])
def test_an_embedded_server_imports_nothing_that_only_others_need(tmp_path: Path, database: str) -> None:
    start = ("embedded", "--port", "0", "--data", str(tmp_path / "data"))
    if database == "existing":
        imported(*start, preparation=ANSWERS)
    modules = imported(*start, preparation=ANSWERS)
    assert "trackhelm_embedded.app" in modules, "this looks at the right process"
    unneeded = {
        "celery",
        "cryptography",
        "kombu",
        "kubernetes",
        "minio",
        "nanoarrow",
        "obstore",
        "psycopg",
        "redis",
        "urllib3",
    }
    if database == "existing":
        unneeded |= {"alembic", "mako"}
    assert not sorted(modules & unneeded)


# A server that has written its API document into a file, and then is told to end.
DOCUMENTED = """
import asyncio
import http.client
import pathlib
import sys
import uvicorn

start = uvicorn.Server.startup

async def startup(self, sockets=None):
    await start(self, sockets)
    models = sys.modules["fastapi.openapi.models"]
    assert not models.OpenAPI.__pydantic_complete__, "a model is built at the start"
    port = self.servers[0].sockets[0].getsockname()[1]
    def ask():
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=180)
        connection.request("GET", "/openapi.json")
        pathlib.Path(file).write_bytes(connection.getresponse().read())
        self.should_exit = True
    self.asking = asyncio.ensure_future(asyncio.to_thread(ask))

uvicorn.Server.startup = startup
file = sys.argv.pop(1)
from trackhelm_cli.main import app
app()
"""


def test_models_that_are_built_when_first_used_are_documented_as_others(tmp_path: Path) -> None:
    file = tmp_path / "openapi.json"
    start = ("embedded", "--port", "0", "--data", str(tmp_path / "data"))
    done = subprocess.run(
        [sys.executable, "-c", DOCUMENTED, str(file), *start],
        capture_output=True,
        text=True,
        check=True,
        cwd=ROOT / "services",
    )
    assert json.loads(file.read_bytes()) == json.loads((ROOT / "docs" / "openapi.json").read_bytes())
    assert "Warning" not in done.stderr
