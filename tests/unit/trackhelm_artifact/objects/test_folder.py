"""A folder as an object store: what is stored is whole, on the disk, and inside the folder."""

import fcntl
import os
import shutil
import threading
from collections.abc import AsyncIterator, Awaitable
from contextlib import suppress
from pathlib import Path

import anyio
import pytest

from tests.fixtures.objects import body, content, entries, key, walked
from trackhelm_artifact.objects.folder import FolderStore
from trackhelm_artifact.objects.keys import RESERVED, InvalidKeyError, ObjectKey
from trackhelm_artifact.objects.store import (
    BLOCK_BYTES,
    ConflictError,
    Entry,
    MissingObjectError,
    ObjectError,
    StoreFullError,
)
from trackhelm_artifact.objects.tree import Drafts


async def broken_body() -> AsyncIterator[bytes]:
    yield b"x" * (BLOCK_BYTES + 1)
    raise ConnectionResetError("the client went away")


def put(store: FolderStore, path: str, data: bytes = b"data") -> None:
    anyio.run(store.put, key(path), body(data))


def is_clean(root: Path) -> bool:
    drafts = root / RESERVED
    return not drafts.exists() or not list(drafts.iterdir())


def test_an_upload_that_breaks_off_leaves_the_old_file_and_no_litter(tmp_path: Path) -> None:
    store = FolderStore(tmp_path)
    put(store, "a/kept.bin", b"old")
    for path in ("a/kept.bin", "b/new.bin"):
        with pytest.raises(ConnectionResetError):
            anyio.run(store.put, key(path), broken_body())
    assert anyio.run(content, store, "a/kept.bin") == b"old"
    assert anyio.run(entries, store, ObjectKey()) == [Entry("a", None)]
    assert is_clean(tmp_path)


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
        assert await entries(store, ObjectKey()) == []

    anyio.run(scenario)
    assert is_clean(tmp_path)


def test_a_directory_that_others_left_empty_is_none_and_a_file_takes_its_name(tmp_path: Path) -> None:
    for path in ("empty/a/b", "empty/c", "link", "full/empty"):
        (tmp_path / path).mkdir(parents=True)
    (tmp_path / "link" / "to").symlink_to(tmp_path)
    (tmp_path / "full" / "f").write_text("x")

    async def scenario() -> None:
        store = FolderStore(tmp_path)
        assert await entries(store, ObjectKey()) == [Entry("full", None)]
        assert await entries(store, key("full")) == [Entry("f", 1)]
        for path in ("empty", "empty/a", "link"):
            with pytest.raises(MissingObjectError):
                await store.open(key(path))
        await store.check_free(key("empty"))
        await store.put(key("empty"), body(b"now a file"))
        assert await content(store, "empty") == b"now a file"
        # What somebody put there is not deleted for a file, whatever it is.
        for path in ("link", "full"):
            with pytest.raises(ConflictError):
                await store.put(key(path), body(b"x"))
        assert (tmp_path / "link" / "to").is_symlink()

    anyio.run(scenario)


def test_files_that_take_the_place_of_empty_directories_lose_none_that_is_stored_in_them(
    tmp_path: Path,
) -> None:
    async def scenario() -> None:
        store = FolderStore(tmp_path)
        kept = set[str]()

        async def put(path: str) -> None:
            with suppress(ConflictError):
                await store.put(key(path), body(b"x"))
                kept.add(path)

        for number in range(100):
            (tmp_path / f"{number}/a/b").mkdir(parents=True)
            async with anyio.create_task_group() as writers:
                for path in (f"{number}", f"{number}/a", f"{number}/a/b/c"):
                    writers.start_soon(put, path)
        assert {str(file.key) async for page in store.walk(ObjectKey()) for file in page} == kept
        assert len(kept) >= 100

    anyio.run(scenario)


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
        assert anyio.run(entries, store, key(path)) == []
        anyio.run(store.delete, key(path))
    assert anyio.run(entries, store, ObjectKey()) == []
    put(store, "file", b"ours")

    assert anyio.run(content, store, "file") == b"ours"
    assert {path.name: path.read_text() for path in outside.iterdir()} == {"secret": "secret"}


def exchange(place: Path, real: Path, link: Path, stop: threading.Event) -> None:
    """Put a link in a directory's place and the directory back, again and again."""

    def put_in_place(what: Path) -> None:
        while True:
            try:
                what.rename(place)
            except OSError:
                # The store made the directory again, or cleared away the empty one above.
                shutil.rmtree(place, ignore_errors=True)
                place.parent.mkdir(exist_ok=True)
            else:
                return

    while not stop.is_set():
        place.rename(real)
        put_in_place(link)
        place.rename(link)
        put_in_place(real)


def test_a_directory_that_is_exchanged_for_a_link_meanwhile_leads_nowhere(tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "f").write_text("secret")
    root = tmp_path / "root"
    store = FolderStore(root)
    put(store, "a/b/f", b"ours")
    place, link = root / "a" / "b", root / "link"
    link.symlink_to(outside)
    stop = threading.Event()

    async def attempt(call: Awaitable[object]) -> object:
        try:
            return await call
        except (ObjectError, OSError):
            return None

    async def scenario() -> None:
        for turn in range(300):
            read = await attempt(content(store, "a/b/f"))
            assert read in {None, b"ours"}
            await attempt(store.put(key("a/b/f"), body(b"ours")))
            await attempt(store.put(key(f"a/b/{turn}"), body(b"planted")))
            await attempt(entries(store, key("a/b")))
            await attempt(walked(store, "a"))
            await attempt(store.delete(key(f"a/b/{turn}")))

    exchanging = threading.Thread(target=exchange, args=(place, root / "real", link, stop))
    exchanging.start()
    try:
        anyio.run(scenario)
    finally:
        stop.set()
        exchanging.join()
    assert {path.name: path.read_text() for path in outside.iterdir()} == {"f": "secret"}


def test_what_is_neither_file_nor_directory_is_not_there(tmp_path: Path) -> None:
    store = FolderStore(tmp_path)
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(MissingObjectError):
        anyio.run(store.open, key("pipe"))
    assert anyio.run(entries, store, ObjectKey()) == []


def test_a_start_sweeps_what_a_killed_process_left_and_spares_what_is_being_written(tmp_path: Path) -> None:
    drafts = tmp_path / RESERVED
    (drafts / "half deleted" / "deep").mkdir(parents=True)
    (drafts / "dead").write_bytes(b"half")
    with (drafts / "alive").open("wb") as alive:
        fcntl.flock(alive, fcntl.LOCK_EX)
        FolderStore(tmp_path)
        assert [path.name for path in drafts.iterdir()] == ["alive"]


def test_a_draft_that_was_discarded_is_never_published(tmp_path: Path) -> None:
    draft = Drafts(tmp_path).new()
    draft.open()
    draft.discard()
    draft.sync()
    with pytest.raises(OSError, match="discarded"):
        draft.facts()
    assert is_clean(tmp_path)


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
