"""Large files, in parts past the server; and files that appear once they are whole."""

import mimetypes
import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path, PurePosixPath
from typing import IO, TYPE_CHECKING, Any, Final

from trackhelm import environment
from trackhelm.exceptions import NOT_IMPLEMENTED, MlflowException
from trackhelm.rest.connections import NoAnswerError
from trackhelm.rest.transport import Transport, path_of, refusal

if TYPE_CHECKING:
    from typing_extensions import Self

    from trackhelm.rest.connections import Answer

_MIB: Final = 1 << 20
_SUCCESS: Final = range(200, 300)
_TRIES: Final = 4
_WORKERS: Final = 8
_MULTIPART: Final = "/api/2.0/mlflow-artifacts/mpu/"
_PRESIGNED: Final = "/api/2.0/mlflow-artifacts/presigned/"


def content_type(path: str) -> str:
    """Return the media type of a file by its name."""
    name = PurePosixPath(path).name
    if name in {"MLmodel", "MLproject"} or name.endswith((".log", ".yaml", ".yml")):
        return "text/plain"
    return mimetypes.guess_type(name)[0] or "application/octet-stream"


def receive(ask: Callable[[], "Answer"], local_file: Path) -> None:
    """Write the body of an answer to a file, which appears once it is whole. Ask again if it breaks off."""
    beside = local_file.with_name(f".{local_file.name}.{os.getpid()}.part")

    def fetch() -> None:
        answer = ask()
        with beside.open("wb") as file:
            for piece in answer.pieces():
                file.write(piece)

    try:
        _repeat(fetch, local_file.name)
        beside.replace(local_file)
    finally:
        beside.unlink(missing_ok=True)


def _repeat(fetch: Callable[[], None], name: str) -> None:
    """Do something again when an answer breaks off, a few times."""
    tries_left = _TRIES
    while True:
        tries_left -= 1
        try:
            return fetch()
        except NoAnswerError as error:
            if not tries_left:
                raise MlflowException(f"{name} could not be downloaded: {error}") from error


class FilePart:
    """A range of a file as a stream of its own."""

    def __init__(self, path: Path, start: int, size: int) -> None:
        self._file = path.open("rb")
        self._file.seek(start)
        self._left = size

    def __enter__(self) -> "Self":
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()

    def read(self, size: int = -1, /) -> bytes:
        """Return the next bytes of the range; none at its end."""
        wanted = self._left if size < 0 else min(size, self._left)
        content = self._file.read(wanted)
        self._left -= len(content)
        return content


def upload_in_parts(transport: Transport, local_file: Path, size: int, path: str) -> bool:
    """Upload a file in parts to the store behind a server; return whether that was possible.

    Parts go to addresses that the server signs, several at once. Files below
    `MLFLOW_MULTIPART_UPLOAD_MINIMUM_FILE_SIZE` (500 MiB) are left to the caller.
    """
    least = environment.whole("MULTIPART_UPLOAD_MINIMUM_FILE_SIZE", 500 * _MIB)
    if size < least:
        return False
    offered = bool(transport.server_info().get("multipart_uploads_enabled"))
    if not environment.flag("ENABLE_PROXY_MULTIPART_UPLOAD", offered):
        return False
    part_size = environment.whole("MULTIPART_UPLOAD_CHUNK_SIZE", 10 * _MIB)
    parts = -(-size // part_size)
    pure = PurePosixPath(path)
    folder = path_of(str(pure.parent))
    asked = {"path": pure.name, "num_parts": parts}
    try:
        begun = transport.call("POST", f"{_MULTIPART}create/{folder}", body=asked)
    except MlflowException as error:
        if error.error_code == NOT_IMPLEMENTED:
            return False
        raise
    upload = {"path": pure.name, "upload_id": begun.get("upload_id", "")}

    def send(part: dict[str, Any]) -> dict[str, Any]:
        number = int(part["part_number"])
        start = (number - 1) * part_size
        length = min(part_size, size - start)
        headers = {**part.get("headers", {}), "Content-Length": str(length)}
        # A range of a file reads like a file, as far as a request needs it.
        open_part: Callable[[], IO[bytes]] = lambda: FilePart(local_file, start, length)  # type: ignore[return-value,assignment]  # noqa: E731
        answer = transport.send("PUT", part["url"], headers, open_part)
        content = answer.read()
        if answer.status not in _SUCCESS:
            raise refusal(f"part {number} of {pure.name}", answer.status, content)
        return {"part_number": number, "etag": answer.headers.get("ETag", ""), "url": part["url"]}

    try:
        with ThreadPoolExecutor(_WORKERS) as workers:
            sent = list(workers.map(send, begun["credentials"]))
        transport.call("POST", f"{_MULTIPART}complete/{folder}", body={**upload, "parts": sent})
    except BaseException:
        with suppress(MlflowException):
            transport.call("POST", f"{_MULTIPART}abort/{folder}", body=upload)
        raise
    return True


def download_from_store(transport: Transport, path: str, local_file: Path) -> bool:
    """Download a file from the store behind a server, if it is offered; return whether it was."""
    offered = bool(transport.server_info().get("multipart_downloads_enabled"))
    if not environment.flag("ENABLE_PROXY_MULTIPART_DOWNLOAD", offered):
        return False
    try:
        signed = transport.call("GET", _PRESIGNED + path_of(path))
    except MlflowException as error:
        if error.error_code == NOT_IMPLEMENTED:
            return False
        raise
    size = signed.get("file_size")
    part_size = environment.whole("MULTIPART_DOWNLOAD_CHUNK_SIZE", 100 * _MIB)
    headers = signed.get("headers", {})

    def ask(more: dict[str, str]) -> "Answer":
        answer = transport.send("GET", signed["url"], {**headers, **more})
        if answer.status not in _SUCCESS:
            raise refusal(f"download of {path}", answer.status, answer.read())
        return answer

    if size is None or int(size) <= part_size:
        receive(lambda: ask({}), local_file)
        return True
    _receive_parts(ask, local_file, int(size), part_size)
    return True


def _receive_parts(
    ask: Callable[[dict[str, str]], "Answer"], local_file: Path, size: int, part_size: int
) -> None:
    whole = local_file.with_name(f".{local_file.name}.{os.getpid()}.whole")

    def fetch(start: int) -> None:
        end = min(start + part_size, size) - 1

        def fetch_part() -> None:
            answer = ask({"Range": f"bytes={start}-{end}"})
            with whole.open("r+b") as file:
                file.seek(start)
                for piece in answer.pieces():
                    file.write(piece)

        _repeat(fetch_part, local_file.name)

    try:
        with whole.open("wb") as file:
            file.truncate(size)
        with ThreadPoolExecutor(_WORKERS) as workers:
            list(workers.map(fetch, range(0, size, part_size)))
        whole.replace(local_file)
    finally:
        whole.unlink(missing_ok=True)
