"""The wheel and the sdist, each alone in an empty environment, and `make run` on a fresh clone.

`TEST_CLIENT_PYTHON` names the Python of an environment with the stock client, for the README's script.
"""

import os
import signal
import subprocess
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.install.conftest import ENVIRONMENT, ROOT, Environment, run
from trackhelm_stack.program import free_ports

# An environment takes its time on a machine that has never installed any of it.
pytestmark = pytest.mark.timeout(2_700)

Installed = Callable[[str, str], Environment]

IMPORT_EVERYTHING = """
import importlib, pkgutil
ours = [module.name for module in pkgutil.iter_modules() if module.name.startswith("trackhelm_")]
missing = set()
for name in ours:
    package = importlib.import_module(name)
    for module in pkgutil.walk_packages(package.__path__, f"{name}."):
        if not module.name.endswith(".__main__"):
            try:
                importlib.import_module(module.name)
            except ModuleNotFoundError as error:
                missing.add(error.name.partition(".")[0])
print(*ours)
print(*sorted(missing))
"""

CONNECT_THE_QUEUE = """
from trackhelm_worker.app import celery
with celery.connection_for_write() as connection:
    connection.ensure_connection(max_retries=1)
    print(*(kind.__module__ for kind in type(connection.transport).__mro__))
"""


@pytest.fixture(params=["wheel", "sdist"])
def package(request: pytest.FixtureRequest) -> str:
    name: str = request.param
    return name


def test_every_module_can_be_imported(installed: Installed, package: str, tmp_path: Path) -> None:
    told = {"TRACKHELM_REDIS_URL": "redis://127.0.0.1:1/0"}  # a worker is nothing without one
    ours = sorted(path.parent.name for path in ROOT.glob("services/trackhelm_*/__init__.py"))
    # FastAPI brings OpenTelemetry's API, and the extra what sends traces.
    for extra, lacking in (("", ["kubernetes", "opentelemetry"]), ("kubernetes,otel", [])):
        python = installed(package, extra).python
        packages, missing = run(python, "-I", "-c", IMPORT_EVERYTHING, cwd=tmp_path, **told).splitlines()
        assert (packages.split(), missing.split()) == (ours, lacking)


def test_wheel_and_sdist_install_the_same_files(installed: Installed) -> None:
    wheel, sdist = installed("wheel", ""), installed("sdist", "")
    files = wheel.files()
    assert files == sdist.files()
    # Among it what each extra needs, so the stack is started from one of them only.
    for name in ("METADATA", "entry_points.txt"):
        assert (wheel.described / name).read_text() == (sdist.described / name).read_text()
    # Where there is a C compiler.
    assert any("_plain_batch" in name and name.endswith(".so") for name in files)


def test_the_license_is_declared_and_installed(installed: Installed, package: str) -> None:
    metadata = installed(package, "").described
    assert "\nLicense-Expression: Apache-2.0\n" in (metadata / "METADATA").read_text(encoding="utf-8")
    assert (metadata / "licenses" / "LICENSE").read_bytes() == (ROOT / "LICENSE").read_bytes()


def test_the_queue_can_be_connected(
    installed: Installed, package: str, tmp_path: Path, own_redis_url: str
) -> None:
    settings = {"TRACKHELM_REDIS_URL": own_redis_url, "TRACKHELM_DATABASE_URL": "sqlite:///unused.db"}
    python = installed(package, "").python
    transport = run(python, "-I", "-c", CONNECT_THE_QUEUE, cwd=tmp_path, **settings)
    assert "kombu.transport.redis" in transport.split()


@pytest.mark.parametrize(
    ("package", "shape", "extra"),
    [("wheel", "embedded", ""), ("sdist", "embedded", ""), ("wheel", "stack", "stack")],
)
def test_the_readmes_script_runs(installed: Installed, package: str, shape: str, extra: str) -> None:
    run(
        *(os.environ["TEST_CLIENT_PYTHON"], "-m", "pytest", "-c", "tests/e2e/pytest.ini"),
        *("-p", "no:cacheprovider", "tests/e2e/test_readme.py"),
        cwd=ROOT,
        SERVER_UNDER_TEST=str(installed(package, extra).server),
        SERVER_SHAPE=shape,
    )


@contextmanager
def made_run(clone: Path, port: int) -> Iterator[Iterator[str]]:
    """Say `make run` and yield the lines that it prints; then press Ctrl-C."""
    with subprocess.Popen(
        ["make", "run", f"PORT={port}"],
        cwd=clone,
        env=ENVIRONMENT,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    ) as process:
        assert process.stdout is not None
        try:
            yield iter(process.stdout)
        finally:
            os.killpg(process.pid, signal.SIGINT)
            process.communicate(timeout=180)


def test_make_run_on_a_fresh_clone(clone: Path) -> None:
    (port,) = free_ports(1)
    url = f"http://127.0.0.1:{port}"
    with made_run(clone, port) as lines:
        said: list[str] = []
        for line in lines:
            said.append(line)
            if line == f"Trackhelm listens on {url}\n":
                break
        else:
            pytest.fail("".join(said))
        with urllib.request.urlopen(f"{url}/health", timeout=180) as answer:
            assert answer.read() == b"OK"
    assert (clone / "trackhelm-data").is_dir()
