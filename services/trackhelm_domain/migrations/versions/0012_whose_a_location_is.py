"""Keys of locations, by which a new one is held against those of others."""

import sqlalchemy as sa
from alembic import op

from trackhelm_domain.locations import location_key

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

KEY = sa.String(2048).with_variant(sa.String(2048, collation="C"), "postgresql")
AT_A_TIME = 10_000


def upgrade() -> None:
    for table, location in (("experiment", "artifact_location"), ("model_version", "storage_location")):
        # Not in a batch: a batch copies the table on SQLite, and both databases add such columns in place.
        op.add_column(table, sa.Column("location_key", KEY))
        _fill(table, location)
        op.create_index(f"ix_{table}_location_key", table, ["location_key"])


def _fill(table: str, location: str) -> None:
    rows = sa.table(table, sa.column("id"), sa.column(location), sa.column("location_key"))
    update = rows.update().where(rows.c.id == sa.bindparam("row")).values(location_key=sa.bindparam("key"))
    connection, last = op.get_bind(), -1
    some = sa.select(rows.c.id, rows.c[location]).order_by(rows.c.id).limit(AT_A_TIME)
    while found := connection.execute(some.where(rows.c.id > last)).all():
        last = found[-1][0]
        connection.execute(update, [{"row": row, "key": _key(uri)} for row, uri in found])


def _key(uri: str) -> str | None:
    try:
        return location_key(uri)
    except ValueError:
        # What is no URI was never a location that somebody could name again.
        return None
