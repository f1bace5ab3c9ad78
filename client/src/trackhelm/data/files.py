"""The version of files and folders, by their content.

A digest is the beginning of a SHA-256 of the content, or what a pointer of DVC or Git LFS says that the
content's is. Digests of files are remembered in the user's cache folder until a file changes its size or
time.
"""

import hashlib
import json
import os
import re
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

from trackhelm.data.dataset import DIGEST_LENGTH, Dataset
from trackhelm.exceptions import MlflowException

_PIECE: Final = 1 << 20
_LFS_BEGIN: Final = b"version https://git-lfs.github.com/spec/"
_LFS_DIGEST: Final = re.compile(rb"^oid sha256:([0-9a-f]{64})$", re.MULTILINE)
_LFS_BYTES: Final = 1_024
_DVC_DIGEST: Final = re.compile(
    r"^\s*-?\s*(?:md5|etag|checksum):\s*([0-9a-f]{32}(?:\.dir)?)\s*$", re.MULTILINE
)
_REMEMBERED: Final = 100_000
"""The files whose digests are remembered; the oldest are forgotten."""


def digest(path: str | Path) -> str:
    """Return the version of the data at a path: 32 hexadecimal digits that change when the content does.

    The digest of a folder is that of the names and digests of its files; hidden ones count as well. A pointer
    of Git LFS has the digest of the file that it stands for. Of data that DVC tracks, the digest is DVC's: of
    a `.dvc` file, and of a path that is not here but has one beside it.

    Args:
        path: A file or folder. It is read in pieces.

    Raises:
        MlflowException: There is nothing at the path.

    Example:
        >>> import trackhelm
        >>> trackhelm.data.digest("images")
    """
    found, _ = _inspect(Path(path))
    return found


def from_path(
    path: str | Path, name: str | None = None, digest: str | None = None, source: Any = None
) -> Dataset:
    """Return the dataset of a file or folder.

    Args:
        path: The file or folder.
        name: Its name; that of the path by default.
        digest: Its version; that of the content by default.
        source: Where it came from, if that is elsewhere, such as an address.
    """
    from trackhelm.data.dataset import source_of

    place = Path(path)
    found, profile = _inspect(place)
    source_type, fields = source_of(place if source is None else source)
    if "tracked_by" in profile:
        fields["tracked_by"] = profile.pop("tracked_by")
    return Dataset(
        name or place.name or place.absolute().name, digest or found, source_type, fields, None, profile, path
    )


def _inspect(path: Path) -> tuple[str, dict[str, Any]]:
    """Return the digest and the profile of what is at a path."""
    if path.suffix == ".dvc" and path.is_file():
        return _of_dvc(path), {"tracked_by": "dvc"}
    if path.is_dir():
        return _of_folder(path)
    if path.is_file():
        pointed = _of_lfs(path)
        if pointed is not None:
            return pointed, {"tracked_by": "git-lfs"}
        cache = _Cache()
        found = cache.digest(path)
        cache.save()
        return found, {"num_files": 1, "size_bytes": path.stat().st_size}
    beside = path.with_name(f"{path.name}.dvc")
    if beside.is_file():
        return _of_dvc(beside), {"tracked_by": "dvc"}
    raise MlflowException.invalid_parameter_value(f"There is no file or folder at {str(path)!r}")


def _of_folder(folder: Path) -> tuple[str, dict[str, Any]]:
    whole = hashlib.sha256()
    cache = _Cache()
    count = size = 0
    for file in _files(folder):
        found = _of_lfs(file) or cache.digest(file)
        name = file.relative_to(folder).as_posix().encode(errors="surrogateescape")
        whole.update(b"%d:%b%b" % (len(name), name, found.encode()))
        count += 1
        size += file.stat().st_size
    cache.save()
    return whole.hexdigest()[:DIGEST_LENGTH], {"num_files": count, "size_bytes": size}


def _files(folder: Path) -> Iterator[Path]:
    """Yield the files below a folder, in the order of their names."""
    for parent, folders, names in os.walk(folder):
        folders.sort()
        for name in sorted(names):
            file = Path(parent, name)
            if file.is_file():
                yield file


def _of_lfs(file: Path) -> str | None:
    if file.stat().st_size > _LFS_BYTES:
        return None
    content = file.read_bytes()
    found = _LFS_DIGEST.search(content) if content.startswith(_LFS_BEGIN) else None
    return None if found is None else found.group(1).decode()[:DIGEST_LENGTH]


def _of_dvc(file: Path) -> str:
    found = _DVC_DIGEST.search(file.read_text(encoding="utf-8"))
    if found is None:
        raise MlflowException.invalid_parameter_value(f"{str(file)!r} is no file of DVC with a checksum")
    return found.group(1)


class _Cache:
    """The digests of files that did not change, in a file of the user's cache folder.

    Two processes that write it at once lose what one of them found out, and nothing else.
    """

    def __init__(self) -> None:
        folder = os.environ.get("XDG_CACHE_HOME")
        self._file = (Path(folder) if folder else Path.home() / ".cache") / "trackhelm" / "digests.json"
        try:
            known = json.loads(self._file.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            known = {}
        self._known: dict[str, str] = known if isinstance(known, dict) else {}
        self._changed = False

    def digest(self, file: Path) -> str:
        """Return the digest of a file's content."""
        about = file.stat()
        key = f"{file.resolve()}|{about.st_size}|{about.st_mtime_ns}|{about.st_ino}"
        found = self._known.get(key)
        if found is None:
            whole = hashlib.sha256()
            with file.open("rb") as content:
                while piece := content.read(_PIECE):
                    whole.update(piece)
            found = whole.hexdigest()[:DIGEST_LENGTH]
            self._known[key] = found
            self._changed = True
        return found

    def save(self) -> None:
        """Remember what was found out. A folder that cannot be written only makes it slower."""
        if not self._changed:
            return
        kept = dict(list(self._known.items())[-_REMEMBERED:])
        with suppress(OSError):
            self._file.parent.mkdir(parents=True, exist_ok=True)
            beside = self._file.with_name(f".{self._file.name}.{os.getpid()}")
            beside.write_text(json.dumps(kept), encoding="utf-8")
            beside.replace(self._file)
