"""Which files may be loaded that can run code: pickles, and Python modules beside a model.

Such a file is loaded only if one of these holds: its SHA-256 is the one that the tracking server recorded
when it was uploaded, this process wrote it, or the caller says so. Everything that loads code calls
`require_trusted`.
"""

import hashlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path
from typing import TYPE_CHECKING, Final

from trackhelm import environment
from trackhelm.exceptions import MlflowException

if TYPE_CHECKING:
    from trackhelm.artifacts.stores import ArtifactStore

ALLOW: Final = "ALLOW_PICKLE_DESERIALIZATION"
_BLOCK: Final = 1 << 20
EXECUTED: Final = frozenset(
    {
        ".pkl",
        ".pth",
        ".py",
        ".skops",
        ".joblib",
        ".zip",
        ".lzma",
        ".bz2",
        ".gz",
        ".pt2",
        ".pb",
        ".cloudpickle",
    }
)
"""The suffixes of files that can run code when they are loaded, and whose digests MLmodel files record."""


_allowed: ContextVar[bool] = ContextVar("trackhelm_pickles_are_allowed", default=False)
_written: set[str] = set()
"""The digests of what this process saved."""
_origins: dict[Path, "tuple[ArtifactStore, str]"] = {}
"""Where the folders of models that were downloaded come from: a store, and the path in it."""
_recorded: dict[Path, Mapping[str, str]] = {}
"""The digests that the MLmodel file of a folder records."""


@contextmanager
def allow_pickle() -> Iterator[None]:
    """Load models in this block whatever they are made of. Only for models of those whom you trust.

    Example:
        >>> import trackhelm as mlflow
        >>> with mlflow.models.allow_pickle():
        ...     model = mlflow.sklearn.load_model("old-model")
    """
    token = _allowed.set(True)
    try:
        yield
    finally:
        _allowed.reset(token)


def digest_of(file: Path) -> str:
    """Return the SHA-256 of a file, as hexadecimal text."""
    found = hashlib.sha256()
    with file.open("rb") as content:
        while block := content.read(_BLOCK):
            found.update(block)
    return found.hexdigest()


def note_written(folder: Path) -> dict[str, str]:
    """Note that this process wrote all files of a folder; return their digests by path."""
    digests = {
        file.relative_to(folder).as_posix(): digest_of(file)
        for file in sorted(folder.rglob("*"))
        if file.is_file()
    }
    _written.update(digests.values())
    return digests


def note_origin(folder: Path, store: "ArtifactStore | None", path: str, recorded: Mapping[str, str]) -> None:
    """Note where a folder comes from, and which digests its MLmodel file records."""
    folder = folder.resolve()
    _recorded[folder] = recorded
    if store is not None:
        _origins[folder] = store, path


def require_trusted(file: Path, why: str) -> None:
    """Let a file, or a folder of files, be loaded that may run code.

    Args:
        file: What is loaded.
        why: What it is, such as `a pickle`.

    Raises:
        MlflowException: Nothing says that it can be trusted. The message says how to load it all the same.
    """
    told = environment.text(ALLOW)
    if told is not None and not environment.flag(ALLOW, default=False):
        raise MlflowException(
            f"{file.name!r} is {why}, which can run any code when it is loaded, and MLFLOW_{ALLOW} is "
            f"{told!r}",
            error_code="PERMISSION_DENIED",
        )
    if told is not None or _allowed.get():
        return
    files = [one for one in sorted(file.rglob("*")) if one.is_file()] if file.is_dir() else [file]
    for one in files:
        if one.suffix == ".pyc":
            continue
        reason = _doubt(one)
        if reason is not None:
            raise MlflowException(
                f"{one.name!r} is {why}, which can run any code when it is loaded, and {reason}. If you "
                "trust the author of this model, load it inside of `with trackhelm.models.allow_pickle():`, "
                f"by the option --allow-pickle, or with the environment variable MLFLOW_{ALLOW}=true. Models "
                "that are saved as skops, safetensors or pt2 are loaded without",
                error_code="PERMISSION_DENIED",
            )


def require_trusted_model(folder: Path) -> None:
    """Let all parts of a model be trusted by others, such as an image, that do not ask again.

    Raises:
        MlflowException: As `require_trusted`, for the first part that cannot be trusted.
    """
    for file in sorted(folder.rglob("*")):
        if file.is_file() and file.suffix in EXECUTED:
            require_trusted(file, "a part of the model")


def _doubt(file: Path) -> str | None:
    """Return why a file cannot be trusted, or None if it can."""
    digest = digest_of(file)
    if digest in _written:
        return None
    folder = next((one for one in file.resolve().parents if one in _recorded), None)
    if folder is None or folder not in _origins:
        return "it comes from no server that recorded its checksum"
    store, path = _origins[folder]
    inner = file.resolve().relative_to(folder).as_posix()
    if _recorded[folder].get(inner, digest) != digest:
        return "it is not what its MLmodel file recorded when the model was saved"
    checksum = getattr(store, "checksum", None)
    known = checksum(f"{path}/{inner}" if path else inner) if checksum is not None else None
    if known is None:
        return "the server recorded no checksum of it"
    if known != digest:
        return "it is not what was uploaded to the server: its checksum is another"
    return None
