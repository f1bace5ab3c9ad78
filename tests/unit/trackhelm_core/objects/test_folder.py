"""A folder as an object store: what is stored is whole, on the disk, and inside the folder."""

import fcntl
import os
from collections.abc import AsyncIterator
from pathlib import Path

import anyio
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trackhelm_core.objects.blocks import BLOCK_BYTES
from trackhelm_core.objects.folder import FolderStore
from trackhelm_core.objects.keys import RESERVED, InvalidKeyError, ObjectKey, check_segment
from trackhelm_core.objects.store import (
    ConflictError,
    DirectoryError,
    Entry,
    MissingObjectError,
    ObjectError,
    StoreFullError,
)

key = ObjectKey.parse


async def body(*chunks: bytes) -> AsyncIterator[bytes]:
    for chunk in chunks:
        yield chunk


async def broken_body() -> AsyncIterator[bytes]:
    yield b"x" * (BLOCK_BYTES + 1)
    raise ConnectionResetError("the client went away")


async def content(store: FolderStore, path: str, start: int = 0, stop: int | None = None) -> bytes:
    opened = await store.open(key(path))
    try:
        blocks = [block async for block in opened.blocks(start, opened.size if stop is None else stop)]
        return b"".join(blocks)
    finally:
        opened.close()


def put(store: FolderStore, path: str, data: bytes = b"data") -> None:
    anyio.run(store.put, key(path), body(data))


def is_clean(root: Path) -> bool:
    drafts = root / RESERVED
    return not drafts.exists() or not list(drafts.iterdir())


def _is_segment(text: str) -> bool:
    try:
        check_segment(text)
    except InvalidKeyError:
        return False
    return True


names = st.text(st.characters(codec="utf-8"), min_size=1, max_size=40).filter(_is_segment)
paths = st.lists(names, min_size=1, max_size=4).map("/".join)


@settings(max_examples=60, deadline=None)
@given(files=st.dictionaries(paths, st.binary(max_size=200), max_size=6))
def test_what_was_stored_is_listed_and_read_until_it_is_deleted(
    files: dict[str, bytes], tmp_path_factory: pytest.TempPathFactory
) -> None:
    async def scenario() -> None:
        root = tmp_path_factory.mktemp("root")
        store = FolderStore(root)
        kept: dict[str, bytes] = {}
        for path, data in files.items():
            try:
                await store.put(key(path), body(data))
                kept[path] = data
            except ConflictError:
                assert any(path.startswith(f"{k}/") or k.startswith(f"{path}/") for k in kept)
        assert await tree(store, ObjectKey()) == {path: len(data) for path, data in kept.items()}
        for path, data in kept.items():
            assert await content(store, path) == data
            await store.delete(key(path))
        assert await store.entries(ObjectKey()) == []
        assert is_clean(root)

    async def tree(store: FolderStore, directory: ObjectKey) -> dict[str, int]:
        found: dict[str, int] = {}
        for entry in await store.entries(directory):
            below = directory.join(ObjectKey((entry.name,)))
            found |= {str(below): entry.size} if entry.size is not None else await tree(store, below)
        return found

    anyio.run(scenario)


def test_an_upload_that_breaks_off_leaves_the_old_file_and_no_litter(tmp_path: Path) -> None:
    store = FolderStore(tmp_path)
    put(store, "a/kept.bin", b"old")
    for path in ("a/kept.bin", "b/new.bin"):
        with pytest.raises(ConnectionResetError):
            anyio.run(store.put, key(path), broken_body())
    assert anyio.run(content, store, "a/kept.bin") == b"old"
    assert anyio.run(store.entries, ObjectKey()) == [Entry("a", None)]
    assert is_clean(tmp_path)


def test_of_two_writers_the_last_to_finish_wins_whole(tmp_path: Path) -> None:
    store = FolderStore(tmp_path)

    async def scenario() -> None:
        late_may_end = anyio.Event()

        async def late() -> AsyncIterator[bytes]:
            yield b"l" * BLOCK_BYTES
            await late_may_end.wait()
            yield b"late"

        async with anyio.create_task_group() as writers:
            writers.start_soon(store.put, key("f"), late())
            await store.put(key("f"), body(b"early"))
            assert await content(store, "f") == b"early"
            late_may_end.set()
        assert await content(store, "f") == b"l" * BLOCK_BYTES + b"late"

    anyio.run(scenario)


def test_an_open_file_stays_as_it_was(tmp_path: Path) -> None:
    store = FolderStore(tmp_path)
    put(store, "f", b"first")

    async def scenario() -> None:
        opened = await store.open(key("f"))
        await store.put(key("f"), body(b"second, longer"))
        assert b"".join([block async for block in opened.blocks(0, opened.size)]) == b"first"
        replaced = await store.open(key("f"))
        assert replaced.etag != opened.etag
        opened.close()
        replaced.close()

    anyio.run(scenario)


def test_uploads_and_deletions_of_one_directory_do_not_fail_each_other(tmp_path: Path) -> None:
    store = FolderStore(tmp_path)

    async def scenario() -> None:
        async with anyio.create_task_group() as tasks:
            for turn in range(40):
                tasks.start_soon(store.put, key(f"a/b/c/{turn % 4}"), body(b"data"))
                tasks.start_soon(store.delete, key("a/b" if turn % 3 else f"a/b/c/{turn % 4}"))
        await store.delete(key("a"))
        assert await store.entries(ObjectKey()) == []

    anyio.run(scenario)
    assert is_clean(tmp_path)


def test_a_symbolic_link_is_never_followed(tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "secret").write_text("secret")
    root = tmp_path / "root"
    store = FolderStore(root)
    (root / "link").symlink_to(outside)
    (root / "file").symlink_to(outside / "secret")

    for path in ("link/secret", "file", "link"):
        with pytest.raises(ObjectError):
            anyio.run(store.open, key(path))
    with pytest.raises(ConflictError):
        put(store, "link/planted")
    for path in ("link", "link/secret"):
        assert anyio.run(store.entries, key(path)) == []
        anyio.run(store.delete, key(path))
    assert anyio.run(store.entries, ObjectKey()) == []
    put(store, "file", b"ours")

    assert anyio.run(content, store, "file") == b"ours"
    assert {path.name: path.read_text() for path in outside.iterdir()} == {"secret": "secret"}


def test_what_is_neither_file_nor_directory_is_not_there(tmp_path: Path) -> None:
    store = FolderStore(tmp_path)
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(MissingObjectError):
        anyio.run(store.open, key("pipe"))
    assert anyio.run(store.entries, ObjectKey()) == []


def test_a_name_cannot_be_a_file_and_a_directory(tmp_path: Path) -> None:
    store = FolderStore(tmp_path)
    put(store, "a/b")
    for path in ("a", "a/b/c"):
        with pytest.raises(ConflictError):
            anyio.run(store.check_free, key(path))
        with pytest.raises(ConflictError):
            put(store, path)
    with pytest.raises(DirectoryError):
        anyio.run(store.open, key("a"))
    with pytest.raises(MissingObjectError):
        anyio.run(store.open, key("a/b/c"))
    assert is_clean(tmp_path)


def test_a_start_sweeps_what_a_killed_process_left_and_spares_what_is_being_written(tmp_path: Path) -> None:
    drafts = tmp_path / RESERVED
    (drafts / "half deleted" / "deep").mkdir(parents=True)
    (drafts / "dead").write_bytes(b"half")
    with (drafts / "alive").open("wb") as alive:
        fcntl.flock(alive, fcntl.LOCK_EX)
        FolderStore(tmp_path)
        assert [path.name for path in drafts.iterdir()] == ["alive"]


def test_a_full_disk_is_told_apart(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = FolderStore(tmp_path)

    def refuse(*_: object) -> int:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(os, "write", refuse)
        with pytest.raises(StoreFullError):
            put(store, "f")
    assert is_clean(tmp_path)


def test_a_file_and_its_directory_are_on_the_disk_before_the_upload_returns(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    synced: list[str] = []
    fsync = os.fsync

    def record(descriptor: int) -> None:
        synced.append(Path(f"/proc/self/fd/{descriptor}").readlink().name)
        fsync(descriptor)

    store = FolderStore(tmp_path)
    monkeypatch.setattr(os, "fsync", record)
    put(store, "a/b/f")
    draft, *directories = synced
    assert len(draft) == 32
    # The root holds the new `a`, `a` the new `b`, and `b` the file.
    assert directories == [tmp_path.name, "a", "b"]


@pytest.mark.parametrize(
    "path", ["..", "a/../b", "a\\b", "a\0b", "line\nbreak", "x" * 256, "ü" * 128, f"{RESERVED}/x",
             ".TrackHelm", "\ud800", "/".join("a" * 129), "/".join(["x" * 200] * 21)],
)  # fmt: skip
def test_what_is_no_key_is_refused(path: str) -> None:
    with pytest.raises(InvalidKeyError):
        key(path)
