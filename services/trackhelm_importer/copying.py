"""Copies the files of imported runs, models and versions into this server's store, each with its checksum.

It may be repeated and stopped at any time: a file that is here as it is there is passed over. Several files
are copied at once, at most as fast as is allowed.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Final, NamedTuple, Protocol
from urllib.parse import quote, unquote, urlsplit

import anyio
import urllib3

from trackhelm_artifact.files.logic import Announced, upload
from trackhelm_artifact.integrity.checksum_index import ChecksumIndex
from trackhelm_artifact.integrity.store import find_record
from trackhelm_artifact.objects.keys import InvalidKeyError, ObjectKey
from trackhelm_artifact.objects.opening import open_store
from trackhelm_artifact.objects.store import BLOCK_BYTES, ObjectError, ObjectStore, StoreUrlError
from trackhelm_core.db.unit_of_work import Database
from trackhelm_core.errors import ApiError
from trackhelm_core.settings import ObjectSettings
from trackhelm_domain.locations import PROXY_SCHEME, join
from trackhelm_importer.records import Source, SourceError
from trackhelm_importer.translation import Translation

_OWN_API: Final = "/api/2.0/mlflow-artifacts/artifacts"


class Move(NamedTuple):
    """The files below one URI, which are to lie below another one, of this server's store."""

    old: str
    new: str


class FoundFile(NamedTuple):
    """A file below what was walked: its path, its size, and when it was written (seconds), if known."""

    path: str
    size: int
    modified: float | None


class Files(Protocol):
    """Files of a source below a URI."""

    def walk(self) -> AsyncIterator[FoundFile]:
        """Yield every file."""

    def blocks(self, path: str) -> AsyncIterator[bytes]:
        """Yield the content of a file."""


@dataclass(slots=True)
class Copied:
    """What was copied. `failed` has a line for each file or root that could not be."""

    files: int = 0
    bytes: int = 0
    same: int = 0
    failed: list[str] = field(default_factory=list)


def moves(source: Source, translation: Translation) -> Iterator[Move]:
    """Yield what is to be copied: the files of every run, logged model and version, each file once."""
    seen: dict[str, str] = {}
    for given_old, given_new in _roots(source, translation):
        old, new = given_old.rstrip("/"), given_new.rstrip("/")
        is_own = urlsplit(old).scheme == PROXY_SCHEME and old == new
        if old and (new != old or is_own) and not _is_part_of_a_move(old, new, seen):
            seen[old] = new
            yield Move(old, new)


def _is_part_of_a_move(old: str, new: str, moved: Mapping[str, str]) -> bool:
    """Whether files come with those of a folder above them, as a version's do with its run's."""
    parent, below = old, ""
    while parent:
        if parent in moved and new == moved[parent] + below:
            return True
        parent, slash, name = parent.rpartition("/")
        below = f"{slash}{name}{below}"
    return False


def _roots(source: Source, translation: Translation) -> Iterator[tuple[str, str]]:
    heads = [head.uuid for head in source.run_heads()]
    for begin in range(0, len(heads), 100):
        for run in source.runs(heads[begin : begin + 100]):
            if run.experiment_id in translation.experiments:
                yield run.artifact_uri, translation.run(run).artifact_uri
    for model in source.logged_models():
        if model.experiment_id in translation.experiments:
            yield model.artifact_uri, translation.logged_model(model).artifact_uri
    for registered in source.registered_models():
        for version in registered.versions:
            yield version.storage_location, translation.moved_by_experiment(version.storage_location)


class Opener:
    """Opens what URIs of a source name.

    `proxied` is what `mlflow-artifacts:` stands for: the address of the old server, or the URL of its store.
    """

    def __init__(self, settings: ObjectSettings, proxied: str | None) -> None:
        self._settings = settings
        self._proxied = proxied
        self._stores: dict[str, ObjectStore] = {}
        self._http = urllib3.PoolManager(maxsize=16, timeout=urllib3.Timeout(10, read=120))

    def open(self, uri: str) -> Files:
        """Open the files below a URI; raises `SourceError`."""
        parts = urlsplit(uri)
        path = unquote(parts.path) if parts.scheme else uri
        if parts.scheme == PROXY_SCHEME:
            return self._open_proxied(path.strip("/"))
        if parts.scheme in {"http", "https"} and _OWN_API in parts.path:
            base, _, below = uri.partition(_OWN_API)
            return _ServerFiles(self._http, base, unquote(below).strip("/"))
        root = "file:///" if parts.scheme in {"", "file"} else f"{parts.scheme}://{parts.netloc}"
        return self._open_store(root, path)

    def _open_proxied(self, path: str) -> Files:
        if self._proxied is None:
            raise SourceError(
                "its files are behind the old server: name that server, or the folder or bucket of its "
                "--artifacts-destination, with --artifacts-from"
            )
        if urlsplit(self._proxied).scheme in {"http", "https"}:
            return _ServerFiles(self._http, self._proxied.rstrip("/"), path)
        return self.open(join(self._proxied, *filter(None, quote(path).split("/"))))

    def _open_store(self, root: str, path: str) -> Files:
        try:
            if root not in self._stores:
                self._stores[root] = open_store(root, self._settings, own=False, sweep=False)
            return _StoreFiles(self._stores[root], ObjectKey.parse(path))
        except (StoreUrlError, InvalidKeyError) as error:
            raise SourceError(str(error)) from error


class _StoreFiles:
    def __init__(self, store: ObjectStore, root: ObjectKey) -> None:
        self._store = store
        self._root = root

    async def walk(self) -> AsyncIterator[FoundFile]:
        depth = len(self._root.segments)
        async for page in self._store.walk(self._root):
            for file in page:
                yield FoundFile("/".join(file.key.segments[depth:]), file.size, file.modified)

    async def blocks(self, path: str) -> AsyncIterator[bytes]:
        file = await self._store.open(self._root.join(ObjectKey.parse(path)))
        try:
            async for block in file.blocks(0, file.size):
                yield bytes(block)
        finally:
            file.close()


class _ServerFiles:
    """The files of an MLflow server that keeps them itself, by the protocol of its clients."""

    def __init__(self, http: urllib3.PoolManager, server: str, root: str) -> None:
        self._http = http
        self._url = f"{server}{_OWN_API}"
        self._root = root

    async def walk(self) -> AsyncIterator[FoundFile]:
        folders = [""]
        while folders:
            folder = folders.pop()
            for entry in await anyio.to_thread.run_sync(self._list, folder):
                path = f"{folder}/{entry['path'].rpartition('/')[2]}".lstrip("/")
                if entry.get("is_dir"):
                    folders.append(path)
                else:
                    yield FoundFile(path, int(entry.get("file_size", 0)), None)

    def _list(self, folder: str) -> list[dict[str, str]]:
        path = "/".join(filter(None, (self._root, folder)))
        answer = self._http.request("GET", self._url, fields={"path": path})
        if answer.status == HTTPStatus.NOT_FOUND:
            return []
        if answer.status != HTTPStatus.OK:
            raise SourceError(f"{self._url}?path={path} answers HTTP {answer.status}")
        files: list[dict[str, str]] = answer.json().get("files", [])
        return files

    async def blocks(self, path: str) -> AsyncIterator[bytes]:
        url = f"{self._url}/{quote('/'.join(filter(None, (self._root, path))))}"
        answer = await anyio.to_thread.run_sync(lambda: self._http.request("GET", url, preload_content=False))
        try:
            if answer.status != HTTPStatus.OK:
                raise SourceError(f"{url} answers HTTP {answer.status}")
            while block := await anyio.to_thread.run_sync(answer.read, BLOCK_BYTES):
                yield block
        finally:
            answer.release_conn()


class RateLimit:
    """Lets at most so many bytes a second pass, on average; None for as many as there are."""

    def __init__(self, bytes_per_second: float | None, clock: Callable[[], float] = time.monotonic) -> None:
        self._rate = bytes_per_second
        self._clock = clock
        self._due = clock()

    async def passed(self, size: int) -> None:
        """Wait until so many bytes more may pass."""
        if self._rate is None:
            return
        now = self._clock()
        self._due = max(self._due, now) + size / self._rate
        if self._due > now:
            await asyncio.sleep(self._due - now)


class Copying:
    """One copying of files, `jobs` at a time."""

    def __init__(
        self,
        database: Database,
        objects: ObjectStore,
        opener: Opener,
        *,
        clock: Callable[[], int],
        jobs: int = 8,
        rate: RateLimit | None = None,
        listener: Callable[[Copied], None] = lambda _copied: None,
    ) -> None:
        self._database = database
        self._objects = objects
        self._opener = opener
        self._index = ChecksumIndex(database, objects, clock)
        self._jobs = anyio.Semaphore(jobs)
        self._rate = rate or RateLimit(None)
        self._listener = listener
        self.copied = Copied()

    async def run(self, wanted: Iterable[Move]) -> Copied:
        """Copy everything, and return what was copied and what could not be."""
        for move in wanted:
            try:
                await self._copy_root(move)
            except (ObjectError, SourceError, ApiError, urllib3.exceptions.HTTPError, OSError) as error:
                self.copied.failed.append(f"{move.old}: {error}")
        return self.copied

    async def _copy_root(self, move: Move) -> None:
        files = self._opener.open(move.old)
        root = ObjectKey.parse(unquote(urlsplit(move.new).path))
        async with anyio.create_task_group() as tasks:
            async for file in files.walk():
                await self._jobs.acquire()
                tasks.start_soon(self._copy, move, files, file, root)

    async def _copy(self, move: Move, files: Files, file: FoundFile, root: ObjectKey) -> None:
        try:
            key = root.join(ObjectKey.parse(file.path)) if file.path else root
            if await anyio.to_thread.run_sync(self._is_here, key, file):
                self.copied.same += 1
                return
            content = self._limited(files.blocks(file.path))
            stored, sha256 = await upload(self._objects, key, content, Announced(file.size or None, []))
            await self._index.note(key, stored, sha256)
            self.copied.files += 1
            self.copied.bytes += stored.size
            self._listener(self.copied)
        except (
            ObjectError,
            SourceError,
            ApiError,
            InvalidKeyError,
            urllib3.exceptions.HTTPError,
            OSError,
        ) as error:
            self.copied.failed.append(f"{join(move.old, *file.path.split('/'))}: {error}")
        finally:
            self._jobs.release()

    async def _limited(self, blocks: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
        async for block in blocks:
            await self._rate.passed(len(block))
            yield block

    def _is_here(self, key: ObjectKey, file: FoundFile) -> bool:
        with self._database.reading_once() as session:
            record = find_record(session, str(key))
        if record is None or record.size != file.size:
            return False
        return file.modified is None or file.modified * 1000 <= record.time
