"""Where artifacts are: behind a tracking server, in a folder, or in a store that fsspec knows.

Paths are relative to the root of a store, with slashes. A store lists and moves files; it must not know whose
they are.
"""

import base64
import os
import re
import shutil
from collections.abc import Iterable
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any, Protocol
from urllib.parse import unquote, urlsplit

from trackhelm.entities import FileInfo
from trackhelm.exceptions import RESOURCE_DOES_NOT_EXIST, MlflowException
from trackhelm.rest.transport import Transport, path_of, refusal

if TYPE_CHECKING:
    from trackhelm.rest.connections import Answer

PROXY = "/api/2.0/mlflow-artifacts/"
_OK = 200
_NOT_FOUND = 404


class ArtifactStore(Protocol):
    """A place of artifacts."""

    def upload(self, local_file: Path, path: str) -> None:
        """Store a file under a path, whose folders are made."""

    def download(self, path: str, local_file: Path) -> None:
        """Write a file of the store to a local path, whose folder exists."""

    def list(self, path: str = "") -> list[FileInfo]:
        """Return what is in a folder, by name; nothing for a file or for what is not there."""
        raise NotImplementedError

    def delete(self, path: str = "") -> None:
        """Delete a file or folder; what is not there is deleted already."""


class ProxiedStore:
    """Artifacts that a tracking server stores and sends, below a path of its own store."""

    def __init__(self, transport: Transport, root: str) -> None:
        self._transport = transport
        self._root = root.strip("/")

    def upload(self, local_file: Path, path: str) -> None:
        """Send a file, in parts past the server where it offers that and the file is large."""
        from trackhelm.artifacts.transfer import content_type, upload_in_parts

        size = local_file.stat().st_size
        if upload_in_parts(self._transport, local_file, size, self._path(path)):
            return
        headers = {"Content-Type": content_type(path), "Content-Length": str(size)}
        url = f"{self._transport.base}{PROXY}artifacts/{path_of(self._path(path))}"
        _check(self._transport.send("PUT", url, headers, lambda: local_file.open("rb")), path)

    def download(self, path: str, local_file: Path) -> None:
        """Receive a file, from the store itself where the server says so. It appears once it is whole."""
        from trackhelm.artifacts.transfer import download_from_store, receive

        if download_from_store(self._transport, self._path(path), local_file):
            return
        url = f"{self._transport.base}{PROXY}artifacts/{path_of(self._path(path))}"
        receive(lambda: _check(self._transport.send("GET", url), path, read=False), local_file)

    def list(self, path: str = "") -> list[FileInfo]:
        """Return what is in a folder."""
        answer = self._transport.call("GET", f"{PROXY}artifacts", query={"path": self._path(path)})
        found = []
        for file in answer.get("files", ()):
            name = safe_name(file["path"])
            size = None if file.get("is_dir") else int(file.get("file_size") or 0)
            found.append(FileInfo(join(path, name), bool(file.get("is_dir")), size))
        # An older server lists a file as a folder with itself in it.
        own = join(path, PurePosixPath(path).name) if path else None
        if len(found) == 1 and not found[0].is_dir and found[0].path == own:
            return []
        return sorted(found, key=lambda file: file.path)

    def delete(self, path: str = "") -> None:
        """Delete a file or folder."""
        url = f"{self._transport.base}{PROXY}artifacts/{path_of(self._path(path))}"
        _check(self._transport.send("DELETE", url), path)

    def checksum(self, path: str) -> str | None:
        """Return the SHA-256, as hexadecimal text, that the server recorded when a file was uploaded.

        None where it recorded none, as MLflow's own server.
        """
        url = f"{self._transport.base}{PROXY}artifacts/{path_of(self._path(path))}"
        answer = self._transport.send("HEAD", url, {"Want-Repr-Digest": "sha-256=10"})
        answer.read()
        told = re.search(r"sha-256=:([A-Za-z0-9+/=]+):", answer.headers.get("Repr-Digest") or "")
        return base64.b64decode(told[1]).hex() if told and answer.status == _OK else None

    def _path(self, path: str) -> str:
        return join(self._root, path)


class FolderStore:
    """Artifacts in a folder that this machine reaches."""

    def __init__(self, root: Path) -> None:
        self._root = root

    def upload(self, local_file: Path, path: str) -> None:
        """Copy a file into the folder; it appears once it is whole."""
        target = self._local(path)
        target.parent.mkdir(parents=True, exist_ok=True)
        beside = target.with_name(f".{target.name}.{os.getpid()}")
        shutil.copyfile(local_file, beside)
        beside.replace(target)

    def download(self, path: str, local_file: Path) -> None:
        """Copy a file out of the folder."""
        source = self._local(path)
        if not source.is_file():
            raise MlflowException(f"No such artifact: {path!r}", error_code=RESOURCE_DOES_NOT_EXIST)
        shutil.copyfile(source, local_file)

    def list(self, path: str = "") -> list[FileInfo]:
        """Return what is in a folder."""
        folder = self._local(path)
        if not folder.is_dir():
            return []
        return [
            FileInfo(join(path, entry.name), entry.is_dir(), None if entry.is_dir() else entry.stat().st_size)
            for entry in sorted(folder.iterdir())
        ]

    def delete(self, path: str = "") -> None:
        """Delete a file or folder."""
        target = self._local(path)
        if target.is_dir():
            shutil.rmtree(target)
        else:
            target.unlink(missing_ok=True)

    def _local(self, path: str) -> Path:
        return self._root / checked_path(path) if path else self._root


class FilesystemStore:
    """Artifacts in a store that fsspec knows, such as `s3://` with s3fs, with this machine's credentials."""

    def __init__(self, uri: str) -> None:
        try:
            import fsspec
        except ModuleNotFoundError:
            raise MlflowException(
                f"The artifacts at {uri!r} are in a store that this client reaches by fsspec: pip install "
                "fsspec, and what it needs for the scheme, such as s3fs, gcsfs or adlfs"
            ) from None
        self._files: Any
        self._files, root = fsspec.core.url_to_fs(uri.partition("?")[0])
        self._root = str(root).rstrip("/")

    def upload(self, local_file: Path, path: str) -> None:
        """Copy a file into the store."""
        target = join(self._root, path)
        self._files.makedirs(str(PurePosixPath(target).parent), exist_ok=True)
        self._files.put_file(str(local_file), target)

    def download(self, path: str, local_file: Path) -> None:
        """Copy a file out of the store."""
        try:
            self._files.get_file(join(self._root, path), str(local_file))
        except FileNotFoundError:
            raise MlflowException(f"No such artifact: {path!r}", error_code=RESOURCE_DOES_NOT_EXIST) from None

    def list(self, path: str = "") -> list[FileInfo]:
        """Return what is in a folder."""
        folder = join(self._root, path)
        if not self._files.isdir(folder):
            return []
        found = []
        for entry in self._files.ls(folder, detail=True):
            is_dir = entry["type"] == "directory"
            name = PurePosixPath(entry["name"]).name
            found.append(FileInfo(join(path, name), is_dir, None if is_dir else int(entry["size"] or 0)))
        return sorted(found, key=lambda file: file.path)

    def delete(self, path: str = "") -> None:
        """Delete a file or folder."""
        target = join(self._root, path)
        if self._files.exists(target):
            self._files.rm(target, recursive=True)


def store_of(uri: str, transport: "Transport | None") -> ArtifactStore:
    """Return the store at a URI, such as `mlflow-artifacts:/1/…/artifacts`, a folder or `s3://…`.

    Args:
        uri: The URI of a folder of artifacts.
        transport: The tracking server whose proxy `mlflow-artifacts:` means.
    """
    parts = urlsplit(uri)
    if parts.scheme == "mlflow-artifacts":
        if parts.netloc:
            scheme = urlsplit(transport.base).scheme if transport is not None else "http"
            transport = Transport(f"{scheme}://{parts.netloc}")
        if transport is None:
            raise MlflowException(f"The artifacts at {uri!r} are behind a tracking server, and none is set")
        return ProxiedStore(transport, unquote(parts.path))
    if parts.scheme in {"http", "https"} and PROXY in parts.path:
        base, _, root = parts.path.partition(PROXY)
        return ProxiedStore(
            Transport(f"{parts.scheme}://{parts.netloc}{base}"), unquote(root.removeprefix("artifacts"))
        )
    if parts.scheme == "file":
        return FolderStore(Path(unquote(parts.path)))
    if not parts.scheme or len(parts.scheme) == 1:
        return FolderStore(Path(uri))
    return FilesystemStore(uri)


def files_below(store: ArtifactStore, path: str = "") -> Iterable[FileInfo]:
    """Yield every file below a folder, deeper ones too."""
    for file in store.list(path):
        if file.is_dir:
            yield from files_below(store, file.path)
        else:
            yield file


def join(*paths: str) -> str:
    """Return paths joined by slashes; those that are empty are left out."""
    return "/".join(path.rstrip("/") for path in paths if path)


def checked_path(path: str) -> str:
    """Return a path that stays within its root.

    Raises:
        MlflowException: It does not: it is absolute, or has `..` in it.
    """
    pure = PurePosixPath(path)
    if pure.is_absolute() or ".." in pure.parts or "\\" in path or path in {"", "."} or "#" in path:
        raise MlflowException.invalid_parameter_value(f"Invalid artifact path: {path!r}")
    return str(pure)


def safe_name(name: str) -> str:
    """Return a name that a server listed, unless it would lead out of its folder."""
    if "/" in name.strip("/") or name in {"..", "."}:
        raise MlflowException.invalid_parameter_value(f"Invalid path in the server's listing: {name!r}")
    return name.strip("/")


def _check(answer: "Answer", path: str, *, read: bool = True) -> "Answer":
    if answer.status == _OK:
        if read:
            answer.read()
        return answer
    content = answer.read()
    if answer.status == _NOT_FOUND and not content.startswith(b"{"):
        raise MlflowException(f"No such artifact: {path!r}", error_code=RESOURCE_DOES_NOT_EXIST)
    raise refusal(f"{PROXY}artifacts/{path}", answer.status, content)
