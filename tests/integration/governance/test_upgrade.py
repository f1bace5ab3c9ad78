"""A database of the version before, brought forward: aliases go back to where they point now."""

from alembic import command
from alembic.script import ScriptDirectory
from sqlalchemy import text

from trackhelm_core.db.engine import WRITES, make_engine
from trackhelm_core.db.unit_of_work import Database
from trackhelm_domain import migrate as migrations
from trackhelm_registry.model_versions.store import version_before

UPGRADE = "0004"
MODEL = "INSERT INTO registered_model VALUES (1, 'iris', '', 1, 1, 3)"
ALIAS = "INSERT INTO registered_model_alias VALUES (1, 'champion', 2)"


def test_where_aliases_point_at_the_upgrade_is_what_they_go_back_to(own_database_url: str) -> None:
    engine = make_engine(own_database_url)
    with engine.connect().execution_options(**{WRITES: True}) as connection, connection.begin():
        config = migrations._config(connection)
        upgrade = ScriptDirectory.from_config(config).get_revision(UPGRADE)
        command.upgrade(config, str(upgrade.down_revision))
        for row in (MODEL, ALIAS):
            connection.execute(text(row))
    assert migrations.migrate(engine) == migrations.newest_revision()
    database = Database(engine)
    with database.reading() as session:
        before = version_before(session, 1, "champion", 3)
    assert before is not None
    assert before.number == 2
    database.close()
