"""Where the wheels of the `stack` extra have put their programs."""

from importlib.util import find_spec
from pathlib import Path


class MissingProgramError(Exception):
    """A program is not installed; the message says how to get it or do without."""


def program_of(package: str, path: str, instead: str) -> Path:
    """Return a program's path inside a package, which is not imported for it."""
    spec = find_spec(package)
    file = Path(spec.origin).parent / path if spec and spec.origin else None
    if file is None or not file.exists():
        raise MissingProgramError(
            f"{Path(path).name} is not installed: pip install 'trackhelm-server[stack]', or set {instead}"
        )
    return file
