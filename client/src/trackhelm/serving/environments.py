"""Environments with a model's own requirements: made once by uv or by venv, kept, and used by other programs.

An environment has the packages of the model's `requirements.txt` without MLflow, those of `trackhelm[serve]`,
and this very package, whether it was installed or is a checkout. It is kept below
`~/.cache/trackhelm/environments` under a digest of all that.
"""

import hashlib
import os
import platform
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Final, NoReturn

from trackhelm import __version__
from trackhelm.exceptions import MlflowException
from trackhelm.models.loading import fetch
from trackhelm.models.model import read_yaml
from trackhelm.models.requirements import CONSTRAINTS, PYTHON, REQUIREMENTS

MANAGERS: Final = ("local", "uv", "virtualenv")
SERVER: Final = (
    "cloudpickle>=3.0",
    "httptools>=0.6",
    "numpy>=1.26",
    "orjson>=3.9",
    "pandas>=2.2",
    "prometheus-client>=0.20",
    "pyyaml>=6.0",
    "rich>=13.7",
    "typer>=0.15",
    "uvicorn>=0.30",
    "uvloop>=0.19",
)
"""What `trackhelm[serve]` brings; a test holds it against the distribution's own list."""
_READY: Final = "trackhelm-ready"


def needed(folder: Path) -> list[str]:
    """Return the requirements of a model and of what serves it, without MLflow."""
    file = folder / REQUIREMENTS
    own = file.read_text(encoding="utf-8").splitlines() if file.is_file() else []
    found = [line.strip() for line in own if line.strip() and not line.lstrip().startswith(("#", "-"))]
    found = [
        line for line in found if not re.match(r"(?i)(mlflow|mlflow-skinny|mlflow-tracing|trackhelm)\b", line)
    ]
    named = {_name(line) for line in found}
    return found + [line for line in SERVER if _name(line) not in named]


def _name(requirement: str) -> str:
    found = re.match(r"[A-Za-z0-9._-]+", requirement)
    return re.sub(r"[-_.]+", "-", found[0]).lower() if found else requirement


def environment_of(model_uri: str, manager: str) -> Path:
    """Return the Python of a model's environment, which is made if it is not there.

    Args:
        model_uri: The model.
        manager: `uv` or `virtualenv`.

    Raises:
        MlflowException: It cannot be made.
    """
    if manager not in MANAGERS:
        raise MlflowException.invalid_parameter_value(
            f"Invalid value for `env_manager`: {manager!r}. It is one of {', '.join(MANAGERS)}"
        )
    folder = fetch(model_uri)
    python = _python_of(folder)
    requirements = needed(folder)
    told = "\n".join([manager, python, __version__, str(_package()), *requirements])
    home = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    place = home / "trackhelm" / "environments" / hashlib.sha256(told.encode()).hexdigest()[:16]
    if not (place / _READY).is_file():
        shutil.rmtree(place, ignore_errors=True)
        place.parent.mkdir(parents=True, exist_ok=True)
        _make(place, manager, python, requirements, folder / CONSTRAINTS)
        (place / _READY).write_text(told, encoding="utf-8")
    return place / "bin" / "python"


def _python_of(folder: Path) -> str:
    """Return the version of Python with which a model was saved, as `3.11`."""
    file = folder / PYTHON
    told = str(read_yaml(file).get("python", "")) if file.is_file() else ""
    return ".".join((told or platform.python_version()).split(".")[:2])


def _package() -> Path:
    return Path(__file__).parents[1]


def _make(place: Path, manager: str, python: str, requirements: list[str], constraints: Path) -> None:
    limits = ["-c", str(constraints)] if constraints.is_file() else []
    if manager == "uv":
        uv = shutil.which("uv")
        if uv is None:
            raise MlflowException("uv is not there: pip install uv, or pass --env-manager virtualenv")
        _run([uv, "venv", "--quiet", "--python", python, str(place)])
        install = [uv, "pip", "install", "--quiet", "--python", str(place / "bin" / "python")]
    else:
        if not platform.python_version().startswith(f"{python}."):
            raise MlflowException(
                f"The model was saved with Python {python}, and this is {platform.python_version()}: pass "
                "--env-manager uv, which brings other versions of Python"
            )
        _run([sys.executable, "-m", "venv", str(place)])
        install = [
            str(place / "bin" / "python"),
            "-m",
            "pip",
            "install",
            "--quiet",
            "--disable-pip-version-check",
        ]
    _run([*install, *limits, *requirements])
    # This package is pure Python: a link to it is as good as an installation, and needs no index.
    packages = next((place / "lib").glob("python*")) / "site-packages"
    (packages / "trackhelm").symlink_to(_package(), target_is_directory=True)


def _run(command: list[str]) -> None:
    ended = subprocess.run(command, capture_output=True, text=True, check=False)
    if ended.returncode:
        raise MlflowException(
            f"The environment of the model cannot be made: {' '.join(command[:4])} … ended with "
            f"{ended.returncode}: {ended.stderr.strip()[-2_000:]}"
        )


def run_inside(model_uri: str, manager: str) -> NoReturn:
    """Become the same command in the environment of a model."""
    python = environment_of(model_uri, manager)
    words = iter(sys.argv[1:])
    kept = []
    for word in words:
        if word == "--env-manager":
            next(words, None)
        elif not word.startswith("--env-manager="):
            kept.append(word)
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    os.execve(python, [str(python), "-m", "trackhelm", *kept], environment)  # noqa: S606 - of this package
