"""`trackhelm-server doctor` against real servers: what is wrong with each, and what to do."""

import json
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import redis
from sqlalchemy import create_engine, make_url, text
from typer.testing import CliRunner

from tests.fixtures.backing_services import REDIS, S3, Stoppable
from tests.fixtures.databases import migrated_postgres_database, new_postgres_database
from tests.fixtures.s3 import BUCKET, S3Server
from trackhelm_cli import checks
from trackhelm_cli.main import app
from trackhelm_core.queue.broker import waiting_of
from trackhelm_core.queue.names import DEAD_LETTERS, PARTITIONS, stream_of
from trackhelm_core.queue.tasks import TaskQueue
from trackhelm_domain.migrate import newest_revision
from trackhelm_ingest.metrics import reading

PAGE = Path(__file__).parents[3] / "docs" / "operations" / "doctor.md"

Finding = dict[str, str]
Doctor = Callable[..., tuple[int, list[Finding]]]


@pytest.fixture
def doctor(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Doctor:
    """Return what runs the doctor with settings, and returns its exit code and findings."""

    def run(*options: str, **settings: Any) -> tuple[int, list[Finding]]:
        with monkeypatch.context() as patched:
            for name, value in settings.items():
                patched.setenv(f"TRACKHELM_{name.upper()}", str(value))
            words = ["doctor", "--json", "--data", str(tmp_path / "data"), *options]
            ended = CliRunner().invoke(app, words)
        told = json.loads(ended.stdout)
        assert told["healthy"] is (ended.exit_code == 0)
        return ended.exit_code, told["findings"]

    return run


def of(check: str, found: tuple[int, list[Finding]]) -> list[tuple[str, str]]:
    """Return the outcome and the sentence of each finding of a check; what to do is said where it is due."""
    for finding in found[1]:
        assert bool(finding["advice"]) is (finding["outcome"] != "ok"), finding
    return [(each["outcome"], each["found"]) for each in found[1] if each["check"] == check]


def test_the_way_metrics_are_read_is_told(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for is_compiled, told in ((True, "compiled"), (False, "in Python, at a quarter of the speed")):
        monkeypatch.setattr(reading, "IS_COMPILED", is_compiled)
        doctor = CliRunner().invoke(app, ["doctor", "--data", str(tmp_path / "data")])
        assert doctor.exit_code == 0, doctor.output
        assert f"ok     reading of metrics: {told}" in doctor.output


def test_a_server_that_was_never_started_is_in_order(doctor: Doctor, tmp_path: Path) -> None:
    code, findings = doctor()
    assert code == 0
    assert {finding["outcome"] for finding in findings} == {"ok"}
    assert not (tmp_path / "data").exists(), "nothing was made"


def test_a_misspelt_name_is_wrong(doctor: Doctor) -> None:
    found = doctor(databse_url="x")
    assert found[0] == 1
    assert of("names-of-variables", found) == [("wrong", "no setting is called TRACKHELM_DATABSE_URL")]
    assert doctor("--skip", "names-of-variables", databse_url="x")[0] == 0


def test_a_folder_that_is_no_folder_is_wrong(doctor: Doctor, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    found = doctor("--data", str(tmp_path / "file"))
    assert found[0] == 1
    assert of("data-folder", found) == [
        ("wrong", f"{tmp_path / 'file'} cannot be written to: Not a directory")
    ]


def test_a_database_that_is_away_is_wrong(doctor: Doctor) -> None:
    found = doctor(database_url="postgresql+psycopg://user:secret@127.0.0.1:1/database")
    ((outcome, said),) = of("database", found)
    assert (found[0], outcome) == (1, "wrong")
    assert said.startswith("postgresql+psycopg://user:***@127.0.0.1:1/database does not answer: ")


def test_a_schema_is_told_to_be_missing_behind_right_or_ahead(doctor: Doctor, postgres_server: str) -> None:
    empty, migrated = new_postgres_database(postgres_server), migrated_postgres_database(postgres_server)
    found = doctor(database_url=empty)
    assert found[0] == 1
    assert of("schema", found) == [("wrong", "there is none yet")]
    newest = newest_revision()
    assert of("schema", doctor(database_url=migrated)) == [("ok", f"it is {newest}, as this version needs")]
    for revision, outcome in (("0001", "wrong"), ("9999", "ok")):
        engine = create_engine(migrated)
        with engine.begin() as connection:
            connection.execute(text("UPDATE alembic_version SET version_num = :to"), {"to": revision})
        engine.dispose()
        found = doctor(database_url=migrated)
        assert found[0] == (outcome == "wrong")
        ((told, said),) = of("schema", found)
        assert (told, said.startswith(f"it is {revision}, ")) == (outcome, True)


def test_a_role_without_rights_is_wrong(doctor: Doctor, postgres_server: str) -> None:
    database, role = migrated_postgres_database(postgres_server), f"reader_{uuid.uuid4().hex}"
    engine = create_engine(database)
    with engine.begin() as connection:
        connection.execute(text(f"CREATE ROLE {role} LOGIN PASSWORD 'reads'"))
        connection.execute(text(f"GRANT SELECT ON ALL TABLES IN SCHEMA public TO {role}"))
    engine.dispose()
    url = make_url(database).set(username=role, password="reads").render_as_string(hide_password=False)
    found = doctor(database_url=url)
    ((outcome, said),) = of("database", found)
    assert (found[0], outcome) == (1, "wrong")
    assert "lacks rights: " in said
    assert "DELETE, INSERT, UPDATE of access_epoch; " in said
    assert "reads" not in json.dumps(found[1]), "it is the password"


@pytest.fixture
def stores(postgres_server: str, own_redis_url: str) -> dict[str, str]:
    return {"database_url": migrated_postgres_database(postgres_server), "redis_url": own_redis_url}


@pytest.mark.parametrize(
    ("seconds", "outcome"), [(0.0, "ok"), (-2.5, "warning"), (60.0, "wrong"), (-60.0, "wrong")]
)
def test_clocks_are_compared(
    doctor: Doctor, stores: dict[str, str], monkeypatch: pytest.MonkeyPatch, seconds: float, outcome: str
) -> None:
    true = checks.now
    monkeypatch.setattr(checks, "now", lambda: true() + seconds)
    found = doctor(**stores)
    assert found[0] == (outcome == "wrong")
    clocks = of("clock", found)
    assert [told for told, _ in clocks] == [outcome, outcome]
    side = "agree" if not seconds else "ahead of" if seconds > 0 else "behind"
    assert all(side in said for _, said in clocks)
    assert "the database's" in clocks[0][1]
    assert "Redis's" in clocks[1][1]


def test_a_redis_that_is_away_is_wrong(doctor: Doctor) -> None:
    found = doctor(redis_url="redis://:secret@127.0.0.1:1/0")
    ((outcome, said),) = of("queue", found)
    assert (found[0], outcome) == (1, "wrong")
    assert said.startswith("redis://:***@127.0.0.1:1/0 does not answer: ")


@pytest.fixture
def own_redis(tmp_path: Path) -> Iterator[Stoppable]:
    server = Stoppable(REDIS, tmp_path / "redis")
    server.start()
    yield server
    server.kill()


def test_a_redis_that_may_lose_or_delete_what_waits_is_told(doctor: Doctor, own_redis: Stoppable) -> None:
    assert of("queue", doctor(redis_url=own_redis.url))[0][0] == "ok"
    with redis.Redis.from_url(own_redis.url) as client:
        client.config_set("appendonly", "no")
        found = doctor(redis_url=own_redis.url)
        ((outcome, said),) = of("queue", found)
        assert (found[0], outcome, said.partition(":")[0]) == (
            0,
            "warning",
            "Redis keeps no append-only file",
        )
        client.config_set("appendonly", "yes")
        client.config_set("maxmemory", "200mb")
        client.config_set("maxmemory-policy", "allkeys-lru")
        found = doctor(redis_url=own_redis.url)
        ((outcome, said),) = of("queue", found)
        assert (found[0], outcome) == (1, "wrong")
        assert said == "it deletes what waits when its memory is full (maxmemory-policy allkeys-lru)"


def test_another_number_of_partitions_is_wrong(doctor: Doctor, own_redis_url: str) -> None:
    with redis.Redis.from_url(own_redis_url) as client:
        found = doctor(redis_url=own_redis_url)
        assert client.get(PARTITIONS) is None, "the doctor begins no queue"
        client.set(PARTITIONS, 4)
    found = doctor(redis_url=own_redis_url)
    assert found[0] == 1
    assert ("wrong", "it was begun with 4 partitions, and this process is set to 16") in of("queue", found)


def test_what_waits_for_nobody_is_wrong(doctor: Doctor, own_redis_url: str) -> None:
    with redis.Redis.from_url(own_redis_url) as client:
        client.xadd(stream_of(3), {"d": b"x"}, id="1000-0")
        client.xadd(DEAD_LETTERS, {"d": b"x"})
        found = doctor(redis_url=own_redis_url)
        assert found[0] == 1
        told = of("queue", found)
        waiting = [said for outcome, said in told if outcome == "wrong"]
        assert [said.endswith("no task is there that would store them") for said in waiting] == [True]
        dead = "1 requests with metrics could not be stored, and are kept as dead letters"
        assert ("warning", dead) in told

        message = {"properties": {"timestamp": 1000.0}}
        client.lpush(waiting_of(TaskQueue.METRICS), json.dumps(message))
        found = doctor(redis_url=own_redis_url)
        (said,) = [said for outcome, said in of("queue", found) if outcome == "wrong"]
        assert said.startswith("1 tasks wait in the queue `metrics`, the oldest for ")


def bucket(server: S3Server, **others: Any) -> dict[str, Any]:
    """Return the settings of a bucket."""
    return {
        "artifacts_url": f"s3://{BUCKET}/{uuid.uuid4().hex}",
        "s3_endpoint": server.endpoint,
        "s3_access_key": server.access_key,
        "s3_secret_key": server.secret_key,
        "s3_allow_http": "true",
        "artifacts_retries": 0,
        **others,
    }


def test_a_bucket_is_written_to_and_nothing_is_left(doctor: Doctor, tmp_path: Path) -> None:
    own = Stoppable(S3, tmp_path / "s3")
    server = S3Server.of(own.url)
    identities = tmp_path / "s3" / "identities.json"
    told = json.loads(identities.read_text())
    keys = {"accessKey": "reader", "secretKey": "reads-only-and-writes-not"}
    told["identities"].append({"name": "reader", "credentials": [keys], "actions": ["Read", "List"]})
    identities.write_text(json.dumps(told))
    own.start()
    try:
        found = doctor(**bucket(server))
        assert found[0] == 1
        ((outcome, said),) = of("artifacts", found)
        assert (outcome, "cannot be listed" in said) == ("wrong", True)

        server.client.make_bucket(BUCKET)
        found = doctor(**bucket(server))
        assert found[0] == 0
        assert of("artifacts", found)[0][1].endswith("answers: a file was stored, read and deleted")

        found = doctor(**bucket(server, s3_access_key="reader", s3_secret_key=keys["secretKey"]))
        assert found[0] == 1
        ((outcome, said),) = of("artifacts", found)
        assert (outcome, "can be listed and not written to: " in said) == ("wrong", True)
        assert list(server.client.list_objects(BUCKET, recursive=True)) == []
    finally:
        own.kill()


def test_a_key_that_is_none_is_wrong(doctor: Doctor) -> None:
    found = doctor(secret_key="no key")
    ((outcome, _),) = of("keys-of-secrets", found)
    assert (found[0], outcome) == (1, "wrong")
    assert "no key" not in json.dumps(found[1])


def test_the_page_names_every_check_and_its_example_is_the_form(doctor: Doctor) -> None:
    page = PAGE.read_text(encoding="utf-8")
    for check in checks.Check:
        assert f"| `{check.value}` |" in page
    (example,) = (part.partition("```")[0] for part in page.split("```json\n")[1:])
    shape = json.loads(example)
    assert {finding["outcome"] for finding in shape["findings"]} <= {
        outcome.value for outcome in checks.Outcome
    }
    for finding in shape["findings"]:
        assert finding.keys() == doctor()[1][0].keys()
