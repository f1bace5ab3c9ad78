"""What the built images hold, and that they run as the chart runs them, as a user of no rights.

`make test-images` builds them with buildah, which runs them, too: in a chroot, with the machine's network.
`TEST_IMAGES` is the prefix of their names, `TEST_IMAGE_TAG` their tag, `TEST_IMAGE_OPTIONS` the options of
the builder.
"""

import json
import os
import signal
import subprocess
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import pytest

from tests.fixtures.waiting import wait_until
from trackhelm_core import __version__
from trackhelm_stack.program import free_ports

ROOT: Final = Path(__file__).parents[2]
MOST_BYTES: Final = 250_000_000
"""Of an image as a registry sends it: its layers are compressed."""

pytestmark = pytest.mark.timeout(1_200)


def buildah(*words: str) -> str:
    ended = subprocess.run(["buildah", *words], capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stderr + ended.stdout
    return ended.stdout


def image(name: str) -> str:
    return f"{os.environ['TEST_IMAGES']}/trackhelm-{name}:{os.environ['TEST_IMAGE_TAG']}"


@pytest.fixture(scope="module")
def running() -> Iterator[Callable[[str], str]]:
    """Return what gives a container of an image."""
    made: dict[str, str] = {}

    def container(name: str) -> str:
        if name not in made:
            made[name] = buildah("from", image(name)).strip()
        return made[name]

    yield container
    for each in made.values():
        buildah("rm", each)


def output(container: str, *words: str, **environment: str) -> str:
    given = [f"--env={name}={value}" for name, value in environment.items()]
    return buildah("run", "--isolation", "chroot", *given, container, "--", *words)


@contextmanager
def started(container: str, *words: str) -> Iterator[None]:
    """Run a program in a container, which gets SIGTERM in the end."""
    command = ["buildah", "run", "--isolation", "chroot", container, "--", *words]
    with subprocess.Popen(command, start_new_session=True) as process:
        try:
            yield
        finally:
            os.killpg(process.pid, signal.SIGTERM)


def answer(port: int, path: str, body: dict[str, Any] | None = None) -> Any:
    data = None if body is None else json.dumps(body).encode()
    headers = {"Content-Type": "application/json"}
    request = urllib.request.Request(f"http://127.0.0.1:{port}{path}", data, headers)
    with urllib.request.urlopen(request, timeout=30) as response:
        read = response.read()
    return json.loads(read) if read.startswith(b"{") else read


def answers(port: int) -> bool:
    try:
        return bool(answer(port, "/health"))
    except OSError:
        return False


@pytest.mark.parametrize("name", ["server", "gateway"])
def test_it_says_what_it_is(name: str) -> None:
    described = json.loads(buildah("inspect", "--type", "image", image(name)))["OCIv1"]["config"]
    assert described["User"] == "10001:10001"
    labels = {key.rpartition(".")[2]: value for key, value in described["Labels"].items()}
    revision = subprocess.run(
        ["git", "rev-parse", "HEAD"], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout.strip()
    assert labels["version"] == __version__
    assert labels["revision"] == revision
    assert labels["licenses"] == "Apache-2.0"


@pytest.mark.parametrize("name", ["server", "gateway"])
def test_it_is_small_enough(name: str, tmp_path: Path) -> None:
    buildah("push", "--quiet", image(name), f"oci:{tmp_path}:image")
    size = sum(blob.stat().st_size for blob in (tmp_path / "blobs" / "sha256").iterdir())
    assert size < MOST_BYTES


def test_only_the_data_folder_belongs_to_its_user_and_nothing_can_build(
    running: Callable[[str], str],
) -> None:
    server = running("server")
    root = Path(buildah("mount", server).strip())
    inside = [*root.iterdir(), *(root / "opt").rglob("*"), *(root / "usr").rglob("*")]
    assert [path.relative_to(root) for path in inside if path.lstat().st_uid == 10001] == [Path("data")]
    for program in ("gcc", "cc", "pip", "pip3"):
        assert output(server, "sh", "-c", f"command -v {program} || echo none").strip() == "none"


def test_compiled_files_hold_no_time(running: Callable[[str], str]) -> None:
    # The second word of a compiled file has 1 for a hash that nobody checks.
    program = (
        "import pathlib, sys; print({file.read_bytes()[4:8].hex()"
        " for file in pathlib.Path(sys.prefix).rglob('*.pyc')})"
    )
    assert output(running("server"), "python3", "-c", program).strip() == "{'01000000'}"


def test_the_server_stores_what_it_is_sent(running: Callable[[str], str]) -> None:
    (port,) = free_ports(1)
    server = running("server")
    assert "ok     reading of metrics: compiled" in output(server, "trackhelm-server", "doctor")
    with started(server, "trackhelm-server", "embedded", "--port", str(port), "--data", "/data"):
        wait_until(lambda: answers(port), seconds=60)
        api = "/api/2.0/mlflow"
        run = answer(port, f"{api}/runs/create", {"experiment_id": "0"})["run"]["info"]["run_id"]
        logged = {"run_id": run, "key": "loss", "value": 0.5, "step": 1, "timestamp": 1}
        answer(port, f"{api}/runs/log-metric", logged)
        (metric,) = answer(port, f"{api}/runs/get?run_id={run}")["run"]["data"]["metrics"]
        assert metric["value"] == 0.5
        assert b'<script type="module"' in answer(port, "/")


def test_the_gateway_answers_with_the_configuration_that_the_server_writes(
    running: Callable[[str], str],
) -> None:
    (port,) = free_ports(1)
    words = ("gateway-config", "--host", "127.0.0.1", "--port", str(port), "--folder", "/tmp")
    text = output(
        running("server"), "trackhelm-server", *words, TRACKHELM_UI_FOLDER="/usr/share/trackhelm/ui"
    )
    gateway = running("gateway")
    mounted = Path(buildah("mount", gateway).strip())
    (mounted / "tmp" / "nginx.conf").write_text(text, encoding="utf-8")
    with started(gateway, "nginx", "-e", "stderr", "-c", "/tmp/nginx.conf"):
        wait_until(lambda: answers(port), seconds=30)
        assert b'<script type="module"' in answer(port, "/")


def test_a_second_build_is_the_same_image() -> None:
    names = [image("server"), image("gateway")]
    before = [buildah("images", "--quiet", "--no-trunc", name) for name in names]
    options = os.environ["TEST_IMAGE_OPTIONS"]
    words = ("make", "images", "BUILDER=buildah", "IMAGES=localhost", f"BUILD_OPTIONS={options}")
    subprocess.run(words, cwd=ROOT, check=True, capture_output=True)
    assert [buildah("images", "--quiet", "--no-trunc", name) for name in names] == before
