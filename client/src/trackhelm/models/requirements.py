"""What has to be installed for a model: found without loading the model, and written as MLflow writes it.

A model needs the packages of its flavour, those whose names its pickle holds, and those that its code
imports. All of that can be read off the files; a package that is imported only by another one is that one's
concern.
"""

import ast
import os
import pickletools
import platform
import re
import sys
from collections.abc import Iterable, Iterator
from functools import cache
from importlib import metadata
from pathlib import Path
from typing import Any, Final

from trackhelm.exceptions import MlflowException
from trackhelm.models.model import FORMAT_VERSION, read_yaml, write_yaml

REQUIREMENTS: Final = "requirements.txt"
CONSTRAINTS: Final = "constraints.txt"
CONDA: Final = "conda.yaml"
PYTHON: Final = "python_env.yaml"
ENVIRONMENT_FILES: Final = (REQUIREMENTS, CONSTRAINTS, CONDA, PYTHON)
_OURS: Final = frozenset(
    {"trackhelm", "mlflow", "mlflow-skinny", "mlflow-tracing", "pip", "setuptools", "wheel"}
)
_LARGEST_MEMO: Final = 1_000_000


@cache
def _distributions() -> dict[str, str]:
    """Return the distribution of each first name of a module that is installed."""
    return {name: found[0] for name, found in metadata.packages_distributions().items() if found}


def pinned(distribution: str) -> str:
    """Return a requirement with the version that is installed; without one if it is not."""
    try:
        return f"{distribution}=={metadata.version(distribution).partition('+')[0]}"
    except metadata.PackageNotFoundError:
        return distribution


def is_installed(distribution: str) -> bool:
    """Return whether a distribution is installed."""
    return _version(distribution) is not None


def requirements_of_modules(modules: Iterable[str]) -> set[str]:
    """Return the pinned requirements of modules, without those of the standard library."""
    found = set()
    for module in modules:
        first = module.partition(".")[0]
        if first in sys.stdlib_module_names or first not in _distributions():
            continue
        distribution = _distributions()[first]
        if re.sub(r"[-_.]+", "-", distribution).lower() not in _OURS:
            found.add(pinned(distribution))
    return found


def modules_of_pickle(file: Path) -> set[str]:
    """Return the first names of the modules that a pickle names. It is not loaded."""
    found: set[str] = set()
    recent: list[str] = []
    memo: dict[int, str] = {}
    count = 0
    try:
        with file.open("rb") as content:
            for opcode, argument, _ in pickletools.genops(content):
                if opcode.name == "GLOBAL":
                    found.add(str(argument).partition(" ")[0])
                elif opcode.name == "STACK_GLOBAL" and len(recent) > 1:
                    found.add(recent[-2])
                elif "UNICODE" in opcode.name:
                    recent = [*recent[-1:], str(argument)]
                elif opcode.name == "MEMOIZE" or opcode.name.endswith("PUT"):
                    number = count if opcode.name == "MEMOIZE" else int(str(argument))
                    count += 1
                    if recent and len(memo) < _LARGEST_MEMO:
                        memo[number] = recent[-1]
                elif opcode.name.endswith("GET") and int(str(argument)) in memo:
                    recent = [*recent[-1:], memo[int(str(argument))]]
    except ValueError:
        pass  # such as a compressed one, of which nothing can be said
    return {name.partition(".")[0] for name in found}


def modules_of_code(path: Path) -> set[str]:
    """Return the first names of the modules that Python files import, of one or of a folder."""
    files = [path] if path.is_file() else sorted(path.rglob("*.py"))
    found: set[str] = set()
    for file in files:
        if file.suffix == ".py":
            try:
                found |= set(_imports(ast.parse(file.read_text(encoding="utf-8"))))
            except (SyntaxError, UnicodeDecodeError):
                continue
    return (
        found - {file.stem for file in files} - {part.name for part in path.parent.glob("*") if part.is_dir()}
    )


def _imports(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name.partition(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node.module.partition(".")[0]


def modules_of_object(value: Any) -> set[str]:
    """Return the first names of modules that a function, or the methods of an object, import."""
    import dis
    import inspect

    kinds = [one for one in type(value).__mro__ if one is not object] if not inspect.isfunction(value) else []
    functions = [
        function for kind in kinds for function in vars(kind).values() if inspect.isfunction(function)
    ] or ([value] if inspect.isfunction(value) else [])
    return {
        str(step.argval).partition(".")[0]
        for function in functions
        for step in dis.get_instructions(function)
        if step.opname == "IMPORT_NAME"
    }


def write_environment(
    folder: Path,
    default: Iterable[str],
    conda_env: Any = None,
    pip_requirements: Any = None,
    extra_pip_requirements: Any = None,
) -> None:
    """Write `requirements.txt`, `conda.yaml`, `python_env.yaml`, and `constraints.txt` if there are any.

    Args:
        folder: The folder of the model.
        default: The requirements that were found, without MLflow.
        conda_env: The dictionary, or the file, of a conda environment instead.
        pip_requirements: The requirements instead: a list, or the path of a requirements file.
        extra_pip_requirements: Requirements that are added to those that were found.
    """
    if conda_env is not None and (pip_requirements is not None or extra_pip_requirements is not None):
        raise ValueError(
            "Only one of `conda_env`, `pip_requirements`, and `extra_pip_requirements` can be specified"
        )
    if pip_requirements is not None and extra_pip_requirements is not None:
        raise ValueError(
            "Only one of `conda_env`, `pip_requirements`, and `extra_pip_requirements` can be specified"
        )
    constraints: list[str] = []
    if conda_env is not None:
        conda = conda_env if isinstance(conda_env, dict) else read_yaml(Path(conda_env))
        found = _pip_of_conda(conda)
        if not any(_name_of(one) in {"mlflow", "mlflow-skinny"} for one in found):
            found = [f"mlflow=={FORMAT_VERSION}", *found]
    else:
        if pip_requirements is not None:
            found, constraints = _listed(pip_requirements)
        else:
            more, constraints = _listed(extra_pip_requirements or [])
            named = {_name_of(one) for one in more}
            found = sorted(one for one in set(default) if _name_of(one) not in named) + more
        if not any(_name_of(one) in {"mlflow", "mlflow-skinny"} for one in found):
            found = [f"mlflow=={FORMAT_VERSION}", *found]
        conda = conda_of(found)
    if constraints:
        (folder / CONSTRAINTS).write_text("\n".join(constraints), encoding="utf-8")
        found = [*found, f"-c {CONSTRAINTS}"]
        if conda_env is None:
            conda = conda_of(found)
    (folder / REQUIREMENTS).write_text("\n".join(found), encoding="utf-8")
    write_yaml(conda, folder / CONDA)
    (folder / PYTHON).write_text(_python_environment(), encoding="utf-8")


def conda_of(requirements: list[str]) -> dict[str, Any]:
    """Return the conda environment with requirements of pip."""
    return {
        "name": "mlflow-env",
        "channels": ["conda-forge"],
        "dependencies": [
            f"python={platform.python_version()}",
            f"pip<={_version('pip')}" if _version("pip") else "pip",
            {"pip": requirements},
        ],
    }


def _python_environment() -> str:
    tools = [f"{name}=={_version(name)}" if _version(name) else name for name in ("pip", "setuptools")]
    lines = [f"python: {platform.python_version()}", "build_dependencies:"]
    lines += [f"- {tool}" for tool in (*tools, "wheel")]
    return "\n".join([*lines, "dependencies:", f"- -r {REQUIREMENTS}", ""])


def _version(distribution: str) -> str | None:
    try:
        return metadata.version(distribution)
    except metadata.PackageNotFoundError:
        return None


def _pip_of_conda(conda: dict[str, Any]) -> list[str]:
    for one in conda.get("dependencies", []):
        if isinstance(one, dict) and "pip" in one:
            return [str(requirement) for requirement in one["pip"]]
    return []


def _listed(given: Any) -> tuple[list[str], list[str]]:
    """Return requirements and constraints of a list, or of a file and those that it includes."""
    if isinstance(given, (str, os.PathLike)):
        return _of_file(Path(given))
    if not isinstance(given, Iterable):
        raise MlflowException.invalid_parameter_value(
            "`pip_requirements` must be either a string path to a pip requirements file on the local "
            f"filesystem or an iterable of pip requirement strings, but got {type(given)}"
        )
    requirements: list[str] = []
    constraints: list[str] = []
    for line in given:
        more, limits = _of_line(str(line), Path())
        requirements += more
        constraints += limits
    return requirements, constraints


def _of_file(file: Path) -> tuple[list[str], list[str]]:
    requirements: list[str] = []
    constraints: list[str] = []
    text = file.read_text(encoding="utf-8").replace("\\\n", " ")
    for line in text.splitlines():
        more, limits = _of_line(line, file.parent)
        requirements += more
        constraints += limits
    return requirements, constraints


def _of_line(line: str, folder: Path) -> tuple[list[str], list[str]]:
    line = re.sub(r"(^|\s)#.*$", "", line).strip()
    if not line:
        return [], []
    included = re.fullmatch(r"(?:-r|--requirement)[ =]?(.+)", line)
    if included:
        return _of_file(folder / included[1].strip())
    limits = re.fullmatch(r"(?:-c|--constraint)[ =]?(.+)", line)
    if limits:
        found, more = _of_file(folder / limits[1].strip())
        return [], [*found, *more]
    return [line], []


def _name_of(requirement: str) -> str:
    found = re.match(r"[A-Za-z0-9][A-Za-z0-9._-]*", requirement)
    return re.sub(r"[-_.]+", "-", found[0]).lower() if found else requirement


def get_model_dependencies(model_uri: str, format: str = "pip") -> str:
    """Return the local path of the file that says what a model needs.

    Args:
        model_uri: The model.
        format: `pip` for `requirements.txt`, `conda` for `conda.yaml`.
    """
    from trackhelm.models.loading import fetch

    if format not in {"pip", "conda"}:
        raise MlflowException.invalid_parameter_value(f"Illegal format argument '{format}'.")
    folder = fetch(model_uri)
    file = folder / (REQUIREMENTS if format == "pip" else CONDA)
    if format == "pip" and not file.is_file():
        file.write_text("\n".join(_pip_of_conda(read_yaml(folder / CONDA))), encoding="utf-8")
    return str(file)
