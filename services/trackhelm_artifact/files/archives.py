"""A folder as one zip archive, written while it is sent.

It knows keys and bytes, and keeps neither a file nor the archive: what is held is a block of the file that is
being read, and for each file its name, which the archive repeats at its end. Files are stored as they are:
models and pictures are compressed already, and compressing them again would only take time.
"""

import io
import time
import zipfile
from collections.abc import AsyncIterator, Sequence
from typing import Final

from trackhelm_artifact.files.logic import translate_errors
from trackhelm_artifact.objects.keys import ObjectKey
from trackhelm_artifact.objects.store import Block, DirectoryError, MissingObjectError, ObjectStore
from trackhelm_core.errors import InvalidParameterError, NotFoundError

MOST_FILES: Final = 20_000
"""The most files of an archive, since their names are held in memory."""

_REGULAR_FILE: Final = 0o100644 << 16
"""The type and mode of each file, where a zip written on Unix has them."""

_FIRST_TIME: Final = 315_532_800
_LAST_TIME: Final = 4_354_819_198
"""The times that a zip can hold, in seconds since the epoch: the years 1980 to 2107."""


async def files_of(objects: ObjectStore, folder: ObjectKey) -> Sequence[str]:
    """Return the paths of all files in a folder, from the folder.

    Raises `NotFoundError` if there are none, and `InvalidParameterError` if the key is a file's, or if there
    are more files than an archive may have.
    """
    found: list[str] = []
    depth = len(folder.segments)
    with translate_errors():
        async for page in objects.walk(folder):
            found += ("/".join(file.key.segments[depth:]) for file in page)
            if len(found) > MOST_FILES:
                raise InvalidParameterError(
                    f"The folder has more than {MOST_FILES} files, too many for one archive: ask for the "
                    "folders in it, or download it with a client."
                )
    if found == [""]:
        raise InvalidParameterError("The path is that of a file, which is downloaded as it is.")
    if not found:
        raise NotFoundError("The folder does not exist, or has no files.")
    return found


async def archive_blocks(
    objects: ObjectStore, folder: ObjectKey, paths: Sequence[str], top: str
) -> AsyncIterator[Block]:
    """Yield a zip of the files at `paths` below a folder, all in one folder named `top`.

    A file that was deleted meanwhile is left out. Raises `StoreUnavailableError` midway.
    """
    # A path in the archive must not begin like the drive of another system.
    top = top.replace(":", "_")
    sink = _Sink()
    with zipfile.ZipFile(sink, "w", allowZip64=True) as archive:
        for path in paths:
            try:
                opened = await objects.open(folder.join(ObjectKey.parse(path)))
            except (MissingObjectError, DirectoryError):
                continue
            try:
                # The size and the checksum follow the bytes, so that they are those of what was sent.
                with archive.open(_info(f"{top}/{path}", opened.size, opened.modified), "w") as written:
                    async for block in opened.blocks(0, opened.size):
                        written.write(block)
                        for part in sink.taken():
                            yield part
            finally:
                opened.close()
    for part in sink.taken():
        yield part


def _info(name: str, size: int, modified: float) -> zipfile.ZipInfo:
    when = time.gmtime(min(max(modified, _FIRST_TIME), _LAST_TIME))
    info = zipfile.ZipInfo(name, when[:6])
    info.external_attr = _REGULAR_FILE
    # Files of 2 GiB and more need larger fields, which is decided before their bytes are written.
    info.file_size = size
    return info


class _Sink(io.RawIOBase):
    """Where the archive is written: keeps what was written until it is taken, and cannot be sought in."""

    def __init__(self) -> None:
        self._written: list[Block] = []

    def writable(self) -> bool:
        """Return true."""
        return True

    def write(self, block: Block, /) -> int:  # type: ignore[override]  # only the archive writes
        """Keep a block."""
        self._written.append(block)
        return len(block)

    def taken(self) -> list[Block]:
        """Return what was written since the last call."""
        taken, self._written = self._written, []
        return taken
