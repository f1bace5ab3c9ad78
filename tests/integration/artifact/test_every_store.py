"""What the port promises holds for every kind of store: a folder and a bucket pass the same tests."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import anyio
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.fixtures.objects import body, content, entries, key, walked
from tests.fixtures.s3 import S3Server  # noqa: TC001 - a local annotation, which mypy reads
from trackhelm_artifact.objects.folder import FolderStore
from trackhelm_artifact.objects.keys import RESERVED, InvalidKeyError, ObjectKey, check_segment
from trackhelm_artifact.objects.opening import open_store
from trackhelm_artifact.objects.remote import PART_BYTES
from trackhelm_artifact.objects.store import (
    ConflictError,
    DirectoryError,
    Entry,
    MissingObjectError,
    ObjectStore,
)

Opening = Callable[[], ObjectStore]


@pytest.fixture(params=["folder", "s3"], scope="module")
def new_store(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Opening:
    """Return a function that makes an empty store."""
    if request.param == "folder":
        return lambda: FolderStore(tmp_path_factory.mktemp("root"))
    server: S3Server = request.getfixturevalue("s3_server")

    def opened() -> ObjectStore:
        artifacts = server.settings()
        assert artifacts.artifacts_url
        return open_store(artifacts.artifacts_url, artifacts)

    return opened


@pytest.fixture
def store(new_store: Opening) -> ObjectStore:
    return new_store()


def _is_segment(text: str) -> bool:
    try:
        check_segment(text)
    except InvalidKeyError:
        return False
    return text.casefold() != RESERVED


names = st.text(st.characters(codec="utf-8"), min_size=1, max_size=40).filter(_is_segment)
paths = st.lists(names, min_size=1, max_size=4).map("/".join)


@settings(max_examples=25, deadline=None)
@given(files=st.dictionaries(paths, st.binary(max_size=200), max_size=6))
def test_what_was_stored_is_listed_and_read_until_it_is_deleted(
    files: dict[str, bytes], new_store: Opening
) -> None:
    async def tree(store: ObjectStore, directory: ObjectKey) -> dict[str, int]:
        found: dict[str, int] = {}
        for entry in await entries(store, directory):
            below = directory.join(ObjectKey((entry.name,)))
            found |= {str(below): entry.size} if entry.size is not None else await tree(store, below)
        return found

    async def scenario() -> None:
        # Each example has a store of its own: one that fails leaves its files.
        store = new_store()
        kept: dict[str, bytes] = {}
        for path, data in files.items():
            try:
                stored = await store.put(key(path), body(data))
                kept[path] = data
            except ConflictError:
                assert any(path.startswith(f"{k}/") or k.startswith(f"{path}/") for k in kept)
            else:
                opened = await store.open(key(path), whole=False)
                assert (stored.size, stored.etag) == (len(data), opened.etag)
                opened.close()
        sizes = {path: len(data) for path, data in kept.items()}
        assert await tree(store, ObjectKey()) == sizes
        assert await walked(store) == sizes
        for path, data in kept.items():
            assert await content(store, path) == data
            assert await walked(store, path) == {path: len(data)}
            await store.delete(key(path))
            with pytest.raises(MissingObjectError):
                await store.open(key(path))
        assert await walked(store) == {}

    anyio.run(scenario)


steps = st.tuples(
    st.sampled_from(["put", "put", "delete", "delete_file", "deleting"]),
    st.lists(st.sampled_from("abc"), min_size=1, max_size=4).map("/".join),
)


@settings(max_examples=15, deadline=None)
@given(script=st.lists(steps, min_size=1, max_size=12))
def test_a_directory_exists_while_it_holds_a_file_and_a_file_is_a_file(
    script: list[tuple[str, str]], new_store: Opening
) -> None:
    async def scenario() -> None:
        store, files = new_store(), dict[str, int]()
        for number, (step, path) in enumerate(script):
            below = {each for each in files if each.startswith(f"{path}/")}
            above = {each for each in files if path.startswith(f"{each}/")}
            if step != "put":
                found = getattr(store, step)(key(path))
                if step == "deleting":
                    assert [count async for count in found if count] or not below
                else:
                    await found
                for each in {path, *below} if step != "delete_file" else {path}:
                    files.pop(each, None)
            elif below or above:
                with pytest.raises(ConflictError):
                    await store.put(key(path), body(b"x"))
            else:
                await store.check_free(key(path))
                await store.put(key(path), body(b"x" * number))
                files[path] = number
        assert await walked(store) == files
        await check_listings(store, files)

    anyio.run(scenario)


async def check_listings(store: ObjectStore, files: dict[str, int]) -> None:
    """Hold what is listed, page by page and at once, and what is opened, to the files that there are."""
    paths = [path.split("/") for path in files]
    directories = {"/".join(path[:depth]) for path in paths for depth in range(len(path))}
    for directory in {*directories, "", "a", "b", "a/b", "a/b/c", "none"}:
        prefix = f"{directory}/" if directory else ""
        listed = {path.removeprefix(prefix).split("/")[0] for path in files if path.startswith(prefix)}
        expected = [Entry(name, files.get(prefix + name)) for name in sorted(listed)]
        assert await entries(store, key(directory)) == expected
        singly, rest = list[Entry](), ""
        while True:
            page = await store.page(key(directory), rest, 1)
            singly += page.entries
            rest = page.rest
            if not rest:
                break
            assert page.entries
        assert singly == expected
        if directory not in files:
            with pytest.raises(DirectoryError if expected or not directory else MissingObjectError):
                await store.open(key(directory))


def test_a_file_takes_the_name_of_a_directory_that_was_deleted(store: ObjectStore) -> None:
    async def scenario() -> None:
        for path in ("d/sub/deep/f", "d/g", "kept/f"):
            await store.put(key(path), body(b"x"))
        await store.delete(key("d"))
        await check_listings(store, {"kept/f": 1})
        await store.put(key("d"), body(b"a file"))
        await check_listings(store, {"kept/f": 1, "d": 6})
        assert await content(store, "d") == b"a file"
        await store.delete(key("d"))
        await store.put(key("d/sub"), body(b"another"))
        await check_listings(store, {"kept/f": 1, "d/sub": 7})

    anyio.run(scenario)


def test_a_directory_that_is_left_empty_is_listed_nowhere(store: ObjectStore) -> None:
    async def scenario() -> None:
        await asyncio.gather(*(store.put(key(f"run/d{number}/e/f"), body(b"x")) for number in range(12)))
        await store.put(key("run/z"), body(b"x"))
        # File by file, as the command that reconciles deletes.
        for number in range(12):
            await store.delete_file(key(f"run/d{number}/e/f"))
        await check_listings(store, {"run/z": 1})
        await store.delete_file(key("run/z"))
        await check_listings(store, {})

    asyncio.run(scenario())


def test_an_upload_that_breaks_off_leaves_what_was_there(store: ObjectStore) -> None:
    async def broken() -> AsyncIterator[bytes]:
        yield b"x" * (PART_BYTES + 1)
        raise ConnectionResetError("the client went away")

    async def scenario() -> None:
        await store.put(key("a/kept"), body(b"old"))
        for path in ("a/kept", "b/new"):
            with pytest.raises(ConnectionResetError):
                await store.put(key(path), broken())
        assert await content(store, "a/kept") == b"old"
        assert await walked(store) == {"a/kept": 3}
        assert await entries(store, ObjectKey()) == [Entry("a", None)]
        assert [page async for page in store.interrupted(time.time() + 60) if page] == []

    anyio.run(scenario)


def test_of_two_writers_the_last_to_finish_wins_whole(store: ObjectStore) -> None:
    async def scenario() -> None:
        late_may_end = anyio.Event()

        async def late() -> AsyncIterator[bytes]:
            yield b"l" * (PART_BYTES + 1)
            await late_may_end.wait()
            yield b"late"

        async with anyio.create_task_group() as writers:
            writers.start_soon(store.put, key("f"), late())
            await store.put(key("f"), body(b"early"))
            assert await content(store, "f") == b"early"
            late_may_end.set()
        assert await content(store, "f") == b"l" * (PART_BYTES + 1) + b"late"

    anyio.run(scenario)


def test_a_name_cannot_be_a_file_and_a_directory(store: ObjectStore) -> None:
    async def scenario() -> None:
        await store.put(key("a/b"), body(b"x"))
        for path in ("a", "a/b/c", "a/b/c/d"):
            with pytest.raises(ConflictError):
                await store.check_free(key(path))
            with pytest.raises(ConflictError):
                await store.put(key(path), body(b"y"))
        with pytest.raises(DirectoryError):
            await store.open(key("a"))
        with pytest.raises(MissingObjectError):
            await store.open(key("a/b/c"))
        assert await walked(store) == {"a/b": 1}

    anyio.run(scenario)


def test_what_only_begins_like_a_directory_is_not_in_it(store: ObjectStore) -> None:
    async def scenario() -> None:
        for path in ("run/f", "run2/f", "run.txt"):
            await store.put(key(path), body(b"x"))
        assert await entries(store, key("run")) == [Entry("f", 1)]
        assert await walked(store, "run") == {"run/f": 1}
        await store.delete(key("run"))
        assert await walked(store) == {"run2/f": 1, "run.txt": 1}

    anyio.run(scenario)


def test_a_tree_larger_than_a_page_is_listed_and_deleted_by_pages(store: ObjectStore) -> None:
    async def scenario() -> None:
        limiter = asyncio.Semaphore(8)

        async def put(path: str) -> None:
            async with limiter:
                await store.put(key(path), body(b"x"))

        await put("many/first/f")
        await asyncio.gather(*(put(f"many/{number:04}") for number in range(1100)))
        pages = [page async for page in store.pages(key("many"))]
        assert len(pages) > 1
        names = [entry.name for page in pages for entry in page]
        assert names == [*(f"{number:04}" for number in range(1100)), "first"]
        assert len(await walked(store, "many")) == 1101
        assert sum([count async for count in store.deleting(key("many"))]) == 1101
        assert await walked(store) == {}

    asyncio.run(scenario())


def test_one_file_is_deleted_and_no_directory(store: ObjectStore) -> None:
    async def scenario() -> None:
        for path in ("run/a", "run/b/c"):
            await store.put(key(path), body(b"x"))
        for path in ("run", "run/b", "none", "run/a/none"):
            await store.delete_file(key(path))
        assert await walked(store) == {"run/a": 1, "run/b/c": 1}
        await store.delete_file(key("run/b/c"))
        assert await walked(store) == {"run/a": 1}

    anyio.run(scenario)


def test_deleting_may_be_stopped_and_begun_again(store: ObjectStore) -> None:
    async def scenario() -> None:
        for path in ("run/a", "run/b/c", "other"):
            await store.put(key(path), body(b"x"))
        async for _ in store.deleting(key("run")):
            break
        async for _ in store.deleting(key("run")):
            pass
        assert await walked(store) == {"other": 1}

    anyio.run(scenario)


def test_a_key_may_be_long_but_not_too_long(store: ObjectStore, tmp_path: Path) -> None:
    async def scenario() -> None:
        path = "/".join(["x" * 255, "y" * 255, "ü" * 127])
        await store.put(key(path), body(b"x"))
        assert await walked(store) == {path: 1}
        assert await entries(store, key(path).parent) == [Entry("ü" * 127, 1)]

    anyio.run(scenario)
    with pytest.raises(InvalidKeyError, match="256 bytes"):
        key("ü" * 128)
    with pytest.raises(InvalidKeyError, match="1024 bytes"):
        key("/".join(["x" * 255] * 5))
