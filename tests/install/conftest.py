"""What users install, made from the last commit: a clone, the packages, and environments with one of them."""

import os
import subprocess
import sys
import venv
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
CONSTRAINTS = ROOT / "requirements" / "constraints.txt"

# What an outer `make`, an active environment or a developer's settings would let through to what is tried.
_NOT_PASSED_ON = ("PYTHON", "TRACKHELM_", "MAKE", "MFLAGS", "VIRTUAL_ENV", "PYTEST_", "GIT_")
ENVIRONMENT = {name: value for name, value in os.environ.items() if not name.startswith(_NOT_PASSED_ON)}


def run(*command: str | Path, cwd: Path, **environment: str) -> str:
    """Run a program to its good end and return what it printed."""
    ended = subprocess.run(
        [str(word) for word in command],
        cwd=cwd,
        env=ENVIRONMENT | environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    assert ended.returncode == 0, f"{command}\n{ended.stdout}"
    return ended.stdout


@dataclass(frozen=True)
class Environment:
    """An environment that holds one package and its dependencies, and not even pip."""

    folder: Path

    @property
    def python(self) -> Path:
        return self.folder / "bin" / "python"

    @property
    def server(self) -> Path:
        return self.folder / "bin" / "trackhelm-server"

    @property
    def described(self) -> Path:
        """The folder of what the package says of itself."""
        (folder,) = self.folder.glob("lib/*/site-packages/trackhelm_server-*.dist-info")
        return folder

    def files(self) -> dict[str, str]:
        """Return the package's own files, and the digest of each that is not compiled at its installation."""
        rows = [line.split(",") for line in (self.described / "RECORD").read_text().splitlines()]
        return {
            name: "" if name.endswith(".so") else digest
            for name, digest, _size in rows
            if ".dist-info/" not in name and not name.startswith("..") and not name.endswith(".pyc")
        }


@pytest.fixture(scope="session")
def clone(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The last commit, as a clone of the repository has it: what is not committed is not there."""
    folder = tmp_path_factory.mktemp("clone") / "trackhelm"
    run("git", "clone", "--quiet", "--depth=1", ROOT.as_uri(), folder, cwd=ROOT)
    return folder


@pytest.fixture(scope="session")
def client_wheel(clone: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel of the Python client, made from its sdist."""
    folder = tmp_path_factory.mktemp("client-dist")
    run(sys.executable, "-m", "build", "--quiet", "--outdir", folder, clone / "client", cwd=clone)
    (wheel,) = folder.glob("*.whl")
    return wheel


@pytest.fixture(scope="session")
def packages(clone: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The wheel and the sdist, each made from the clone and by itself."""
    folder = tmp_path_factory.mktemp("dist")
    run(sys.executable, "-m", "build", "--quiet", "--wheel", "--sdist", "--outdir", folder, clone, cwd=clone)
    (wheel,) = folder.glob("*.whl")
    (sdist,) = folder.glob("*.tar.gz")
    return {"wheel": wheel, "sdist": sdist}


@pytest.fixture(scope="session")
def installed(
    packages: dict[str, Path], tmp_path_factory: pytest.TempPathFactory
) -> Callable[[str, str], Environment]:
    """Return what installs a package alone, with an extra or none, and remembers where."""
    made: dict[tuple[str, str], Environment] = {}

    def install(package: str, extra: str) -> Environment:
        if (package, extra) not in made:
            folder = tmp_path_factory.mktemp(f"{package}-{extra or 'base'}") / "venv"
            venv.create(folder, symlinks=True)
            environment = Environment(folder)
            # INSTALL_UNPINNED=1 takes the newest of everything, as users without our pins do.
            pins: list[str | Path] = (
                [] if os.environ.get("INSTALL_UNPINNED") else ["--constraint", CONSTRAINTS]
            )
            wanted = f"trackhelm-server{f'[{extra}]' if extra else ''} @ {packages[package].as_uri()}"
            pip = (sys.executable, "-m", "pip", "--python", environment.python, "--disable-pip-version-check")
            run(*pip, "install", "--quiet", "--no-compile", *pins, wanted, cwd=folder)
            made[package, extra] = environment
        return made[package, extra]

    return install
