"""What is recorded of each file, and that it is right if several write at once or one dies."""

import base64
import hashlib
import itertools
import threading
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import anyio
import pytest
from sqlalchemy import select

from tests.fixtures.api import Api
from tests.fixtures.objects import body, content, key
from trackhelm_artifact.integrity.checksum_index import ChecksumIndex
from trackhelm_artifact.objects.opening import stores_of
from trackhelm_core.db.unit_of_work import Database
from trackhelm_core.errors import UnavailableError
from trackhelm_core.runtime import Runtime
from trackhelm_core.settings import StorageSettings
from trackhelm_domain.tables import ArtifactRecord
from trackhelm_embedded.app import open_all

pytestmark = pytest.mark.over("sqlite", "postgresql", "s3")

FILES = "/api/2.0/mlflow-artifacts/artifacts"
DATA = b"some bytes" * 100_000


@pytest.fixture
def folder() -> str:
    return f"records-{uuid.uuid4().hex}"


def runtime_of(api: Api) -> Runtime:
    app: Any = api.client.app
    runtime: Runtime = app.state.runtime
    return runtime


def recorded(database: Database, folder: str) -> dict[str, tuple[int, str | None]]:
    """Return the records below a folder: size and checksum by path."""
    with database.reading() as session:
        rows = session.scalars(select(ArtifactRecord).where(ArtifactRecord.key.startswith(f"{folder}/")))
        return {row.key: (row.size, row.sha256.hex() if row.sha256 else None) for row in rows}


def facts(data: bytes) -> tuple[int, str]:
    return len(data), hashlib.sha256(data).hexdigest()


def test_each_upload_is_recorded_and_each_deletion_is(api: Api, folder: str) -> None:
    database = runtime_of(api).database
    for path, data in (("a", b""), ("b/c", DATA), ("b/d", b"x")):
        assert api.client.put(f"{FILES}/{folder}/{path}", content=data).status_code == 200
    assert recorded(database, folder) == {
        f"{folder}/a": facts(b""),
        f"{folder}/b/c": facts(DATA),
        f"{folder}/b/d": facts(b"x"),
    }
    api.client.put(f"{FILES}/{folder}/a", content=b"another")
    assert recorded(database, folder)[f"{folder}/a"] == facts(b"another")
    api.client.delete(f"{FILES}/{folder}/b")
    assert recorded(database, folder) == {f"{folder}/a": facts(b"another")}
    api.client.delete(f"{FILES}/{folder}/a")
    assert recorded(database, folder) == {}


def test_an_upload_of_a_browser_is_recorded(api: Api) -> None:
    run_id = api.new_run()
    root = api.get("runs/get", run_id=run_id)["run"]["info"]["artifact_uri"].partition(":/")[2]
    url = "/ajax-api/2.0/mlflow/upload-artifact"
    answer = api.client.post(url, params={"run_uuid": run_id, "path": "f"}, content=DATA)
    assert answer.status_code == 200, answer.text
    assert recorded(runtime_of(api).database, root) == {f"{root}/f": facts(DATA)}


def encoded(algorithm: str, data: bytes) -> str:
    return base64.b64encode(hashlib.new(algorithm, data).digest()).decode()


HEADERS = [
    ("Content-MD5", "md5", "{}"),
    ("Content-Digest", "sha256", "sha-256=:{}:"),
    ("Repr-Digest", "sha512", "unixsum=:MzA0NjA=:, sha-512=:{}:"),
    ("Digest", "sha256", "SHA-256={}"),
    ("x-amz-checksum-sha256", "sha256", "{}"),
]


@pytest.mark.parametrize(("header", "algorithm", "form"), HEADERS)
def test_a_body_that_is_not_what_its_checksum_says_is_not_stored(
    api: Api, folder: str, header: str, algorithm: str, form: str
) -> None:
    url = f"{FILES}/{folder}/f"
    right = {header: form.format(encoded(algorithm, DATA))}
    wrong = {header: form.format(encoded(algorithm, DATA[1:]))}
    answer = api.client.put(url, content=DATA, headers=wrong)
    assert answer.status_code == 400
    assert f"{header.lower()} says {encoded(algorithm, DATA[1:])}" in answer.json()["message"]
    assert api.client.get(url).status_code == 404
    assert api.get(FILES, path=folder) == {}
    assert api.client.put(url, content=DATA, headers=right).status_code == 200
    assert api.client.put(url, content=DATA * 10, headers=wrong).status_code == 400
    assert api.client.get(url).content == DATA
    assert recorded(runtime_of(api).database, folder) == {f"{folder}/f": facts(DATA)}


@pytest.mark.parametrize(
    ("header", "value"),
    [
        ("Content-MD5", "no base64"),
        ("Content-MD5", "c2hvcnQ="),
        ("Content-Digest", "sha-256=abc"),
        ("Content-Digest", "sha-256=:abc:"),
        ("Digest", "SHA-256"),
        ("x-amz-checksum-sha256", ""),
    ],
)
def test_a_checksum_that_is_none_is_refused(api: Api, folder: str, header: str, value: str) -> None:
    answer = api.client.put(f"{FILES}/{folder}/f", content=DATA, headers={header: value})
    assert answer.status_code == 400
    assert header.lower() in answer.json()["message"]
    assert api.get(FILES, path=folder) == {}


def test_a_checksum_of_an_unknown_kind_is_passed_over(api: Api, folder: str) -> None:
    headers = {"Content-Digest": "crc32c=:AAAAAA==:"}
    assert api.client.put(f"{FILES}/{folder}/f", content=DATA, headers=headers).status_code == 200


def test_of_many_writers_on_one_path_the_record_is_of_the_file_that_stays(api: Api, folder: str) -> None:
    bodies = [bytes([letter]) * 50_000 for letter in b"abcdefgh"]
    statuses: list[int] = []

    def write(data: bytes) -> None:
        url = f"{FILES}/{folder}/raced"
        statuses.extend(api.client.put(url, content=data).status_code for _ in range(4))

    threads = [threading.Thread(target=write, args=(data,)) for data in bodies]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert statuses == [200] * 32
    stays = api.client.get(f"{FILES}/{folder}/raced").content
    assert recorded(runtime_of(api).database, folder) == {f"{folder}/raced": facts(stays)}


@pytest.fixture
def own(tmp_path: Path, own_database_url: str) -> Iterator[Runtime]:
    runtime = open_all(StorageSettings(data=tmp_path, database_url=own_database_url))
    yield runtime
    runtime.close()


def test_of_two_writers_the_slower_to_record_does_not_undo_the_other(own: Runtime) -> None:
    objects = stores_of(own).objects
    records = ChecksumIndex(own.database, objects, own.clock)

    async def scenario() -> None:
        first = await objects.put(key("d/f"), body(b"first"))
        second = await objects.put(key("d/f"), body(b"second"))
        await records.note(key("d/f"), second, hashlib.sha256(b"second").digest())
        await records.note(key("d/f"), first, hashlib.sha256(b"first").digest())
        assert await content(objects, "d/f") == b"second"
        # The other way round, and over a record of what was there before.
        third = await objects.put(key("d/f"), body(b"third"))
        fourth = await objects.put(key("d/f"), body(b"fourth"))
        await records.note(key("d/f"), third, hashlib.sha256(b"third").digest())
        await records.note(key("d/f"), fourth, hashlib.sha256(b"fourth").digest())

    anyio.run(scenario)
    assert recorded(own.database, "d") == {"d/f": facts(b"fourth")}


def test_what_is_uploaded_while_its_directory_is_deleted_keeps_its_record(own: Runtime) -> None:
    # Each record later than the one before: their times have a millisecond's grain.
    objects = stores_of(own).objects
    records = ChecksumIndex(own.database, objects, itertools.count(1).__next__)

    async def scenario() -> None:
        await records.note(key("d/old"), await objects.put(key("d/old"), body(b"x")), b"0" * 32)
        forget = await records.deleting(key("d"))
        await objects.delete(key("d"))
        await records.note(key("d/new"), await objects.put(key("d/new"), body(b"y")), b"1" * 32)
        await forget()

    anyio.run(scenario)
    assert set(recorded(own.database, "d")) == {"d/new"}


def test_an_upload_that_is_deleted_before_it_is_recorded_leaves_no_record(own: Runtime) -> None:
    objects = stores_of(own).objects
    records = ChecksumIndex(own.database, objects, own.clock)

    async def scenario() -> None:
        stored = await objects.put(key("d/f"), body(b"x"))
        forget = await records.deleting(key("d"))
        await objects.delete(key("d"))
        await forget()
        await records.note(key("d/f"), stored, b"0" * 32)

    anyio.run(scenario)
    assert recorded(own.database, "d") == {}


def test_an_upload_that_is_deleted_after_it_is_recorded_leaves_no_record(own: Runtime) -> None:
    # Whose clock is ahead: its record is newer than all that the deletion knew of.
    objects = stores_of(own).objects
    records = ChecksumIndex(own.database, objects, lambda: own.clock() + 60_000)

    async def scenario() -> None:
        stored = await objects.put(key("d/f"), body(b"x"))
        forget = await records.deleting(key("d"))
        await records.note(key("d/f"), stored, b"0" * 32)
        await objects.delete(key("d"))
        await records.note(key("d/new"), await objects.put(key("d/new"), body(b"y")), b"1" * 32)
        await forget()

    anyio.run(scenario)
    assert set(recorded(own.database, "d")) == {"d/new"}


def test_uploads_that_end_together_share_a_transaction(own: Runtime) -> None:
    objects = stores_of(own).objects
    records = ChecksumIndex(own.database, objects, own.clock)
    batches: list[int] = []
    insert_all = records._insert_all

    def counted(batch: Any) -> set[str]:
        batches.append(len(batch))
        return insert_all(batch)

    records._insert_all = counted  # type: ignore[method-assign]

    async def scenario() -> None:
        async with anyio.create_task_group() as uploads:
            for number in range(50):
                stored = await objects.put(key(f"d/{number}"), body(b"x"))
                uploads.start_soon(records.note, key(f"d/{number}"), stored, b"0" * 32)

    anyio.run(scenario)
    assert sum(batches) == 50
    assert len(recorded(own.database, "d")) == 50


def test_an_upload_that_cannot_be_recorded_is_not_acknowledged(api: Api, folder: str) -> None:
    app: Any = api.client.app
    records: ChecksumIndex = app.state.checksum_index
    insert_all = records._insert_all

    def away(batch: Any) -> set[str]:
        raise UnavailableError("The database is not available. Send the request again.")

    records._insert_all = away  # type: ignore[method-assign]
    try:
        answer = api.client.put(f"{FILES}/{folder}/f", content=b"x")
        assert answer.status_code == 503
    finally:
        records._insert_all = insert_all  # type: ignore[method-assign]
    assert api.client.put(f"{FILES}/{folder}/f", content=b"x").status_code == 200
    assert recorded(runtime_of(api).database, folder) == {f"{folder}/f": facts(b"x")}
