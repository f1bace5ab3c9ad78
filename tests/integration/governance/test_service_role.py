"""The API as a role that does not own the tables, with the grants of docs/audit.md."""

import re
import uuid
from pathlib import Path

import pytest
from sqlalchemy import Engine, create_engine, make_url, text
from sqlalchemy.exc import DBAPIError

from tests.fixtures.api import api_of
from tests.fixtures.databases import migrated_postgres_database
from tests.integration.governance.people import ALIAS, OWN, People
from trackhelm_core.db.engine import make_engine
from trackhelm_core.settings import StorageSettings

DOCUMENT = (Path(__file__).parents[3] / "docs" / "audit.md").read_text(encoding="utf-8")


@pytest.fixture
def role() -> str:
    """Return the name of a role: those of a server are shared by its databases."""
    return f"service_{uuid.uuid4().hex}"


@pytest.fixture
def owned(postgres_server: str, role: str) -> Engine:
    """A database as its owner sees it, migrated, and with a role that has the documented grants."""
    engine = make_engine(migrated_postgres_database(postgres_server))
    with engine.begin() as connection:
        connection.execute(text(f"CREATE ROLE {role} LOGIN PASSWORD 'secret'"))
    grants = re.search(r"^```sql\n(.*?)^```$", DOCUMENT, flags=re.MULTILINE | re.DOTALL)
    assert grants
    with engine.begin() as connection:
        connection.execute(text(grants[1].replace("trackhelm_service", role)))
    return engine


def test_a_role_that_owns_nothing_serves_everything_and_changes_no_event(
    owned: Engine, role: str, tmp_path: Path
) -> None:
    url = owned.url.set(username=role, password="secret")
    storage = StorageSettings(data=tmp_path, database_url=url.render_as_string(hide_password=False))
    with api_of(storage) as api:
        people = People(api)
        api.post("registered-models/create", name="iris")
        for version in ("1", "2"):
            api.post("model-versions/create", name="iris", source="s3://bucket/model")
            people.point("iris", "champion", version)
        people.protect("iris", "alias", "champion")
        people.decide("bob", "approve", people.held("ada", "DELETE", ALIAS, name="iris", alias="champion"))
        people.decide(
            "bob",
            "approve",
            people.held("ada", "POST", f"{OWN}/rollbacks/alias", name="iris", alias="champion"),
        )
        assert people.aliases("iris") == {"champion": "2"}
        deletion = people.held("ada", "DELETE", "registered-models/delete", name="iris")
        people.decide("bob", "approve", deletion)
    engine = create_engine(make_url(url))
    for statement in (
        "UPDATE audit_event SET actor = 'eve'",
        "DELETE FROM audit_event",
        "TRUNCATE audit_event",
        "ALTER TABLE audit_event DISABLE TRIGGER USER",
    ):
        with (
            pytest.raises(DBAPIError, match=r"permission denied|must be owner"),
            engine.begin() as connection,
        ):
            connection.execute(text(statement))
    engine.dispose()
    owned.dispose()


def test_tables_of_later_migrations_are_granted_too(owned: Engine, role: str) -> None:
    with owned.begin() as connection:
        connection.execute(text("CREATE TABLE later (id BIGSERIAL PRIMARY KEY)"))
        connection.execute(text(f"SET LOCAL ROLE {role}"))
        connection.execute(text("INSERT INTO later DEFAULT VALUES"))
        assert connection.execute(text("DELETE FROM later RETURNING id")).all() == [(1,)]
    owned.dispose()
